"""Embeddings -> clusters.

In: embeddings, float32 [N, D], the scatter of views, float32 [R, D], and which specimens are copies, int [N]. Out: the
cluster of every specimen, how far to believe it, and the tree of all specimens.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from fossilvit.answers import belonging, grouping, partition, space, tree
from fossilvit.answers.belonging import NOISE as NOISE
from fossilvit.answers.partition import Partition
from fossilvit.answers.tree import Tree
from fossilvit.numbers.vectors import unit

METHODS = ("upgma", "hdbscan", "kmeans", "agglomerative")
LEAST_CLUSTER = 3
MOST_CLUSTERS_TRIED = 30
CORE_NEIGHBOR = 2
"""HDBSCAN measures density by the distance to this neighbor (its min_samples), so that small clusters are kept."""
DECIMALS = 9
"""Points that agree to this decimal are the same."""
SURE = 10
"""Fewer objects hardly ever differ from chance, whatever their groups."""
APART = 0.0
"""Least median gap (see grouping.gaps) of groups that are said to be apart: outsiders are no nearer than members."""


class Clustering(NamedTuple):
    """The clusters of a collection, and how they were found."""

    clusters: np.ndarray
    """int [N]; 0 is the largest cluster, NOISE means no cluster."""
    strengths: np.ndarray
    """float [N], 0 to 1: how firmly a specimen belongs to its cluster. Noise has 0; kmeans and agglomerative give 1."""
    second: np.ndarray
    """int [N], the nearest other cluster; NOISE if there is none."""
    second_strengths: np.ndarray
    """float [N], how firmly a specimen belongs to that one; NaN where it is not known."""
    silhouettes: np.ndarray
    """float [N]; see belonging.Belonging."""
    ranks: np.ndarray
    """int [N], 1 for the medoid of a cluster; the others of its object have the same, noise 0."""
    levels: tuple[np.ndarray, np.ndarray] | None
    """The groups of a coarser and of a finer cut of the tree, int [N] each; None unless the method is upgma."""
    stability: np.ndarray
    """float [G], how well every cluster is found again (stability.Stability); NaN where it is not known."""
    tree: Tree
    """float64 [N - 1, 4], average linkage of all specimens."""
    record: dict[str, Any]
    """The method, its answer in a sentence, and every number that `auto` or the size of the collection determined."""


def cluster(
    embeddings: np.ndarray,
    method: str = "upgma",
    pca: int = 64,
    min_cluster_size: int | Literal["auto"] = "auto",
    clusters: int | Literal["auto"] = "auto",
    seed: int = 0,
    scatter: np.ndarray | None = None,
    originals: np.ndarray | None = None,
    threads: int = 1,
) -> Clustering:
    """Group specimens into clusters by their embeddings.

    upgma divides the tree of average linkage, if there are groups at all (grouping.divide), and leaves as noise what is
    alone or far from its group (belonging.is_far). The other methods scale embeddings to length 1, reduce them by
    principal components, and cluster in Euclidean distance. HDBSCAN (Campello et al. 2013) leaves outliers as noise;
    kmeans and agglomerative (Ward) leave none.

    Parameters
    ----------
    embeddings : float32 [N, D]
    method : one of METHODS
    pca : int
        Principal components kept, at most min(N - 1, D); 0 keeps all dimensions. Not for upgma.
    min_cluster_size : int or auto
        For hdbscan. auto: half the square root of N, at least 3.
    clusters : int or auto
        Number of clusters, for all but hdbscan. auto: for upgma the number that chance explains least; else that from 2
        to 30 with the best silhouette (Rousseeuw 1987).
    seed : int
        For the random draws of upgma and the starts of kmeans.
    scatter : float32 [R, D] or None
        See space.span.
    originals : int [N] or None
        The row of the specimen that stands for each. Copies take part as one, and get the cluster of their original.
    threads : int
        Parts of a large collection that are divided at once. The result is the same for any number.
    """
    from threadpoolctl import threadpool_limits

    specimens = len(embeddings)
    rows, member = np.unique(np.arange(specimens) if originals is None else originals, return_inverse=True)
    record: dict[str, Any] = {"method": method, "specimens": specimens, "objects": len(rows)}
    if not specimens:
        return _nothing(record)
    asked = 1 if method != "upgma" else None if clusters == "auto" else int(clusters)
    with threadpool_limits(1):  # the order of sums, and so their last digits, depends on the number of threads
        found = partition.divide(embeddings[rows], scatter, asked, seed, threads)
        if method == "upgma":
            labels, strengths = _without_strangers(found), None
            record |= {"verdict": found.verdict, "probability": _known(found.probability), "gap": _known(found.gap)}
        else:
            labels, strengths, chosen = _other(embeddings[rows], method, pca, min_cluster_size, clusters, seed)
            record |= chosen
        return _described(found, labels, strengths, member, record)


def _without_strangers(found: Partition) -> np.ndarray:
    """The groups of a partition, int [N]; NOISE for what is alone in its group or far from it."""
    groups = found.groups
    far = belonging.is_far(groups, belonging.describe(found.points, groups).within)
    return np.where(far | belonging.is_alone(groups), NOISE, groups)


def _described(
    found: Partition,
    labels: np.ndarray,
    strengths: np.ndarray | None,
    member: np.ndarray,
    record: dict[str, Any],
) -> Clustering:
    """Everything that is said of clusters of objects, for the specimens that are scans of them.

    Parameters
    ----------
    labels : int [objects]
    strengths : float [objects] or None
        None takes the shares of samples in which objects are grouped with their cluster.
    member : int [N], the object of every specimen
    """
    place = belonging.describe(found.points, labels)
    second_strengths = np.full(len(labels), np.nan)
    if strengths is None:
        strengths = np.where(labels == NOISE, 0, _shares(found, labels))
        strengths[np.isnan(place.within) & (labels != NOISE)] = 1
        second_strengths = _shares(found, place.second)
    clusters = _by_size(labels)[member]
    number = int(clusters.max(initial=NOISE)) + 1
    renumbered = np.full(labels.max(initial=NOISE) + 2, NOISE)  # its last entry is that of noise
    renumbered[labels[member]] = clusters
    stability = np.full(number, np.nan)
    if record["method"] == "upgma":
        present = np.unique(labels[labels != NOISE])
        stability[renumbered[present]] = found.stability[present]
    record |= {"clusters": number, "noise": int((clusters == NOISE).sum())}
    scans = belonging.members(member)
    branches, called = tree.grafted(found.tree, [(tree.star(len(some)), some) for some in scans])
    return Clustering(
        clusters,
        np.nan_to_num(strengths)[member],
        renumbered[place.second][member],
        second_strengths[member],
        place.silhouettes[member],
        place.ranks[member],
        (found.coarse[member], found.fine[member]) if record["method"] == "upgma" else None,
        stability,
        tree.renamed(branches, called),
        {**record, "answer": answer(record)},
    )


def _shares(found: Partition, groups: np.ndarray) -> np.ndarray:
    """How often each object is grouped with the other members of a group, float [objects].

    0 if it was never drawn with any; NaN for NOISE, and for groups whose stability is not known.
    """
    shares = np.full(len(groups), np.nan)
    for firm in found.firm:
        column = groups[firm.rows] - firm.first
        inside = (column >= 0) & (column < firm.shares.shape[1])
        drawn = np.zeros(len(column))
        drawn[inside] = np.nan_to_num(firm.shares[np.flatnonzero(inside), column[inside]])
        shares[firm.rows] = np.where(groups[firm.rows] == NOISE, np.nan, drawn)
    return shares


def _nothing(record: dict[str, Any]) -> Clustering:
    """The clustering of no specimens."""
    none, no = np.zeros(0, int), np.zeros(0)
    record |= {"clusters": 0, "noise": 0, "answer": "There are no specimens."}
    return Clustering(none, no, none, no, no, none, (none, none), no, np.zeros((0, 4)), record)


def _known(value: float) -> float | None:
    """A number for a record; None if it is not known."""
    return None if math.isnan(value) else round(value, 6)


def answer(record: dict[str, Any]) -> str:
    """What was found, in a sentence or two, from the record of a clustering."""
    specimens, objects = record["specimens"], record["objects"]
    if objects == 1:
        return (
            f"All {specimens} specimens are copies or scans of one object."
            if specimens > 1
            else "There is one specimen."
        )
    left = f"; {record['noise']} belong to none" if record.get("noise") else ""
    one = f"The {specimens} specimens are one cluster"
    likely = record.get("probability") or 1
    few = f" With fewer than {SURE} this says little." if objects < SURE else ""
    words = {
        grouping.FEW: f"{one}, because fewer than {grouping.LEAST} are not divided.",
        grouping.NOT_BETTER: f"There is no sign of groups. {one}{left}. In collections without groups, cuts as good as "
        f"the best one here are frequent (p = {likely:.2f}).{few}",
        grouping.SERIES: f"{one}: a series without gaps, such as growth stages{left}.",
    }
    if (verdict := record.get("verdict")) in words:
        return words[verdict]
    copies = f", which show {objects} objects," if objects < specimens else ""
    gap = record.get("gap")
    close = "" if gap is None or gap >= APART else " No gaps lie between them, so they may divide a continuum."
    clusters = "1 cluster" if record["clusters"] == 1 else f"{record['clusters']} clusters"
    return f"{specimens} specimens{copies} in {clusters}{left}.{close}"


def auto_cluster_size(specimens: int) -> int:
    """The smallest size of a cluster with `auto`: half the square root of the number of specimens, at least 3."""
    return max(LEAST_CLUSTER, round(math.sqrt(specimens) / 2))


def _other(
    embeddings: np.ndarray,
    method: str,
    pca: int,
    min_cluster_size: int | Literal["auto"],
    clusters: int | Literal["auto"],
    seed: int,
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Labels, int [N], and strengths, float [N], by any method but upgma; and the numbers that `auto` determined.

    Fewer than 3 specimens are all noise. More that are all alike are one cluster.
    """
    specimens, record = len(embeddings), dict[str, Any]()
    if specimens < LEAST_CLUSTER:
        return np.full(specimens, NOISE), np.zeros(specimens), record
    if space.are_alike(embeddings):
        return np.zeros(specimens, int), np.ones(specimens), record
    points, record["pca"] = _reduced(embeddings, pca)
    if method == "hdbscan":
        least = auto_cluster_size(specimens) if min_cluster_size == "auto" else min_cluster_size
        record["min_cluster_size"] = least
        return *_hdbscan(points, min(least, specimens)), record
    return _partition(points, method, clusters, seed), np.ones(specimens), record


def _reduced(embeddings: np.ndarray, components: int) -> tuple[np.ndarray, int]:
    """Embeddings of length 1 in their principal components, and the number of these (0: all dimensions are kept)."""
    from sklearn.decomposition import PCA

    points = unit(embeddings.astype(np.float64))
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
    """Labels by kmeans or agglomerative clustering, int [N]. There are no more clusters than different points."""
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.metrics import silhouette_score

    def labels(count: int) -> np.ndarray:
        model = KMeans(count, n_init=10, random_state=seed) if method == "kmeans" else AgglomerativeClustering(count)
        found: np.ndarray = model.fit_predict(points)
        return found

    different = len(np.unique(points.round(DECIMALS), axis=0))
    if clusters != "auto":
        return labels(min(clusters, different))
    tried = [labels(count) for count in range(2, min(MOST_CLUSTERS_TRIED, len(points) - 1, different) + 1)]
    return max(tried, key=lambda found: silhouette_score(points, found) if len(set(found)) > 1 else -1)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Labels renumbered by size, 0 the largest cluster. Among equal sizes, the cluster seen first comes first."""
    names, first, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    numbers = {names[old]: new for new, old in enumerate(np.lexsort((first, -sizes)))}
    return np.array([numbers.get(label, NOISE) for label in labels], int)
