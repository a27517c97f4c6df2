"""Places on a map and true nearest neighbors -> how far to believe the place of each specimen, from 0 to 1."""

import numpy as np

NEIGHBORS = 10
"""Number of nearest neighbors that trust looks at. It is at most a third of the other specimens."""


def looked_at(count: int) -> int:
    """The number of nearest neighbors that trust looks at among `count` specimens; 0 below 4 specimens."""
    return max(min(NEIGHBORS, (count - 1) // 3), 0)


def shares(places: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """The share of the true nearest neighbors of each specimen that are among as many nearest ones on the map.

    It is the measure Q_NX of a single specimen (Lee and Verleysen 2009, doi:10.1016/j.neucom.2008.12.017). A map that
    says nothing has the number of neighbors divided by the number of other specimens.

    Parameters
    ----------
    places : float64 [N, 2]
    nearest : int [N, K]
        The rows of the true neighbors, nearest first; K is at least looked_at(N).

    Returns
    -------
    float64 [N]; 1 below 4 specimens
    """
    from scipy.spatial import cKDTree

    count = looked_at(len(places))
    if not count:
        return np.ones(len(places))
    near = cKDTree(places).query(places, count + 1)[1]
    itself = near == np.arange(len(places))[:, None]
    itself[~itself.any(axis=1), -1] = True  # where several lie on one place, the last of them gives way
    near = near[~itself].reshape(len(places), count)
    return np.asarray((nearest[:, :count, None] == near[:, None]).any(axis=2).mean(axis=1))
