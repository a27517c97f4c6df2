"""A view as a network sees it: resized, and with the share of each patch that the specimen covers.

In: a view, uint8 [H, W, 3]. Out: uint8 [S, S, 3] and float32 [P].
"""

from functools import cache

import numpy as np
from PIL import Image

WHITE = 255
"""The value of the background, which no pixel of a specimen has."""


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resize a view to what the network sees.

    Pillow resizes it, bicubic and antialiased, as in Meta's evaluation, but without Meta's crop, which would cut a
    specimen that fills the frame.

    Parameters
    ----------
    image : uint8 [H, W, 3]
    size : int, pixels

    Returns
    -------
    uint8 [size, size, 3]
    """
    gray = image[..., 0]
    if (gray == image[..., 1]).all() and (gray == image[..., 2]).all():  # a third of the work, the same pixels
        return np.stack([_bicubic(gray, size)] * 3, axis=-1)
    return _bicubic(image, size)


def coverage(image: np.ndarray, patches: int) -> np.ndarray:
    """The share of each patch that the specimen covers.

    Parameters
    ----------
    image : uint8 [H, W, 3]
        Exactly white where the specimen is not.
    patches : int
        Number of patches along one side of the image.

    Returns
    -------
    float32 [patches * patches], 0 to 1, row by row
    """
    mask = (image[..., 0] != WHITE).astype(np.float32)
    down, across = (_overlaps(pixels, patches) for pixels in mask.shape)
    shares: np.ndarray = down @ mask @ across.T
    return shares.reshape(-1)


@cache
def _overlaps(pixels: int, patches: int) -> np.ndarray:
    """The share of each patch along a side that each pixel makes up, float32 [patches, pixels]."""
    edges = np.linspace(0, pixels, patches + 1)[:, None]
    start = np.arange(pixels)
    shared = np.minimum(edges[1:], start + 1) - np.maximum(edges[:-1], start)
    shares: np.ndarray = np.maximum(shared, 0) * patches / pixels
    return shares.astype(np.float32)


def _bicubic(pixels: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))
