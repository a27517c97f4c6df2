"""Faces of a surface, int32 [F, 3] -> its components, whether it is closed, and which faces to turn around."""

from typing import NamedTuple

import numpy as np
from numba import njit

FaceNumber = int | np.int32
FAR, SENSE, FACE = np.uint64(33), np.uint64(32), np.uint64(2**32 - 1)
"""Lowest bit of the larger end of an edge, bit of its sense, and mask of its face; see `_edges`."""
FEW = 16
"""Largest number of edges of a vertex that are sorted by insertion."""


class Topology(NamedTuple):
    """How the faces of a surface join."""

    components: int
    """number of parts that share no vertex"""
    watertight: bool
    """whether every edge joins exactly two faces"""
    orientable: bool
    """whether the faces can be turned so that all adjacent faces agree"""
    turned: np.ndarray
    """bool [F], faces to turn around so that adjacent faces agree: the minority of each piece"""


def topology_of(faces: np.ndarray, vertex_count: int) -> Topology:
    """Topology of a surface.

    A piece is a set of faces that are joined by edges between exactly two faces. Where adjacent faces disagree,
    union-find with parity finds which faces are turned against the first face of their piece.

    Parameters
    ----------
    faces : int32 [F, 3]
    vertex_count : int
        Number of vertices, each of which a face uses.
    """
    components = _components(faces, vertex_count)
    edges, offsets = _edges(faces, vertex_count)
    watertight, agreed = _surveyed(edges, offsets)
    if agreed:
        return Topology(components, watertight, True, np.zeros(len(faces), bool))
    orientable, parents, parities = _joined(len(faces), edges, offsets)
    return Topology(components, watertight, orientable, _minorities(parents, parities))


@njit(cache=True)
def _edges(faces: np.ndarray, vertex_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges, uint64 [3 F], grouped by their smaller vertex, and where each group begins, int64 [V + 1].

    An edge is one number: its larger vertex (31 bits), whether it leads there (1 bit) and its face (32 bits). Sorting
    brings together edges between the same vertices.
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
def _sort(values: np.ndarray) -> None:
    """Sort in place, by insertion where there are few values, as is usual."""
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
def _end_of_alike(edges: np.ndarray, first: int, end: int) -> int:
    """End of the run of sorted edges that join the same vertices as the first, exclusive."""
    last = first + 1
    while last < end and edges[last] >> FAR == edges[first] >> FAR:
        last += 1
    return last


@njit(cache=True)
def _agree(one: np.uint64, other: np.uint64) -> bool:
    """Whether two faces turn the same way: they pass their common edge in opposite senses."""
    return bool((one ^ other) >> SENSE != 0)


@njit(cache=True)
def _surveyed(edges: np.ndarray, offsets: np.ndarray) -> tuple[bool, bool]:
    """Whether every edge joins exactly two faces, and whether all such faces agree. Sorts the edges of each vertex."""
    watertight = agreed = True
    for vertex in range(len(offsets) - 1):
        first, end = offsets[vertex], offsets[vertex + 1]
        _sort(edges[first:end])
        while first < end:
            last = _end_of_alike(edges, first, end)
            if last - first != 2:
                watertight = False
            elif not _agree(edges[first], edges[first + 1]):
                agreed = False
            first = last
    return watertight, agreed


@njit(cache=True)
def _joined(face_count: int, edges: np.ndarray, offsets: np.ndarray) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether a surface is orientable, and the union-find forest of its faces: parents int32 [F], parities bool [F]."""
    parents = np.arange(face_count).astype(np.int32)
    parities = np.zeros(face_count, np.bool_)
    orientable = True
    for vertex in range(len(offsets) - 1):
        first, end = offsets[vertex], offsets[vertex + 1]
        while first < end:
            last = _end_of_alike(edges, first, end)
            if last - first == 2:
                one, other = edges[first], edges[first + 1]
                disagree = not _agree(one, other)
                orientable &= _unite(parents, parities, np.int32(one & FACE), np.int32(other & FACE), disagree)
            first = last
    return orientable, parents, parities


@njit(cache=True)
def _root(parents: np.ndarray, parities: np.ndarray, face: FaceNumber) -> tuple[FaceNumber, bool]:
    """Root of a face, and the parity of the face against it. Compresses the path between them."""
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
def _unite(parents: np.ndarray, parities: np.ndarray, a: FaceNumber, b: FaceNumber, disagree: bool) -> bool:
    """Join the pieces of two faces. Return False where the faces are joined already, with the other parity."""
    a_root, a_parity = _root(parents, parities, a)
    b_root, b_parity = _root(parents, parities, b)
    if a_root == b_root:
        return (a_parity ^ b_parity) == disagree
    low, high = min(a_root, b_root), max(a_root, b_root)
    parents[high], parities[high] = low, a_parity ^ b_parity ^ disagree
    return True


@njit(cache=True)
def _minorities(parents: np.ndarray, parities: np.ndarray) -> np.ndarray:
    """The faces that differ from most of their piece, bool [F]; at a tie, those that differ from its first face."""
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
def _components(faces: np.ndarray, vertex_count: int) -> int:
    """Number of components."""
    _, count = _united(faces, vertex_count)
    return count


@njit(cache=True)
def components(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Number of the component of each vertex, counted from 0, int32 [V]. Components share no vertex."""
    parents, _ = _united(faces, vertex_count)
    parities = np.zeros(vertex_count, np.bool_)
    numbers = np.empty(vertex_count, np.int32)
    count = 0
    for vertex in range(vertex_count):
        root, _ = _root(parents, parities, vertex)
        if root == vertex:  # a root comes before all others of its component
            numbers[vertex] = count
            count += 1
        else:
            numbers[vertex] = numbers[root]
    return numbers


@njit(cache=True)
def _united(faces: np.ndarray, vertex_count: int) -> tuple[np.ndarray, int]:
    """The union-find forest of vertices that faces join, int32 [V], and the number of its trees."""
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
    return parents, count
