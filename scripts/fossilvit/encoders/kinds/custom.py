"""The user's own encoder, written in Python: `custom:path/to/file.py:function`.

The function takes the registry's Options and returns an object with `name`, `dimension`, `version` and
`encode(images)`, uint8 [V, H, W, 3] -> [V, dimension]. config/README.md shows one in ten lines.
In: uint8 [V, H, W, 3]. Out: float32 [V, D].
"""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from operator import index
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from fossilvit import versions
from fossilvit.encoders.registry import Encoder, Options, file_in, register
from fossilvit.errors import UserError
from fossilvit.provenance.backends import Backend
from fossilvit.store import digests
from fossilvit.store.digests import Digest

if TYPE_CHECKING:
    import numpy as np

FORM = "custom:FILE.py:FUNCTION"
PROMISED = ("name", "dimension", "version", "encode")

Result = TypeVar("Result")


class Custom(Encoder):
    """A user's encoder, with a check of what it returns."""

    def __init__(self, name: str, options: Options) -> None:
        path, function = file_in(name), name.rpartition(":")[2]
        self.path = path
        self.inner = _reported(path, lambda: getattr(_module(path), function)(options))
        missing = [attribute for attribute in PROMISED if not hasattr(self.inner, attribute)]
        if missing:
            raise UserError(f"{path}: what {function} returns has no {missing[0]}; it needs {', '.join(PROMISED)}.")
        self.name, self.version = self.inner.name, self.inner.version
        self.dimension = _dimension(self.inner.dimension)
        if self.dimension < 1:
            raise UserError(
                f"{path}: the dimension of what {function} returns is {' '.join(repr(self.inner.dimension).split())}; "
                "it must be a whole number of at least 1."
            )
        if not isinstance(self.name, str) or not isinstance(self.version, int | str):
            raise UserError(
                f"{path}: the name of what {function} returns must be a text, and its version a text or a whole number."
            )
        self.backend = Backend("custom")

    def describe(self, prepared: "list[np.ndarray]") -> "np.ndarray":
        """Describe views, [V] of uint8 [H, W, 3] -> float32 [V, D]."""
        import numpy as np

        from fossilvit.store.arrays import as_float32

        if not prepared:
            return np.zeros((0, self.dimension), np.float32)
        features = _reported(self.path, lambda: np.asarray(self.inner.encode(np.stack(prepared))))
        if features.shape != (len(prepared), self.dimension):
            raise UserError(
                f"{self.path}: encode gave {list(features.shape)} for {len(prepared)} views and dimension "
                f"{self.dimension}; it must give [views, dimension]."
            )
        try:
            return as_float32(features)
        except ValueError as error:
            raise UserError(f"{self.path}: encode gave {error}; let it give float32.") from None


def fetch(name: str, options: Options) -> dict[str, Any]:
    """Create the encoder once, so that it can fetch what it needs, and return what encoder.json records of it."""
    encoder = Custom(name, options)
    return {
        "encoder": encoder.name,
        "dimension": encoder.dimension,
        "encoder_version": encoder.version,
        "sha256": digests.of_file(encoder.path),
    }


def made_of(name: str, options: Options, digest: Digest) -> dict[str, Any]:
    """The digests of the file, and of the weights that its function receives."""
    found = {"file": digest(file_in(name))}
    return {**found, "weights": digest(options.weights)} if options.weights else found


@register(FORM, version=versions.CUSTOM, uses=Options._fields, fetch=fetch, made_of=made_of)
def create(name: str, options: Options) -> Custom:
    """Create the user's encoder; see register()."""
    return Custom(name, options)


def _dimension(given: Any) -> int:
    """A dimension as int, also one of numpy; 0 for anything else than a whole number."""
    try:
        return 0 if isinstance(given, bool) else index(given)
    except TypeError:
        return 0


def _module(path: str) -> ModuleType:
    """A user's file as a module. It can import what lies beside it; installed packages come first."""
    sys.path.append(os.path.dirname(os.path.abspath(path)))
    loader = SourceFileLoader("custom_encoder", path)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses and pickle look for it there
    loader.exec_module(module)
    return module


def _reported(path: str, action: Callable[[], Result]) -> Result:
    """Run code of a user's file, and report an error in it as one sentence with the line."""
    try:
        return action()
    except UserError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        where = f", line {lines[-1]}" if lines else ""
        raise UserError(f"{path}{where}: {type(error).__name__}: {' '.join(str(error).split())}") from None
