"""Groups -> how far to believe them.

In: the groups of specimens, int [N], and how a part of them is divided. Out: the stability of every group,
and how often any two specimens are grouped together.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SAMPLES = 100
SHARE = 0.8
"""Share of the specimens in every sample, drawn without replacement."""
READINGS = ((0.85, "highly stable"), (0.75, "stable"), (0.6, "doubtful members"), (0.0, "do not trust"))
"""How Hennig 2007 and his package fpc read the stability of a group: from a number on, in words."""


class Stability(NamedTuple):
    """How often groups and pairs of specimens were found again."""

    of_groups: np.ndarray
    """float [G], the mean Jaccard similarity of a group to the most similar group of a sample; NaN if never drawn."""
    together: np.ndarray
    """float [N, N], the share of samples with both specimens in which they are in one group; NaN if there is none."""


def assess(
    groups: np.ndarray, divide: Callable[[np.ndarray], np.ndarray], seed: int, samples: int = SAMPLES
) -> Stability:
    """Divide parts of a collection again, and compare (Hennig 2007; Monti et al. 2003 for pairs).

    Parameters
    ----------
    groups : int [N], from 0
    divide : function of rows, int
        Divides the specimens of these rows, and returns the group of each, int.
    seed : int
    samples : int
        How many parts are drawn. Without any, nothing is known.
    """
    count, number = len(groups), int(groups.max()) + 1
    drawn = max(min(count, 2), round(SHARE * count))
    rng = np.random.default_rng(seed)
    likeness = np.full((samples, number), np.nan)
    both, together = (np.zeros((count, count), np.float32) for _ in range(2))
    for sample in range(samples):
        chosen = np.sort(rng.permutation(count)[:drawn])
        found = divide(chosen)
        likeness[sample] = _jaccard(groups[chosen], found, number)
        pairs = np.ix_(chosen, chosen)
        both[pairs] += 1
        together[pairs] += found[:, None] == found
    seen = ~np.isnan(likeness).all(axis=0)
    of_groups = np.full(number, np.nan)
    of_groups[seen] = np.nanmean(likeness[:, seen], axis=0)
    return Stability(of_groups, np.divide(together, both, out=np.full_like(both, np.nan), where=both > 0))


def reading(stability: float) -> str:
    """What a stability means, in words; empty where it is not known."""
    return next((words for least, words in READINGS if stability >= least), "")


def firmness(together: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How often each specimen is grouped with the members of every group, float [N, G]; NaN where no pair was drawn."""
    number = int(groups.max()) + 1
    others = together.copy()
    np.fill_diagonal(others, np.nan)
    member = groups[:, None] == np.arange(number)
    known = ~np.isnan(others)
    pairs = known.astype(np.float32) @ member
    sums = np.where(known, others, 0) @ member
    shares: np.ndarray = np.divide(sums, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    return shares


def _jaccard(groups: np.ndarray, found: np.ndarray, number: int) -> np.ndarray:
    """The Jaccard similarity of every group to the most similar one found, float [G]; NaN for one without members."""
    common = np.zeros((number, int(found.max()) + 1))
    np.add.at(common, (groups, found), 1)
    sizes = common.sum(axis=1)
    either = sizes[:, None] + common.sum(axis=0) - common
    return np.where(sizes > 0, (common / either).max(axis=1), np.nan)
