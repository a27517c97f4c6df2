"""Embeddings -> who is nearest to whom, exactly.

In: embeddings, float32 [N, D]. Out: order and distances of all others for every query.
"""

import numpy as np

from fossilvit.numbers.vectors import unit

METRICS = ("cosine", "euclidean")
BLOCK = 512
"""Queries compared at once: bounds memory at BLOCK x N distances."""
ROUNDING = 1e-14
"""The share of two squared lengths below which their squared distance is what rounding left of 0."""
DECIMALS = 6
"""Distances are rounded to this, so that equal ones are equal however they were summed."""
LARGEST_KEY = 2**62
"""Of distance and row together, as a whole number to sort by."""


def ranked(embeddings, metric, queries=None, topk=None):
    """All others in order of distance, for one query after another.

    Parameters
    ----------
    embeddings : float32 [N, D], rows in order of their IDs, which breaks ties
    metric : one of METRICS
        Cosine distance is 1 - cosine similarity.
    queries : sequence of row numbers; None takes all
    topk : int or None
        How many neighbors; None, or more than there are, gives all N - 1.

    Yields
    ------
    query : int, its row
    neighbors : int [K], rows of the others, nearest first; the query itself is left out by its row
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
            steps[query] = -1  # the first of all, and left out
            nearest = _smallest(steps, count + 1)[1:]
            yield int(query), nearest, steps[nearest] / 10**DECIMALS


def _euclidean(sums, products):
    """Distances of vectors by the sums of their squared lengths and their products."""
    squared = sums - 2 * products
    return np.sqrt(np.where(squared > ROUNDING * sums, squared, 0))


def _smallest(steps, count):
    """The rows of the smallest numbers of steps, in their order; of equal ones the first comes first.

    Steps and row are sorted as one whole number, which is several times as fast as a stable sort of the steps.
    """
    if steps.max() * len(steps) > LARGEST_KEY:
        return np.argsort(steps, kind="stable")[:count]
    keys = steps.astype(np.int64) * len(steps) + np.arange(len(steps))
    keys = np.partition(keys, count - 1)[:count]
    keys.sort()
    return keys % len(steps)
