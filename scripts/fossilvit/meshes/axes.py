"""The principal axes of a specimen, which turn with it however it lies in its file.

In: a Mesh in file units. Out: a rotation, float64 [3, 3] with rows x, y and z.
"""

import numpy as np
from numba import njit

from fossilvit.meshes import measures
from fossilvit.meshes.mesh import Mesh


def principal(mesh: Mesh) -> np.ndarray:
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
    mean, spread = _moments(mesh.vertices, faces, weights, middle(mesh.vertices, np.eye(3)), scale)
    x, y = np.linalg.eigh(spread)[1].T[:0:-1]
    x, y = (axis if _third_moment(mesh.vertices, faces, weights, mean, axis / scale) >= 0 else -axis for axis in (x, y))
    return np.stack([x, y, np.cross(x, y)])


@njit(cache=True)
def middle(vertices: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Middle of the bounding box along the rows of a rotation, float64 [3] in coordinates along these rows."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for vertex in range(len(vertices)):
        for axis in range(3):
            along = 0.0
            for i in range(3):
                along += rotation[axis, i] * vertices[vertex, i]
            low[axis], high[axis] = min(low[axis], along), max(high[axis], along)
    return (low + high) / 2  # type: ignore[no-any-return]  # numpy's types lose the dtype here


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
