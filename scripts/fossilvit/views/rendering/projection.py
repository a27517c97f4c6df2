"""From file units to pixels.

In: a Pose, a Camera, the width of a view in pixels. Out: a Projection, the numbers that compiled loops project with.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.numbers.triples import times
from fossilvit.views import cameras
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose


class Projection(NamedTuple):
    """The projection of a point p in file units onto pixels, whose centers have whole numbers.

    With x, y, z = matrix @ (p - center), the point lies in column + focal * x / (distance - z) and in row - focal * y /
    (distance - z).
    """

    center: np.ndarray
    """float64 [3], file units"""
    matrix: np.ndarray
    """float64 [3, 3], from file units to radii: right, up, backward"""
    rotation: np.ndarray
    """float64 [3, 3], the matrix without its scale, for normals"""
    distance: float
    """distance of the camera from the center, in radii"""
    focal: float
    """focal length in pixels"""
    column: float
    """column of the center"""
    row: float
    """row of the center"""
    tangent: float
    """width of a pixel as a tangent: 1 / focal"""


@njit(cache=True, inline="always")
def before(point: np.ndarray, projection: Projection) -> tuple[float, float, float]:
    """A point in file units in coordinates of the camera: right, up and backward from the center, in radii."""
    center = projection.center
    return times(projection.matrix, (point[0] - center[0], point[1] - center[1], point[2] - center[2]))


def projection(pose: Pose, camera: Camera, size: int) -> Projection:
    """The projection of a specimen in its pose onto a view, `size` pixels wide."""
    rotation = camera.axes @ pose.rotation
    focal = camera.focal * size
    return Projection(
        pose.center,
        rotation / pose.radius,
        rotation,
        cameras.distance(),
        focal,
        size / 2 - 0.5 - focal * camera.shift[0],
        size / 2 - 0.5 + focal * camera.shift[1],
        1 / focal,
    )
