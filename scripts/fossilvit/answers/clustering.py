"""Embeddings -> groups.

In: embeddings, float32 [N, D]. Out: a cluster number and a membership strength for every specimen.
"""

from typing import NamedTuple

import numpy as np

METHODS = ("hdbscan", "kmeans", "agglomerative")
NOISE = -1
LEAST_CLUSTER = 3
MOST_CLUSTERS_TRIED = 30
CORE_NEIGHBOR = 2
"""HDBSCAN takes density from the distance to this neighbor (its min_samples): small groups are not lost as noise."""


class Clustering(NamedTuple):
    """The groups of a collection, and how they were found."""

    clusters: np.ndarray
    """int [N]: 0 is the largest cluster, NOISE belongs to none."""
    strengths: np.ndarray
    """float [N], 0 to 1: how firmly a specimen belongs to its cluster (of hdbscan; 1 otherwise, 0 for noise)."""
    record: dict
    """The method and every number that `auto` or the size of the collection settled."""


def cluster(embeddings, method="hdbscan", pca=64, min_cluster_size="auto", clusters="auto", seed=0) -> Clustering:
    """Group specimens by their embeddings.

    Embeddings are scaled to length 1 and reduced by principal components, then clustered in Euclidean distance.

    Parameters
    ----------
    embeddings : float32 [N, D]
    method : one of METHODS
        HDBSCAN (Campello et al. 2013) leaves outliers as noise; kmeans and agglomerative (Ward) place everyone.
    pca : int
        Components kept; 0 keeps all dimensions. Capped at min(N - 1, D).
    min_cluster_size : int or auto
        Of hdbscan. auto: half the square root of N, at least 3.
    clusters : int or auto
        Of kmeans and agglomerative. auto: the number from 2 to 30 of best silhouette (Rousseeuw 1987).
    seed : int
        Of the starts of kmeans.

    Returns
    -------
    Clustering. Fewer than 3 specimens are noise: there is nothing to group.
    """
    specimens = len(embeddings)
    record = {"method": method, "specimens": specimens}
    if specimens < LEAST_CLUSTER:
        labels, strengths = np.full(specimens, NOISE), np.zeros(specimens)
    else:
        points, record["pca"] = _reduced(embeddings, pca)
        if method == "hdbscan":
            least = auto_cluster_size(specimens) if min_cluster_size == "auto" else min_cluster_size
            record["min_cluster_size"] = least
            labels, strengths = _hdbscan(points, min(least, specimens))
        else:
            labels = _partition(points, method, clusters, seed)
            strengths = np.ones(specimens)
    labels = _by_size(labels)
    record |= {"clusters": int(labels.max(initial=NOISE)) + 1, "noise": int((labels == NOISE).sum())}
    return Clustering(labels, strengths, record)


def auto_cluster_size(specimens) -> int:
    """The smallest group worth the name in a collection: half the square root of its size, at least 3."""
    return max(LEAST_CLUSTER, round(np.sqrt(specimens) / 2))


def _reduced(embeddings, components):
    """Embeddings of length 1 in their principal components, and how many of these were kept (0: all dimensions)."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    points = normalize(embeddings.astype(np.float64))
    if not components:
        return points, 0
    specimens, dimension = points.shape
    kept = min(components, specimens - 1, dimension)
    solver = "covariance_eigh" if specimens > dimension else "full"  # the faster
    return PCA(kept, svd_solver=solver).fit_transform(points), kept


def _hdbscan(points, min_cluster_size):
    from hdbscan import HDBSCAN

    found = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=CORE_NEIGHBOR, core_dist_n_jobs=1).fit(points)
    return found.labels_, found.probabilities_


def _partition(points, method, clusters, seed):
    """Labels of kmeans or agglomerative clustering, int [N]."""
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.metrics import silhouette_score

    def labels(count):
        if method == "kmeans":
            return KMeans(count, n_init=10, random_state=seed).fit_predict(points)
        return AgglomerativeClustering(count).fit_predict(points)

    if clusters != "auto":
        return labels(min(clusters, len(points)))
    tried = [labels(count) for count in range(2, min(MOST_CLUSTERS_TRIED, len(points) - 1) + 1)]
    return max(tried, key=lambda found: silhouette_score(points, found) if len(set(found)) > 1 else -1)


def _by_size(labels):
    """Labels renumbered so that cluster 0 is the largest; of equal ones the first seen comes first."""
    names, first, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    numbers = {names[old]: new for new, old in enumerate(np.lexsort((first, -sizes)))}
    return np.array([numbers.get(label, NOISE) for label in labels], int)
