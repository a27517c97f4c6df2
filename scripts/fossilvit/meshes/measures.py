"""Bounding box, area and volume."""

import numpy as np
from numba import njit

from fossilvit.numbers.triples import across, dot

LARGEST, SMALLEST = 1e60, 1e-60
"""No coordinate of a scan is larger and no scan is smaller; beyond them areas and volumes leave float64."""


@njit(cache=True, inline="always")
def is_place(x, y, z):
    """Whether three coordinates are numbers, and none beyond the largest."""
    return abs(x) <= LARGEST and abs(y) <= LARGEST and abs(z) <= LARGEST


@njit(cache=True)
def box(vertices):
    """The least and the greatest coordinates of vertices [V, 3] that are places, float64 [3] each."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for vertex in range(len(vertices)):
        x, y, z = vertices[vertex, 0], vertices[vertex, 1], vertices[vertex, 2]
        if is_place(x, y, z):
            low[0], low[1], low[2] = min(low[0], x), min(low[1], y), min(low[2], z)
            high[0], high[1], high[2] = max(high[0], x), max(high[1], y), max(high[2], z)
    return low, high


@njit(cache=True)
def extent(vertices):
    """The longest side of the bounding box, 1 where there is as good as none."""
    low, high = box(vertices)
    longest = (high - low).max()
    return longest if longest > SMALLEST else 1.0


def area(vertices, faces) -> float:
    """The area of a surface in square file units: vertices float64 [V, 3], faces int32 [F, 3]."""
    return float(_sums(vertices, faces)[0])


def volume(vertices, faces) -> float:
    """The volume inside a closed surface in cubic file units, negative where it is turned inside out.

    Of an open surface: of the cones from the middle of its bounding box to its faces, so that the sign still says which
    way most of it faces.
    """
    return float(_sums(vertices, faces)[1])


@njit(cache=True)
def areas(vertices, faces):
    """The area of every face in square file units, float64 [F]."""
    squares = np.empty(len(faces))
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        normal = across(vertices, a, b, c)
        squares[face] = np.sqrt(dot(normal, normal)) / 2
    return squares


@njit(cache=True, error_model="numpy")
def _sums(vertices, faces):
    """Area, and volume of the cones from the middle of the bounding box."""
    low, high = box(vertices)
    x, y, z = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2
    area = volume = 0.0
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        normal = across(vertices, a, b, c)
        area += np.sqrt(dot(normal, normal)) / 2
        volume += dot((vertices[a, 0] - x, vertices[a, 1] - y, vertices[a, 2] - z), normal) / 6
    return area, volume
