"""Vector algebra on triples of numbers, for compiled code: tuples cost it nothing, arrays an allocation each."""

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def edge(vertices, a, b, scale=1.0):
    """From one row of vertices to another, times a scale."""
    return (
        (vertices[b, 0] - vertices[a, 0]) * scale,
        (vertices[b, 1] - vertices[a, 1]) * scale,
        (vertices[b, 2] - vertices[a, 2]) * scale,
    )


@njit(cache=True, inline="always")
def dot(u, v):
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@njit(cache=True, inline="always")
def cross(u, v):
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


@njit(cache=True, inline="always")
def across(vertices, a, b, c, scale=1.0):
    """The normal of a triangle of three rows of vertices times a scale, as long as twice its area."""
    return cross(edge(vertices, a, b, scale), edge(vertices, a, c, scale))


@njit(cache=True, inline="always")
def times(matrix, u):
    """A matrix [3, 3] times a triple."""
    return (
        matrix[0, 0] * u[0] + matrix[0, 1] * u[1] + matrix[0, 2] * u[2],
        matrix[1, 0] * u[0] + matrix[1, 1] * u[1] + matrix[1, 2] * u[2],
        matrix[2, 0] * u[0] + matrix[2, 1] * u[1] + matrix[2, 2] * u[2],
    )


@njit(cache=True, error_model="numpy")
def unit(u):
    """A triple scaled to length 1; (0, 0, 0) stays."""
    longest = max(abs(u[0]), abs(u[1]), abs(u[2]))
    if longest == 0.0:
        return u
    x, y, z = u[0] / longest, u[1] / longest, u[2] / longest
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length
