"""How early others of its category come among the neighbors of a query. No other answer depends on categories.

In: the category and the ranked neighbors of every specimen. Out: scores from 0 to 1, the higher the better, and what
chance gives.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

UNLABELED = -1
"""The label of a specimen without a category."""
SCORES = ("nearest_neighbor", "first_tier", "second_tier", "average_precision")


class Retrieval(NamedTuple):
    """How early the C others of a query's category are ranked: Shilane et al. 2004 (The Princeton Shape Benchmark)."""

    nearest_neighbor: float
    """1 if the nearest neighbor is of the category, otherwise 0."""
    first_tier: float
    """Share of the C specimens found among the C nearest neighbors."""
    second_tier: float
    """Share of the C specimens found among the 2 C nearest neighbors."""
    average_precision: float
    """Mean over the C specimens of the precision at the rank of each."""
    relevant: int
    """C."""
    gallery: int
    """Number of neighbors with a category."""
    nearest: int
    """The row of the nearest of them."""


def labels(categories: Sequence[str]) -> np.ndarray:
    """The category of every specimen as a number, int [N]; UNLABELED for an empty category."""
    number = {category: label for label, category in enumerate(sorted({*categories} - {""}))}
    return np.array([number.get(category, UNLABELED) for category in categories], int)


def retrieval(labels: np.ndarray, query: int, neighbors: np.ndarray) -> Retrieval | None:
    """The scores of one query.

    A specimen that is alone in its category is not scored, but counts among the neighbors of others. A specimen without
    a category does neither.

    Parameters
    ----------
    labels : int [N]
    query : int, the row of the query
    neighbors : int, the rows of others, nearest first

    Returns
    -------
    Retrieval; None for a specimen that is not scored
    """
    gallery = neighbors[labels[neighbors] != UNLABELED]
    ranks = np.flatnonzero(labels[gallery] == labels[query])
    if not len(ranks):
        return None
    first, second = (np.searchsorted(ranks, tier * len(ranks)) / len(ranks) for tier in (1, 2))
    precision = np.arange(1, len(ranks) + 1) / (ranks + 1)
    scores = float(ranks[0] == 0), float(first), float(second), float(precision.mean())
    return Retrieval(*scores, len(ranks), len(gallery), int(gallery[0]))


def chance(relevant: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """The mean scores of queries whose neighbors are ranked at random.

    A neighbor of the category at rank r adds 1/r to the precision there for itself, and 1/r for every earlier rank with
    the probability that another neighbor is of the category. The mean over all ranks is that of the average precision.

    Parameters
    ----------
    relevant, gallery : int [Q], the number of neighbors of the query's category, and of all with a category

    Returns
    -------
    float64 [Q, 4], in order of SCORES
    """
    share = relevant / gallery
    harmonic = np.cumsum(1 / np.arange(1, gallery.max(initial=0) + 1))[gallery - 1]
    earlier = (relevant - 1) / np.maximum(gallery - 1, 1) * (gallery - harmonic)
    return np.column_stack([share, share, np.minimum(2 * share, 1), (harmonic + earlier) / gallery])
