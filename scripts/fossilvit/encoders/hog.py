"""Histograms of oriented gradients (Dalal and Triggs 2005), as of scikit-image: an encoder that needs no weights.

In: uint8 [V, H, W, 3]. Out: float32 [V, 1764].
"""

import numpy as np

SIZE = 112
"""Pixels that a view is seen at."""
CELL = 14
BLOCK = 2
ORIENTATIONS = 9
DIMENSION = (SIZE // CELL - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS


class Hog:
    """The built-in descriptor, for first looks, demos and machines without a network."""

    name = "hog"
    dimension = DIMENSION

    def encode(self, images) -> np.ndarray:
        """Describe views: uint8 [V, H, W, 3] -> float32 [V, 1764]."""
        from PIL import Image
        from skimage.feature import hog

        described = np.zeros((len(images), DIMENSION), np.float32)
        for row, image in zip(described, images, strict=True):
            gray = Image.fromarray(image).convert("L").resize((SIZE, SIZE), Image.Resampling.BOX)
            row[:] = hog(
                np.asarray(gray),
                orientations=ORIENTATIONS,
                pixels_per_cell=(CELL, CELL),
                cells_per_block=(BLOCK, BLOCK),
            )
        return described
