"""Which of a vision transformer's tokens describe a view.

In: class tokens [V, D] and patch tokens [V, P, D]. Out: features [V, D], or [V, 2 D] of the joined ones.
"""

import numpy as np


def width(token) -> int:
    """How many times D the features are wide."""
    return len(token.split("+"))


def needs_patches(token) -> bool:
    """Whether more than the class token is needed."""
    return token != "cls"


def describe(token, classes, patches=None, coverage=None) -> np.ndarray:
    """The features of views.

    `cls` is the class token; `patch_mean` the mean of the patch tokens; `patch_mean_foreground` their mean weighted by
    how much of the specimen each shows, zero where a view shows none; a `+` joins two. Register tokens never count.

    Parameters
    ----------
    token : one of architectures.TOKENS
    classes : float32 [V, D]
    patches : float32 [V, P, D]
    coverage : float32 [V, P]
        The share of each patch that the specimen covers. Both only where needs_patches().

    Returns
    -------
    float32 [V, D], or [V, 2 D]
    """
    parts = [_part(name, classes, patches, coverage) for name in token.split("+")]
    return np.concatenate(parts, axis=1).astype(np.float32, copy=False)


def _part(name, classes, patches, coverage):
    if name == "cls":
        return classes
    if name == "patch_mean":
        return patches.mean(axis=1)
    shares = coverage / np.maximum(coverage.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.einsum("vp,vpd->vd", shares, patches)
