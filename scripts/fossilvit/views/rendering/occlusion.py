"""Openness: how much of the sky each place of a specimen sees, little in hollows.

In: the inverse depth of every pixel of a view, float64 [S, S]. Out: its openness, float32 [S, S].
"""

import numpy as np
from numba import njit

REACH = 0.06
"""Radius around a pixel that is searched, in frame widths: the scale of ribs, spines and sutures."""
NEAREST = 1 / 16
"""First step of the search, as a share of REACH: finer relief is noise of the scan."""
STEPS = 10
"""Number of steps in each direction."""
HIGHEST = 1.5
"""Height in multiples of REACH above which a neighbor shades less and less, since it stands apart."""
DIRECTIONS = np.array([(0, 1), (1, 2), (1, 1), (2, 1), (1, 0), (2, -1), (1, -1), (1, -2)])
"""Rows and columns of half of the directions that are searched; the other half is opposite. Whole numbers keep all
steps in a direction exactly on a line."""


def openness(inverse_depth: np.ndarray, focal: float) -> np.ndarray:
    """Openness of every pixel, 0 to 1, float32 [S, S].

    Positive openness (Yokoyama et al. 2002) is the angle from the vertical at which the surroundings begin, averaged
    over directions. Flat ground, however tilted, and everything that rises above it has 1.

    Parameters
    ----------
    inverse_depth : float64 [S, S], 0 for background
    focal : float
        Focal length of the view in pixels.
    """
    reach = max(REACH * len(inverse_depth), 1.0)
    steps = reach * NEAREST ** np.linspace(1, 0, STEPS) / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    offsets = DIRECTIONS[:, None] * np.rint(steps).clip(1).astype(np.int64)[..., None]
    tangents = np.linalg.norm(offsets, axis=2) / focal
    return _openness(inverse_depth, offsets, tangents, HIGHEST * reach / focal)


@njit(cache=True, error_model="numpy")
def _openness(inverse_depth: np.ndarray, offsets: np.ndarray, tangents: np.ndarray, highest: float) -> np.ndarray:
    """Openness by steps with offsets int64 [directions, steps, 2], rows and columns, and their lengths as tangents.

    Slopes are measured along the ray of the pixel: a point that is d times as deep, at a tangent t from the pixel, has
    slope (1 - d) / (d * t). So all points on a straight line have one slope, whatever the perspective.
    """
    size, directions, steps = len(inverse_depth), len(offsets), offsets.shape[1]
    shown = np.ones((size, size), np.float32)
    for row in range(size):
        for column in range(size):
            here = inverse_depth[row, column]
            if here == 0.0:
                continue
            hidden = 0.0
            for direction in range(directions):
                there = back = -np.inf
                for step in range(steps):
                    down, right = offsets[direction, step, 0], offsets[direction, step, 1]
                    scale = 1.0 / tangents[direction, step]
                    there = max(there, _rise(inverse_depth, row + down, column + right, here, highest) * scale)
                    back = max(back, _rise(inverse_depth, row - down, column - right, here, highest) * scale)
                if there + back > 0.0:
                    hidden += np.arctan2(there + back, 1.0 - there * back)
            shown[row, column] = 1.0 - hidden / (np.pi * directions)
    return shown


@njit(cache=True, inline="always")
def _rise(inverse_depth: np.ndarray, row: int, column: int, here: float, highest: float) -> float:
    """Height of a pixel above the one with inverse depth `here`, as a share of its depth; less if it stands apart."""
    inside = 0 <= row < len(inverse_depth) and 0 <= column < len(inverse_depth)
    rise = (inverse_depth[row, column] if inside else 0.0) / here - 1.0
    return rise if rise <= highest else highest * max(0.0, 2.0 - rise / highest)
