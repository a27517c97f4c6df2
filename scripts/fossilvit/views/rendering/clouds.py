"""A point cloud on the screen: every point is drawn as a disc, and every pixel blends the foremost discs.

In: the points of a Mesh, the radius of the disc of each, and a Projection. Out: arrays of a view, [S, S, ...]. Pixels
whose inverse depth is 0 show no point, and other arrays have no meaning there.

Discs are oriented like surfels (Pfister et al. 2000) and blended in two passes (Botsch and Kobbelt 2003). The first
finds the nearest disc. The second mixes those that lie behind it by no more than their own radius.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.numbers.triples import times, unit
from fossilvit.views.rendering.projection import Projection, before

EDGE_ON = 0.4
"""Cosine of the angle between normal and view below which a disc faces outward from the center, not toward the camera,
since it may lie just behind the rim."""


@njit(cache=True, error_model="numpy")
def front(
    points: np.ndarray, normals: np.ndarray, discs: np.ndarray, projection: Projection, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest disc of every pixel, int32 [S, S] or -1, and its inverse depth there, float64 [S, S].

    A disc covers the pixels whose centers lie in it, and always the pixel that its own center lies in.

    Parameters
    ----------
    points : float64 [N, 3], file units
    normals : float32 [N, 3], of either sign
    discs : float64 [N], radii in the unit sphere
    projection : Projection
    size : int
        Width of the view in pixels.
    """
    nearest = np.full((size, size), -1, np.int32)
    inverse_depth = np.zeros((size, size))
    for point in range(len(points)):
        disc = _disc(points[point], normals[point], discs[point], projection)
        for row in range(*_rows(disc, size)):
            left, right, at_zero, slope, _ = _chord(disc, projection, row, size)
            for column in range(left, right):
                inverse = at_zero + slope * (column - projection.column)
                if inverse > inverse_depth[row, column]:
                    inverse_depth[row, column] = inverse
                    nearest[row, column] = point
        row, column = _pixel(disc, size)
        if 1.0 / disc.center[2] > inverse_depth[row, column]:
            inverse_depth[row, column] = 1.0 / disc.center[2]
            nearest[row, column] = point
    return nearest, inverse_depth


@njit(cache=True, error_model="numpy")
def blended(
    points: np.ndarray,
    normals: np.ndarray,
    discs: np.ndarray,
    colors: np.ndarray,
    projection: Projection,
    nearest: np.ndarray,
    front: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Blend normals, float32 [S, S, 3], inverse depth, float64 [S, S], and colors, uint8 [S, S, 3], of every pixel.

    Normals are right, up and backward. They point toward the camera, or at the rim outward from the center.

    Parameters
    ----------
    points, normals, discs, projection : as for front()
    colors : uint8 [N, 3], or [0, 3] if there are none
    nearest, front : int32 and float64 [S, S]
        The results of front().
    """
    size = len(front)
    foremost = np.zeros(len(points), np.bool_)
    for point in nearest.flat:
        if point >= 0:
            foremost[point] = True
    weights, inverse_depth = np.zeros((size, size)), np.zeros((size, size))
    mixed_normals, mixed_colors = np.zeros((size, size, 3), np.float32), np.zeros((size, size, 3), np.float32)
    for point in range(len(points)):
        disc = _disc(points[point], normals[point], discs[point], projection)
        if not (foremost[point] or _behind(disc, 1.0 / disc.center[2], front[_pixel(disc, size)]) <= 0.0):
            continue
        for row in range(*_rows(disc, size)):
            left, right, at_zero, slope, inside = _chord(disc, projection, row, size)
            for column in range(left, right):
                x = column - projection.column
                inverse = at_zero + slope * x
                if _behind(disc, inverse, front[row, column]) <= 0.0:
                    weight = (inside[0] + (inside[1] + inside[2] * x) * x) / (disc.radius * inverse) ** 2
                    weights[row, column] += weight
                    inverse_depth[row, column] += weight * inverse
                    for axis in range(3):
                        mixed_normals[row, column, axis] += weight * disc.normal[axis]
                    for channel in range(3 if len(colors) else 0):
                        mixed_colors[row, column, channel] += weight * colors[point, channel]
    shown = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            point, weight = nearest[row, column], weights[row, column]
            if point < 0:
                continue
            if weight > 0.0:
                inverse_depth[row, column] /= weight
                normal = unit(
                    (mixed_normals[row, column, 0], mixed_normals[row, column, 1], mixed_normals[row, column, 2])
                )
            else:
                inverse_depth[row, column] = front[row, column]
                normal = _disc(points[point], normals[point], discs[point], projection).normal
            for axis in range(3):
                mixed_normals[row, column, axis] = normal[axis]
            for channel in range(3 if len(colors) else 0):
                mixed = mixed_colors[row, column, channel] / weight if weight > 0.0 else colors[point, channel]
                shown[row, column, channel] = np.rint(mixed)
    return mixed_normals, inverse_depth, shown


class _Disc(NamedTuple):
    """A disc in coordinates of the camera, in radii, and its place on the screen, in pixels."""

    center: tuple[float, float, float]
    """right, up, depth"""
    normal: tuple[float, float, float]
    """right, up, backward; toward the camera, or outward from the center if the disc is seen edge-on"""
    radius: float
    share: float
    """1 / (normal . center as seen from the camera); times normal . ray it is the inverse depth along a ray"""
    column: float
    """column of the center"""
    row: float
    """row of the center"""
    reach: float
    """upper bound of its radius on the screen"""


@njit(cache=True, inline="always")
def _disc(point: np.ndarray, normal: np.ndarray, radius: float, projection: Projection) -> _Disc:
    """The disc that is drawn for a point."""
    x, y, z = before(point, projection)
    nx, ny, nz = times(projection.rotation, (normal[0], normal[1], normal[2]))
    depth = projection.distance - z
    plane = nx * x + ny * y - nz * depth
    edge_on = abs(plane) < EDGE_ON * depth
    if nx * x + ny * y + nz * z < 0.0 if edge_on else plane > 0.0:
        nx, ny, nz, plane = -nx, -ny, -nz, -plane
    return _Disc(
        (x, y, depth),
        (nx, ny, nz),
        radius,
        1.0 / plane,
        projection.column + projection.focal * x / depth,
        projection.row - projection.focal * y / depth,
        projection.focal * radius / (depth - radius),
    )


@njit(cache=True, inline="always")
def _rows(disc: _Disc, size: int) -> tuple[int, int]:
    """Rows that a disc may cover: the first, and one past the last."""
    return max(int(np.ceil(disc.row - disc.reach)), 0), min(int(np.floor(disc.row + disc.reach)), size - 1) + 1


@njit(cache=True, inline="always")
def _chord(
    disc: _Disc, projection: Projection, row: int, size: int
) -> tuple[int, int, float, float, tuple[float, float, float]]:
    """Part of a row that a disc covers: a chord of an ellipse, whose ends are the roots of a quadratic.

    Returns the first column and one past the last; the inverse depth at column 0 of the projection and its slope per
    column; and the coefficients, the constant first, of a quadratic in the column that falls from the squared radius
    times the squared inverse depth in the middle to 0 at the rim.
    """
    x, y, depth = disc.center
    tangent, v = projection.tangent, (projection.row - row) * projection.tangent
    at_zero = (disc.normal[1] * v - disc.normal[2]) * disc.share
    slope = disc.normal[0] * disc.share * tangent
    # The offset from the center, divided by depth, is (right, up, backward) + (by_right, by_up, by_backward) * column.
    right, up, backward = -x * at_zero, v - y * at_zero, 1.0 - depth * at_zero
    by_right, by_up, by_backward = tangent - x * slope, -y * slope, -depth * slope
    square = disc.radius * disc.radius
    a = by_right * by_right + by_up * by_up + by_backward * by_backward - square * slope * slope
    b = right * by_right + up * by_up + backward * by_backward - square * at_zero * slope
    c = right * right + up * up + backward * backward - square * at_zero * at_zero
    root = b * b - a * c
    if not (root >= 0.0 and a > 0.0):
        return 0, 0, at_zero, slope, (0.0, 0.0, 0.0)
    middle, half = projection.column - b / a, np.sqrt(root) / a
    first, last = max(np.ceil(middle - half), 0.0), min(np.floor(middle + half), size - 1.0)
    return int(first), int(last) + 1, at_zero, slope, (-c, -2.0 * b, -a)


@njit(cache=True, inline="always")
def _pixel(disc: _Disc, size: int) -> tuple[int, int]:
    """Row and column of the pixel that the center of a disc lies in, or of the nearest pixel of the frame."""
    return min(max(int(np.rint(disc.row)), 0), size - 1), min(max(int(np.rint(disc.column)), 0), size - 1)


@njit(cache=True, inline="always")
def _behind(disc: _Disc, inverse: float, front: float) -> float:
    """A number that is positive if a disc of this inverse depth lies farther behind the front than its radius."""
    return front - inverse - disc.radius * front * inverse
