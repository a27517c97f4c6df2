"""The tree of specimens -> its best cut, or the answer that there are no groups.

In: the Space of a collection of N. Out: the group of every point at three levels, int [N], and why.
"""

from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from fossilvit.answers import space, tree
from fossilvit.answers.space import Space
from fossilvit.answers.tree import Tree

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
GAP = 0.4
"""Least median gap (see gaps()) of the groups of a series. Parts of generated series have up to .35, bones .4 to 1."""
SAME = 1e-13
"""Largest locally scaled distance that rounding leaves between specimens that are the same."""
STEPS = 4
"""Neighbors that each specimen is linked to when a curve is unrolled."""

GROUPS = "groups"
NOT_BETTER = "not better than chance"
SERIES = "a series without gaps"
CLEAR = float(np.e)
"""A leap that is believed before silhouettes. Labeled real scans have leaps up to 1.4, parts of one taxon up to 1.6."""
JOINED = 0.9
"""Least share of the specimens that is in groups of LEAST, where a leap may be, so that it does not shatter a group."""
FEW = "too few to ask"
ASKED = "a number that was asked for"


class Chance(NamedTuple):
    """What the silhouettes of cuts are in collections without groups."""

    expected: np.ndarray
    """float [most - 1], the mean for 2 to `most` groups."""
    best: np.ndarray
    """float [DRAWS], the largest excess over the mean in each collection."""
    leaps: np.ndarray
    """float [DRAWS], the largest leap (see Leap) in each collection."""


class Leap(NamedTuple):
    """Where the steps that join groups become longest of a sudden.

    The ratio of the shortest step of a spanning tree between groups to the longest one inside. Silhouettes in locally
    scaled distances cannot see two or three groups that are far apart, because chance then has as few dimensions.
    """

    ratio: float
    """1 if there is no cut with two groups of LEAST members that hold the share JOINED of all."""
    groups: int
    """How many groups there are at it."""


class Cut(NamedTuple):
    """The best cut of a tree."""

    tree: Tree
    """The tree of locally scaled distances; at a leap that of plain distances, the largest of which is 1."""
    excess: np.ndarray
    """float [most - 1], by how much the silhouettes of 2 to `most` groups exceed chance."""
    number: int
    """How many groups it makes."""
    probability: float
    """How often chance has as good a cut."""


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


def divide(place: Space, seed: int = 0, number: int | None = None) -> Division:
    """Divide a collection into groups, if it has any.

    The tree of average linkage on locally scaled distances is cut where its silhouette exceeds most what is expected in
    collections of one Gaussian with the same mean and covariance: the idea of the gap statistic (Tibshirani et al.
    2001). If that excess is no larger than chance has it, or if a leap is CLEAR, the tree is cut at its largest leap,
    should that be larger than chance has it. Otherwise there are no groups. A curve without gaps, such as a growth
    series, is no Gaussian either, so a collection that unrolls to one axis must also have gaps.

    Parameters
    ----------
    place : Space
        Of at least one specimen.
    seed : int
    number : int or None
        Number of groups, at most that of different specimens. None takes the best cut.
    """
    points = place.points()
    count = len(points)
    if number is not None:
        branches = tree.grow(space.scaled(points))
        groups = _cut(branches, number)
        return Division(branches, groups, groups, groups, ASKED, float("nan"), gaps(_steps(points), groups), None)
    one = np.zeros(count, int)
    if count < LEAST:
        return Division(tree.grow(space.scaled(points)), one, one, one, FEW, 1.0, [], None)
    chance = expect(place, seed)
    best = _best_cut(place, chance)
    if best.probability > LEVEL:
        return Division(best.tree, one, one, one, NOT_BETTER, best.probability, [], chance)
    groups, steps = tree.cut(best.tree, best.number), _steps(points)
    between = gaps(steps, groups)
    if _first_axis(steps) >= CURVED and np.median(between) < GAP:
        return Division(best.tree, one, one, one, SERIES, best.probability, [], chance)
    coarse, fine = (tree.cut(best.tree, level) for level in _levels(best.excess, best.number))
    return Division(best.tree, groups, coarse, fine, GROUPS, best.probability, between, chance)


def again(place: Space, whole: Division, number: int | None = None) -> np.ndarray:
    """The groups of a part of a collection that was divided before, int [N], found in the same way.

    Chance is not asked again, because a fifth less specimens hardly change its answer.
    """
    count = len(place.plain)
    if number is not None and number > 1:
        return _cut(tree.grow(space.scaled(place.points())), number)
    if number == 1 or whole.chance is None or count < LEAST:
        return np.zeros(count, int)
    best = _best_cut(place, whole.chance)
    if whole.verdict != SERIES and best.probability <= LEVEL:
        return tree.cut(best.tree, best.number)
    return np.zeros(count, int)


def expect(place: Space, seed: int = 0) -> Chance:
    """The silhouettes of cuts, and the leaps, in collections of one Gaussian with the mean and covariance of this one.

    The mean is 0 for a whole collection, but not for a part of it, whose specimens all lie in similar directions.
    """
    count = len(place.plain)
    most = most_tried(count)
    center = place.plain.mean(axis=0)
    _, lengths, axes = np.linalg.svd(place.plain - center, full_matrices=False)
    spread = lengths[:, None] * axes / np.sqrt(count - 1)
    rng = np.random.default_rng(seed)
    drawn, leaps = [], []
    for _ in range(DRAWS):
        normal = center + rng.normal(size=(count, len(spread))) @ spread
        distances = space.scaled(space.directions(normal, place.whitener))
        drawn.append(tree.silhouettes(distances, tree.grow(distances), most))
        leaps.append(_leap(pdist(normal)).ratio)
    silhouettes = np.array(drawn)
    others = (silhouettes.sum(axis=0) - silhouettes) / (DRAWS - 1)
    return Chance(silhouettes.mean(axis=0), (silhouettes - others).max(axis=1), np.array(leaps))


def most_tried(count: int) -> int:
    """The largest number of groups that a collection of this size is cut into."""
    return min(count - 1, max(MOST, count // 5))


def gaps(steps: np.ndarray, groups: np.ndarray) -> list[float]:
    """How far groups are apart, for every group of at least two.

    The logarithm of the distance to the nearest outsider over the longest step of the spanning tree inside.

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
            found.append(float(np.log(max(nearest, space.SMALLEST) / max(within.max(), space.SMALLEST))))
    return found


def _cut(branches: Tree, number: int) -> np.ndarray:
    """The groups of a cut into a number of groups, or into as many as there are different specimens: int [N]."""
    return tree.cut(branches, min(number, 1 + int((branches[:, 2] > SAME).sum())))


def _steps(points: np.ndarray) -> np.ndarray:
    """Distances of points, float64 [N, N]."""
    steps: np.ndarray = np.sqrt(np.maximum(2 - 2 * points @ points.T, 0))
    return steps


def _best_cut(place: Space, chance: Chance) -> Cut:
    """The cut whose silhouette exceeds chance most, or that at the largest leap; see divide()."""
    points = place.points()
    distances = space.scaled(points)
    branches = tree.grow(distances)
    most = min(len(chance.expected) + 1, len(points) - 1)
    excess = tree.silhouettes(distances, branches, most) - chance.expected[: most - 1]
    by_silhouette = _exceeding(chance.best, excess.max())
    plainly = pdist(place.plain)
    leap = _leap(plainly)
    by_leap = _exceeding(chance.leaps, leap.ratio)
    if by_leap <= LEVEL and (by_silhouette > LEVEL or leap.ratio >= CLEAR):
        return Cut(tree.grow(squareform(plainly / plainly.max())), excess, leap.groups, by_leap)
    return Cut(branches, excess, int(excess.argmax()) + 2, by_silhouette)


def _exceeding(drawn: np.ndarray, found: float) -> float:
    """How often chance has at least this, at most 1. It is doubled, because two things are compared with chance."""
    return min(1.0, float(2 * (1 + (drawn >= found).sum()) / (1 + len(drawn))))


def _leap(distances: np.ndarray) -> Leap:
    """The largest leap, from distances as pdist gives them."""
    branches = linkage(distances, "single")
    count = len(branches) + 1
    heights = np.maximum(branches[:, 2], space.SMALLEST)
    ratios = heights[1:] / heights[:-1]
    sizes = np.append(np.ones(count), branches[:, 3])
    members = sizes * (sizes >= LEAST)
    grown, joined = np.arange(count, 2 * count - 1), branches[:, :2].astype(int)
    held = np.cumsum(members[grown] - members[joined].sum(axis=1))
    number = np.cumsum((members[grown] > 0) * 1 - (members[joined] > 0).sum(axis=1))
    ratios[(number[:-1] < 2) | (held[:-1] < JOINED * count)] = 1
    step = int(ratios.argmax())
    return Leap(float(ratios[step]), count - 1 - step)


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
