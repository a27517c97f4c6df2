"""Embeddings -> clusters.

In: embeddings, float32 [N, D]. Out: a cluster number and a membership strength for every specimen.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np

METHODS = ("hdbscan", "kmeans", "agglomerative")
NOISE = -1
LEAST_CLUSTER = 3
MOST_CLUSTERS_TRIED = 30
CORE_NEIGHBOR = 2
"""HDBSCAN measures density by the distance to this neighbor (its min_samples), so that small clusters are kept."""


class Clustering(NamedTuple):
    """The clusters of a collection, and how they were found."""

    clusters: np.ndarray
    """int [N]; 0 is the largest cluster, NOISE means no cluster."""
    strengths: np.ndarray
    """float [N], 0 to 1: how firmly a specimen belongs to its cluster. Noise has 0; kmeans and agglomerative give 1."""
    record: dict[str, Any]
    """The method, and every number that `auto` or the size of the collection determined."""


def cluster(
    embeddings: np.ndarray,
    method: str = "hdbscan",
    pca: int = 64,
    min_cluster_size: int | Literal["auto"] = "auto",
    clusters: int | Literal["auto"] = "auto",
    seed: int = 0,
) -> Clustering:
    """Group specimens into clusters by their embeddings.

    Embeddings are scaled to length 1 and reduced by principal components, then clustered in Euclidean distance.

    Parameters
    ----------
    embeddings : float32 [N, D]
    method : one of METHODS
        HDBSCAN (Campello et al. 2013) leaves outliers as noise; kmeans and agglomerative (Ward) leave none.
    pca : int
        Principal components kept, at most min(N - 1, D); 0 keeps all dimensions.
    min_cluster_size : int or auto
        For hdbscan. auto: half the square root of N, at least 3.
    clusters : int or auto
        For kmeans and agglomerative. auto: the number from 2 to 30 with the best silhouette (Rousseeuw 1987).
    seed : int
        For the starts of kmeans.

    Returns
    -------
    Clustering. Fewer than 3 specimens are all noise.
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


def auto_cluster_size(specimens: int) -> int:
    """The smallest size of a cluster with `auto`: half the square root of the number of specimens, at least 3."""
    return max(LEAST_CLUSTER, round(math.sqrt(specimens) / 2))


def _reduced(embeddings: np.ndarray, components: int) -> tuple[np.ndarray, int]:
    """Embeddings of length 1 in their principal components, and the number of these (0: all dimensions are kept)."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    points = normalize(embeddings.astype(np.float64))
    if not components:
        return points, 0
    specimens, dimension = points.shape
    kept = min(components, specimens - 1, dimension)
    solver = "covariance_eigh" if specimens > dimension else "full"  # whichever is faster
    return PCA(kept, svd_solver=solver).fit_transform(points), kept


def _hdbscan(points: np.ndarray, min_cluster_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, int [N], and strengths, float [N]."""
    from hdbscan import HDBSCAN

    found = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=CORE_NEIGHBOR, core_dist_n_jobs=1).fit(points)
    return found.labels_, found.probabilities_


def _partition(points: np.ndarray, method: str, clusters: int | Literal["auto"], seed: int) -> np.ndarray:
    """Labels by kmeans or agglomerative clustering, int [N]."""
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.metrics import silhouette_score

    def labels(count: int) -> np.ndarray:
        model = KMeans(count, n_init=10, random_state=seed) if method == "kmeans" else AgglomerativeClustering(count)
        found: np.ndarray = model.fit_predict(points)
        return found

    if clusters != "auto":
        return labels(min(clusters, len(points)))
    tried = [labels(count) for count in range(2, min(MOST_CLUSTERS_TRIED, len(points) - 1) + 1)]
    return max(tried, key=lambda found: silhouette_score(points, found) if len(set(found)) > 1 else -1)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Labels renumbered by size, 0 the largest cluster. Among equal sizes, the cluster seen first comes first."""
    names, first, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    numbers = {names[old]: new for new, old in enumerate(np.lexsort((first, -sizes)))}
    return np.array([numbers.get(label, NOISE) for label in labels], int)
