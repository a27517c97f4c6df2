"""Geometry as written -> sound triangles over distinct vertices.

In: a Geometry, its polygons of any size. Out: Triangles, vertices float64 [V, 3] in file units and faces int32 [F, 3],
and how many faults of each kind were removed.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes.geometry import Geometry
from fossilvit.meshes.measures import extent, is_usable
from fossilvit.meshes.polygons import triangulate
from fossilvit.numbers.triples import across

NOTHING = -1
MINUS_ZERO = np.uint64(1 << 63)
SOUND, MISSING, NOT_FINITE, FLAT = range(4)
FAULTS = {
    MISSING: "faces with vertices that do not exist",
    NOT_FINITE: "faces with vertices that are no numbers",
    FLAT: "faces without area",
}


class Triangles(NamedTuple):
    """Sound triangles, and which vertices and triangles of the file they are."""

    vertices: np.ndarray
    """float64 [V, 3], file units, in the order of their first use, no two equal"""
    faces: np.ndarray
    """int32 [F, 3], no two with the same vertices"""
    origin: np.ndarray
    """int32 [V], vertex of the file that each vertex comes from; of equal ones, the first that a face uses"""
    kept: np.ndarray
    """int64 [F], triangle of the file that each face comes from"""


def triangles(geometry: Geometry) -> tuple[np.ndarray, np.ndarray | None]:
    """Cut the polygons of a geometry into triangles.

    Returns
    -------
    faces : int32 [T, 3]
        -1 for a corner that does not exist.
    places : int64 [T, 3] or None
        Index of every corner into `geometry.corners`; None where all polygons are triangles already.
    """
    corners = geometry.corners
    exists = (corners >= 0) & (corners < len(geometry.vertices))
    corners = (corners if exists.all() else np.where(exists, corners, NOTHING)).astype(np.int32, copy=False)
    if (geometry.sizes == 3).all():
        return corners.reshape(-1, 3), None
    with np.errstate(over="ignore", invalid="ignore"):  # coordinates may be no numbers
        places = triangulate(geometry.sizes, np.maximum(corners, 0), geometry.vertices)
    return corners[places], places


def cleaned(vertices: np.ndarray, faces: np.ndarray) -> tuple[Triangles, dict[str, int]]:
    """Drop faulty and duplicate triangles, merge equal vertices, and drop vertices that no face uses.

    Parameters
    ----------
    vertices : float64 [V, 3], file units
    faces : int32 [T, 3], -1 for a corner that does not exist

    Returns
    -------
    Triangles
    counts : dict of str to int
        How many faults of each kind were removed; kinds that did not occur are missing.
    """
    finite = usable(vertices)
    verdicts = _judged(vertices, faces, finite, 1.0 / extent(vertices))
    counts = {name: int((verdicts == fault).sum()) for fault, name in FAULTS.items()}
    counts["vertices that are no numbers"] = int(len(finite) - finite.sum())
    kept = np.flatnonzero(verdicts == SOUND)
    faces = faces if len(kept) == len(faces) else faces[kept]
    merged, origin, used = _merged(np.ascontiguousarray(vertices), faces)
    counts["unused vertices"] = int(finite.sum()) - used
    first = _first_of_each(merged)
    counts["duplicate faces"] = int(len(first) - first.sum())
    if not first.all():
        merged, kept = merged[first], kept[first]
    return Triangles(vertices[origin], merged, origin, kept), {name: count for name, count in counts.items() if count}


@njit(cache=True)
def usable(vertices: np.ndarray) -> np.ndarray:
    """Whether the coordinates of each vertex are numbers, and none absurdly large, bool [V]."""
    are = np.empty(len(vertices), np.bool_)
    for vertex in range(len(vertices)):
        are[vertex] = is_usable(vertices[vertex, 0], vertices[vertex, 1], vertices[vertex, 2])
    return are


@njit(cache=True)
def _judged(vertices: np.ndarray, faces: np.ndarray, finite: np.ndarray, scale: float) -> np.ndarray:
    """SOUND or the fault of each triangle, int8 [T]."""
    verdicts = np.zeros(len(faces), np.int8)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        if a < 0 or b < 0 or c < 0:
            verdicts[face] = MISSING
        elif not (finite[a] and finite[b] and finite[c]):
            verdicts[face] = NOT_FINITE
        else:
            normal = across(vertices, a, b, c, scale)
            if normal[0] == 0.0 and normal[1] == 0.0 and normal[2] == 0.0:
                verdicts[face] = FLAT
    return verdicts


@njit(cache=True)
def _capacity(count: int) -> int:
    """Size of a hash table that is at most half full: a power of two, at least twice the count."""
    capacity = 4
    while capacity < 2 * count:
        capacity *= 2
    return capacity


@njit(cache=True)
def _slot(a: np.uint64, b: np.uint64, c: np.uint64, capacity: int) -> np.int64:
    """First slot to search for three numbers in a hash table (finalizer of SplitMix64 over their weighted sum)."""
    mixed = a * np.uint64(0x9E3779B97F4A7C15) + b * np.uint64(0xC2B2AE3D27D4EB4F) + c * np.uint64(0x165667B19E3779F9)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((mixed ^ (mixed >> np.uint64(31))) & np.uint64(capacity - 1))


@njit(cache=True, inline="always")
def _plain(bits: np.uint64) -> np.uint64:
    """The bits of a float64, with -0 as 0."""
    return np.uint64(0) if bits == MINUS_ZERO else bits


@njit(cache=True)
def _merged(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Faces over merged vertices, the vertex that each merged one comes from, and how many were in use before."""
    bits = vertices.view(np.uint64)
    number = np.full(len(vertices), NOTHING, np.int32)
    origin = np.empty(len(vertices), np.int32)
    merged = np.empty_like(faces)
    count = used = 0
    table = np.full(_capacity(min(len(vertices), 3 * len(faces))), NOTHING, np.int32)
    for face in range(len(faces)):
        for corner in range(3):
            vertex = faces[face, corner]
            if number[vertex] == NOTHING:
                used += 1
                x, y, z = _plain(bits[vertex, 0]), _plain(bits[vertex, 1]), _plain(bits[vertex, 2])
                slot = _slot(x, y, z, len(table))
                while table[slot] != NOTHING:
                    other = origin[table[slot]]
                    if (_plain(bits[other, 0]), _plain(bits[other, 1]), _plain(bits[other, 2])) == (x, y, z):
                        break
                    slot = (slot + 1) & (len(table) - 1)
                if table[slot] == NOTHING:
                    table[slot] = count
                    origin[count] = vertex
                    count += 1
                number[vertex] = table[slot]
            merged[face, corner] = number[vertex]
    return merged, origin[:count].copy(), used


@njit(cache=True)
def _first_of_each(faces: np.ndarray) -> np.ndarray:
    """Whether each face is the first with its three vertices, in whatever order they come, bool [F]."""
    first = np.zeros(len(faces), np.bool_)
    table = np.full(_capacity(len(faces)), NOTHING, np.int32)
    for face in range(len(faces)):
        a, b, c = _ordered(faces[face])
        slot = _slot(np.uint64(a), np.uint64(b), np.uint64(c), len(table))
        while table[slot] != NOTHING:
            if _ordered(faces[table[slot]]) == (a, b, c):
                break
            slot = (slot + 1) & (len(table) - 1)
        if table[slot] == NOTHING:
            table[slot] = face
            first[face] = True
    return first


@njit(cache=True)
def _ordered(face: np.ndarray) -> tuple[int, int, int]:
    """The corners of a face in ascending order."""
    a, b, c = face[0], face[1], face[2]
    low, high = min(a, b, c), max(a, b, c)
    return low, a + b + c - low - high, high
