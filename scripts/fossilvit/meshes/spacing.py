"""How densely a point cloud lies."""

import numpy as np

NEIGHBOR = 8
"""The neighbor whose distance is the spacing: on a surface, about the last of those that lie around a point."""


def of_points(points) -> np.ndarray:
    """The distance from every point to its eighth neighbor, or to the last of fewer; points that are one count once.

    Parameters
    ----------
    points : float64 [V, 3], file units

    Returns
    -------
    float32 [V], file units; infinite where there is but one point
    """
    from scipy.spatial import cKDTree

    distinct, number = np.unique(points, axis=0, return_inverse=True)
    if len(distinct) == 1:
        return np.full(len(points), np.inf, np.float32)
    nearest = min(NEIGHBOR + 1, len(distinct))
    spacing = cKDTree(distinct).query(distinct, k=[nearest])[0][:, 0]
    return spacing.astype(np.float32)[number.reshape(-1)]
