"""How much the views of one specimen differ -> a metric for the collection.

In: the features of every specimen, float32 [V, D], and the embeddings of the collection, float32 [N, D]. Out:
embeddings of length 1, float32 [N, K]. No labels are used.
"""

import numpy as np

from fossilvit.errors import UserError
from fossilvit.numbers.vectors import unit

METHODS = ("none", "views")
COMPONENTS = 256
"""Principal components kept at most. All of them find no more neighbors, 64 find fewer."""
POWER = 0.5
"""Of the covariance that is divided by; .5 makes it the identity. In large collections .25 gains less, and .75 and 1
too."""
SHRINKAGE = 0.1
"""Of that covariance toward a multiple of the identity, so that no direction counts for much only because the few
specimens hardly vary along it. From .02 to .2 it matters little."""
ROUNDING = 1e-6
"""Lengths that float32 may leave of 0, between vectors of length 1."""
MOST_ROWS = 2
"""Rows for each dimension that a scatter may grow to before it is made smaller: bounds memory."""


def scatter(features, dimension) -> np.ndarray:
    """How much the views of each specimen scatter about their mean, summed over specimens.

    Views are scaled to length 1, as for the embedding.

    Parameters
    ----------
    features : iterable of float32 [V, D], one for each specimen
        One with fewer than two views adds nothing.
    dimension : int
        D of the embeddings.

    Returns
    -------
    float32 [R, D], R at most the number of views and MOST_ROWS * D: a square root, R.T @ R is the sum of the
    covariances, [D, D].

    Raises
    ------
    UserError
        Features of another D: they are of other settings, or the embeddings of `concat`.
    """
    rows = [np.zeros((0, dimension))]
    for views in features:
        if len(views) < 2:
            continue
        if views.shape[1] != dimension:
            raise UserError(
                f"Views of dimension {views.shape[1]} cannot whiten embeddings of dimension {dimension}: these come "
                "from pool concat or from other settings; pool by mean and run again, or take whiten none."
            )
        rows.append(_deviations(views))
        if sum(map(len, rows)) > MOST_ROWS * dimension:
            rows = [np.linalg.qr(np.concatenate(rows), mode="r")]
    return np.concatenate(rows).astype(np.float32)


def whiten(embeddings, scatters, method) -> tuple[np.ndarray, dict]:
    """Describe the collection in a metric learned from its own views.

    `views` takes the principal components of the embeddings (whitening after PCA as in Jégou and Chum 2012) and divides
    them by the covariance of views within specimens to the power POWER: along a direction in which the views of one and
    the same specimen differ much, a difference between specimens tells little. This is the within-class covariance
    normalization of Hatch et al. 2006 with a specimen's views as the class. `none` leaves the embeddings as they are.

    Parameters
    ----------
    embeddings : float32 [N, D], of `mean` pooling
    scatters : iterable of float32 [R, D]
        What `scatter` gives for every part of the collection; `none` does not read it.
    method : one of METHODS

    Returns
    -------
    embeddings : float32 [N, K] of length 1, K at most COMPONENTS, N - 1 and D; as they were where no two differ
    record : dict
        What was done: `whiten`, and of `views` the components, power and shrinkage.

    Raises
    ------
    UserError
        No specimen has two views.
    """
    axes = _principal_axes(embeddings) if method == "views" else ()
    if not len(axes):
        return embeddings, {"whiten": "none"}
    points = embeddings.astype(np.float64) @ axes.T
    points = (points - points.mean(axis=0)) @ _inverse_power(_within(scatters, axes) / len(points))
    record = {"whiten": "views", "components": len(axes), "power": POWER, "shrinkage": SHRINKAGE}
    return unit(points).astype(np.float32), record


def _deviations(views):
    """Views of length 1 less their mean, divided by the root of their number: their products sum to a covariance."""
    vectors = unit(views.astype(np.float64))
    return (vectors - vectors.mean(axis=0)) / np.sqrt(len(vectors))


def _principal_axes(embeddings):
    """Directions along which specimens differ, most first, float64 [K, D]; the largest entry of each is positive."""
    if len(embeddings) < 2:
        return ()
    centered = embeddings - embeddings.mean(axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    differing = lengths > ROUNDING * np.sqrt(len(embeddings))
    axes = axes[differing][:COMPONENTS]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    return axes * np.sign(largest)


def _within(scatters, axes):
    """The scatter of views along some axes, float64 [K, K]."""
    rows, products = 0, np.zeros((len(axes), len(axes)))
    for root in scatters:
        along = root @ axes.T
        rows, products = rows + len(root), products + along.T @ along
    if not rows:
        raise UserError("No specimen has two views, so there is no scatter to whiten by; render more, or whiten none.")
    return products


def _inverse_power(covariance):
    """A covariance, shrunk, to the power -POWER; where nothing scatters all directions count the same."""
    identity = np.eye(len(covariance))
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / len(covariance) * identity
    values, vectors = np.linalg.eigh(shrunk + ROUNDING**2 * identity)
    return vectors * values**-POWER @ vectors.T
