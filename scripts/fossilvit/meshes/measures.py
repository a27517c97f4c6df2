"""Vertices float64 [V, 3] and faces int32 [F, 3] -> bounding box, area and volume, in file units."""

import numpy as np
from numba import njit

from fossilvit.numbers.triples import across, dot

LARGEST, SMALLEST = 1e60, 1e-60
"""The largest coordinate and the smallest scan in file units; beyond them float64 cannot hold areas and volumes."""


@njit(cache=True, inline="always")
def is_usable(x: float, y: float, z: float) -> bool:
    """Whether three coordinates are numbers, and none beyond LARGEST."""
    return abs(x) <= LARGEST and abs(y) <= LARGEST and abs(z) <= LARGEST


@njit(cache=True)
def box(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounding box of the usable vertices: the lowest and the highest coordinates, float64 [3] each."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for vertex in range(len(vertices)):
        x, y, z = vertices[vertex, 0], vertices[vertex, 1], vertices[vertex, 2]
        if is_usable(x, y, z):
            low[0], low[1], low[2] = min(low[0], x), min(low[1], y), min(low[2], z)
            high[0], high[1], high[2] = max(high[0], x), max(high[1], y), max(high[2], z)
    return low, high


@njit(cache=True)
def extent(vertices: np.ndarray) -> float:
    """Longest side of the bounding box; 1 where it is not longer than SMALLEST."""
    low, high = box(vertices)
    longest = (high - low).max()
    return longest if longest > SMALLEST else 1.0


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Area of a surface in square file units."""
    return float(_sums(vertices, faces)[0])


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Volume inside a closed surface in cubic file units, negative where it is turned inside out.

    The volume of an open surface is that of the cones from the center of its bounding box to its faces, so that the
    sign still says which way most faces look.
    """
    return float(_sums(vertices, faces)[1])


@njit(cache=True)
def areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area of each face in square file units, float64 [F]."""
    squares = np.empty(len(faces))
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        normal = across(vertices, a, b, c)
        squares[face] = np.sqrt(dot(normal, normal)) / 2
    return squares


@njit(cache=True, error_model="numpy")
def _sums(vertices: np.ndarray, faces: np.ndarray) -> tuple[float, float]:
    """Area, and volume of the cones from the center of the bounding box."""
    low, high = box(vertices)
    x, y, z = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2
    area = volume = 0.0
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        normal = across(vertices, a, b, c)
        area += np.sqrt(dot(normal, normal)) / 2
        volume += dot((vertices[a, 0] - x, vertices[a, 1] - y, vertices[a, 2] - z), normal) / 6
    return area, volume
