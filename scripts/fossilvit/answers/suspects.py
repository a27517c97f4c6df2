"""Specimens whose neighbors and cluster contradict their category.

In: embeddings, float32 [N, D], and the category and the cluster of every specimen. Out: the specimens whose category
is probably wrong, each with the category that its neighbors and its cluster suggest.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fossilvit.answers import evaluation, neighbors
from fossilvit.answers.belonging import NOISE
from fossilvit.answers.evaluation import UNLABELED

LEAST = 0.1
"""Specimens of a smaller suspicion are not listed. In the demo and in bones, one in twenty planted errors or fewer is;
see config/README.md."""
STEEPNESSES = np.array([0.5, 1, 2, 3, 4, 6, 8, 12, 16])
"""Exponents G of the distance to a neighbor."""
TRUSTS = (1, 2, 4)
"""Exponents T of what all neighbors say together."""
WEIGHTS = np.array([0, 0.5, 1])
"""Exponents W of what the cluster says."""
GRID = (len(TRUSTS), len(STEEPNESSES), len(WEIGHTS))
WRONG = np.geomspace(0.002, 0.3, 10)
"""Shares E of categories that are wrong."""
RIGHT = 19
"""Before anything is seen, this many categories in one more are held to be right."""
FLOOR = 1e-3
"""Probability that neighbors and cluster say nothing, so that no single specimen decides about all others."""
SMALLEST = 10.0**-neighbors.DECIMALS
"""Distances are at least one step of their last decimal."""


class Suspect(NamedTuple):
    """A specimen that may be in the wrong category. `row` and `nearest_...` are rows of the embeddings."""

    row: int
    suggested: str
    """The most probable other category."""
    suspicion: float
    """The probability that the category is wrong, LEAST to 1."""
    nearest_same: int
    distance_same: float
    """The nearest of its own category, and its distance."""
    nearest_suggested: int
    distance_suggested: float
    cluster_same: int
    """Number of others of its own category in its cluster; 0 for noise."""
    cluster_suggested: int
    """Number of specimens of the suggested category in its cluster."""


class Found(NamedTuple):
    """What is found in a collection."""

    suspects: list[Suspect]
    """The most suspicious first."""
    checked: int
    """Number of specimens whose category can be checked."""
    alone: int
    """Number of specimens that are the only one of their category, for which nothing can speak."""


class _Compared(NamedTuple):
    """Specimens that are compared with each other, M of C categories."""

    rows: np.ndarray
    """int [M], in order of category, then of row."""
    labels: np.ndarray
    """int [M], from 0 to C - 1."""
    sizes: np.ndarray
    """int [C]."""
    clusters: np.ndarray
    """int [M]."""

    @property
    def queries(self) -> np.ndarray:
        """Which of them can be checked, int [Q]: those in a category of several, if there is another category."""
        return np.flatnonzero((self.sizes[self.labels] > 1) & (len(self.sizes) > 1))


class _Evidence(NamedTuple):
    """What is known of the category of one specimen."""

    place: int
    """Its place among those that are compared."""
    distances: np.ndarray
    """float64 [M], to all that are compared; infinite to itself."""
    together: np.ndarray
    """int [C], number of others in its cluster by category."""
    near: np.ndarray
    """float64 [T, G, C], how strongly its neighbors speak for every category, by exponents; at most 1."""
    inside: np.ndarray
    """float64 [W, C], how strongly its cluster does; above 0."""

    @property
    def said(self) -> np.ndarray:
        """How strongly both speak for all categories together, float64 [T, G, W]."""
        said: np.ndarray = self.near @ self.inside.T
        return said

    def share(self, label: int) -> np.ndarray:
        """The probability of a category without regard to its own, float64 [T, G, W]."""
        share: np.ndarray = self.near[:, :, label, None] * self.inside[:, label] / self.said
        return (1 - FLOOR) * share + FLOOR / len(self.together)

    def likeliest(self, weights: np.ndarray) -> int:
        """The most probable category, if exponents are as probable as the weights, float64 [T, G, W]."""
        return int(np.einsum("tgc,wc,tgw->c", self.near, self.inside, weights / self.said, optimize=True).argmax())


def find(
    embeddings: np.ndarray,
    categories: Sequence[str],
    clusters: np.ndarray,
    metric: str,
    counted: np.ndarray | None = None,
    among: Sequence[str] | None = None,
) -> Found:
    """Find the specimens whose category is probably wrong.

    Every specimen is judged without its own category. The probability that it is of a category is proportional to a^t
    b^w. Here, a is the mean of 1 / distance^g over the specimens of that category (inverse distance weighting, Shepard
    1968), and b is the share of that category among the others of its cluster. A category is taken to be wrong with
    probability e, and then to be any other one (Lawrence and Schölkopf 2001). How well the categories of the whole
    collection are predicted says how probable every g, t, w and e is, and suspicions are means over all of them
    (Hoeting et al. 1999).

    Parameters
    ----------
    embeddings : float32 [N, D], rows in order of ID
    categories : sequence of str, [N]; empty for a specimen without a category
    clusters : int [N]; NOISE says nothing
    metric : one of neighbors.METRICS
    counted : bool [N] or None
        The specimens that stand for their object. All others are left out.
    among : sequence of str, [N], or None
        Only specimens of the same value are compared, and none without a value.
    """
    labels = evaluation.labels(categories)
    known = (labels != UNLABELED) if counted is None else (labels != UNLABELED) & counted
    values = np.array(["all"] * len(labels) if among is None else among, object)
    groups = [
        _compared(np.flatnonzero(known & (values == value)), labels, clusters) for value in sorted({*values} - {""})
    ]
    alone = sum(int((group.sizes == 1).sum()) for group in groups)
    own = [_own(embeddings, metric, group) for group in groups]
    predicted = np.concatenate([np.zeros((0, *GRID)), *own])
    if not len(predicted):
        return Found([], 0, alone)
    others = np.concatenate([np.full(len(group.queries), len(group.sizes) - 1) for group in groups])
    suspicions, weights = _judged(predicted, others)
    ends = np.cumsum([len(group.queries) for group in groups])
    suspects = [
        suspect
        for group, some in zip(groups, np.split(suspicions, ends[:-1]), strict=True)
        for suspect in _described(embeddings, metric, group, some, weights, categories)
    ]
    return Found(sorted(suspects, key=lambda one: (-round(one.suspicion, 6), one.row)), len(predicted), alone)


def _compared(rows: np.ndarray, labels: np.ndarray, clusters: np.ndarray) -> _Compared:
    rows = rows[np.argsort(labels[rows], kind="stable")]
    _, inside, sizes = np.unique(labels[rows], return_inverse=True, return_counts=True)
    return _Compared(rows, inside, sizes, clusters[rows])


def _own(embeddings: np.ndarray, metric: str, group: _Compared) -> np.ndarray:
    """The probability of every query's own category by exponents, float64 [Q, T, G, W]."""
    own = np.zeros((len(group.queries), *GRID))
    for share, found in zip(own, _evidence(embeddings, metric, group, group.queries), strict=True):
        share[:] = found.share(group.labels[found.place])
    return own


def _evidence(embeddings: np.ndarray, metric: str, group: _Compared, queries: np.ndarray) -> Iterator[_Evidence]:
    """What is known of every query, int [Q]."""
    if not len(queries):
        return
    starts = np.cumsum(group.sizes) - group.sizes
    for query, others, near in neighbors.ranked(embeddings[group.rows], metric, queries):
        distances = np.full(len(group.rows), np.inf)
        distances[others] = near
        there = group.sizes.copy()
        there[group.labels[query]] -= 1
        farther = np.log(np.maximum(distances, SMALLEST) / max(near[0], SMALLEST))
        sums = np.add.reduceat(np.exp(-STEEPNESSES[:, None] * farther), starts, axis=1)
        means = sums / np.maximum(there, 1)
        means /= means.max(axis=1, keepdims=True)
        together, inside = np.zeros_like(there), np.ones((1, len(there)))
        if group.clusters[query] != NOISE:
            members = group.labels[group.clusters == group.clusters[query]]
            together = np.bincount(members, minlength=len(there))
            together[group.labels[query]] -= 1
            inside = (together + there / there.sum())[None] / (together.sum() + 1)
        yield _Evidence(
            query, distances, together, np.stack([means**trust for trust in TRUSTS]), inside ** WEIGHTS[:, None]
        )


def _judged(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The suspicion of every query, float64 [Q], and how probable the exponents are, float64 [T, G, W].

    Parameters
    ----------
    own : float64 [Q, T, G, W]
        The probability of every query's own category.
    others : int [Q]
        The number of other categories.
    """
    wrong = [share / others[:, None, None, None] * (1 - own) for share in WRONG]
    both = [(1 - share) * own + error for share, error in zip(WRONG, wrong, strict=True)]
    likely = np.array([np.log(one).sum(axis=0) for one in both])
    likely += (np.log(WRONG) + (RIGHT - 1) * np.log1p(-WRONG))[:, None, None, None]
    weights = np.exp(likely - likely.max())
    weights /= weights.sum()
    suspicions = sum((e / b * w).sum(axis=(1, 2, 3)) for e, b, w in zip(wrong, both, weights, strict=True))
    return np.asarray(suspicions), weights.sum(axis=0)


def _described(
    embeddings: np.ndarray,
    metric: str,
    group: _Compared,
    suspicions: np.ndarray,
    weights: np.ndarray,
    categories: Sequence[str],
) -> Iterator[Suspect]:
    """The suspects among some specimens. None is one whose own category is still the most probable.

    Parameters
    ----------
    suspicions : float64 [Q]
    weights : float64 [T, G, W]
    """
    listed = suspicions >= LEAST
    found = _evidence(embeddings, metric, group, group.queries[listed])
    for one, suspicion in zip(found, suspicions[listed], strict=True):
        own = group.labels[one.place]
        suggested = one.likeliest(weights)
        if suggested == own:
            continue
        same, other = (np.where(group.labels == label, one.distances, np.inf).argmin() for label in (own, suggested))
        yield Suspect(
            int(group.rows[one.place]),
            categories[group.rows[other]],
            float(suspicion),
            int(group.rows[same]),
            float(one.distances[same]),
            int(group.rows[other]),
            float(one.distances[other]),
            int(one.together[own]),
            int(one.together[suggested]),
        )
