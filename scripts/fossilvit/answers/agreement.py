"""How well clusters agree with categories, by specimen.

In: the category and the cluster of every specimen. Out: what each adds to numerator and denominator of the adjusted
Rand index (ARI; Hubert and Arabie 1985) and of adjusted mutual information (AMI; Vinh et al. 2010), so that the ratio
of sums is the index. All noise counts as one cluster.

Let N be the number of specimens, a that of the category of a specimen, b that of its cluster, and n that of both. Then
the specimen shares its category with a - 1 others, its cluster with b - 1, and both with n - 1. Its part of the mutual
information, times N, is log(N n / (a b)). What chance gives is subtracted from both parts of the ratio.
"""

from collections.abc import Sequence

import numpy as np

METRICS = ("adjusted_rand_index", "adjusted_mutual_information")


def scores(categories: Sequence[str] | np.ndarray, clusters: Sequence[int] | np.ndarray) -> tuple[float, float]:
    """ARI and AMI of all specimens; NaN without specimens.

    Parameters
    ----------
    categories : sequence, [N]
    clusters : int [N], -1 is noise
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    if not len(clusters):
        return np.nan, np.nan
    return (
        float(adjusted_rand_score(categories, clusters)),
        float(adjusted_mutual_info_score(categories, clusters)),
    )


def parts(categories: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What every specimen adds to numerators and denominators of METRICS.

    Over all specimens, chance gives every specimen any cluster. In a category, chance gives it the cluster that it has,
    with any others in it. So the ARI in a category is Cohen's kappa of all pairs with a specimen of the category, as
    the ARI is that of all pairs (Warrens 2008, Journal of Classification 25:177-183). In no category is an index above
    1. A category of one specimen has no index: it has no pairs.

    Parameters
    ----------
    categories, clusters : int [N]

    Returns
    -------
    float64 [N, 2, 2] twice: for the indices over all specimens, and for those in every category
    """
    category, a = _groups(categories)
    cluster, b = _groups(clusters)
    n = _groups(category * len(cluster) + cluster)[1]
    others = max(len(a) - 1, 1)
    pairs = n - 1, (a + b) / 2 - 1
    logs = np.log(n), (np.log(a) + np.log(b)) / 2
    by_chance, by_any_cluster = _expected_logs(a, b)
    overall = [_adjusted(*pairs, (a - 1) * (b - 1).mean() / others), _adjusted(*logs, by_any_cluster)]
    within = [_adjusted(*pairs, (a - 1) * (b - 1) / others), _adjusted(*logs, by_chance)]
    return np.stack(overall, axis=1), np.where((a > 1)[:, None, None], np.stack(within, axis=1), 0)


def _groups(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The group of every specimen and the number of specimens in it, int [N] each."""
    _, group, count = np.unique(labels, return_inverse=True, return_counts=True)
    return group, count[group]


def _adjusted(found: np.ndarray, largest: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Numerators and denominators of (found - expected) / (largest - expected), float64 [N, 2]."""
    return np.column_stack([found - expected, largest - expected])


def _expected_logs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What chance gives for the logarithm of n, the number of specimens that share both groups.

    Of the a - 1 others of a category, those in a cluster follow the hypergeometric distribution.

    Parameters
    ----------
    a, b : int [N], the number of specimens in the category and in the cluster of every specimen

    Returns
    -------
    float64 [N] twice: if every specimen has its own cluster, and if it has any, with what the size of that changes
    """
    from scipy.stats import hypergeom

    sizes, category = np.unique(a, return_inverse=True)
    widths, cluster, count = np.unique(b, return_inverse=True, return_counts=True)
    expected = np.empty((len(sizes), len(widths)))
    for row, size in enumerate(sizes.tolist()):
        shared = np.arange(min(size, widths.max()))[:, None]
        expected[row] = (hypergeom.pmf(shared, len(a) - 1, widths - 1, size - 1) * np.log1p(shared)).sum(axis=0)
    any_cluster = (expected - np.log(widths)) @ count / len(a)
    return expected[category, cluster], any_cluster[category] + np.log(b)
