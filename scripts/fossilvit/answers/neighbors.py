"""Embeddings -> the exact nearest neighbors of specimens.

In: embeddings, float32 [N, D]. Out: for every query its neighbors, nearest first, and their distances.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from fossilvit.numbers.vectors import unit

METRICS = ("cosine", "euclidean")
BLOCK = 512
"""Number of queries compared at once, which bounds memory at BLOCK x N distances."""
ROUNDING = 1e-14
"""A squared distance below this share of the sum of the squared lengths is a rounding error of 0."""
DECIMALS = 6
"""Distances are rounded to this number of decimals, so that the order of summing does not separate equal ones."""
LARGEST_KEY = 2**62
"""Largest integer that distance and row are combined into for sorting."""

Ranking = tuple[int, np.ndarray, np.ndarray]
"""The row of a query, the rows of its neighbors, and their distances; see ranked()."""


def ranked(
    embeddings: np.ndarray, metric: str, queries: Sequence[int] | np.ndarray | None = None, topk: int | None = None
) -> Iterator[Ranking]:
    """Rank the neighbors of one query after another by their distance.

    Parameters
    ----------
    embeddings : float32 [N, D], rows in order of ID; among equal distances the first ID comes first
    metric : one of METRICS
        Cosine distance is 1 - cosine similarity.
    queries : sequence of row numbers; None takes all
    topk : int or None
        Number of neighbors. None, or a number above N - 1, gives all N - 1.

    Yields
    ------
    query : int, the row of the query
    neighbors : int [K], the rows of the neighbors, nearest first; only the row of the query itself is left out
    distances : float64 [K]
    """
    vectors = embeddings.astype(np.float64)
    if metric == "cosine":
        vectors = unit(vectors)
    squares = np.einsum("nd,nd->n", vectors, vectors)
    rows = np.arange(len(vectors)) if queries is None else np.asarray(queries, int)
    others = len(vectors) - 1
    count = others if topk is None else min(topk, others)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        for query, products in zip(block, vectors[block] @ vectors.T, strict=True):
            distances = 1 - products if metric == "cosine" else _euclidean(squares[query] + squares, products)
            steps = np.rint(np.maximum(distances, 0) * 10**DECIMALS)
            steps[query] = -1  # sorts the query before all others; the slice leaves it out
            nearest = _smallest(steps, count + 1)[1:]
            yield int(query), nearest, steps[nearest] / 10**DECIMALS


def _euclidean(sums: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Distances of vectors from the sums of their squared lengths and their dot products."""
    squared = sums - 2 * products
    return np.sqrt(np.where(squared > ROUNDING * sums, squared, 0))


def _smallest(steps: np.ndarray, count: int) -> np.ndarray:
    """The rows of the smallest distances, in order. Among equal distances the first row comes first.

    Distance and row are sorted as one integer, which is several times as fast as a stable sort of the distances.

    Parameters
    ----------
    steps : float64 [N], distances in steps of the last decimal
    count : int
    """
    if steps.max() * len(steps) > LARGEST_KEY:
        return np.argsort(steps, kind="stable")[:count]
    keys = steps.astype(np.int64) * len(steps) + np.arange(len(steps))
    keys = np.partition(keys, count - 1)[:count]
    keys.sort()
    return keys % len(steps)
