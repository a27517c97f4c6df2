"""The one operation on vectors that several stages share."""

import numpy as np


def unit(vectors) -> np.ndarray:
    """Vectors scaled to length 1 along the last axis; one of length 0 stays.

    Parameters
    ----------
    vectors : float [..., D]

    Returns
    -------
    float [..., D], of the same dtype
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
