"""The registry of encoders: which exist, what each needs, and what each returns.

In: the name of an encoder and its options. Out: an Encoder, and everything the workflow must know before it is created.
Standard library only, because Snakemake imports this at every start.
"""

from collections.abc import Callable, Sequence
from os.path import expanduser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fossilvit.errors import UserError
from fossilvit.provenance.backends import Backend
from fossilvit.running import devices
from fossilvit.store import digests
from fossilvit.store.digests import Digest

if TYPE_CHECKING:
    import numpy as np


class Options(NamedTuple):
    """The options of encoders. Each encoder declares which of them it uses."""

    image_size: int = 224
    """Width and height in pixels of the images that a network receives."""
    token: str = "cls"
    """The token of a vision transformer that describes a view."""
    weights: str | None = None
    """File of weights; None takes those in the cache."""
    source: str = "builtin"
    """Which code of the network runs: builtin is ours, hub is Meta's."""
    device: str = "auto"
    """auto, cpu or cuda."""
    engine: str = "auto"
    """What runs the network: auto, openvino or torch."""
    precision: str = "auto"
    """Number format of the network: auto, fp32, bf16 or fp16."""
    threads: int = 1
    """Number of CPU threads."""


PLACE = ("device", "threads")
"""Options that say where and how fast an encoder runs. They are no part of its recipe."""


class Encoder:
    """The interface of every encoder.

    Attributes
    ----------
    name : str
    dimension : int
        D, the length of a view's feature vector.
    version : int or str
        Changes when the same views get other features.
    batch : int or None
        Number of views, from several specimens, that are best described together; None for one specimen at a time.
    backend : Backend
        What computes the features.
    """

    name: str
    dimension: int
    version: int | str
    batch: int | None = None
    backend: Backend = Backend()

    def encode(self, images: "np.ndarray | Sequence[np.ndarray]") -> "np.ndarray":
        """Describe views: uint8 [V, H, W, 3] -> float32 [V, D]."""
        return self.describe([self.prepare(image) for image in images])

    def prepare(self, image: "np.ndarray") -> Any:
        """Convert one view, uint8 [H, W, 3], to what describe() takes. Runs ahead of it, on several threads."""
        return image

    def describe(self, prepared: list[Any]) -> "np.ndarray":
        """Describe prepared views, [V] -> float32 [V, D]."""
        raise NotImplementedError


def _nothing(name: str, options: Options) -> dict[str, Any]:
    return {}


class Kind(NamedTuple):
    """What a file of `kinds` declares about its encoders."""

    create: Callable[[str, Options], Encoder]
    version: int
    uses: tuple[str, ...] = ()
    """Names of the options that the encoders use. All others are left at their defaults."""
    patch: int = 1
    """Pixels that the image size must be a multiple of."""
    tokens: tuple[str, ...] | None = None
    """The tokens to choose from; None where the encoder checks its token itself."""
    threads: int = 4
    """Number of CPU threads that describing a specimen can use."""
    on_gpus: bool = True
    """Whether the encoders can use a GPU."""
    memory: Callable[[str], int] = lambda name: 4000
    """Returns the MB of memory that a process needs to fetch the encoder or to describe a specimen."""
    fetch: Callable[[str, Options], dict[str, Any]] = _nothing
    """Downloads what the encoder needs before it is created, and returns what encoder.json records."""
    made_of: Callable[[str, Options, Digest], dict[str, Any]] = lambda name, options, digest: {}
    """Returns the digests of the encoder's files, without creating it."""
    is_here: Callable[[str, Options], bool] = lambda name, options: True
    """Returns whether all files of the encoder are on this machine."""


class Choice(NamedTuple):
    """An encoder that was chosen and not created yet."""

    name: str
    options: Options
    kind: Kind

    @property
    def device(self) -> str:
        """The device that the options name: auto, cpu or cuda."""
        return self.options.device

    def create(self) -> Encoder:
        """Create the encoder.

        Raises
        ------
        UserError
            Weights are missing or wrong, or this machine lacks the device.
        """
        return self.kind.create(self.name, self.options)

    def fetch(self) -> dict[str, Any]:
        """Download what the encoder needs, and return what encoder.json records of it."""
        return self.kind.fetch(self.name, self.options)

    def recipe(self, digest: Digest = digests.of_file) -> dict[str, Any]:
        """Everything besides the views that features depend on: the encoder, its options, the digests of its files."""
        return {**self._shared_recipe(digest), "precision": self.options.precision}

    def fetch_recipe(self, digest: Digest = digests.of_file) -> dict[str, Any]:
        """Everything that the record of the encoder depends on; see recipe()."""
        return {**self._shared_recipe(digest), "weights": self.options.weights}

    def is_here(self) -> bool:
        """Whether all files of the encoder are on this machine, so that it can be created."""
        return self.kind.is_here(self.name, self.options)

    def on_gpus(self) -> bool:
        """Whether the encoder would run on a GPU if there were one."""
        return self.kind.on_gpus and self.options.device != "cpu" and self.options.engine != "openvino"

    def gpus(self) -> tuple[str, ...]:
        """The GPUs of this machine that the encoder would use."""
        return devices.gpus() if self.on_gpus() else ()

    def memory(self) -> int:
        """MB of memory that a process needs to fetch the encoder or to describe a specimen."""
        return self.kind.memory(self.name)

    def _shared_recipe(self, digest: Digest) -> dict[str, Any]:
        options = {key: getattr(self.options, key) for key in ("image_size", "token", "engine", "source")}
        made_of = self.kind.made_of(self.name, self.options, digest)
        return {"model": self.name, **options, "made_of": made_of, "version": self.kind.version}


_KINDS: dict[str, Kind] = {}


def register(
    *names: str, version: int, **declared: Any
) -> Callable[[Callable[[str, Options], Encoder]], Callable[[str, Options], Encoder]]:
    """Register the decorated function, which takes a name and Options, as the creator of encoders with these names.

    Parameters
    ----------
    names : str
        A name with colons (`custom:FILE.py:FUNCTION`) is a pattern: the part after its first colon is a file that the
        encoder is made of.
    version : int
        Raise it when the same views and options give other features.
    declared
        The other fields of Kind.
    """

    def keep(create: Callable[[str, Options], Encoder]) -> Callable[[str, Options], Encoder]:
        _KINDS.update({name: Kind(create, version, **declared) for name in names})
        return create

    return keep


def names() -> list[str]:
    """The names of all encoders, as in the configuration; the patterns come last."""
    return sorted(_KINDS, key=lambda name: ":" in name)


def tokens() -> list[str]:
    """The tokens of all encoders."""
    return list(dict.fromkeys(token for kind in _KINDS.values() for token in kind.tokens or ()))


def without_weights() -> list[str]:
    """The encoders that need nothing but this package."""
    return [name for name, kind in _KINDS.items() if kind.fetch is _nothing]


def choose(name: str, options: Options | None = None) -> Choice:
    """Choose an encoder, and check its options. Options that it does not use are set to their defaults.

    Raises
    ------
    UserError
        The name is unknown, its file does not exist, or the encoder cannot take an option.
    """
    kind, asked = _kind(name), options or Options()
    file(name)
    taken = Options(**{option: getattr(asked, option) for option in kind.uses})
    if taken.image_size % kind.patch:
        lower = taken.image_size // kind.patch * kind.patch
        nearest = " or ".join(str(size) for size in (lower, lower + kind.patch) if size)
        raise UserError(
            f"image_size is {taken.image_size}, but {name} needs a multiple of {kind.patch}; take {nearest}."
        )
    known = kind.tokens if "token" in kind.uses else tokens()
    if known is not None and asked.token not in known:
        raise UserError(f"token is {asked.token!r}, but must be one of {', '.join(known)}.")
    return Choice(name, taken, kind)


def create(name: str, options: Options | None = None) -> Encoder:
    """Create the encoder with a name; see choose() and Choice.create()."""
    return choose(name, options).create()


def file(name: str) -> str | None:
    """The file in a name like `custom:FILE.py:FUNCTION`; None for an encoder without one.

    Raises
    ------
    UserError
        The name is unknown, or its file does not exist.
    """
    _kind(name)
    return file_in(name) if ":" in name else None


def file_in(name: str) -> str:
    """The file in the name of an encoder that has one; see file()."""
    written = name.split(":")[1]
    path = expanduser(written)
    if not Path(path).is_file():
        raise UserError(f"{name}: there is no file {written!r}; correct the path.")
    return path


def _kind(name: str) -> Kind:
    pattern = next((known for known in _KINDS if _matches(name, known)), None)
    if pattern is None:
        raise UserError(f"There is no model {name!r}; the models are {', '.join(names())}.")
    return _KINDS[pattern]


def _matches(name: str, known: str) -> bool:
    parts, wanted = name.split(":"), known.split(":")
    return parts[0] == wanted[0] and len(parts) == len(wanted) and all(parts)
