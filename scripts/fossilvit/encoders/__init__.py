"""Views -> features.

In: the views of a specimen, uint8 [V, H, W, 3], background exactly white. Out: float32 [V, D], one row a view.

Every other file of this folder registers one kind of encoder; adding one is adding a file. Nothing heavy is imported
before an encoder is created: Snakemake reads this at every start.
"""

import importlib
import pkgutil

from fossilvit.encoders.registry import (
    TOKENS,
    Options,
    create,
    fetch,
    fetch_recipe,
    file,
    gpus,
    is_here,
    memory,
    names,
    on_gpus,
    recipe,
    version,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "TOKENS",
    "Options",
    "create",
    "fetch",
    "fetch_recipe",
    "file",
    "gpus",
    "is_here",
    "memory",
    "names",
    "on_gpus",
    "recipe",
    "version",
]
