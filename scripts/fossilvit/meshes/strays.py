"""Strays: what a scanner left beside a specimen.

In: a Mesh. Out: the same Mesh with its strays marked, or without them. A stray is tiny beside the specimen and far from
it: a crumb of the turntable, an island of noise in a CT scan, a point without a return at 0 0 0, the tip of a spike. A
part that is not tiny (a scale bar, a support, the other half of a specimen) is never a stray, but a note names it.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes import axes, measures, normals, topology
from fossilvit.meshes.mesh import Mesh, Strays
from fossilvit.numbers.triples import dot, edge

TINY = 1 / 200
"""Largest share of a stray, of the area or the points of the largest part."""
FAR = 0.1
"""Least distance of a stray from the box around the specimen, as a share of the longest side of that box."""
ALONE = 5.0
"""Least distance of a stray from that box, in diameters of the stray."""
MOST = 0.2
"""Largest share of all strays together, of the area or the points; if they have more, none is marked."""
SPIKE = 0.5
"""Least length of every edge of the tip of a spike, as a share of the longest side of the box around the rest."""
FEW = 0.1
"""Largest share of faces that spikes have; a cone, whose tip all its sides meet, is no spike."""
BEYOND = 2.0
"""Distance of a tip from that box, in lengths of the box, from which its faces may have any area."""
CELLS = 20
"""Cells along the longest side of a cloud. Points whose cells touch are one part."""
MOST_CELLS = 1 << 20
"""Most cells along an axis; all that lies farther away shares the last one."""
SOUP = 2
"""Most faces of a component of a surface whose triangles are not joined."""


class Box(NamedTuple):
    """The box around vertices along the principal axes of their mesh."""

    rotation: np.ndarray
    """float64 [3, 3], rows are the axes"""
    low: np.ndarray
    """float64 [3], lowest coordinates along the axes, file units"""
    high: np.ndarray
    """float64 [3]"""

    @property
    def longest(self) -> float:
        """Longest side in file units."""
        return float((self.high - self.low).max())

    def gaps(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Distance from other boxes along the same axes, their lowest and highest coordinates float64 [N, 3] each."""
        gaps: np.ndarray = np.linalg.norm(np.maximum(np.maximum(self.low - high, low - self.high), 0), axis=1)
        return gaps

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Distance of points, float64 [N, 3], from the box, float64 [N]; 0 inside."""
        along = points @ self.rotation.T
        return self.gaps(along, along)


def marked(mesh: Mesh) -> Mesh:
    """The same mesh with its strays marked, and with a note on large parts that lie apart."""
    loose, parts = _loose(mesh)
    tips = np.zeros(len(loose), bool) if mesh.is_points else _tips(mesh, ~loose)
    found = loose | tips
    if not found.any():
        return mesh._replace(notes=(*mesh.notes, *_apart(mesh)))
    body = mesh.part(~found)
    strays = Strays(
        found, parts + int(tips.sum()), _share(mesh, found), float(_box(body).distances(mesh.vertices[found]).max())
    )
    return mesh._replace(strays=strays, notes=(*mesh.notes, _note(strays, mesh.is_points), *_apart(body)))


def _note(strays: Strays, points: bool) -> str:
    parts = "1 tiny part lies" if strays.parts == 1 else f"{strays.parts} tiny parts lie"
    share = f"{strays.share:.2g} of the {'points' if points else 'surface'}"
    return f"{parts} up to {strays.distance:.3g} from the specimen, with {share} (render.strays: leave_out or keep)"


def without(mesh: Mesh) -> Mesh:
    """The mesh without its strays."""
    if mesh.strays is None:
        return mesh
    body = mesh.part(~mesh.strays.vertices)._replace(strays=None)
    return body if body.is_points else body._replace(normals=normals.of_surface(body.vertices, body.faces))


def _loose(mesh: Mesh) -> tuple[np.ndarray, int]:
    """Which vertices lie in parts that are tiny and far from the rest, bool [V], and how many such parts there are."""
    kept, parts = np.ones(len(mesh.vertices), bool), 0
    if mesh.topology and mesh.topology.components == 1:
        return ~kept, parts
    stray, count = _tiny_and_far(mesh)
    while count:  # again, because cells become smaller where much noise is gone
        parts += count
        kept[np.flatnonzero(kept)[stray]] = False
        stray, count = _tiny_and_far(mesh.part(kept))
    loose = _unless_many(mesh, ~kept)
    return loose, parts if loose.any() else 0


def _tiny_and_far(mesh: Mesh) -> tuple[np.ndarray, int]:
    """Which vertices lie in parts that are tiny and far from those that are not, bool [V], and the number of parts."""
    numbers = _numbers(mesh)
    weights = _weights(mesh, numbers)
    tiny = weights <= TINY * weights.max()
    box = _box(mesh.part(~tiny[numbers]) if tiny.any() else mesh)
    low, high = _boxes(mesh.vertices @ box.rotation.T, numbers)
    gaps = box.gaps(low, high)
    far = (gaps >= FAR * box.longest) & (gaps >= ALONE * np.linalg.norm(high - low, axis=1)) & (gaps > 0)
    return (tiny & far)[numbers], int((tiny & far).sum())


def _numbers(mesh: Mesh) -> np.ndarray:
    """The part of each vertex, int [V].

    The parts of a surface are its components. Points, and triangles that share no vertices, are joined by cells.
    """
    if mesh.is_points:
        return _cells(mesh)
    numbers = topology.components(mesh.faces, len(mesh.vertices))
    faces_of = np.bincount(numbers[mesh.faces[:, 0]])
    if len(faces_of) > 1 and faces_of[faces_of <= SOUP].sum() > len(mesh.faces) / 2:
        return _cells(mesh)
    return numbers


def _cells(mesh: Mesh) -> np.ndarray:
    """The part of each vertex, int [V]: vertices belong together whose cells touch, or that share a face.

    The length of all but a TINY share of the vertices is cut into CELLS. All points are one part if they are too few to
    fill the cells of a surface.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if mesh.is_points and len(mesh.vertices) < CELLS**2:
        return np.zeros(len(mesh.vertices), int)
    along = mesh.vertices @ axes.principal(mesh).T
    low, high = np.quantile(along, [TINY / 2, 1 - TINY / 2], axis=0)
    scale = (high - low).max() or measures.extent(along)
    places = np.clip((along - low) * (CELLS / scale) + MOST_CELLS // 2, 0, MOST_CELLS - 1).astype(np.int64)
    keys, first, cell = np.unique(places @ [MOST_CELLS**2, MOST_CELLS, 1], return_index=True, return_inverse=True)
    touching = cKDTree(places[first]).query_pairs(1, p=np.inf, output_type="ndarray").T
    edges = (cell[mesh.faces[:, :2].T].ravel(), cell[mesh.faces[:, 1:].T].ravel())
    a, b = np.concatenate([touching, edges], axis=1)
    graph = coo_array((np.ones(len(a), bool), (a, b)), (len(keys), len(keys)))
    numbers: np.ndarray = connected_components(graph, directed=False)[1][cell]
    return numbers


def _weights(mesh: Mesh, numbers: np.ndarray) -> np.ndarray:
    """Area or number of points of each part, float64 [P]. Points that are all equal count once."""
    if not mesh.is_points:
        return np.bincount(numbers[mesh.faces[:, 0]], measures.areas(mesh.vertices, mesh.faces))
    low, high = _boxes(mesh.vertices, numbers)
    return np.where((low == high).all(axis=1), 1.0, np.bincount(numbers))


def _boxes(points: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest coordinates of the points, float64 [V, 3], of each part, float64 [P, 3] each."""
    low, high = np.full((numbers.max() + 1, 3), np.inf), np.full((numbers.max() + 1, 3), -np.inf)
    np.minimum.at(low, numbers, points)
    np.maximum.at(high, numbers, points)
    return low, high


def _box(mesh: Mesh) -> Box:
    """The box around a mesh."""
    rotation = axes.principal(mesh)
    return Box(rotation, *measures.box(mesh.vertices @ rotation.T))


def _unless_many(mesh: Mesh, found: np.ndarray) -> np.ndarray:
    """These vertices, bool [V], or none if their share is above MOST. Points in one place count once."""
    different = len(np.unique(mesh.vertices[found], axis=0))
    share = different / (different + int((~found).sum())) if mesh.is_points else _share(mesh, found)
    return found if share <= MOST else np.zeros(len(found), bool)


def _share(mesh: Mesh, found: np.ndarray) -> float:
    """Share of the area of faces that touch these vertices, bool [V], or of all points."""
    if mesh.is_points:
        return float(found.mean())
    areas = measures.areas(mesh.vertices, mesh.faces)
    return float(areas[found[mesh.faces].any(axis=1)].sum() / areas.sum())


def _tips(mesh: Mesh, kept: np.ndarray) -> np.ndarray:
    """Which of these vertices, bool [V], are tips of spikes: each is far from all that it is joined to."""
    shortest = _shortest_edges(mesh.vertices, mesh.faces)
    long = kept & (shortest > SPIKE / 2 * measures.extent(mesh.vertices if kept.all() else mesh.vertices[kept]))
    rest = mesh.part(kept & ~long) if long.any() else mesh
    if rest is mesh or not len(rest.faces):
        return np.zeros(len(kept), bool)
    box = _box(rest)
    away = box.distances(mesh.vertices)
    tips = long & (shortest >= SPIKE * box.longest) & (away >= FAR * box.longest)
    if tips[mesh.faces].any(axis=1).mean() > FEW:
        return np.zeros(len(kept), bool)
    beyond = away >= BEYOND * box.longest
    found: np.ndarray = (tips & beyond) | _unless_many(mesh, tips & ~beyond)
    return found


@njit(cache=True)
def _shortest_edges(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Length of the shortest edge of each vertex, float64 [V], file units."""
    squares = np.full(len(vertices), np.inf)
    for face in range(len(faces)):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            along = edge(vertices, a, b)
            square = dot(along, along)
            squares[a], squares[b] = min(squares[a], square), min(squares[b], square)
    shortest: np.ndarray = np.sqrt(squares)
    return shortest


def _apart(mesh: Mesh) -> list[str]:
    """A note on parts that are not tiny and lie apart from the largest."""
    if mesh.topology and mesh.topology.components == 1:
        return []
    *others, largest = np.sort(weights := _weights(mesh, _cells(mesh)))
    apart = np.array([weight for weight in others if weight > TINY * largest])
    if not len(apart) or 2 * largest < weights.sum():
        return []
    what = "points" if mesh.is_points else "surface"
    parts = (
        "a part lies apart from the largest" if len(apart) == 1 else f"{len(apart)} parts lie apart from the largest"
    )
    share = apart.sum() / weights.sum()
    return [f"{parts}, with {share:.2g} of the {what} (a scale bar or a support should be removed)"]
