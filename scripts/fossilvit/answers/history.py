"""The former clusters and the new ones -> names that last.

In: the cluster of every specimen in the former result and in the new one. Out: the ID of every new cluster, and what
has become of the former ones.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fossilvit.answers.belonging import NOISE


class Event(NamedTuple):
    """What happened to a cluster; one row of cluster_history.csv after the number of the run."""

    cluster: int
    event: str
    """born: most of its members were in no cluster. split: most were in one cluster, whose ID it does
    not have. merged: it took up a cluster that is no more. gone: the cluster is no more."""
    specimens: int
    """Members of the cluster; of one that is gone, those that it had."""
    origin: int | None
    """The cluster that it was split from, or that it took up."""


def follow(former: Mapping[str, int], current: Mapping[str, int], used: int) -> tuple[dict[int, int], list[Event]]:
    """Name the new clusters after the former ones.

    Clusters are matched so that as many specimens as possible keep their cluster (the Hungarian method, Kuhn 1955). A
    cluster keeps its ID if at least half of its members that are still in the collection stay together. All other
    clusters get IDs that were never used, the largest cluster first.

    Parameters
    ----------
    former, current : dict of ID of a specimen to cluster
        NOISE is no cluster.
    used : int
        All IDs of clusters below this number are used.

    Returns
    -------
    names : dict of current cluster to ID
    events : list of Event, in order of cluster
    """
    sizes = Counter(cluster for cluster in current.values() if cluster != NOISE)
    were = Counter(cluster for cluster in former.values() if cluster != NOISE)
    moves = Counter((former[one], cluster) for one, cluster in current.items() if former.get(one, NOISE) != NOISE)
    here = Counter[int]()
    for (before, _), count in moves.items():
        here[before] += count
    names = _matched(moves, here, sorted(were), sorted(sizes))
    for cluster in sorted(sizes, key=lambda cluster: (-sizes[cluster], cluster)):
        if cluster not in names:
            names[cluster], used = used, used + 1
    return names, sorted(_events(names, sizes, were, moves, here))


def _matched(
    moves: Mapping[tuple[int, int], int], here: Mapping[int, int], former: Sequence[int], current: Sequence[int]
) -> dict[int, int]:
    """The former ID of every new cluster that keeps one."""
    from scipy.optimize import linear_sum_assignment

    stay = np.zeros((len(former), len(current)))
    for (before, now), count in moves.items():
        if now != NOISE and 2 * count >= here[before]:
            stay[former.index(before), current.index(now)] = count
    pairs = zip(*linear_sum_assignment(stay, maximize=True), strict=True)
    return {current[column]: former[row] for row, column in pairs if stay[row, column]}


def _events(
    names: Mapping[int, int],
    sizes: Mapping[int, int],
    were: Mapping[int, int],
    moves: Mapping[tuple[int, int], int],
    here: Mapping[int, int],
) -> list[Event]:
    kept = set(names.values()) & were.keys()
    found = []
    for cluster, name in names.items():
        if name not in kept:
            origin = max(were, key=lambda before: moves.get((before, cluster), 0), default=None)
            split = origin is not None and 2 * moves.get((origin, cluster), 0) >= sizes[cluster]
            found.append(Event(name, "split" if split else "born", sizes[cluster], origin if split else None))
    for before in were.keys() - kept:
        into = max(names, key=lambda cluster: moves.get((before, cluster), 0), default=None)
        if into is not None and here.get(before) and 2 * moves.get((before, into), 0) >= here[before]:
            found.append(Event(names[into], "merged", sizes[into], before))
        found.append(Event(before, "gone", were[before], None))
    return found
