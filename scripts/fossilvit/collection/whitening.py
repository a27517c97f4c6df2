"""The scatter of views within specimens -> a metric for the collection.

In: the features of every specimen, float32 [V, D], and the embeddings of the collection, float32 [N, D]. Out:
embeddings of length 1, float32 [N, K]. No labels are used.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from fossilvit.errors import UserError
from fossilvit.numbers.vectors import unit

METHODS = ("none", "views")
COMPONENTS = 256
"""Largest number of principal components kept. Keeping all of them finds no more neighbors; 64 find fewer."""
POWER = 0.5
"""Exponent of the covariance we divide by; 0.5 whitens fully. In large collections 0.25, 0.75 and 1 gain less."""
SHRINKAGE = 0.1
"""Share of a multiple of the identity in that covariance, so that a direction does not count for much only because,
in a small collection, the views hardly vary along it. Values from 0.02 to 0.2 make little difference."""
ROUNDING = 1e-6
"""Largest length that float32 leaves of a zero difference between vectors of length 1."""
MOST_ROWS = 2
"""Largest number of rows per dimension that a scatter may grow to before it is reduced, which bounds memory."""
SKETCH = 64
"""Number of directions that the sketch of a scatter keeps."""


def scatter(features: Iterable[np.ndarray], dimension: int) -> np.ndarray:
    """The scatter of views about the mean of their specimen, summed over specimens.

    Views are scaled to length 1, as for the embedding.

    Parameters
    ----------
    features : iterable of float32 [V, D], one per specimen
        A specimen with fewer than two views adds nothing.
    dimension : int
        D of the embeddings.

    Returns
    -------
    float32 [R, D], R at most the number of views and MOST_ROWS * D: a square root S of the sum of the covariances,
    which is S.T @ S, [D, D]

    Raises
    ------
    UserError
        D of the features is not that of the embeddings, which have other settings or were pooled by `concat`.
    """
    rows = [np.zeros((0, dimension))]
    for views in features:
        if len(views) < 2:
            continue
        if views.shape[1] != dimension:
            raise UserError(
                f"Views of dimension {views.shape[1]} cannot whiten embeddings of dimension {dimension}: the "
                "embeddings were made with pool concat or with other settings; set pool to mean and run again, or set "
                "whiten to none."
            )
        rows.append(_deviations(views))
        if sum(map(len, rows)) > MOST_ROWS * dimension:
            rows = [np.linalg.qr(np.concatenate(rows), mode="r")]  # type: ignore[list-item]  # typed for other modes
    return np.concatenate(rows).astype(np.float32)


def sketch(root: np.ndarray, most: int = SKETCH) -> np.ndarray:
    """The strongest directions of a scatter: its largest singular values, each times its right singular vector.

    They come from the eigenvectors of the smaller of the two products of the root with itself.

    Parameters
    ----------
    root : float [R, D]
        What scatter() returns.
    most : int
        Number of directions.

    Returns
    -------
    float32 [min(R, D, most), D], the strongest first; the largest entry of each is positive
    """
    root = np.asarray(root, np.float64)
    rows, dimension = root.shape
    if rows <= dimension:
        _, vectors = np.linalg.eigh(root @ root.T)
        strongest = vectors[:, ::-1][:, :most].T @ root
    else:
        squares, vectors = np.linalg.eigh(root.T @ root)
        strongest = (np.sqrt(np.maximum(squares, 0)) * vectors)[:, ::-1][:, :most].T
    return _turned(strongest).astype(np.float32)


def whiten(embeddings: np.ndarray, scatters: Iterable[np.ndarray], method: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Transform the collection to a metric learned from its own views.

    `views` projects the embeddings onto their principal components (whitening after PCA as in Jégou and Chum 2012) and
    divides them by the covariance of views within specimens to the power POWER. Where the views of one specimen differ
    much along a direction, a difference between specimens along it means little. This is the within-class covariance
    normalization of Hatch et al. 2006, with the views of a specimen as the class. `none` changes nothing.

    Parameters
    ----------
    embeddings : float32 [N, D], pooled by `mean`
    scatters : iterable of float32 [R, D]
        What scatter() returns for every part of the collection; `none` does not read it.
    method : one of METHODS

    Returns
    -------
    embeddings : float32 [N, K] of length 1, K at most COMPONENTS, N - 1 and D; unchanged if no two specimens differ
    record : dict
        What was done: `whiten`, and for `views` also `components`, `power` and `shrinkage`.

    Raises
    ------
    UserError
        No specimen has two views.
    """
    axes = _principal_axes(embeddings) if method == "views" else embeddings[:0]
    if not len(axes):
        return embeddings, {"whiten": "none"}
    points = embeddings.astype(np.float64) @ axes.T
    points = (points - points.mean(axis=0)) @ inverse_power(within(scatters, axes) / len(points))
    record = {"whiten": "views", "components": len(axes), "power": POWER, "shrinkage": SHRINKAGE}
    return unit(points).astype(np.float32), record


def _deviations(views: np.ndarray) -> np.ndarray:
    """Views of length 1 minus their mean, divided by the root of their number: a square root of their covariance."""
    vectors = unit(views.astype(np.float64))
    deviations: np.ndarray = (vectors - vectors.mean(axis=0)) / np.sqrt(len(vectors))
    return deviations


def _principal_axes(embeddings: np.ndarray) -> np.ndarray:
    """Directions along which specimens differ, most first, float64 [K, D]; the largest entry of each is positive."""
    if len(embeddings) < 2:
        return embeddings[:0]
    centered = embeddings - embeddings.mean(axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    differing = lengths > ROUNDING * np.sqrt(len(embeddings))
    return _turned(axes[differing][:COMPONENTS])


def _turned(rows: np.ndarray) -> np.ndarray:
    """Rows, [K, D], each with the sign that makes its largest entry positive."""
    if not rows.size:
        return rows
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1, keepdims=True), axis=1)
    turned: np.ndarray = rows * np.sign(largest)
    return turned


def within(scatters: Iterable[np.ndarray], axes: np.ndarray) -> np.ndarray:
    """The scatter of views within specimens along some axes, float64 [K, K]."""
    rows, products = 0, np.zeros((len(axes), len(axes)))
    for root in scatters:
        along = root @ axes.T
        rows, products = rows + len(root), products + along.T @ along
    if not rows:
        raise UserError("No specimen has two views, which whitening needs; render more views, or set whiten to none.")
    return products


def inverse_power(covariance: np.ndarray) -> np.ndarray:
    """A covariance, shrunk, to the power -POWER. If nothing scatters, all directions count the same."""
    identity = np.eye(len(covariance))
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / len(covariance) * identity
    values, vectors = np.linalg.eigh(shrunk + ROUNDING**2 * identity)
    power: np.ndarray = vectors * values**-POWER @ vectors.T
    return power
