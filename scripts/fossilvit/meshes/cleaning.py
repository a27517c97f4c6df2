"""Geometry as written -> sound triangles over vertices that each occur once.

Every kind of fault that is taken away is counted.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes.measures import extent, is_place
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
    """Sound triangles, and where they come from."""

    vertices: np.ndarray
    """float64 [V, 3], in the order of their first use, no two equal"""
    faces: np.ndarray
    """int32 [F, 3], no two over the same vertices"""
    origin: np.ndarray
    """int32 [V], the vertex of the file that each was first"""
    kept: np.ndarray
    """int64 [F], which of the triangles of the file each is"""


def triangles(geometry):
    """Cut the polygons of a geometry into triangles.

    Returns
    -------
    faces : int32 [T, 3]
        -1 for a corner that does not exist.
    places : int64 [T, 3] or None
        The place of every corner among those of the geometry; None where all polygons are triangles already.
    """
    corners = geometry.corners
    exists = (corners >= 0) & (corners < len(geometry.vertices))
    corners = (corners if exists.all() else np.where(exists, corners, NOTHING)).astype(np.int32, copy=False)
    if (geometry.sizes == 3).all():
        return corners.reshape(-1, 3), None
    with np.errstate(over="ignore", invalid="ignore"):  # corners that are no places
        places = triangulate(geometry.sizes, np.maximum(corners, 0), geometry.vertices)
    return corners[places], places


def cleaned(vertices, faces):
    """Drop triangles that are faulty or there twice, merge equal vertices and drop those that no face uses.

    Parameters
    ----------
    vertices : float64 [V, 3]
    faces : int32 [T, 3], -1 for a corner that does not exist

    Returns
    -------
    Triangles
    counts : dict of str to int
        What was taken away, of each kind how many; kinds of which there was none are missing.
    """
    finite = places(vertices)
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
def places(vertices):
    """For every vertex whether its coordinates are numbers, and none absurdly large, bool [V]."""
    are = np.empty(len(vertices), np.bool_)
    for vertex in range(len(vertices)):
        are[vertex] = is_place(vertices[vertex, 0], vertices[vertex, 1], vertices[vertex, 2])
    return are


@njit(cache=True)
def _judged(vertices, faces, finite, scale):
    """For every triangle whether it is sound, or its fault, int8 [T]."""
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
def _capacity(count):
    """A power of two of at least twice a count, for a table that fills to a half."""
    capacity = 4
    while capacity < 2 * count:
        capacity *= 2
    return capacity


@njit(cache=True)
def _slot(a, b, c, capacity):
    """Where the search for three numbers begins in a table (the finalizer of SplitMix64 over their sum)."""
    mixed = a * np.uint64(0x9E3779B97F4A7C15) + b * np.uint64(0xC2B2AE3D27D4EB4F) + c * np.uint64(0x165667B19E3779F9)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((mixed ^ (mixed >> np.uint64(31))) & np.uint64(capacity - 1))


@njit(cache=True, inline="always")
def _plain(bits):
    """The bits of a float64, those of 0 for -0."""
    return np.uint64(0) if bits == MINUS_ZERO else bits


@njit(cache=True)
def _merged(vertices, faces):
    """Faces over merged vertices, the vertex that each of those was first, and how many were in use before."""
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
def _first_of_each(faces):
    """For every face whether it is the first over its vertices, in whatever order, bool [F]."""
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
def _ordered(face):
    """The corners of a face, the smallest first."""
    a, b, c = face[0], face[1], face[2]
    low, high = min(a, b, c), max(a, b, c)
    return low, a + b + c - low - high, high
