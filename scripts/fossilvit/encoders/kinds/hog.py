"""Histograms of oriented gradients (Dalal and Triggs 2005) by scikit-image: an encoder that needs no weights.

In: uint8 [V, H, W, 3]. Out: float32 [V, 1764].
"""

from typing import TYPE_CHECKING

from fossilvit import versions
from fossilvit.encoders.registry import Encoder, Options, register
from fossilvit.provenance.backends import Backend

if TYPE_CHECKING:
    import numpy as np

SIZE = 112
"""Width and height in pixels that views are reduced to."""
CELL = 14
"""Width and height of a cell in pixels."""
BLOCK = 2
"""Width and height of a block in cells."""
ORIENTATIONS = 9
"""Bins of the histogram of a cell."""


class Hog(Encoder):
    """The built-in descriptor, for first looks, demos and machines without Internet access."""

    name = "hog"
    dimension = (SIZE // CELL - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS
    version = versions.HOG
    backend = Backend("scikit-image", "cpu", "fp64")

    def prepare(self, image: "np.ndarray") -> "np.ndarray":
        """Reduce a view, uint8 [H, W, 3], to grays, uint8 [112, 112]."""
        import numpy as np
        from PIL import Image

        return np.asarray(Image.fromarray(image).convert("L").resize((SIZE, SIZE), Image.Resampling.BOX))

    def describe(self, prepared: "list[np.ndarray]") -> "np.ndarray":
        """Describe prepared views, [V] -> float32 [V, 1764]."""
        import numpy as np
        from skimage.feature import hog

        described = np.zeros((len(prepared), self.dimension), np.float32)
        for row, gray in zip(described, prepared, strict=True):
            row[:] = hog(gray, orientations=ORIENTATIONS, pixels_per_cell=(CELL, CELL), cells_per_block=(BLOCK, BLOCK))
        return described


@register("hog", version=versions.HOG, threads=1, on_gpus=False, memory=lambda name: 1000)
def create(name: str, options: Options) -> Hog:
    """Create the descriptor; see register()."""
    return Hog()
