"""Rankings and clusters against the folders that specimens lie in. Labels are used here and nowhere else.

In: categories, the ranking of every specimen, clusters. Out: scores from 0 to 1, the higher the better (noise_share:
the share of specimens that belong to no cluster).
"""

from typing import NamedTuple

import numpy as np

UNLABELED = -1


class Retrieval(NamedTuple):
    """How well the others of a query's category come first: Shilane et al. 2004 (The Princeton Shape Benchmark)."""

    nearest_neighbor: float
    """1 if the first is of the category."""
    first_tier: float
    """The share of the category's C others among the first C."""
    second_tier: float
    """The same among the first 2 C."""
    average_precision: float


def labels(categories) -> np.ndarray:
    """A number for every category, int [N]; UNLABELED for an empty one."""
    number = {category: label for label, category in enumerate(sorted({*categories} - {""}))}
    return np.array([number.get(category, UNLABELED) for category in categories], int)


def retrieval(labels, query, neighbors) -> Retrieval | None:
    """Scores of one query.

    A specimen alone in its category can find none of its own: it is no query, but stays a candidate. An unlabeled one
    is neither.

    Parameters
    ----------
    labels : int [N]
    query : int, its row
    neighbors : int [N - 1], rows of all others, nearest first

    Returns
    -------
    None for what is no query.
    """
    found = labels[neighbors]
    ranks = np.flatnonzero(found[found != UNLABELED] == labels[query])
    if not len(ranks):
        return None
    first, second = (np.searchsorted(ranks, tier * len(ranks)) / len(ranks) for tier in (1, 2))
    precision = np.arange(1, len(ranks) + 1) / (ranks + 1)
    return Retrieval(float(ranks[0] == 0), float(first), float(second), float(precision.mean()))


def retrieval_scores(queries) -> dict[str, float]:
    """Means over queries, and the number of these.

    Parameters
    ----------
    queries : list of Retrieval

    Returns
    -------
    dict with queries, nearest_neighbor, first_tier, second_tier and mean_average_precision; the scores are nan where no
    category has two specimens.
    """
    means = np.mean(queries, axis=0).tolist() if queries else [np.nan] * len(Retrieval._fields)
    names = (*Retrieval._fields[:-1], "mean_average_precision")
    return {"queries": len(queries), **dict(zip(names, means, strict=True))}


def clustering_scores(categories, clusters) -> dict[str, float]:
    """Agreement of clusters with categories: ARI (Hubert and Arabie 1985) and AMI (Vinh et al. 2010), and the noise.

    Noise counts as one group of its own. All are nan without specimens.

    Parameters
    ----------
    categories : sequence of str, [N]
    clusters : int [N], -1 is noise
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    clusters = np.asarray(clusters)
    if not len(clusters):
        return dict.fromkeys(("adjusted_rand_index", "adjusted_mutual_information", "noise_share"), np.nan)
    return {
        "adjusted_rand_index": float(adjusted_rand_score(categories, clusters)),
        "adjusted_mutual_information": float(adjusted_mutual_info_score(categories, clusters)),
        "noise_share": float((clusters == -1).mean()),
    }
