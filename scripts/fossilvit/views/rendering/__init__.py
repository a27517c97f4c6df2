"""Geometry + cameras -> images.

In: a Mesh, its Pose, Cameras. Out: its views, uint8 [S, S, 3] each, RGB on a background of exactly 255, which no
channel of a specimen has, so that the mask of the specimen needs no other file.
"""

import importlib
from contextlib import contextmanager

import numpy as np
from numba import njit

RENDERERS = ("raster", "offscreen")
APPEARANCES = ("gray", "whitened", "color", "normals", "depth")
BACKGROUND = 255
BRIGHTEST = 250
MOST_VIEWS = {"raster": None, "offscreen": 32_000}
"""That one process draws. Open3D takes two images a view, four for one that is drawn again, and gives blank ones after
some 131,000 (isl-org/Open3D issue 6912)."""


@contextmanager
def renderer(name, size, appearance="gray", antialias=1):
    """One renderer for any number of specimens.

    Parameters
    ----------
    name : one of RENDERERS
    size : int
        Width and height of a view in pixels.
    appearance : one of APPEARANCES
        `gray`: matte, lights fixed to the camera. `whitened`: pale, one light from the upper left, dark hollows, as
        fossils coated with ammonium chloride. `color`: vertex colors or texture, gray where there are none. `normals`:
        right, up and toward the camera as red, green and blue. `depth`: the nearer the brighter.
    antialias : int
        Every pixel is the mean of so many times so many samples.

    Yields
    ------
    render(mesh, pose, cameras) -> iterator of uint8 [size, size, 3], one a camera

    Raises
    ------
    UserError
        This machine cannot run that renderer.
    """
    module = importlib.import_module(f"fossilvit.views.rendering.{name}")
    with module.renderer(size * antialias, appearance) as render:
        yield render if antialias == 1 else lambda *scene: (reduced(image, antialias) for image in render(*scene))


@njit(cache=True)
def reduced(image, factor):
    """The means of blocks of factor x factor pixels, uint8 [S, S, 3]; only background alone is background."""
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


def uses_driver(name) -> bool:
    """Whether a renderer runs code of a graphics driver."""
    return name != "raster"


def most_specimens(name, views):
    """How many specimens of so many views one process renders before another replaces it; None for any number."""
    most = MOST_VIEWS[name]
    return most and max(most // views, 1)


def fill(image) -> float:
    """The share of a view that shows the specimen."""
    return float((image[..., 0] != BACKGROUND).mean())
