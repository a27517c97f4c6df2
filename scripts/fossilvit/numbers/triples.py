"""Vector algebra on triples of numbers, for code that numba compiles: a tuple is free there, an array costs memory."""

import numpy as np
from numba import njit

Triple = tuple[float, float, float]
"""A vector of x, y and z."""


@njit(cache=True, inline="always")
def edge(vertices: np.ndarray, a: int, b: int, scale: float = 1.0) -> Triple:
    """Vector from row a to row b of vertices [V, 3], times a scale."""
    return (
        (vertices[b, 0] - vertices[a, 0]) * scale,
        (vertices[b, 1] - vertices[a, 1]) * scale,
        (vertices[b, 2] - vertices[a, 2]) * scale,
    )


@njit(cache=True, inline="always")
def dot(u: Triple, v: Triple) -> float:
    """Scalar product of two triples."""
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@njit(cache=True, inline="always")
def cross(u: Triple, v: Triple) -> Triple:
    """Cross product of two triples."""
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


@njit(cache=True, inline="always")
def across(vertices: np.ndarray, a: int, b: int, c: int, scale: float = 1.0) -> Triple:
    """Normal of the triangle of rows a, b and c of vertices [V, 3] times a scale; it is twice as long as the area."""
    return cross(edge(vertices, a, b, scale), edge(vertices, a, c, scale))


@njit(cache=True, inline="always")
def times(matrix: np.ndarray, u: Triple) -> Triple:
    """Product of a matrix [3, 3] and a triple."""
    return (
        matrix[0, 0] * u[0] + matrix[0, 1] * u[1] + matrix[0, 2] * u[2],
        matrix[1, 0] * u[0] + matrix[1, 1] * u[1] + matrix[1, 2] * u[2],
        matrix[2, 0] * u[0] + matrix[2, 1] * u[1] + matrix[2, 2] * u[2],
    )


@njit(cache=True, error_model="numpy")
def unit(u: Triple) -> Triple:
    """A triple scaled to length 1; (0, 0, 0) stays as it is."""
    longest = max(abs(u[0]), abs(u[1]), abs(u[2]))
    if longest == 0.0:
        return u
    x, y, z = u[0] / longest, u[1] / longest, u[2] / longest
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length
