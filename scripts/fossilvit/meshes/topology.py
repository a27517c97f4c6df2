"""How the faces of a surface hang together: its components, its holes, and which side is out."""

from typing import NamedTuple

import numpy as np
from numba import njit

FAR, SENSE, FACE = np.uint64(33), np.uint64(32), np.uint64(2**32 - 1)
FEW = 16
"""Edges of a vertex that are sorted by insertion."""


class Topology(NamedTuple):
    """What joins the faces of a surface."""

    components: int
    """parts that share no vertex"""
    watertight: bool
    """whether every edge joins exactly two faces"""
    orientable: bool
    """whether the faces can be turned so that all neighbors agree"""
    turned: np.ndarray
    """bool [F], the faces to turn around so that neighbors agree: of each piece the smaller part"""


def topology_of(faces, vertex_count) -> Topology:
    """The topology of a surface.

    Pieces are what edges between just two faces join. Where neighbors disagree, the turn of every face against the
    first of its piece is found by union-find with parity.

    Parameters
    ----------
    faces : int32 [F, 3]
    vertex_count : int
        Each of them used by a face.
    """
    components = _components(faces, vertex_count)
    edges, offsets = _edges(faces, vertex_count)
    watertight, agreed = _surveyed(edges, offsets)
    if agreed:
        return Topology(components, watertight, True, np.zeros(len(faces), bool))
    orientable, parents, parities = _joined(len(faces), edges, offsets)
    return Topology(components, watertight, orientable, _minorities(parents, parities))


@njit(cache=True)
def _edges(faces, vertex_count):
    """The edges of every vertex that is their smaller end, uint64 [3 F], and where those of each vertex begin.

    An edge is a number of its larger end (31 bits), whether it leads there (1 bit) and its face (32 bits), so that
    sorting brings together those that join the same vertices.
    """
    offsets = np.zeros(vertex_count + 2, np.int64)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for near in (min(a, b), min(b, c), min(c, a)):
            offsets[near + 2] += 1
    for vertex in range(vertex_count):
        offsets[vertex + 2] += offsets[vertex + 1]
    edges = np.empty(3 * len(faces), np.uint64)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for start, end in ((a, b), (b, c), (c, a)):
            near = min(start, end)
            place = offsets[near + 1]
            edges[place] = np.uint64(max(start, end)) << FAR | np.uint64(start < end) << SENSE | np.uint64(face)
            offsets[near + 1] = place + 1
    return edges, offsets[:-1]


@njit(cache=True)
def _sort(values):
    """Sort in place; most are few."""
    if len(values) > FEW:
        values.sort()
        return
    for i in range(1, len(values)):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@njit(cache=True)
def _last_alike(edges, first, end):
    """Behind the last of the sorted edges that join the same vertices as the first."""
    last = first + 1
    while last < end and edges[last] >> FAR == edges[first] >> FAR:
        last += 1
    return last


@njit(cache=True)
def _agree(one, other):
    """Whether two faces turn the same way at their common edge: they pass it in opposite senses."""
    return (one ^ other) >> SENSE != 0


@njit(cache=True)
def _surveyed(edges, offsets):
    """Whether every edge joins exactly two faces, and whether all such faces agree; sorts the edges of every vertex."""
    watertight = agreed = True
    for vertex in range(len(offsets) - 1):
        first, end = offsets[vertex], offsets[vertex + 1]
        _sort(edges[first:end])
        while first < end:
            last = _last_alike(edges, first, end)
            if last - first != 2:
                watertight = False
            elif not _agree(edges[first], edges[first + 1]):
                agreed = False
            first = last
    return watertight, agreed


@njit(cache=True)
def _joined(face_count, edges, offsets):
    """Whether the surface is orientable, and the union-find forest of its faces with parities."""
    parents = np.arange(face_count).astype(np.int32)
    parities = np.zeros(face_count, np.bool_)
    orientable = True
    for vertex in range(len(offsets) - 1):
        first, end = offsets[vertex], offsets[vertex + 1]
        while first < end:
            last = _last_alike(edges, first, end)
            if last - first == 2:
                one, other = edges[first], edges[first + 1]
                disagree = not _agree(one, other)
                orientable &= _unite(parents, parities, np.int32(one & FACE), np.int32(other & FACE), disagree)
            first = last
    return orientable, parents, parities


@njit(cache=True)
def _root(parents, parities, face):
    """The root of a face and its parity against that; shortens the way there."""
    root, parity = face, False
    while parents[root] != root:
        parity ^= parities[root]
        root = parents[root]
    rest = parity
    while parents[face] != root and face != root:
        following, own = parents[face], parities[face]
        parents[face], parities[face] = root, rest
        face, rest = following, rest ^ own
    return root, parity


@njit(cache=True)
def _unite(parents, parities, a, b, disagree):
    """Join the pieces of two faces; whether that agrees with what joins them already."""
    a_root, a_parity = _root(parents, parities, a)
    b_root, b_parity = _root(parents, parities, b)
    if a_root == b_root:
        return (a_parity ^ b_parity) == disagree
    low, high = min(a_root, b_root), max(a_root, b_root)
    parents[high], parities[high] = low, a_parity ^ b_parity ^ disagree
    return True


@njit(cache=True)
def _minorities(parents, parities):
    """The faces that differ from most of their piece, bool [F]; as many as those that do not: from its first face."""
    balance = np.zeros(len(parents), np.int32)
    turned = np.zeros(len(parents), np.bool_)
    for face in range(len(parents)):
        root, turned[face] = _root(parents, parities, face)
        balance[root] += -1 if turned[face] else 1
    for face in range(len(parents)):
        if balance[_root(parents, parities, face)[0]] < 0:
            turned[face] = not turned[face]
    return turned


@njit(cache=True)
def _components(faces, vertex_count):
    """The number of parts that share no vertex."""
    parents = np.arange(vertex_count).astype(np.int32)
    parities = np.zeros(vertex_count, np.bool_)
    count = vertex_count
    for face in range(len(faces)):
        for corner in range(2):
            a, _ = _root(parents, parities, faces[face, corner])
            b, _ = _root(parents, parities, faces[face, corner + 1])
            if a != b:
                parents[max(a, b)] = min(a, b)
                count -= 1
    return count
