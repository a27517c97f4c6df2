"""The pose in which a specimen stands before the cameras.

In: a Mesh in file units. Out: a Pose, the similarity transform that brings the mesh into the unit sphere, as it lies in
its file or along its principal axes; the discs that are drawn for points, float64 [V].
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes import Mesh, measures

ALIGNMENTS = ("none", "principal")
DISC_REACH = 0.75
"""Radius of the disc that is drawn for a point, as a share of the spacing around the point."""
LONELY = 3.0
"""Largest disc radius, in medians, so that a point far from all others does not become a plate."""
LARGEST_DISC = 0.2
"""Largest disc radius, as a share of the distance from the center to the farthest point."""


class Pose(NamedTuple):
    """The transform of a point p in file units to rotation @ (p - center) / radius, within the unit sphere."""

    center: np.ndarray
    """float64 [3], file units: middle of the bounding box along the axes of the pose"""
    rotation: np.ndarray
    """float64 [3, 3]"""
    radius: float
    """file units: distance from the center to the farthest point, including its disc"""

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Bring points in file units, [N, 3], into the unit sphere, float64 [N, 3]."""
        posed: np.ndarray = (np.asarray(points, np.float64) - self.center) @ (self.rotation / self.radius).T
        return posed


def pose(mesh: Mesh, align: str = "none") -> Pose:
    """Center a specimen on its bounding box and scale it to the unit sphere.

    Parameters
    ----------
    mesh : Mesh
    align : one of ALIGNMENTS
        `none` keeps the axes of the file. `principal` turns the specimen by principal_axes().

    Returns
    -------
    Pose; its radius is 1 if all points coincide.
    """
    rotation = principal_axes(mesh) if align == "principal" else np.eye(3)
    center = rotation.T @ _middle(mesh.vertices, rotation)
    return Pose(center, rotation, _radius(mesh, center))


def principal_axes(mesh: Mesh) -> np.ndarray:
    """Rotation to principal axes, which does not depend on how a specimen lies in its file.

    x, y and z are the directions in which its surface (or its points, if it is a point cloud) spreads most, less and
    least. The longer tail along x and y points to +, that is, the third moment about the center of mass is positive. z
    completes a right-handed system, so that nothing is ever mirrored. Along an axis of symmetry the sign is arbitrary,
    and so is the order of axes of equal spread.

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


def discs(mesh: Mesh, pose: Pose) -> np.ndarray:
    """Radius of the disc that is drawn for each point, in the unit sphere, float64 [V]; 0 for vertices of a surface."""
    if mesh.spacing is None:
        return np.zeros(len(mesh.vertices))
    return _discs(mesh.spacing, _farthest(mesh.vertices, pose.center)) / pose.radius


def _radius(mesh: Mesh, center: np.ndarray) -> float:
    """Radius in file units of the sphere about a center that encloses a specimen; 1 if all points coincide."""
    farthest = _farthest(mesh.vertices, center)
    if mesh.spacing is None:
        return farthest or 1.0
    with_discs = np.linalg.norm(mesh.vertices - center, axis=1) + _discs(mesh.spacing, farthest)
    return float(max(with_discs.max(), farthest or 1.0))


def _discs(spacing: np.ndarray, farthest: float) -> np.ndarray:
    """Radii of discs in file units, float64 [V]; `farthest` is the distance from the center to the farthest point."""
    reach = DISC_REACH * spacing.astype(np.float64)
    radii: np.ndarray = np.minimum(reach, min(LONELY * np.median(reach), LARGEST_DISC * (farthest or 1.0)))
    return radii


def _elements(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Triangles that moments are summed over, int32 [F, 3], and their weights, float64 [F]: the areas of faces.

    A point of a cloud is a triangle of three equal corners and weight 1.
    """
    if mesh.is_points:
        points = np.arange(len(mesh.vertices), dtype=np.int32)
        return np.stack([points] * 3, axis=1), np.ones(len(points))
    return mesh.faces, measures.areas(mesh.vertices, mesh.faces)


@njit(cache=True)
def _moments(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, origin: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Center of mass in file units, float64 [3], and second moments about it, [3, 3], in squares of `scale`."""
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
def _third_moment(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, mean: np.ndarray, axis: np.ndarray
) -> float:
    """Third moment about the mean along an axis, times a positive constant; exact for triangles."""
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
def _middle(vertices: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Middle of the bounding box along the rows of a rotation, float64 [3] in coordinates along these rows."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for vertex in range(len(vertices)):
        for axis in range(3):
            along = 0.0
            for i in range(3):
                along += rotation[axis, i] * vertices[vertex, i]
            low[axis], high[axis] = min(low[axis], along), max(high[axis], along)
    return (low + high) / 2  # type: ignore[no-any-return]  # numpy's types lose the dtype here


@njit(cache=True)
def _farthest(vertices: np.ndarray, center: np.ndarray) -> float:
    """Distance from a center to the farthest vertex."""
    farthest = 0.0
    for vertex in range(len(vertices)):
        square = 0.0
        for i in range(3):
            square += (vertices[vertex, i] - center[i]) ** 2
        farthest = max(farthest, square)
    return float(np.sqrt(farthest))
