"""Colors as files write them, [V, 3] -> uint8 [V, 3]."""

import numpy as np


def from_text(values: np.ndarray) -> np.ndarray | None:
    """Colors of a text format: from 0 to 1, or to 255 if a value exceeds 1; None if a value is not finite."""
    if not np.isfinite(values).all():
        return None
    return _bytes(values * (255 if values.max(initial=0) <= 1 else 1))


def from_type(values: np.ndarray, type: str) -> np.ndarray | None:
    """Colors of a declared numpy type: unsigned integers reach its maximum, signed ones 255, floats as in text."""
    declared = np.dtype(type)
    if declared.kind == "f":
        return from_text(values)
    return _bytes(values * (255 / np.iinfo(declared).max if declared.kind == "u" else 1.0))


def _bytes(values: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.clip(np.rint(values), 0, 255)
    return whole.astype(np.uint8)
