"""The scores of a collection at one level of categories -> rows of its tables.

In: the scores of every query, and the category and cluster of every specimen. Out: rows of EVALUATION_COLUMNS and of
CATEGORIES_COLUMNS.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fossilvit.answers import agreement, evaluation, intervals
from fossilvit.answers.belonging import NOISE
from fossilvit.answers.intervals import Estimates

RETRIEVAL = (*evaluation.SCORES[:-1], "mean_average_precision")
NOISE_SHARE = "noise_share"


class Chance(NamedTuple):
    """What chance gives for M scores; NaN for a score that has no chance."""

    overall: np.ndarray
    """Over all specimens, float64 [M]."""
    macro: np.ndarray
    """The mean over categories, float64 [M]."""
    categories: np.ndarray
    """In every category, float64 [K, M]."""


class Scores(NamedTuple):
    """M scores of specimens in K categories."""

    metrics: tuple[str, ...]
    categories: list[str]
    objects: np.ndarray
    """Number of specimens in every category, int [K]."""
    estimates: Estimates
    chance: Chance


def of_neighbors(queries: Sequence[Mapping[str, Any]], seed: int) -> Scores:
    """The scores of the neighbors of all queries.

    Parameters
    ----------
    queries : list of dict of column to value
        Rows of RETRIEVAL_COLUMNS at one level.
    seed : int
    """
    scores = np.array([[query[score] for score in evaluation.SCORES] for query in queries]).reshape(-1, len(RETRIEVAL))
    relevant, gallery = (np.array([query[count] for query in queries], int) for count in ("relevant", "gallery"))
    names, labels = _numbered([query["category"] for query in queries])
    chance = _chance(evaluation.chance(relevant, gallery), labels)
    return Scores(RETRIEVAL, names, np.bincount(labels), intervals.of_means(scores, labels, seed), chance)


def of_clusters(categories: Sequence[str], clusters: Sequence[int], seed: int) -> Scores:
    """The agreement of clusters with categories, and the share of noise.

    Parameters
    ----------
    categories : sequence of str, [N]
    clusters : sequence of int, [N]
    seed : int
    """
    names, labels = _numbered(categories)
    found = np.array(clusters, int)
    agreements = intervals.of_ratios(*agreement.parts(labels, found), labels, seed)
    agreements.overall[:, 0] = agreement.scores(labels, found)
    noise = intervals.of_means((found == NOISE)[:, None].astype(float), labels, seed)
    estimates = Estimates(*(np.concatenate(both, axis=-2) for both in zip(agreements, noise, strict=True)))
    chance = _chance(np.tile([0, 0, np.nan], (len(found), 1)), labels)
    return Scores((*agreement.METRICS, NOISE_SHARE), names, np.bincount(labels), estimates, chance)


def evaluation_rows(scores: Scores, level: str) -> Iterator[tuple[Any, ...]]:
    """Yield one row of EVALUATION_COLUMNS per metric. A cell is empty where there is no number."""
    found, chance = scores.estimates, scores.chance
    for number, metric in enumerate(scores.metrics):
        overall = (*found.overall[number], chance.overall[number])
        yield metric, *_cells(*overall, *found.macro[number], chance.macro[number]), level


def categories_rows(scores: Scores, level: str) -> Iterator[tuple[Any, ...]]:
    """Yield one row of CATEGORIES_COLUMNS per category and metric. Categories that have no score are left out."""
    for place, (category, objects) in enumerate(zip(scores.categories, scores.objects.tolist(), strict=True)):
        for number, metric in enumerate(scores.metrics):
            estimate = scores.estimates.categories[place, number]
            if not np.isnan(estimate[0]):
                yield level, category, objects, metric, *_cells(*estimate, scores.chance.categories[place, number])


def _numbered(categories: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The names of categories in order, and the number of every specimen's, int [N]."""
    names = sorted(set(categories))
    number = {category: label for label, category in enumerate(names)}
    return names, np.array([number[category] for category in categories], int)


def _chance(scores: np.ndarray, labels: np.ndarray) -> Chance:
    """The means of scores by chance, float64 [N, M], over all specimens and over categories, int [N]."""
    if not len(scores):
        nothing = np.full(scores.shape[1], np.nan)
        return Chance(nothing, nothing, scores)
    categories = np.stack([np.bincount(labels, column) for column in scores.T], axis=1) / np.bincount(labels)[:, None]
    return Chance(scores.mean(axis=0), categories.mean(axis=0), categories)


def _cells(*numbers: float) -> Iterator[float | str]:
    """Numbers of six decimals; an empty text for NaN."""
    return ("" if np.isnan(number) else round(float(number), 6) + 0.0 for number in numbers)
