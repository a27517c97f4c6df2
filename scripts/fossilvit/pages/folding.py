"""The tree of specimens -> a tree small enough for a page, and what is written at its leaves.

In: a tree as scipy's linkage, float64 [N - 1, 4], whose leaves are numbered so that no branches cross, their IDs, and
the groups of the collection. Out: the folded tree, float64 [L - 1, 4], of the same kind, and its leaves.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from fossilvit.errors import UserError
from fossilvit.pages.groups import Cluster, Groups, counted

MOST = 60
"""Largest number of leaves on a page."""
NAMED = 4
"""Largest number of clusters that one leaf names."""


class Leaf(NamedTuple):
    """One leaf of a folded tree."""

    identity: str
    """The specimen whose picture is shown."""
    label: str
    clusters: tuple[Cluster, ...]
    """The cluster that it belongs to, or the clusters that it stands for; none for noise."""
    note: str = ""
    """The ID of a specimen that represents clusters."""

    @property
    def cluster(self) -> Cluster | None:
        """The one cluster that it belongs to, or is; None for noise, and for several clusters."""
        return self.clusters[0] if len(self.clusters) == 1 else None


class Folded(NamedTuple):
    """A tree that is small enough for a page."""

    title: str
    tree: np.ndarray
    """float64 [L - 1, 4], the leaves in order from top to bottom."""
    leaves: list[Leaf]
    """L of them, 2 to MOST."""
    of_specimens: bool
    """Whether leaves are specimens, so that several belong to one cluster."""


def folded(tree: np.ndarray, names: list[str], groups: Groups) -> Folded | None:
    """Fold a tree to the clusters if it has more leaves than a page, and to several clusters per leaf if need be.

    A cluster is represented by its medoid: two clusters are joined at the height at which their medoids are.

    Parameters
    ----------
    tree : float64 [N - 1, 4]
    names : list of N str
    groups : Groups

    Returns
    -------
    Folded, or None if fewer than two leaves are left

    Raises
    ------
    UserError
        The tree is not that of the groups.
    """
    clusters = {member.identity: cluster for cluster in groups.clusters for member in cluster.members}
    _check(names, groups)
    if len(names) <= MOST:
        leaves = [Leaf(name, name, (clusters[name],) if name in clusters else ()) for name in names]
        title = f"Tree of {counted(len(names), 'specimen')}"
        return Folded(title, tree, leaves, True) if len(leaves) > 1 else None
    parts = _parts(tree, names, groups.clusters)
    place = {name: leaf for leaf, name in enumerate(names)}
    leaves = sorted(map(_leaf, parts), key=lambda leaf: place[leaf.identity])
    kept = restricted(tree, [place[leaf.identity] for leaf in leaves])
    specimens = sum(len(cluster.members) for cluster in groups.clusters)
    title = f"Tree of {counted(len(groups.clusters), 'cluster')} of {counted(specimens, 'specimen')}"
    return Folded(title, kept, leaves, False) if len(leaves) > 1 else None


def restricted(tree: np.ndarray, kept: Iterable[int]) -> np.ndarray:
    """The tree of some of the leaves, float64 [K - 1, 4]. They keep their order, and are joined as high as before.

    Parameters
    ----------
    tree : float64 [N - 1, 4]
    kept : K int
        Leaves, in order.
    """
    count = len(tree) + 1
    number = {leaf: new for new, leaf in enumerate(kept)}
    sizes = dict.fromkeys(number.values(), 1)
    new, rows = len(number), []
    for node, (one, other) in enumerate(tree[:, :2].astype(int).tolist(), count):
        branches = [number[branch] for branch in (one, other) if branch in number]
        if len(branches) == 2:
            sizes[new] = sizes[branches[0]] + sizes[branches[1]]
            rows.append((*branches, tree[node - count, 2], sizes[new]))
            number[node] = new
            new += 1
        elif branches:
            number[node] = branches[0]
    return np.array(rows, float).reshape(-1, 4)


def _check(names: list[str], groups: Groups) -> None:
    """Raise a UserError if a tree lacks a medoid, or has a leaf that is in no table. It may have no leaves at all."""
    known = {member.identity for cluster in groups.clusters for member in cluster.members}
    known |= {member.identity for member in groups.noise}
    medoids = {cluster.medoid for cluster in groups.clusters}
    if names and not medoids <= set(names) <= known:
        raise UserError("The tree and the clusters are not of the same specimens; run the stage cluster again.")


def _parts(tree: np.ndarray, names: list[str], clusters: list[Cluster]) -> list[list[Cluster]]:
    """The clusters of every leaf: one, or several that are near each other if there are too many for a page."""
    if len(clusters) <= MOST:
        return [[cluster] for cluster in clusters]
    from fossilvit.answers.tree import cut  # imports numba

    place = {name: leaf for leaf, name in enumerate(names)}
    in_order = sorted(clusters, key=lambda cluster: place[cluster.medoid])
    labels = cut(restricted(tree, [place[cluster.medoid] for cluster in in_order]), MOST)
    parts: dict[int, list[Cluster]] = {}
    for cluster, label in zip(in_order, labels.tolist(), strict=True):
        parts.setdefault(label, []).append(cluster)
    return list(parts.values())


def _leaf(clusters: list[Cluster]) -> Leaf:
    """The leaf of clusters, with a picture of the largest."""
    largest = max(clusters, key=lambda cluster: len(cluster.members))
    count = counted(sum(len(cluster.members) for cluster in clusters), "specimen")
    if len(clusters) == 1:
        return Leaf(largest.medoid, f"Cluster {largest.number}: {count}", (largest,), largest.medoid)
    numbers = ", ".join(str(cluster.number) for cluster in clusters[:NAMED])
    more = f" and {len(clusters) - NAMED} more" if len(clusters) > NAMED else ""
    return Leaf(largest.medoid, f"Clusters {numbers}{more}: {count}", tuple(clusters), largest.medoid)
