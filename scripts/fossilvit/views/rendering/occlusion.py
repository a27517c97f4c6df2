"""How much of the sky the hollows of a specimen see.

In: the inverse depth of every pixel of a view. Out: its openness.
"""

import numpy as np
from numba import njit

REACH = 0.06
"""How far around a pixel is looked, in frame widths: the scale of ribs, spines and sutures."""
NEAREST = 1 / 16
"""Of the reach: what is finer is noise of the scan."""
STEPS = 10
HIGHEST = 1.5
"""In reaches: what rises higher takes ever less light from what lies beside it, for it stands apart."""
DIRECTIONS = np.array([(0, 1), (1, 2), (1, 1), (2, 1), (1, 0), (2, -1), (1, -1), (1, -2)])
"""Rows and columns of half the directions in which is looked; the others are opposite. Whole numbers, so that all steps
in a direction lie exactly on a line."""


def openness(inverse_depth, focal) -> np.ndarray:
    """The openness of every pixel, 0 to 1, float32 [S, S].

    Positive openness (Yokoyama et al. 2002): how far from the vertical the surroundings let one see, averaged over
    directions; flat ground and everything that rises above it, however tilted, has 1.

    Parameters
    ----------
    inverse_depth : float64 [S, S], 0 for background
    focal : float
        Of the view, in pixels.
    """
    reach = max(REACH * len(inverse_depth), 1.0)
    steps = reach * NEAREST ** np.linspace(1, 0, STEPS) / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    offsets = DIRECTIONS[:, None] * np.rint(steps).clip(1).astype(np.int64)[..., None]
    return _openness(inverse_depth, offsets, np.linalg.norm(offsets, axis=2) / focal, HIGHEST * reach / focal)


@njit(cache=True, error_model="numpy")
def _openness(inverse_depth, offsets, tangents, highest):
    """Openness in some directions, by steps whose offsets are int64 [directions, steps, 2], rows and columns.

    Slopes are along the ray of the pixel: a point whose depth is d times this one's, seen at a tangent t from it, lies
    (1 - d) / (d * t) above it. So points on a straight line have one slope, whatever the perspective.
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
def _rise(inverse_depth, row, column, here, highest):
    """How far a pixel rises above the one here, as a share of its depth; less for what stands apart."""
    inside = 0 <= row < len(inverse_depth) and 0 <= column < len(inverse_depth)
    rise = (inverse_depth[row, column] if inside else 0.0) / here - 1.0
    return rise if rise <= highest else highest * max(0.0, 2.0 - rise / highest)
