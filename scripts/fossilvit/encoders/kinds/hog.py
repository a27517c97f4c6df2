"""Histograms of oriented gradients (Dalal and Triggs 2005), as of scikit-image: an encoder that needs no weights.

In: uint8 [V, H, W, 3]. Out: float32 [V, 1764].
"""

from fossilvit import versions
from fossilvit.encoders.registry import Encoder, register

SIZE = 112
"""Pixels that a view is seen at."""
CELL = 14
BLOCK = 2
ORIENTATIONS = 9


class Hog(Encoder):
    """The built-in descriptor, for first looks, demos and machines without a network."""

    name = "hog"
    dimension = (SIZE // CELL - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS
    version = versions.HOG

    def prepare(self, image):
        """A view as it is seen: grays, uint8 [112, 112]."""
        import numpy as np
        from PIL import Image

        return np.asarray(Image.fromarray(image).convert("L").resize((SIZE, SIZE), Image.Resampling.BOX))

    def describe(self, prepared):
        """Describe prepared views, [V] -> float32 [V, 1764]."""
        import numpy as np
        from skimage.feature import hog

        described = np.zeros((len(prepared), self.dimension), np.float32)
        for row, gray in zip(described, prepared, strict=True):
            row[:] = hog(gray, orientations=ORIENTATIONS, pixels_per_cell=(CELL, CELL), cells_per_block=(BLOCK, BLOCK))
        return described


@register("hog", version=versions.HOG, threads=1, on_gpus=False, memory=lambda name: 1000)
def create(name, options):
    return Hog()
