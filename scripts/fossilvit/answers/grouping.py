"""The tree of specimens -> its best cut, or the answer that there are no groups.

In: points of length 1, float64 [N, K]. Out: the group of every point at three levels, int [N], and why.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.answers import space, tree
from fossilvit.answers.tree import Tree
from fossilvit.numbers.vectors import unit

LEAST = 3
"""Fewer specimens are not asked for groups."""
DRAWS = 39
"""Collections without groups that a collection is compared with."""
LEVEL = 0.05
"""A division must be better than in all but this share of them."""
MOST = 80
"""Largest number of groups tried, or a fifth of the specimens if that is more."""
CURVED = 0.95
"""Share of the spread along one axis, once unrolled, from which a collection is a series, such as a growth series."""
GAP = 0.3
"""Least gap between the groups of a series: logarithm of the nearest outsider over the mean step inside a group."""
STEPS = 4
"""Neighbors that each specimen is linked to when a curve is unrolled."""

GROUPS = "groups"
NOT_BETTER = "not better than chance"
SERIES = "a series without gaps"
FEW = "too few to ask"
ASKED = "a number that was asked for"


class Chance(NamedTuple):
    """What the silhouettes of cuts are in collections without groups."""

    expected: np.ndarray
    """float [most - 1], the mean for 2 to `most` groups."""
    best: np.ndarray
    """float [draws], the largest excess over the mean in each collection."""

    def probability(self, excess: float) -> float:
        """The share of collections without groups whose best cut exceeds what is expected at least as much."""
        return float((1 + (self.best >= excess).sum()) / (1 + len(self.best)))


class Division(NamedTuple):
    """A collection divided into groups."""

    tree: Tree
    groups: np.ndarray
    """int [N]; all 0 unless there are groups."""
    coarse: np.ndarray
    """int [N], at most half as many groups."""
    fine: np.ndarray
    """int [N], at least twice as many groups."""
    verdict: str
    """GROUPS, or why there are none: NOT_BETTER, SERIES or FEW; ASKED if the number of groups was given."""
    probability: float
    """How often chance alone divides as well; 1 if there are too few to ask, NaN if nobody asked."""
    gaps: list[float]
    """See gaps()."""
    chance: Chance | None


def divide(points: np.ndarray, seed: int = 0, number: int | None = None, draws: int = DRAWS) -> Division:
    """Divide a collection into groups, if it has any.

    The tree of average linkage on locally scaled distances is cut where its silhouette exceeds most what is expected in
    collections of one Gaussian with the same covariance: the idea of the gap statistic (Tibshirani et al. 2001). There
    are groups only if that excess is larger than in nearly all of those collections. A curve without gaps, such as a
    growth series, is no Gaussian either, so a collection that unrolls to one axis must also have gaps.

    Parameters
    ----------
    points : float64 [N, K], of length 1; N of at least 1
    seed : int
    number : int or None
        Number of groups, at most N. None takes the best cut.
    draws : int
        Collections without groups to compare with.
    """
    count = len(points)
    if number is not None:
        branches = tree.grow(space.scaled(points))
        groups = tree.cut(branches, min(number, count))
        return Division(branches, groups, groups, groups, ASKED, float("nan"), gaps(_steps(points), groups), None)
    one = np.zeros(count, int)
    if count < LEAST:
        return Division(tree.grow(space.scaled(points)), one, one, one, FEW, 1.0, [], None)
    chance = expect(points, seed, draws)
    branches, excess = _excess(points, chance)
    best = int(excess.argmax())
    probability = chance.probability(excess[best])
    if probability > LEVEL:
        return Division(branches, one, one, one, NOT_BETTER, probability, [], chance)
    groups, steps = tree.cut(branches, best + 2), _steps(points)
    between = gaps(steps, groups)
    if _first_axis(steps) >= CURVED and np.median(between) < GAP:
        return Division(branches, one, one, one, SERIES, probability, [], chance)
    coarse, fine = (tree.cut(branches, level) for level in _levels(excess, best + 2))
    return Division(branches, groups, coarse, fine, GROUPS, probability, between, chance)


def again(points: np.ndarray, whole: Division, number: int | None = None) -> np.ndarray:
    """The groups of a part of a collection that was divided before, int [N], found in the same way.

    Chance is not asked again, because a fifth less specimens hardly change its answer.
    """
    if number is not None:
        return tree.cut(tree.grow(space.scaled(points)), min(number, len(points)))
    if whole.chance is None or len(points) < LEAST:
        return np.zeros(len(points), int)
    branches, excess = _excess(points, whole.chance)
    best = int(excess.argmax())
    if whole.verdict != SERIES and whole.chance.probability(excess[best]) <= LEVEL:
        return tree.cut(branches, best + 2)
    return np.zeros(len(points), int)


def expect(points: np.ndarray, seed: int = 0, draws: int = DRAWS) -> Chance:
    """The silhouettes of cuts in collections of one Gaussian with the covariance of these points."""
    count = len(points)
    most = min(count - 1, max(MOST, count // 5))
    _, lengths, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    spread = lengths[:, None] * axes / np.sqrt(count - 1)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        distances = space.scaled(unit(rng.normal(size=(count, len(spread))) @ spread))
        drawn.append(tree.silhouettes(distances, tree.grow(distances), most))
    silhouettes = np.array(drawn)
    others = (silhouettes.sum(axis=0) - silhouettes) / (draws - 1)
    return Chance(silhouettes.mean(axis=0), (silhouettes - others).max(axis=1))


def gaps(steps: np.ndarray, groups: np.ndarray) -> list[float]:
    """How far groups are apart, for every group of at least two.

    The logarithm of the distance to the nearest outsider over the mean step of the spanning tree inside.

    Parameters
    ----------
    steps : float64 [N, N], distances
    groups : int [N]
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    found = []
    for group in np.unique(groups):
        inside = groups == group
        within = minimum_spanning_tree(steps[np.ix_(inside, inside)]).data
        if len(within) and not inside.all():
            nearest = steps[np.ix_(inside, ~inside)].min()
            found.append(float(np.log(max(nearest, space.SMALLEST) / max(within.mean(), space.SMALLEST))))
    return found


def _steps(points: np.ndarray) -> np.ndarray:
    """Distances of points, float64 [N, N]."""
    steps: np.ndarray = np.sqrt(np.maximum(2 - 2 * points @ points.T, 0))
    return steps


def _excess(points: np.ndarray, chance: Chance) -> tuple[Tree, np.ndarray]:
    """The tree, and by how much the silhouettes of 2, 3, ... groups exceed those expected by chance."""
    distances = space.scaled(points)
    branches = tree.grow(distances)
    most = min(len(chance.expected) + 1, len(points) - 1)
    return branches, tree.silhouettes(distances, branches, most) - chance.expected[: most - 1]


def _levels(excess: np.ndarray, best: int) -> tuple[int, int]:
    """The best number of groups up to half and from twice as many; the same number if there is none."""
    coarse, fine = excess[: best // 2 - 1], excess[2 * best - 2 :]
    return (
        int(coarse.argmax()) + 2 if len(coarse) else best,
        int(fine.argmax()) + 2 * best if len(fine) else best,
    )


def _first_axis(steps: np.ndarray) -> float:
    """The share of the spread along the first axis once a collection is unrolled by Isomap (Tenenbaum et al. 2000).

    Distances are summed along steps to STEPS neighbors.
    """
    from scipy.linalg import eigh
    from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path

    count = len(steps)
    linked = minimum_spanning_tree(steps).toarray()
    nearest = np.argpartition(steps, min(STEPS, count - 1), axis=1)[:, : STEPS + 1]
    rows = np.arange(count)[:, None]
    linked[rows, nearest] = steps[rows, nearest]
    along = shortest_path(np.maximum(linked, linked.T), directed=False) ** 2
    inner = -(along - along.mean(axis=0) - along.mean(axis=1)[:, None] + along.mean()) / 2
    values = eigh(inner, eigvals_only=True)
    spread = values[values > 0].sum()
    return float(values[-1] / spread) if spread > 0 else 1.0
