"""The content of a mesh file of any format, as written: what `formats` makes and `cleaning` takes."""

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np


class Geometry(NamedTuple):
    """Vertices and the polygons between them, as written."""

    vertices: np.ndarray
    """float64 [V, 3], file units"""
    sizes: np.ndarray
    """int32 [P], number of corners of each polygon"""
    corners: np.ndarray
    """int [C], vertices of the first polygon, then those of the next"""
    format: str
    """Format of the file, e.g. `binary PLY`"""
    notes: tuple[str, ...] = ()
    """Remarks on the file for the user"""
    normals: np.ndarray | None = None
    """float [V, 3]"""
    colors: np.ndarray | None = None
    """uint8 [V, 3]"""
    uv: np.ndarray | None = None
    """float [C, 2], texture coordinates of the corners"""
    images: tuple[np.ndarray, ...] = ()
    """Textures, uint8 [H, W, 3]"""
    image: np.ndarray | None = None
    """int32 [P], texture of each polygon, -1 where it has none; always there with `uv`"""

    @classmethod
    def of_triangles(cls, vertices: np.ndarray, format: str, notes: Iterable[str] = ()) -> Self:
        """The geometry of triangles that share no vertices, float64 [3 F, 3]."""
        count = len(vertices)
        return cls(vertices, np.full(count // 3, 3, np.int32), np.arange(count, dtype=np.int32), format, tuple(notes))


def indices(values: np.ndarray) -> np.ndarray:
    """Numbers of any dtype as indices, int32 or int64; a number that is not whole becomes -1."""
    if values.dtype.kind in "iu":
        return values.astype(np.int32 if np.can_cast(values.dtype, np.int32) else np.int64, copy=False)
    whole = np.abs(values) < 2**53
    whole &= np.floor(np.where(whole, values, 0)) == values
    return np.where(whole, values, -1).astype(np.int64)
