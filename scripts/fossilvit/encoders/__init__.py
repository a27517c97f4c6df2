"""Views -> features.

In: the views of a specimen, uint8 [V, H, W, 3], background exactly white. Out: float32 [V, D], one row per view.

Every file of `kinds` registers one kind of encoder; to add one, add a file there. `vision` holds the networks. Nothing
heavy is imported before an encoder is created, because Snakemake imports this at every start.
"""

import importlib
import pkgutil

from fossilvit.encoders import kinds
from fossilvit.encoders.registry import Choice, Encoder, Options, choose, create, names, register, tokens

for _module in pkgutil.iter_modules(kinds.__path__):
    importlib.import_module(f"{kinds.__name__}.{_module.name}")

__all__ = ["Choice", "Encoder", "Options", "choose", "create", "names", "register", "tokens"]
