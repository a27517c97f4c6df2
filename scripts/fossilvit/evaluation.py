"""Rankings and clusters against the folders that specimens lie in. Labels are used here and nowhere else.

In: categories, rankings of every specimen, clusters. Out: scores from 0 to 1, the higher the better (noise_share: the
share of specimens that belong to no cluster).
"""

import numpy as np


def retrieval_scores(categories, rankings) -> dict[str, float]:
    """How well the others of a specimen's category come first, each specimen in turn being the query.

    Nearest neighbour, first tier and second tier as in Shilane et al. 2004 (The Princeton Shape Benchmark), and mean
    average precision. A specimen alone in its category can find none of its own: it is no query, but stays a candidate.

    Parameters
    ----------
    categories : sequence of str, [N]
    rankings : iterable of (query row, rows of all others, nearest first)

    Returns
    -------
    dict with queries (their number), nearest_neighbor, first_tier, second_tier and mean_average_precision; the scores
    are nan where no category has two specimens.
    """
    labels = np.unique(categories, return_inverse=True)[1]
    scores = [_of_query(labels[others] == labels[query]) for query, others in rankings]
    scores = np.array([score for score in scores if score is not None]).reshape(-1, 4)
    means = scores.mean(axis=0) if len(scores) else np.full(4, np.nan)
    names = ("nearest_neighbor", "first_tier", "second_tier", "mean_average_precision")
    return {"queries": len(scores), **dict(zip(names, means.tolist(), strict=True))}


def _of_query(relevant):
    """The four scores of one query from bool [N - 1], nearest first; None where nothing is relevant."""
    total = relevant.sum()
    if not total:
        return None
    precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
    average = precision[relevant].mean()
    return relevant[0], relevant[:total].sum() / total, relevant[: 2 * total].sum() / total, average


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
