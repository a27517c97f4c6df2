"""How a specimen stands before the cameras.

In: a Mesh in file units. Out: the similarity that brings it into the unit sphere, as it is or in a canonical pose.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes import measures

ALIGNMENTS = ("none", "principal")
DISC_REACH = 0.75
"""The disc that stands for a point reaches such a share of the spacing around it."""
LONELY = 3.0
"""No disc is larger than so many times the median one: a point far from all others is no plate."""
LARGEST_DISC = 0.2
"""The same, as a share of the distance from the center to the farthest point."""


class Pose(NamedTuple):
    """Brings a point p in file units to rotation @ (p - center) / radius, within the unit sphere."""

    center: np.ndarray
    """float64 [3], file units: the middle of the bounding box along the axes of the pose"""
    rotation: np.ndarray
    """float64 [3, 3]"""
    radius: float
    """file units: distance from the center to the farthest point, with its disc"""

    def apply(self, points) -> np.ndarray:
        """Points in file units, [N, 3], to the unit sphere, float64 [N, 3]."""
        return (np.asarray(points, np.float64) - self.center) @ (self.rotation / self.radius).T


def pose(mesh, align="none") -> Pose:
    """Center a specimen on its bounding box and scale it to the unit sphere.

    Parameters
    ----------
    mesh : Mesh
    align : one of ALIGNMENTS
        `none` keeps the axes of the file. `principal` turns the specimen by principal_axes().

    Returns
    -------
    Pose, of radius 1 where all points are one.
    """
    rotation = principal_axes(mesh) if align == "principal" else np.eye(3)
    center = rotation.T @ _middle(mesh.vertices, rotation)
    return Pose(center, rotation, _radius(mesh, center))


def principal_axes(mesh) -> np.ndarray:
    """A pose that does not depend on how a specimen lies in its file.

    x, y and z are the directions in which its surface (its points, of a point cloud) spreads most, less and least. The
    rule for signs: along x and along y the longer tail points to +, that is, the third moment about the center of mass
    is positive; z completes a right-handed system, so nothing is ever mirrored. Along an axis of symmetry, and between
    axes of equal spread, the choice means nothing.

    Returns
    -------
    float64 [3, 3], a rotation with rows x, y and z.
    """
    faces, weights = _elements(mesh)
    scale = measures.extent(mesh.vertices)
    mean, spread = _moments(mesh.vertices, faces, weights, _middle(mesh.vertices, np.eye(3)), scale)
    x, y = np.linalg.eigh(spread)[1].T[:0:-1]
    x, y = (axis if _third_moment(mesh.vertices, faces, weights, mean, axis / scale) >= 0 else -axis for axis in (x, y))
    return np.stack([x, y, np.cross(x, y)])


def discs(mesh, pose) -> np.ndarray:
    """Radius of the disc that stands for each point, in the unit sphere, float64 [V]; 0 for vertices of a surface."""
    if not mesh.is_points:
        return np.zeros(len(mesh.vertices))
    return _discs(mesh, _farthest(mesh.vertices, pose.center)) / pose.radius


def _radius(mesh, center):
    """Of the sphere about a center that holds a specimen; 1 where all points are one."""
    farthest = _farthest(mesh.vertices, center)
    if not mesh.is_points:
        return farthest or 1.0
    with_discs = np.linalg.norm(mesh.vertices - center, axis=1) + _discs(mesh, farthest)
    return float(max(with_discs.max(), farthest or 1.0))


def _discs(mesh, farthest):
    """The radii of discs in file units."""
    reach = DISC_REACH * mesh.spacing.astype(np.float64)
    return np.minimum(reach, min(LONELY * np.median(reach), LARGEST_DISC * (farthest or 1.0)))


def _elements(mesh):
    """What the moments are taken over: triangles weighted by area, or points, as triangles of three equal corners."""
    if mesh.is_points:
        points = np.arange(len(mesh.vertices), dtype=np.int32)
        return np.stack([points] * 3, axis=1), np.ones(len(points))
    return mesh.faces, measures.areas(mesh.vertices, mesh.faces)


@njit(cache=True)
def _moments(vertices, faces, weights, origin, scale):
    """Center of mass in file units, float64 [3], and second moments about it, [3, 3], of the scaled surface."""
    total, first, second = 0.0, np.zeros(3), np.zeros((3, 3))
    place = np.empty((4, 3))
    for face in range(len(faces)):
        for i in range(3):
            for corner in range(3):
                place[corner, i] = (vertices[faces[face, corner], i] - origin[i]) / scale
            place[3, i] = place[0, i] + place[1, i] + place[2, i]
        total += weights[face]
        for i in range(3):
            first[i] += weights[face] / 3 * place[3, i]
            for j in range(3):
                for corner in range(4):
                    second[i, j] += weights[face] / 12 * place[corner, i] * place[corner, j]
    mean = first / total
    return origin + mean * scale, second / total - np.outer(mean, mean)


@njit(cache=True)
def _third_moment(vertices, faces, weights, mean, axis):
    """The third moment along an axis, exact for triangles."""
    moment = 0.0
    for face in range(len(faces)):
        sum1 = sum2 = sum3 = 0.0
        for corner in range(3):
            vertex = faces[face, corner]
            along = 0.0
            for i in range(3):
                along += (vertices[vertex, i] - mean[i]) * axis[i]
            sum1, sum2, sum3 = sum1 + along, sum2 + along**2, sum3 + along**3
        moment += weights[face] * (sum1**3 + 3 * sum1 * sum2 + 2 * sum3)
    return moment


@njit(cache=True)
def _middle(vertices, rotation):
    """The middle of the bounding box along the rows of a rotation, in coordinates along these, float64 [3]."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for vertex in range(len(vertices)):
        for axis in range(3):
            along = 0.0
            for i in range(3):
                along += rotation[axis, i] * vertices[vertex, i]
            low[axis], high[axis] = min(low[axis], along), max(high[axis], along)
    return (low + high) / 2


@njit(cache=True)
def _farthest(vertices, center):
    """The distance from a center to the farthest vertex."""
    farthest = 0.0
    for vertex in range(len(vertices)):
        square = 0.0
        for i in range(3):
            square += (vertices[vertex, i] - center[i]) ** 2
        farthest = max(farthest, square)
    return float(np.sqrt(farthest))
