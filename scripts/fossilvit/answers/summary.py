"""A clustering -> the rows of its tables.

In: a Clustering, the ID of every specimen, the row that stands for each, and the ID of every cluster. Out: rows of
CLUSTERS_COLUMNS and of CLUSTER_SUMMARY_COLUMNS.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from fossilvit.answers import stability, tree
from fossilvit.answers.belonging import NOISE
from fossilvit.answers.clustering import Clustering

FIRM = 0.75
"""A member of at least this strength is not called doubtful."""


def specimens(
    found: Clustering, identities: Sequence[str], originals: np.ndarray, names: Mapping[int, int]
) -> Iterator[tuple[Any, ...]]:
    """Yield one row per specimen, in order of ID. A cell is empty where nothing is known.

    Parameters
    ----------
    found : Clustering
    identities : sequence of str, [N]
    originals : int [N]
    names : dict of cluster to ID
    """
    called = {NOISE: NOISE, **names}
    for row, identity in enumerate(identities):
        second = int(found.second[row])
        yield (
            identity,
            called[int(found.clusters[row])],
            _number(found.strengths[row]),
            names.get(second, ""),
            _number(found.second_strengths[row]),
            _number(found.silhouettes[row]),
            int(found.ranks[row]) or "",
            *((int(level[row]) for level in found.levels) if found.levels else ("", "")),
            "" if originals[row] == row else identities[originals[row]],
        )


def clusters(
    found: Clustering, identities: Sequence[str], originals: np.ndarray, names: Mapping[int, int]
) -> Iterator[tuple[Any, ...]]:
    """Yield one row per cluster, in order of the tree; parameters as for specimens()."""
    place = np.argsort(tree.leaves(found.tree))
    stands = originals == np.arange(len(identities))
    objects = {cluster: np.flatnonzero(stands & (found.clusters == cluster)) for cluster in names}
    for cluster in sorted(names, key=lambda cluster: place[objects[cluster]].min()):
        rows = objects[cluster]
        typical = rows[np.argsort(found.ranks[rows], kind="stable")][:3]
        stable = float(found.stability[cluster])
        silhouettes = found.silhouettes[rows]
        yield (
            names[cluster],
            int((found.clusters == cluster).sum()),
            len(rows),
            _number(stable),
            stability.reading(stable),
            _number(silhouettes.mean()),
            *_padded([identities[row] for row in typical], 3),
            *_padded([identities[row] for row in _doubtful(found, rows)], 2),
        )


def _doubtful(found: Clustering, rows: np.ndarray) -> np.ndarray:
    """The least firm members of a cluster, the least first: those below FIRM, and of equal ones the least typical."""
    loose = rows[found.strengths[rows] < FIRM]
    order = np.lexsort((-found.ranks[loose], found.strengths[loose]))
    least: np.ndarray = loose[order][:2]
    return least


def _padded(cells: list[str], count: int) -> list[str]:
    return [*cells, *[""] * (count - len(cells))]


def _number(value: float) -> Decimal | str:
    """A number as a cell, which is no text, so that its minus sign is not escaped; empty if it is not known."""
    return "" if np.isnan(value) else Decimal(f"{value:.6f}")
