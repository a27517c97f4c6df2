"""Embeddings -> the space in which specimens are grouped.

In: embeddings, float32 [N, D], and the scatter of views within specimens, float32 [R, D]. Out: points of length 1,
float64 [N, K], and the locally scaled distances between points, float64 [N, N]. No embedding changes.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.collection import whitening
from fossilvit.numbers.vectors import unit

NEIGHBOR = 10
"""The neighbor whose distance is the local scale. From 7 to 15 the number makes little difference."""
SMALLEST = 1e-9
"""Least local scale, which is the rounding error of float32. It matters only where copies lie together."""


class Space(NamedTuple):
    """Where specimens lie when they are grouped."""

    plain: np.ndarray
    """float64 [N, L], L at most whitening.COMPONENTS: embeddings without their mean, along their principal axes."""
    whitener: np.ndarray | None
    """float64 [L, L], which divides by how views of one specimen scatter; None if that is not known."""

    def points(self) -> np.ndarray:
        """The point of every specimen; see directions()."""
        return directions(self.plain, self.whitener)


def span(embeddings: np.ndarray, scatter: np.ndarray | None = None, seed: int = 0) -> Space:
    """The space of a collection, learned from it without labels.

    Parameters
    ----------
    embeddings : float32 [N, D]
    scatter : float32 [R, D] or None
        Of the views of the same collection, see whitening.scatter. Without it, or without two views, nothing is
        whitened.
    seed : int
        For the principal components of large collections, which are found by random projection (Halko et al. 2011).
    """
    centered = _centered(embeddings, seed)
    if centered is None:
        return Space(np.ones((len(embeddings), 1)), None)
    along, axes = centered
    if scatter is None or not len(scatter):
        return Space(along, None)
    return Space(along, whitening.inverse_power(whitening.within([scatter], axes) / len(embeddings)))


def directions(plain: np.ndarray, whitener: np.ndarray | None) -> np.ndarray:
    """Points of length 1, in which two descriptions of length 1 stand side by side and count the same.

    One is the direction from the mean of the collection, the other the same whitened. The first is better for some
    collections, the second for most; the tables are in config/README.md.

    Parameters
    ----------
    plain : float64 [N, L]
    whitener : float64 [L, L] or None
        None leaves the second out.

    Returns
    -------
    float64 [N, 2 L] or [N, L]
    """
    sides = [unit(plain)] if whitener is None else [unit(plain), unit(plain @ whitener)]
    joint: np.ndarray = np.hstack(sides) / np.sqrt(len(sides))
    return joint


def scaled(points: np.ndarray) -> np.ndarray:
    """Cosine distances scaled by their surroundings (Zelnik-Manor and Perona 2004).

    1 - exp(-d_ij² / (s_i s_j)), where d is the cosine distance, and s_i that of specimen i to its NEIGHBOR. So a dense
    group and a loose one count as equally tight.

    Parameters
    ----------
    points : float64 [N, K], of length 1

    Returns
    -------
    float64 [N, N], from 0 to 1
    """
    distances = 1 - points @ points.T
    np.maximum(distances, 0, out=distances)
    np.fill_diagonal(distances, 0)
    nearest = min(NEIGHBOR, len(points) - 1)
    scales = np.maximum(np.partition(distances, nearest, axis=1)[:, nearest], SMALLEST)
    distances *= distances
    distances /= scales
    distances /= scales[:, None]
    return np.asarray(-np.expm1(-distances))


def are_alike(embeddings: np.ndarray) -> bool:
    """Return whether embeddings, float32 [N, D], differ in direction by no more than rounding."""
    return not _spread(unit(embeddings.astype(np.float64)))


def _spread(vectors: np.ndarray) -> float:
    """The largest distance of vectors of length 1, or 0, from their mean; 0 if it may be a rounding error."""
    if len(vectors) < 2:
        return 0.0
    spread = float(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).max())
    return spread if spread > whitening.ROUNDING * np.linalg.norm(vectors, axis=1).max() else 0.0


def _centered(embeddings: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Embeddings without their mean along their principal axes, [N, K], and the axes, [K, D]; None if all are alike."""
    from sklearn.decomposition import PCA

    vectors = unit(embeddings.astype(np.float64))
    spread = _spread(vectors)
    if not spread:
        return None
    found = PCA(min(whitening.COMPONENTS, len(vectors) - 1, vectors.shape[1]), random_state=seed).fit(vectors)
    kept = found.singular_values_ > whitening.ROUNDING * spread
    axes = found.components_[kept]
    return (vectors - found.mean_) @ axes.T, axes
