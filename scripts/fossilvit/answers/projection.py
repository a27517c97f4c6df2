"""The vectors of specimens and their nearest neighbors -> places in the plane, float64 [N, 2], of any size.

Principal components for few specimens, t-SNE (van der Maaten and Hinton 2008) for the others. Nothing is drawn at
random but the vectors by which the principal components of large collections are found, so a seed gives the same places
with any number of threads. docs/decisions/16-map.md has the measurements.
"""

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from openTSNE import TSNEEmbedding

FEWEST = 30
"""Fewest specimens for t-SNE; below, there are hardly any neighbors to keep together."""
PERPLEXITY = 30
"""About the number of neighbors that t-SNE keeps together; at most a third of the other specimens."""
EARLY, LATE = 250, 500
"""Iterations of t-SNE with exaggerated attraction, and without."""
EXAGGERATION = 12
"""Factor of the attraction during the early iterations."""
SPREAD = 1e-4
"""Standard deviation of the first places, along their longer axis."""
SEVERAL = 5_000
"""Fewest specimens for which several threads are faster than one."""
DIGITS = 9
"""Decimals of the first places, in standard deviations: what lies below is rounding, and would be amplified."""


class Surroundings(NamedTuple):
    """What is near to what among N specimens."""

    vectors: np.ndarray
    """float64 [N, D]"""
    nearest: np.ndarray
    """int [N, K], the rows of the nearest neighbors, nearest first; K is at least neighbors_needed(N)"""
    distances: np.ndarray
    """float64 [N, K], the lengths of the differences of vectors"""


def is_linear(count: int) -> bool:
    """Return whether the places of `count` specimens are principal components."""
    return count < FEWEST


def neighbors_needed(count: int) -> int:
    """The number of nearest neighbors of each specimen that t-SNE of `count` specimens needs."""
    return int(3 * _perplexity(count))


def fresh(around: Surroundings, seed: int, threads: int) -> np.ndarray:
    """The places of specimens without a former map, float64 [N, 2]."""
    places = components(around.vectors, seed)
    if is_linear(len(places)):
        return places
    found = tsne(SPREAD * places, around, threads)
    found.optimize(EARLY, exaggeration=EXAGGERATION, momentum=0.5, inplace=True)
    found.optimize(LATE, momentum=0.8, inplace=True)
    return np.array(found)


def settled(places: np.ndarray, around: Surroundings, iterations: int, threads: int) -> np.ndarray:
    """Places, float64 [N, 2], of the size that fresh() gives, after some more iterations of t-SNE."""
    found = tsne(places, around, threads)
    found.optimize(iterations, momentum=0.8, inplace=True)
    return np.array(found)


def components(vectors: np.ndarray, seed: int) -> np.ndarray:
    """The first two principal components, float64 [N, 2]; the first has a standard deviation of 1, or is 0."""
    from sklearn.decomposition import PCA

    kept = min(2, len(vectors) - 1, vectors.shape[1])
    places = np.zeros((len(vectors), 2))
    if kept > 0:
        places[:, :kept] = PCA(kept, random_state=seed).fit_transform(vectors)
    return np.round(places / (places[:, 0].std() or 1), DIGITS)


def _perplexity(count: int) -> float:
    return max(min(PERPLEXITY, (count - 1) / 3), 0)


def tsne(places: np.ndarray, around: Surroundings, threads: int) -> "TSNEEmbedding":
    """A map to optimize. From 10,000 specimens on, forces are interpolated (Linderman et al. 2019)."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    logging.getLogger("openTSNE").setLevel(logging.WARNING)
    jobs = threads if len(places) >= SEVERAL else 1
    needed = neighbors_needed(len(places))
    index = PrecomputedNeighbors(around.nearest[:, :needed], around.distances[:, :needed])
    attraction: Any = PerplexityBasedNN(knn_index=index, perplexity=_perplexity(len(places)), n_jobs=jobs)
    return TSNEEmbedding(places, attraction, negative_gradient_method="auto", n_jobs=jobs)
