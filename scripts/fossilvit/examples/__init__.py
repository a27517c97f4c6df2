"""Example fossils for demonstration and tests: parametric growth models, not scans of real specimens.

In: a category, an index and a seed. Out: a closed surface, vertices float64 [V, 3] in millimeters, faces int64 [F, 3].
"""

from collections.abc import Callable

import numpy as np

from fossilvit.examples.coiling import ammonoid, gastropod
from fossilvit.examples.crinoid import crinoid
from fossilvit.examples.echinoid import echinoid
from fossilvit.examples.shapes import Mesh, strained, tilted
from fossilvit.examples.shark_tooth import shark_tooth
from fossilvit.examples.trilobite import trilobite
from fossilvit.examples.valves import bivalve, brachiopod

CATEGORIES: dict[str, Callable[[np.random.Generator], Mesh]] = {
    model.__name__: model
    for model in (ammonoid, gastropod, bivalve, brachiopod, crinoid, echinoid, trilobite, shark_tooth)
}


def make(category: str, index: int, seed: int) -> Mesh:
    """Make specimen number `index` of a category, slightly strained and tilted.

    Returns vertices, float64 [V, 3] in millimeters, and outward faces, int64 [F, 3]. A specimen depends only on its
    category, index and seed, not on how many others are made.
    """
    rng = np.random.default_rng([seed, list(CATEGORIES).index(category), index])
    vertices, faces = CATEGORIES[category](rng)
    return tilted(strained(vertices, rng), rng), faces
