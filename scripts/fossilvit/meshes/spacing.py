"""A point cloud, float64 [V, 3] -> the spacing of its points, float32 [V], in file units."""

import numpy as np

NEIGHBOR = 8
"""Which of the nearest points gives the spacing: on a surface, about eight points lie directly around each point."""


def of_points(points: np.ndarray) -> np.ndarray:
    """Distance from each point to its eighth nearest, or to the last if there are fewer; equal points count once.

    Parameters
    ----------
    points : float64 [V, 3], file units

    Returns
    -------
    float32 [V], file units; infinite where all points are equal
    """
    from scipy.spatial import cKDTree

    distinct, number = np.unique(points, axis=0, return_inverse=True)
    if len(distinct) == 1:
        return np.full(len(points), np.inf, np.float32)
    nearest = min(NEIGHBOR + 1, len(distinct))
    spacing: np.ndarray = cKDTree(distinct).query(distinct, k=[nearest])[0][:, 0]
    return spacing.astype(np.float32)[number.reshape(-1)]
