"""Colors as files write them -> uint8."""

import numpy as np


def from_text(values):
    """Colors of a text format, [V, 3]: from 0 to 1, or to 255 where one is larger; None where one is no number."""
    if not np.isfinite(values).all():
        return None
    return _bytes(values * (255 if values.max(initial=0) <= 1 else 1))


def from_type(values, type):
    """Colors [V, 3] of a declared numpy type: whole numbers count to its largest (signed ones to 255), others to 1."""
    type = np.dtype(type)
    if type.kind == "f":
        return from_text(values)
    return _bytes(values * (255 / np.iinfo(type).max if type.kind == "u" else 1.0))


def _bytes(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
