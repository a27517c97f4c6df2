"""An encoder of one's own, written in Python: `custom:path/to/file.py:function`.

The function takes the registry's Options and returns an object with `name`, `dimension`, `version` and
`encode(images)`, uint8 [V, H, W, 3] -> [V, dimension]. config/README.md shows one in ten lines.
"""

import importlib.util
import os
import sys
import traceback
from importlib.machinery import SourceFileLoader

from fossilvit import versions
from fossilvit.encoders.registry import Encoder, Options, file, register
from fossilvit.errors import UserError
from fossilvit.store import digests

FORM = "custom:FILE.py:FUNCTION"
PROMISED = ("name", "dimension", "version", "encode")


class Custom(Encoder):
    """Holds a user's encoder to what it promises."""

    def __init__(self, name, options):
        path, function = file(name), name.rpartition(":")[2]
        self.path = path
        self.inner = _told(path, lambda: getattr(_module(path), function)(options))
        missing = [attribute for attribute in PROMISED if not hasattr(self.inner, attribute)]
        if missing:
            raise UserError(f"{path}: what {function} returns has no {missing[0]}; it needs {', '.join(PROMISED)}.")
        self.name, self.dimension, self.version = self.inner.name, self.inner.dimension, self.inner.version

    def describe(self, prepared):
        """Describe views, [V] of uint8 [H, W, 3] -> float32 [V, D]."""
        import numpy as np

        if not prepared:
            return np.zeros((0, self.dimension), np.float32)
        features = _told(self.path, lambda: np.asarray(self.inner.encode(np.stack(prepared)), np.float32))
        if features.shape != (len(prepared), self.dimension):
            raise UserError(
                f"{self.path}: encode gave {list(features.shape)} for {len(prepared)} views and dimension "
                f"{self.dimension}; it must give [views, dimension]."
            )
        return features


def fetch(name, options) -> dict:
    """Create the encoder once, so that it can fetch what it needs, and return what it is made of."""
    encoder = Custom(name, options)
    return {
        "encoder": encoder.name,
        "dimension": encoder.dimension,
        "encoder_version": encoder.version,
        "sha256": digests.of_file(encoder.path),
    }


def made_of(name, options, digest) -> dict:
    """The digests of the file, and of the weights that its function is given."""
    found = {"file": digest(file(name))}
    return {**found, "weights": digest(options.weights)} if options.weights else found


@register(FORM, version=versions.CUSTOM, uses=Options._fields, fetch=fetch, made_of=made_of)
def create(name, options):
    return Custom(name, options)


def _module(path):
    """A user's file as a module; what lies beside it can be imported, after what is installed."""
    sys.path.append(os.path.dirname(os.path.abspath(path)))
    loader = SourceFileLoader("custom_encoder", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # where dataclasses and pickle look for it
    loader.exec_module(module)
    return module


def _told(path, action):
    """Do what a user's file does, and turn what goes wrong there into a sentence with the line."""
    try:
        return action()
    except UserError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        where = f", line {lines[-1]}" if lines else ""
        raise UserError(f"{path}{where}: {type(error).__name__}: {' '.join(str(error).split())}") from None
