"""A mesh -> one small enough to be sent and turned.

In: points, float64 [V, 3], within the unit sphere, and faces, int32 [F, 3]. Out: the same, but fewer.
"""

import fast_simplification
import numpy as np

FACES, POINTS = 4000, 4000
"""What a reduced mesh has at most."""
AGGRESSIVENESS = (5.0, 7.0, 9.0)
"""Of fast_simplification. The smaller, the truer the shape; a greater one is for what the smaller leaves too large."""
CANDIDATES = 50_000
"""Points of a cloud that are compared at most; of more, every n-th is taken first."""
HALVINGS = 12
"""Steps of the search for the size of cells, the smallest of which are the unit sphere divided by 2 ** HALVINGS."""


def surface(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reduce a surface to FACES faces; one of fewer stays as it is.

    Edges are collapsed where that changes the surface least (quadric error metrics, Garland and Heckbert 1997), by the
    library fast_simplification.

    Returns
    -------
    points, float64 [V, 3], and faces, int [F, 3]; no faces if the surface cannot be reduced so far.
    """
    box = points.min(axis=0), points.max(axis=0)
    for aggressiveness in AGGRESSIVENESS:
        if len(faces) > FACES:
            points, faces = fast_simplification.simplify(points, faces, target_count=FACES, agg=aggressiveness)
    # a collapsed edge may come to lie outside, and the size of the specimen is read from what is left
    return np.clip(points, *box), faces if len(faces) <= FACES else faces[:0]


def cloud(points: np.ndarray) -> np.ndarray:
    """Thin points evenly to at most POINTS: one in every cell of the finest grid that has no more cells with points."""
    if len(points) <= POINTS:
        return points
    points = points[:: -(-len(points) // CANDIDATES)]
    too_small, size = 0.0, 2.0
    for _ in range(HALVINGS):
        middle = (too_small + size) / 2
        if len(_one_per_cell(points, middle)) > POINTS:
            too_small = middle
        else:
            size = middle
    thinned: np.ndarray = points[_one_per_cell(points, size)]
    return thinned


def _one_per_cell(points: np.ndarray, size: float) -> np.ndarray:
    """The first point in every cell of this size, by its number, in the order of cells."""
    cells = np.floor((points + 1) / size).astype(np.int64)
    along = cells.max() + 1
    return np.unique((cells[:, 0] * along + cells[:, 1]) * along + cells[:, 2], return_index=True)[1]
