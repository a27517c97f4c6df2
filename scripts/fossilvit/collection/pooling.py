"""The views of a specimen -> its embedding.

In: features, float32 [V, D]. Out: an embedding of length 1, float32 [D]; [V * D] with `concat`.
"""

import numpy as np

from fossilvit.numbers.vectors import unit

METHODS = ("mean", "max", "concat")


def pool(features: np.ndarray, method: str) -> np.ndarray:
    """Pool the features of all views into one embedding.

    Every view is first scaled to length 1, so that all count the same. Then the views are averaged (`mean`), reduced
    to their element-wise maximum (`max`, Su et al. 2015) or joined in view order (`concat`, which keeps views apart
    and so needs collections in one pose). Last, the embedding is scaled to length 1.

    Parameters
    ----------
    features : float32 [V, D]
    method : one of METHODS

    Returns
    -------
    float32 [D] for `mean` and `max`, [V * D] for `concat`; [0] for a failed specimen, which has no views
    """
    if not len(features):
        return np.zeros(0, np.float32)
    views = unit(features.astype(np.float64))
    pooled = {"mean": views.mean(axis=0), "max": views.max(axis=0), "concat": views.reshape(-1)}[method]
    return unit(pooled).astype(np.float32)
