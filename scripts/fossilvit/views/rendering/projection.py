"""From file units to pixels.

In: the pose of a specimen, a camera, the width of a view. Out: the numbers that the compiled loops project with.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.numbers.triples import times
from fossilvit.views import cameras


class Projection(NamedTuple):
    """How a point p in file units is seen: x, y, z = matrix @ (p - center), then

    column + focal * x / (distance - z), row - focal * y / (distance - z); centers of pixels are whole numbers.
    """

    center: np.ndarray
    """float64 [3], file units"""
    matrix: np.ndarray
    """float64 [3, 3], from file units to radii: right, up, backward"""
    rotation: np.ndarray
    """float64 [3, 3], the same without its scale, for normals"""
    distance: float
    """of the camera from the center, in radii"""
    focal: float
    """pixels"""
    column: float
    row: float
    tangent: float
    """across a pixel: 1 / focal"""


@njit(cache=True, inline="always")
def before(point, projection):
    """A point in file units as a camera stands to it: right, up and backward from the center, in radii."""
    center = projection.center
    return times(projection.matrix, (point[0] - center[0], point[1] - center[1], point[2] - center[2]))


def projection(pose, camera, size) -> Projection:
    """The projection of a Pose by a Camera onto a view of so many pixels."""
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
