"""Geometry + cameras -> images.

In: a Mesh, its Pose, Cameras. Out: views, RGB, uint8 [S, S, 3] each. The background is exactly 255 and the specimen is
darker in every channel, so that its mask needs no file of its own.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numba import njit

from fossilvit.meshes import Mesh
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose

RENDERERS = ("raster", "offscreen")
APPEARANCES = ("gray", "whitened", "color", "normals", "depth")
BACKGROUND = 255
BRIGHTEST = 250
"""Largest value of a channel that shows the specimen."""
MOST_VIEWS: dict[str, int | None] = {"raster": None, "offscreen": 32_000}
"""Most views that one process draws; None is any number. Open3D makes two images per view, four if the view is drawn
again, and returns blank images after about 131,000 (isl-org/Open3D issue 6912)."""

Draw = Callable[[Mesh, Pose, Sequence[Camera]], Iterator[np.ndarray]]
"""Function that draws the views of one specimen, uint8 [S, S, 3], one per camera."""


@contextmanager
def renderer(name: str, size: int, appearance: str = "gray", antialias: int = 1) -> Iterator[Draw]:
    """Yield the function that draws one specimen after another.

    Parameters
    ----------
    name : one of RENDERERS
    size : int
        Width and height of a view in pixels.
    appearance : one of APPEARANCES
        `gray`: matte, with lights fixed to the camera. `whitened`: pale, with one light from the upper left and dark
        hollows, like a fossil coated with ammonium chloride. `color`: vertex colors or texture, gray where there are
        none. `normals`: right, up and toward the camera as red, green and blue. `depth`: the nearer, the brighter.
    antialias : int
        Every pixel is the mean of antialias x antialias samples.

    Raises
    ------
    UserError
        This machine cannot run the renderer.
    """
    module = importlib.import_module(f"fossilvit.views.rendering.{name}")
    with module.renderer(size * antialias, appearance) as render:
        yield render if antialias == 1 else lambda *scene: (reduced(image, antialias) for image in render(*scene))


@njit(cache=True)
def reduced(image: np.ndarray, factor: int) -> np.ndarray:
    """Means of blocks of factor x factor pixels, uint8 [S, S, 3]. A mean is background only if its whole block is."""
    size = len(image) // factor
    means = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            for channel in range(3):
                total = 0
                for i in range(row * factor, (row + 1) * factor):
                    for j in range(column * factor, (column + 1) * factor):
                        total += image[i, j, channel]
                means[row, column, channel] = total // (factor * factor)
    return means


def uses_driver(name: str) -> bool:
    """Whether a renderer runs code of a graphics driver."""
    return name != "raster"


def most_specimens(name: str, views: int) -> int | None:
    """Number of specimens that one process renders before another replaces it, by views per specimen; None is any."""
    most = MOST_VIEWS[name]
    return most and max(most // views, 1)


def fill(image: np.ndarray) -> float:
    """Share of a view that shows the specimen, 0 to 1."""
    return float((image[..., 0] != BACKGROUND).mean())
