"""How well neighbors and clusters agree with categories. No other answer depends on categories.

In: the category, the ranked neighbors and the cluster of every specimen. Out: scores up to 1, the higher the better,
and the share of noise.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

UNLABELED = -1
"""The label of a specimen without a category."""


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
    neighbors : int [N - 1], the rows of all others, nearest first

    Returns
    -------
    Retrieval; None for a specimen that is not scored
    """
    found = labels[neighbors]
    ranks = np.flatnonzero(found[found != UNLABELED] == labels[query])
    if not len(ranks):
        return None
    first, second = (np.searchsorted(ranks, tier * len(ranks)) / len(ranks) for tier in (1, 2))
    precision = np.arange(1, len(ranks) + 1) / (ranks + 1)
    return Retrieval(float(ranks[0] == 0), float(first), float(second), float(precision.mean()))


def retrieval_scores(queries: Sequence[Retrieval]) -> dict[str, float]:
    """The number of queries, and their mean scores.

    Parameters
    ----------
    queries : sequence of Retrieval

    Returns
    -------
    dict with queries, nearest_neighbor, first_tier, second_tier and mean_average_precision; scores are NaN if no
    category has two specimens
    """
    means = np.mean(queries, axis=0).tolist() if queries else [np.nan] * len(Retrieval._fields)
    names = (*Retrieval._fields[:-1], "mean_average_precision")
    return {"queries": len(queries), **dict(zip(names, means, strict=True))}


def clustering_scores(categories: Sequence[str], clusters: Sequence[int] | np.ndarray) -> dict[str, float]:
    """Agreement of clusters with categories, ARI (Hubert and Arabie 1985) and AMI (Vinh et al. 2010); share of noise.

    ARI and AMI treat all noise as one cluster. Without specimens all scores are NaN.

    Parameters
    ----------
    categories : sequence of str, [N]
    clusters : int [N], -1 is noise

    Returns
    -------
    dict with adjusted_rand_index, adjusted_mutual_information and noise_share
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    found = np.asarray(clusters)
    if not len(found):
        return dict.fromkeys(("adjusted_rand_index", "adjusted_mutual_information", "noise_share"), np.nan)
    return {
        "adjusted_rand_index": float(adjusted_rand_score(categories, found)),
        "adjusted_mutual_information": float(adjusted_mutual_info_score(categories, found)),
        "noise_share": float((found == -1).mean()),
    }
