"""A surface or a point cloud, vertices float64 [V, 3] -> unit normals of its vertices, float32 [V, 3]."""

import numpy as np
from numba import njit

from fossilvit.meshes.measures import extent
from fossilvit.numbers.triples import Triple, cross, dot, edge, unit

NEIGHBORS = 12
"""Points that give the normal of a point, itself among them."""
ARCCOS = (
    *(-0.0012624911, 0.0066700901, -0.0170881256, 0.0308918810),
    *(-0.0501743046, 0.0889789874, -0.2145988016, np.pi / 2),
)
"""Coefficients of arccos(x) / sqrt(1 - x), the highest power first (Abramowitz and Stegun 1964, 4.4.46)."""
BLOCK = 1 << 16
"""Points whose normals are estimated at once, which bounds the memory."""


def of_surface(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals of vertices, each face weighted by its angle there (Thürmer and Wüthrich 1998).

    Therefore they do not depend on how a flat part is cut into triangles.

    Parameters
    ----------
    vertices : float64 [V, 3]
    faces : int32 [F, 3], each with an area

    Returns
    -------
    float32 [V, 3]
    """
    normals: np.ndarray = _of_surface(vertices, faces, 1.0 / extent(vertices))
    return normals


@njit(cache=True, error_model="numpy")
def _of_surface(vertices: np.ndarray, faces: np.ndarray, scale: float) -> np.ndarray:
    summed = np.zeros_like(vertices)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ab, bc, ca = edge(vertices, a, b, scale), edge(vertices, b, c, scale), edge(vertices, c, a, scale)
        x, y, z = unit(cross(ab, bc))
        for vertex, angle in ((a, _angle(ca, ab)), (b, _angle(ab, bc)), (c, _angle(bc, ca))):
            summed[vertex, 0] += angle * x
            summed[vertex, 1] += angle * y
            summed[vertex, 2] += angle * z
    normals = np.empty(vertices.shape, np.float32)
    for vertex in range(len(vertices)):
        normals[vertex] = unit((summed[vertex, 0], summed[vertex, 1], summed[vertex, 2]))
    return normals


@njit(cache=True, error_model="numpy")
def _angle(arriving: Triple, leaving: Triple) -> float:
    """Angle of a triangle, in radians, at the corner where one edge arrives and the other leaves."""
    lengths = np.sqrt(dot(arriving, arriving) * dot(leaving, leaving))
    if lengths == 0.0:
        return 0.0
    cosine = max(-1.0, min(1.0, -dot(arriving, leaving) / lengths))
    angle = _arccos(abs(cosine))
    return angle if cosine >= 0.0 else np.pi - angle


@njit(cache=True)
def _arccos(x: float) -> float:
    """arccos of 0 to 1 in radians, within 5e-8 and much faster than the exact one."""
    value = 0.0
    for factor in ARCCOS:
        value = value * x + factor
    return float(value * np.sqrt(1.0 - x))


def of_points(points: np.ndarray) -> np.ndarray:
    """Unit normals of points: the direction in which the nearest points vary least (Hoppe et al. 1992).

    Parameters
    ----------
    points : float64 [V, 3]

    Returns
    -------
    float32 [V, 3]
    """
    from scipy.spatial import cKDTree

    distinct, number = np.unique(points, axis=0, return_inverse=True)
    tree = cKDTree(distinct)
    normals = np.empty((len(distinct), 3), np.float32)
    for begin in range(0, len(distinct), BLOCK):
        block = distinct[begin : begin + BLOCK]
        _, nearest = tree.query(block, k=min(NEIGHBORS, len(distinct)))
        around = distinct[nearest.reshape(len(block), -1)]
        around = around - around.mean(axis=1, keepdims=True)
        _, axes = np.linalg.eigh(around.transpose(0, 2, 1) @ around)
        normals[begin : begin + BLOCK] = axes[:, :, 0]
    return normals[number.reshape(-1)]
