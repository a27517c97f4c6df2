"""Geometry + cameras -> images.

In: a Mesh. Out: its views, uint8 [V, H, W, 3], RGB on a background of exactly 255, which no pixel of the specimen has,
so that the mask of the specimen needs no other file.
"""

import importlib
from contextlib import contextmanager

RENDERERS = ("raster", "offscreen")
BACKGROUND = 255


@contextmanager
def renderer(name, size):
    """One renderer for any number of specimens.

    Parameters
    ----------
    name : one of RENDERERS
    size : int
        Width and height of a view in pixels.

    Yields
    ------
    render(mesh, framing, directions) -> uint8 [V, size, size, 3]

    Raises
    ------
    UserError
        This machine cannot run that renderer.
    """
    module = importlib.import_module(f"fossilvit.rendering.{name}")
    with module.renderer(size) as render:
        yield render


def fill(images):
    """The share of every view that shows the specimen, float [V]."""
    return (images != BACKGROUND).any(axis=3).mean(axis=(1, 2))


def facts(images, directions) -> list[dict]:
    """What every view is, for the record: from where it was taken, and its fill."""
    shares = fill(images).round(6).tolist()
    return [{"direction": list(direction), "fill": share} for direction, share in zip(directions, shares, strict=True)]
