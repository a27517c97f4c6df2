"""What a file of any format holds, before it is cleaned."""

from typing import NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """Vertices and the polygons between them, as written."""

    vertices: np.ndarray
    """float64 [V, 3], file units"""
    sizes: np.ndarray
    """int32 [P], corners of every polygon"""
    corners: np.ndarray
    """int [C], the vertices of the first polygon, then those of the next"""
    format: str
    """What the file is, e.g. `binary PLY`"""
    notes: tuple = ()
    """What deserves to be known about the file, in plain words"""
    normals: np.ndarray | None = None
    """float [V, 3]"""
    colors: np.ndarray | None = None
    """uint8 [V, 3]"""
    uv: np.ndarray | None = None
    """float [C, 2], texture coordinates of the corners"""
    images: tuple = ()
    """Textures, uint8 [H, W, 3]"""
    image: np.ndarray | None = None
    """int32 [P], the texture of every polygon, -1 where it has none"""

    @classmethod
    def of_triangles(cls, vertices, format, notes=()):
        """Triangles that share no vertices, [3 F, 3]."""
        count = len(vertices)
        return cls(vertices, np.full(count // 3, 3, np.int32), np.arange(count, dtype=np.int32), format, tuple(notes))


def indices(values):
    """Numbers as indices, int32 or int64; what is no whole number becomes -1."""
    if values.dtype.kind in "iu":
        return values.astype(np.int32 if np.can_cast(values.dtype, np.int32) else np.int64, copy=False)
    whole = np.abs(values) < 2**53
    whole &= np.floor(np.where(whole, values, 0)) == values
    return np.where(whole, values, -1).astype(np.int64)
