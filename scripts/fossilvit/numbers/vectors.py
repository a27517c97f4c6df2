"""Vectors in arrays, float [..., D] -> vectors of length 1."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length 1 along the last axis; a vector of length 0 stays as it is.

    Parameters
    ----------
    vectors : float [..., D]

    Returns
    -------
    float [..., D], of the same dtype
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: np.ndarray = vectors / np.where(length > 0, length, 1)
    return scaled
