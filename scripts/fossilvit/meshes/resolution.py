"""Coordinates in file units -> whether 32-bit numbers hold them finely enough for the size of the specimen.

Far from the origin 32-bit numbers (float32) are coarse: at 5,600,000, as in survey coordinates in meters, they step by
half a meter.
"""

import numpy as np

from fossilvit.meshes import measures
from fossilvit.meshes.errors import Unreadable

COARSE = 1 / 1000
"""Step from which a specimen is noted, in its size."""
FLAT = 1 / 4
"""Step from which a specimen has lost its shape, in its size."""
FINE = 1e-3
"""Size from which no step is coarse, in the distance from the origin."""
LARGEST = float(np.finfo(np.float32).max)
LAYERS = 2
"""Steps below which a specimen is flattened along an axis where the step is coarse."""
REMEDY = "move the scan to the origin before you export it, or export it as PLY or OBJ with 64-bit (double) coordinates"


def check(vertices: np.ndarray) -> list[str]:
    """A note if the coordinates of a specimen, float64 [V, 3], are coarse.

    Raises
    ------
    Unreadable
        They have flattened it.
    """
    low, high = measures.box(vertices)
    sides, farthest = high - low, np.maximum(np.abs(low), np.abs(high))
    if not 0 < sides.max() < FINE * farthest.max() < LARGEST or (vertices != vertices.astype(np.float32)).any():
        return []
    steps = np.spacing(farthest.astype(np.float32)).astype(np.float64)
    size, worst = sides.max(), int(steps.argmax())
    coarse = steps > COARSE * size
    if not coarse.any():
        return []
    cause = f"has coordinates near {farthest[worst]:,.0f} in 32-bit numbers, which step by {steps[worst]:.3g} there"
    if steps[worst] > FLAT * size or (coarse & (sides < LAYERS * steps)).any():
        raise Unreadable(f"{cause}, and so the specimen, {size:.3g} long, is flattened", REMEDY)
    return [f"it {cause}, and the specimen is {size:.3g} long ({REMEDY})"]
