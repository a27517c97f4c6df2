"""Tokens of a vision transformer -> features.

In: class tokens [V, D] and patch tokens [V, P, D]. Out: features [V, D], or [V, 2 D] where two are joined.
"""

import numpy as np


def width(token: str) -> int:
    """The length of a feature vector, in multiples of D."""
    return len(token.split("+"))


def needs_patches(token: str) -> bool:
    """Whether more than the class token is needed."""
    return token != "cls"


def describe(
    token: str, classes: np.ndarray, patches: np.ndarray | None = None, coverage: np.ndarray | None = None
) -> np.ndarray:
    """The features of views.

    `cls` is the class token. `patch_mean` is the mean of the patch tokens. `patch_mean_foreground` is their mean
    weighted by how much of the specimen each shows, and zero where a view shows none. A `+` joins two. Register tokens
    are not used.

    Parameters
    ----------
    token : one of architectures.TOKENS
    classes : float32 [V, D]
    patches : float32 [V, P, D]
        Needed where needs_patches().
    coverage : float32 [V, P]
        The share of each patch that the specimen covers. Needed where needs_patches().

    Returns
    -------
    float32 [V, D], or [V, 2 D]
    """
    parts = [_part(name, classes, patches, coverage) for name in token.split("+")]
    return np.concatenate(parts, axis=1).astype(np.float32, copy=False)


def _part(name: str, classes: np.ndarray, patches: np.ndarray | None, coverage: np.ndarray | None) -> np.ndarray:
    if name == "cls":
        return classes
    if patches is None:
        raise ValueError(f"token {name} needs patches")
    if name == "patch_mean":
        return np.asarray(patches.mean(axis=1))
    if coverage is None:
        raise ValueError(f"token {name} needs the coverage of patches")
    shares = coverage / np.maximum(coverage.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.asarray(np.einsum("vp,vpd->vd", shares, patches))
