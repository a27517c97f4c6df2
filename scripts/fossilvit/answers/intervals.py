"""What objects add to scores -> scores with 95 % intervals: over all objects, in every category, and their mean.

In: numbers of every object, float64, and its category. Out: Estimates. An interval says how much a score would differ
with other categories and other objects of the same kind as queries. The collection that they are compared with, and its
clusters, stay as they are.

Categories are drawn with replacement, and then the objects of every drawn category with replacement (Davison and
Hinkley 1997, Bootstrap Methods and Their Application, section 3.8), 2,000 times. In a category, only its objects are
drawn. The 2.5th and 97.5th percentiles of the drawn scores are too close together where there are few categories or
objects. Therefore the percentiles are those that lie as far out as Student's t does: the expanded percentile interval
of Hesterberg 2015 (What Teachers Should Know About the Bootstrap, The American Statistician 69:371-386).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
TAIL = 0.025
"""Share of cases in which the true score may lie below an interval. As large a share may lie above it."""
BLOCK = 2**15
"""Approximate number of objects that are drawn at once, which bounds memory and fits caches."""
ROUNDING = 1e-9
"""A denominator or a width below this is 0, but for rounding errors."""


class Estimates(NamedTuple):
    """M scores, each as its value and the low and high end of its interval; NaN where there is none."""

    overall: np.ndarray
    """Over all objects, float64 [M, 3]."""
    macro: np.ndarray
    """The mean over categories, float64 [M, 3]. Categories without a score are left out."""
    categories: np.ndarray
    """In every category, float64 [K, M, 3]."""


def of_means(scores: np.ndarray, categories: np.ndarray, seed: int) -> Estimates:
    """Estimate means of scores from 0 to 1.

    Where all N scores are 1, every resample is the same. There the interval is the exact one for a share (Clopper and
    Pearson 1934), from 0.025^(1/N) to 1, and likewise where all are 0.

    Parameters
    ----------
    scores : float64 [N, M]
    categories : int [N], from 0 to K - 1, each at least once
    seed : int
    """
    parts = np.stack([scores, np.ones_like(scores)], axis=2)
    found = _estimated(parts, scores.shape[1], categories, seed)
    _fill(found.overall, np.array(len(scores)))
    _fill(found.macro, np.array(len(scores)))
    _fill(found.categories, np.bincount(categories)[:, None])
    return found


def of_ratios(overall: np.ndarray, within: np.ndarray, categories: np.ndarray, seed: int) -> Estimates:
    """Estimate ratios of sums over objects. Where every resample gives the same ratio, there is no interval.

    Resamples without a denominator are left out.

    Parameters
    ----------
    overall : float64 [N, M, 2]
        What every object adds to numerator and denominator of the scores over all objects.
    within : float64 [N, M, 2]
        The same for the scores in its category. A category has no score where the denominators are 0.
    categories : int [N], from 0 to K - 1, each at least once
    seed : int
    """
    return _estimated(np.concatenate([overall, within], axis=1), overall.shape[1], categories, seed)


def _estimated(parts: np.ndarray, scores: int, categories: np.ndarray, seed: int) -> Estimates:
    """Estimate ratios of sums.

    Parameters
    ----------
    parts : float64 [N, 2 M, 2], or [N, M, 2] if both are the same
        The first M are for the scores over all objects, the last M for those in categories.
    scores : int, M
    categories : int [N]
    seed : int
    """
    if not len(parts):
        nothing = np.full((scores, 3), np.nan)
        return Estimates(nothing, nothing.copy(), np.zeros((0, scores, 3)))
    sizes = np.bincount(categories)
    parts = parts[np.argsort(categories, kind="stable")]
    rng = np.random.default_rng(seed)
    draws = (rng.integers(len(sizes), size=(block, len(sizes))) for block in _blocks(len(parts)))
    pooled = np.concatenate([_pooled(_resampled(parts, sizes, drawn, rng), scores) for drawn in draws])
    within = parts[:, -scores:]
    values = _ratios(np.add.reduceat(within, np.cumsum(sizes) - sizes))
    alone = [
        _estimates(value, _drawn_alone(within, sizes, category, rng), np.full(scores, sizes[category]))
        for category, value in enumerate(values)
    ]
    overall = _ratios(parts[:, :scores].sum(axis=0))
    number, scored = np.full(scores, len(sizes)), np.count_nonzero(~np.isnan(values), axis=0)
    return Estimates(
        _estimates(overall, pooled[:, :scores], np.where(number > 1, number, len(parts))),
        _estimates(_mean(values), pooled[:, scores:], np.where(scored > 1, scored, len(parts))),
        np.array(alone),
    )


def expanded(units: np.ndarray) -> np.ndarray:
    """The share of resamples beyond each end of an interval: Hesterberg 2015, equation 8.

    Parameters
    ----------
    units : int [...], the number of categories or objects that are drawn

    Returns
    -------
    float64 [...], NaN for a single unit
    """
    from scipy.stats import norm, t

    units = np.where(units > 1, units, np.nan)
    tails: np.ndarray = norm.cdf(np.sqrt(units / (units - 1)) * t.ppf(TAIL, units - 1))
    return tails


def _blocks(objects: int) -> Iterator[int]:
    """The number of resamples that are drawn at once, until there are RESAMPLES. Each draws this number of objects."""
    size = max(1, BLOCK // objects)
    for start in range(0, RESAMPLES, size):
        yield min(size, RESAMPLES - start)


def _resampled(parts: np.ndarray, sizes: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the objects of categories, and sum what they add.

    Parameters
    ----------
    parts : float64 [N, M, 2], in order of category
    sizes : int [K], the number of objects in every category
    drawn : int [R, C], the categories in every resample

    Returns
    -------
    float64 [R, C, M, 2]
    """
    counts = sizes[drawn].ravel()
    starts = (np.cumsum(sizes) - sizes)[drawn].ravel()
    rows = np.repeat(starts, counts) + rng.integers(np.repeat(counts, counts))
    sums = np.add.reduceat(parts.take(rows, axis=0), np.cumsum(counts) - counts)
    return sums.reshape(*drawn.shape, *parts.shape[1:])


def _drawn_alone(within: np.ndarray, sizes: np.ndarray, category: int, rng: np.random.Generator) -> np.ndarray:
    """The scores in one category in every resample, float64 [R, M]."""
    blocks = _blocks(sizes[category])
    drawn = [_resampled(within, sizes, np.full((block, 1), category), rng) for block in blocks]
    return _ratios(np.concatenate(drawn)[:, 0])


def _pooled(sums: np.ndarray, scores: int) -> np.ndarray:
    """The scores over all objects, and then their means over categories, in every resample.

    Parameters
    ----------
    sums : float64 [R, C, 2 M or M, 2], of every drawn category
    scores : int, M

    Returns
    -------
    float64 [R, 2 M]
    """
    overall = _ratios(sums[:, :, :scores].sum(axis=1))
    return np.concatenate([overall, _mean(_ratios(sums[:, :, -scores:]).swapaxes(0, 1))], axis=1)


def _ratios(sums: np.ndarray) -> np.ndarray:
    """Numerators by denominators, float64 [..., 2] to [...]; NaN where there is no denominator."""
    denominators = np.where(sums[..., 1] > ROUNDING, sums[..., 1], np.nan)
    ratios: np.ndarray = sums[..., 0] / denominators
    return ratios


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the first axis of what is not NaN, float64 [C, ...] to [...]."""
    known = ~np.isnan(values)
    return _ratios(np.stack([np.where(known, values, 0).sum(axis=0), known.sum(axis=0)], axis=-1))


def _estimates(values: np.ndarray, drawn: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Values and the ends of their intervals, float64 [M, 3], from all resamples, float64 [R, M]."""
    ends = np.full((len(values), 2), np.nan)
    for end, column, tail in zip(ends, drawn.T, expanded(units), strict=True):
        known = column[~np.isnan(column)]
        if len(known) and not np.isnan(tail) and np.ptp(known) > ROUNDING:
            end[:] = np.quantile(known, (tail, 1 - tail))
    return np.column_stack([values, ends])


def _fill(estimates: np.ndarray, objects: np.ndarray) -> None:
    """Give means of 0 and 1 over a number of objects their exact intervals, float64 [..., 3] and int [...]."""
    bound = TAIL ** (1 / np.maximum(objects, 1))
    ones, zeros = estimates[..., 0] > 1 - ROUNDING, estimates[..., 0] < ROUNDING
    estimates[..., 1:] = np.where(ones[..., None], np.stack([bound, np.ones_like(bound)], -1), estimates[..., 1:])
    estimates[..., 1:] = np.where(zeros[..., None], np.stack([np.zeros_like(bound), 1 - bound], -1), estimates[..., 1:])
