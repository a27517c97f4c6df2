"""A former map and new specimens -> a map on which the former specimens stay about where they were.

In: the former spot of every place, float64 [N, 3]: x, y and trust, or NaN. Out: places, float64 [N, 2].
"""

from typing import NamedTuple

import numpy as np

from fossilvit.answers import projection, trust
from fossilvit.answers.projection import Surroundings

LOST = 0.5
"""A specimen counts as new if its trust on the former map falls by more than this, because its embedding changed."""
BESIDE = 5
"""Number of known neighbors that a new specimen starts between."""
ITERATIONS = 20
"""Iterations of t-SNE that make room for new specimens."""


class Spot(NamedTuple):
    """Where a specimen lies on a map, and how far to believe it."""

    x: float
    y: float
    trust: float


def known(nearest: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Which specimens were on the former map, near those that are their neighbors now, bool [N].

    Parameters
    ----------
    nearest : int [N, K]
        The rows of the nearest neighbors, nearest first.
    spots : float64 [N, 3]
    """
    there: np.ndarray = ~np.isnan(spots[:, 0])
    rows = np.flatnonzero(there)
    count = trust.looked_at(len(rows))
    if not count:
        return there
    others = nearest[rows]
    missing = ~there[others]
    order = np.argsort(missing, axis=1, kind="stable")
    among = np.take_along_axis(np.cumsum(there)[others] - 1, order, axis=1)
    unclear = missing.sum(axis=1) > missing.shape[1] - count  # too few known neighbors are left to compare
    there[rows] = unclear | (trust.shares(spots[rows, :2], among) >= spots[rows, 2] - LOST)
    return there


def is_possible(known: np.ndarray, spots: np.ndarray) -> bool:
    """Return whether the former map says enough: at least half of all specimens lie on it, and not on one place."""
    return 2 * known.sum() >= len(known) and bool(np.ptp(spots[known, :2], axis=0).any())


def places(around: Surroundings, scratch: np.ndarray, known: np.ndarray, spots: np.ndarray, threads: int) -> np.ndarray:
    """The former map with the new specimens in it.

    Among principal components, the others stay exactly where they were. In t-SNE, new specimens start between their
    nearest neighbors, and a few iterations make room for them.

    Parameters
    ----------
    around : Surroundings
    scratch : float64 [N, 2]
        The map from scratch, in the size in which projection.fresh() gives it.
    known : bool [N]
    spots : float64 [N, 3]
    threads : int
    """
    found = _fitted(scratch, known, spots)
    found[known] = spots[known, :2]
    if known.all() or projection.is_linear(len(known)):
        return found
    start = found.copy()
    for row in np.flatnonzero(~known):
        beside = around.nearest[row][known[around.nearest[row]]][:BESIDE]
        if len(beside):
            start[row] = found[beside].mean(axis=0)
    size = _steps(scratch, around.nearest, known) / _steps(found, around.nearest, known)
    return _fitted(projection.settled(size * start, around, ITERATIONS, threads), known, spots)


def turned(places: np.ndarray, known: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """A map turned or mirrored as a whole, so that known specimens come near their former places."""
    turned: np.ndarray = places @ _turn(places[known], spots[known, :2])
    return turned


def _fitted(places: np.ndarray, known: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """A map turned, mirrored, scaled and shifted as a whole, so that known specimens come near their former places."""
    former = spots[known, :2]
    turned = places @ _turn(places[known], former)
    middle, target = turned[known].mean(axis=0), former.mean(axis=0)
    centered = turned[known] - middle
    scale = (centered * (former - target)).sum() / ((centered**2).sum() or 1)
    fitted: np.ndarray = (turned - middle) * scale + target
    return fitted


def _turn(places: np.ndarray, former: np.ndarray) -> np.ndarray:
    """The rotation or reflection, float64 [2, 2], that brings places nearest to former ones (Schönemann 1966)."""
    if not len(places):
        return np.eye(2)
    left, _, right = np.linalg.svd((places - places.mean(axis=0)).T @ (former - former.mean(axis=0)))
    turn: np.ndarray = left @ right
    return turn


def _steps(places: np.ndarray, nearest: np.ndarray, known: np.ndarray) -> float:
    """The median distance on a map from known specimens to those of their nearest neighbors that are known."""
    others = nearest[known][:, : trust.NEIGHBORS]
    steps = np.linalg.norm(places[others] - places[known][:, None], axis=2)[known[others]]
    return (float(np.median(steps)) if steps.size else 0.0) or 1.0
