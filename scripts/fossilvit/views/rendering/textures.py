"""Textures: images on a surface, sampled without aliasing.

In: the Texture of a Mesh. Out: a Pyramid of every image at every size, and the color of every pixel, uint8 [S, S, 3].
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.views.rendering.surfaces import corner_weights


class Pyramid(NamedTuple):
    """Every image in full size, halved, halved again, … down to one pixel (Williams 1983), one after another."""

    texels: np.ndarray
    """uint8 [T, 3]"""
    levels: np.ndarray
    """int64 [L, 3]: first texel, height and width of every level of every image"""
    first: np.ndarray
    """int64 [I + 1]: row in `levels` of every image's full size, and last the number of levels"""


def pyramid(images: Iterable[np.ndarray]) -> Pyramid:
    """The pyramid of images, uint8 [H, W, 3] each."""
    texels: list[np.ndarray] = []
    levels, first = [], [0]
    begin = 0
    for image in images:
        for level in _levels(image):
            levels.append((begin, *level.shape[:2]))
            texels.append(level.reshape(-1, 3))
            begin += len(texels[-1])
        first.append(len(levels))
    return Pyramid(np.concatenate(texels), np.array(levels), np.array(first))


def _levels(image: np.ndarray) -> Iterator[np.ndarray]:
    """An image, uint8 [H, W, 3], in full size and then halved until it is one pixel."""
    from PIL import Image

    yield image
    reduced = Image.fromarray(image)
    while max(reduced.size) > 1:
        reduced = reduced.reduce((min(2, reduced.width), min(2, reduced.height)))
        yield np.asarray(reduced)


@njit(cache=True, error_model="numpy")
def colors(
    nearest: np.ndarray,
    screen: np.ndarray,
    faces: np.ndarray,
    uv: np.ndarray,
    image: np.ndarray,
    pyramid: Pyramid,
    missing: np.ndarray,
) -> np.ndarray:
    """Color of every pixel, uint8 [S, S, 3], from the level whose texels are about as large as pixels.

    Parameters
    ----------
    nearest : int32 [S, S], face of every pixel or -1
    screen : float32 [V, 3], projected vertices
    faces : int32 [F, 3]
    uv, image : fields of the Texture
    pyramid : Pyramid
    missing : uint8 [3]
        Color of faces without an image.
    """
    size = len(nearest)
    shown = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            face = nearest[row, column]
            if face < 0:
                continue
            a, b, c = corner_weights(screen, faces[face], column, row)
            total = a + b + c
            u = (a * uv[face, 0, 0] + b * uv[face, 1, 0] + c * uv[face, 2, 0]) / total
            v = (a * uv[face, 0, 1] + b * uv[face, 1, 1] + c * uv[face, 2, 1]) / total
            if image[face] < 0 or not np.isfinite(u + v):
                shown[row, column] = missing
                continue
            full, end = pyramid.first[image[face]], pyramid.first[image[face] + 1]
            texels = pyramid.levels[full, 1] * pyramid.levels[full, 2]
            shrinking = _area(uv[face]) * texels / _area(screen[faces[face]])
            level = full + min(max(int(np.rint(np.log2(max(shrinking, 1.0)) / 2)), 0), end - full - 1)
            begin, height, width = pyramid.levels[level]
            _sample(pyramid.texels[begin : begin + height * width], height, width, u, v, shown[row, column])
    return shown


@njit(cache=True)
def _area(corners: np.ndarray) -> float:
    """Area of a triangle in the plane."""
    return 0.5 * abs(  # type: ignore[no-any-return]  # elements of arrays have no type
        (corners[1, 0] - corners[0, 0]) * (corners[2, 1] - corners[0, 1])
        - (corners[1, 1] - corners[0, 1]) * (corners[2, 0] - corners[0, 0])
    )


@njit(cache=True)
def _sample(texels: np.ndarray, height: int, width: int, u: float, v: float, color: np.ndarray) -> None:
    """Fill uint8 [3] with the color at (u, v) of a repeating image, interpolated between four texels."""
    x, y = (u - np.floor(u)) * width - 0.5, (np.ceil(v) - v) * height - 0.5
    left, upper = int(np.floor(x)), int(np.floor(y))
    right_share, lower_share = x - left, y - upper
    for channel in range(3):
        mixed = 0.0
        for i, row_share in ((upper, 1.0 - lower_share), (upper + 1, lower_share)):
            for j, column_share in ((left, 1.0 - right_share), (left + 1, right_share)):
                mixed += row_share * column_share * texels[i % height * width + j % width, channel]
        color[channel] = np.rint(mixed)
