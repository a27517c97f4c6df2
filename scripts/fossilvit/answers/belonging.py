"""Groups -> how every specimen lies among them.

In: points of length 1, float64 [N, K], and their groups, int [N]. Out: the next group of each point, its silhouette,
and how typical it is of its own group. All of it takes time that grows with N alone.
"""

from typing import NamedTuple

import numpy as np

NOISE = -1
FAR = 1.4
"""A specimen belongs nowhere if its distance to the others of its group is this many times the median of the group. In
labeled collections with planted strangers, 3 of 1,000 others are farther; see config/README.md."""
LEAST = 3
"""Size of the smallest group in which a specimen can be far."""
BLOCK = 10_000
"""Points compared with all groups at once, which bounds memory."""


class Belonging(NamedTuple):
    """How points lie among groups; distances are mean cosine distances to the members of a group."""

    within: np.ndarray
    """float [N], the distance to the other members of its own group; NaN for noise and for one that is alone."""
    second: np.ndarray
    """int [N], the nearest other group, of noise the nearest one; NOISE if there is none."""
    silhouettes: np.ndarray
    """float [N], -1 to 1 (Rousseeuw 1987); 0 for one that is alone, NaN for noise and where there is one group."""
    ranks: np.ndarray
    """int [N]; 1 is the medoid of its group, which is nearest to the others, 2 the next, ...; 0 for noise."""


def describe(points: np.ndarray, groups: np.ndarray) -> Belonging:
    """Describe how points lie among groups.

    Parameters
    ----------
    points : float64 [N, K], of length 1
    groups : int [N], from 0; NOISE is in none
    """
    count, number = len(points), int(groups.max(initial=NOISE)) + 1
    member = groups != NOISE
    sizes = np.bincount(groups[member], minlength=max(number, 1))
    sums = np.zeros((len(sizes), points.shape[1]))
    np.add.at(sums, groups[member], points[member])
    within, between, second = np.full(count, np.nan), np.full(count, np.nan), np.full(count, NOISE)
    for start in range(0, count, BLOCK):
        block = np.arange(start, min(start + BLOCK, count))
        products = points[block] @ sums.T
        inside, rows = groups[block], np.arange(len(block))
        some = (inside != NOISE) & (sizes[inside] > 1)
        size = sizes[inside[some]]
        within[block[some]] = np.maximum((size - products[rows[some], inside[some]]) / (size - 1), 0)
        distances = np.maximum(1 - products / np.maximum(sizes, 1), 0)
        distances[:, sizes == 0] = np.inf
        distances[rows[inside != NOISE], inside[inside != NOISE]] = np.inf
        if number:
            nearest = distances.argmin(axis=1)
            known = np.isfinite(distances[rows, nearest])
            second[block[known]], between[block[known]] = nearest[known], distances[rows, nearest][known]
    larger = np.maximum(np.fmax(within, between), np.finfo(float).tiny)
    silhouettes = np.where(np.isnan(within), 0.0, (between - within) / larger)
    silhouettes[~member | np.isnan(between)] = np.nan
    return Belonging(within, second, silhouettes, _ranks(groups, within))


def is_far(groups: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Return which points are far from the others of their group, bool [N].

    The root of the mean cosine distance is compared, which is proportional to the distance of points.
    """
    far = np.zeros(len(groups), bool)
    for rows in members(groups):
        distances = np.sqrt(within[rows])
        if len(rows) >= LEAST:
            far[rows] = distances > FAR * np.median(distances)
    return far


def is_alone(groups: np.ndarray) -> np.ndarray:
    """Return which points are the only one of their group where there are several groups, bool [N].

    Parameters
    ----------
    groups : int [N], from 0, N of at least 1
    """
    alone: np.ndarray = (np.bincount(groups)[groups] == 1) & (groups.max() > 0)
    return alone


def members(groups: np.ndarray) -> list[np.ndarray]:
    """The rows of every group, int arrays."""
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] != NOISE]
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []


def _ranks(groups: np.ndarray, within: np.ndarray) -> np.ndarray:
    ranks = np.zeros(len(groups), int)
    for rows in members(groups):
        order = np.argsort(np.nan_to_num(within[rows]), kind="stable")
        ranks[rows[order]] = np.arange(1, len(rows) + 1)
    return ranks
