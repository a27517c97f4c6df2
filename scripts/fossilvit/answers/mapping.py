"""Embeddings -> a map on which similar specimens lie near each other, and how far to believe the place of each.

In: embeddings, float32 [N, D], the row that each is a copy of, and the former map, if there is one. Out: places,
float64 [N, 2], from -1 to 1, and the trust in each, float64 [N]; see trust.shares(). Only neighborhood means something
on the map: axes, directions and large distances do not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fossilvit.answers import following, neighbors, projection, trust
from fossilvit.answers.following import Spot
from fossilvit.answers.projection import Surroundings
from fossilvit.numbers.vectors import unit

DECIMALS = 4
"""Decimals of places and of trust."""
SAME = 6
"""Decimals to which the vectors of specimens on one place are equal."""
LOSS = 0.1
"""The former map is followed if its mean trust is less than this below that of a map from scratch."""
FILLED = 0.8
"""The frame of the former map is kept while the map fills at least this share of it."""


class Map(NamedTuple):
    """Where all specimens lie."""

    places: np.ndarray
    """float64 [N, 2]"""
    trust: np.ndarray
    """float64 [N]"""
    neighbors: int
    """The number of nearest neighbors that trust looks at."""
    follows: bool
    """Whether specimens of a former map stayed about where they were."""


def place(
    identities: Sequence[str],
    embeddings: np.ndarray,
    metric: str = "cosine",
    originals: np.ndarray | None = None,
    former: Mapping[str, Spot] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Map:
    """Place every specimen.

    Copies, and specimens with equal embeddings, lie on one place and take part as one. If there is a former map, its
    specimens stay about where they were, unless a map from scratch would be clearly truer. The former map itself is the
    result if nothing changed.

    Parameters
    ----------
    identities : sequence of str, [N]
    embeddings : float32 [N, D]
    metric : one of neighbors.METRICS
    originals : int [N] or None
        The row of the specimen that each is a copy of, or its own; see duplicates.originals().
    former : dict of ID to Spot, or None
    seed : int
    threads : int
        Any number gives the same places.
    """
    from threadpoolctl import threadpool_limits

    if not identities:
        return Map(np.zeros((0, 2)), np.zeros(0), 0, False)
    with threadpool_limits(1, "blas"):  # the order of sums, and so their last digits, depends on the number of threads
        vectors = embeddings.astype(np.float64)
        if metric == "cosine":
            vectors = unit(vectors)
        rows, place_of = _different(vectors, originals)
        around = _surroundings(embeddings[rows], vectors[rows], metric)
        spots = _former_spots(identities, place_of, len(rows), former or {})
        places, follows = _places(around, spots, seed, threads)
    shares = np.round(trust.shares(places, around.nearest), DECIMALS)
    return Map(places[place_of], shares[place_of], trust.looked_at(len(rows)), follows)


def _different(vectors: np.ndarray, originals: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The rows of specimens that have a place of their own, int [M], and the place of every specimen, int [N]."""
    rows = np.arange(len(vectors)) if originals is None else originals
    standing, member_of = np.unique(rows, return_inverse=True)
    rounded = np.round(vectors[standing], SAME) + 0.0  # -0 becomes 0
    seen: dict[bytes, int] = {}
    first = np.array([seen.setdefault(one.tobytes(), number) for number, one in enumerate(rounded)], int)
    kept, place_of = np.unique(first, return_inverse=True)
    return standing[kept], place_of[member_of]


def _surroundings(embeddings: np.ndarray, vectors: np.ndarray, metric: str) -> Surroundings:
    """What is near to what among specimens that are different."""
    count = len(vectors)
    number = max(projection.neighbors_needed(count), trust.looked_at(count))
    nearest, distances = np.zeros((count, number), int), np.zeros((count, number))
    for row, others, found in neighbors.ranked(embeddings, metric, topk=number):
        nearest[row], distances[row] = others, np.sqrt(2 * found) if metric == "cosine" else found
    return Surroundings(vectors, nearest, distances)


def _former_spots(
    identities: Sequence[str], place_of: np.ndarray, count: int, former: Mapping[str, Spot]
) -> np.ndarray:
    """x, y and trust of every place on the former map, float64 [M, 3]; NaN for a place without a former specimen."""
    spots = np.full((count, 3), np.nan)
    for identity, number in zip(reversed(identities), place_of[::-1], strict=True):  # so the first on a place counts
        if identity in former:
            spots[number] = former[identity]
    return spots


def _places(around: Surroundings, spots: np.ndarray, seed: int, threads: int) -> tuple[np.ndarray, bool]:
    """The places, float64 [M, 2], and whether they follow the former map."""
    scratch = projection.fresh(around, seed, threads)
    known = following.known(around.nearest, spots)
    turned = _framed(following.turned(scratch, known, spots))
    if not following.is_possible(known, spots):
        return turned, False
    followed = _in_frame(following.places(around, scratch, known, spots, threads))
    loss = trust.shares(turned, around.nearest).mean() - trust.shares(followed, around.nearest).mean()
    return (followed, True) if loss < LOSS else (turned, False)


def _in_frame(places: np.ndarray) -> np.ndarray:
    """Places as they are, if the former frame suits them; else framed."""
    suits = np.abs(places).max() <= 1 and np.ptp(places, axis=0).max() >= 2 * FILLED
    return _rounded(places) if suits else _framed(places)


def _framed(places: np.ndarray) -> np.ndarray:
    """Places about the middle 0, whose longer side is 2."""
    low, high = places.min(axis=0), places.max(axis=0)
    half = (high - low).max() / 2
    return _rounded((places - (low + high) / 2) / (half or 1))


def _rounded(places: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.round(places, DECIMALS) + 0.0  # -0 becomes 0
    return rounded
