"""How the faces of a surface hang together: its components, its holes, and which side is out."""

from typing import NamedTuple

import numpy as np
from numba import njit

FEW = 16
"""Edges of a vertex that are sorted by insertion."""


class Topology(NamedTuple):
    """What joins the faces of a surface."""

    components: int
    """parts that share no vertex"""
    watertight: bool
    """whether every edge joins exactly two faces"""
    orientable: bool
    """whether the faces can be turned so that all neighbours agree"""
    turned: np.ndarray
    """bool [F], the faces to turn around so that neighbours agree: of each piece the smaller part"""


def topology_of(faces, vertex_count) -> Topology:
    """The topology of a surface.

    Pieces are what edges between just two faces join. Where neighbours disagree, the turn of every face against the
    first of its piece is found by union-find with parity.

    Parameters
    ----------
    faces : int32 [F, 3]
    vertex_count : int
        Each of them used by a face.
    """
    components = _components(faces, vertex_count)
    ends, offsets = _edges(faces, vertex_count, 0)
    watertight, agreed = _surveyed(ends, offsets)
    if agreed:
        return Topology(components, watertight, True, np.zeros(len(faces), bool))
    edges, offsets = _edges(faces, vertex_count, 1)
    orientable, parents, parities = _joined(faces, edges, offsets)
    return Topology(components, watertight, orientable, _minorities(parents, parities))


@njit(cache=True)
def _edges(faces, vertex_count, numbered):
    """The edges of every vertex that is their smaller end: [3 F], and where those of each vertex begin.

    Each edge by its number, 3 face + corner, or else by its other end and sense: 2 vertex + (1 if it leads there).
    """
    offsets = np.zeros(vertex_count + 2, np.int64)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for near in (min(a, b), min(b, c), min(c, a)):
            offsets[near + 2] += 1
    for vertex in range(vertex_count):
        offsets[vertex + 2] += offsets[vertex + 1]
    edges = np.empty(3 * len(faces), np.uint32)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for corner, (start, end) in enumerate(((a, b), (b, c), (c, a))):
            near = min(start, end)
            place = offsets[near + 1]
            edges[place] = 3 * face + corner if numbered else 2 * max(start, end) + (start < end)
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
def _surveyed(ends, offsets):
    """Whether every edge joins exactly two faces, and whether all such faces agree; sorts the ends of every vertex."""
    watertight = agreed = True
    for vertex in range(len(offsets) - 1):
        own = ends[offsets[vertex] : offsets[vertex + 1]]
        _sort(own)
        first = 0
        while first < len(own):
            last = first + 1
            while last < len(own) and own[last] >> 1 == own[first] >> 1:
                last += 1
            if last - first != 2:
                watertight = False
            elif own[first] == own[first + 1]:
                agreed = False
            first = last
    return watertight, agreed


@njit(cache=True)
def _joined(faces, edges, offsets):
    """Whether the surface is orientable, and the union-find forest of its faces with parities."""
    parents = np.arange(len(faces)).astype(np.int32)
    parities = np.zeros(len(faces), np.bool_)
    orientable = True
    for vertex in range(len(offsets) - 1):
        own = edges[offsets[vertex] : offsets[vertex + 1]]
        ends = np.empty(len(own), np.uint32)
        for i in range(len(own)):
            ends[i] = max(_start(faces, own[i]), _start(faces, _next(own[i])))
        order = np.argsort(ends, kind="mergesort")
        first = 0
        while first < len(own):
            last = first + 1
            while last < len(own) and ends[order[last]] == ends[order[first]]:
                last += 1
            if last - first == 2:
                one, other = own[order[first]], own[order[first + 1]]
                disagree = _start(faces, one) == _start(faces, other)
                orientable &= _unite(parents, parities, one // 3, other // 3, disagree)
            first = last
    return orientable, parents, parities


@njit(cache=True)
def _start(faces, edge):
    """The vertex where an edge, numbered 3 face + corner, begins."""
    return faces[edge // 3, edge % 3]


@njit(cache=True)
def _next(edge):
    """The edge of the same face that begins where this one ends."""
    return edge - 2 if edge % 3 == 2 else edge + 1


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
