"""Which encoders there are, what each is asked for, and what each gives."""

from os.path import expanduser
from pathlib import Path
from typing import NamedTuple

from fossilvit import devices, digests
from fossilvit.errors import UserError

TOKENS = ("cls", "patch_mean", "patch_mean_foreground", "cls+patch_mean_foreground")
"""What of a vision transformer can describe a view."""


class Options(NamedTuple):
    """What an encoder may be told; each takes what it understands."""

    image_size: int = 224
    """Pixels, width and height, that a network sees a view at."""
    token: str = "cls"
    """What describes a view, one of TOKENS."""
    weights: str | None = None
    """File of weights; None takes those that were fetched into the cache."""
    source: str = "builtin"
    """Whose code of the network runs: builtin or hub."""
    device: str = "auto"
    """auto, cpu or cuda."""
    engine: str = "auto"
    """What runs the network: auto, openvino or torch."""
    precision: str = "auto"
    """Numbers that the network is computed in: auto, fp32, bf16 or fp16."""
    threads: int = 1
    """Of the CPU."""


class Encoder:
    """What every encoder offers.

    name : str
    dimension : int
        D, the length of a view's features.
    version : int or str
        Changes when the same views give other features.
    batch : int or None
        Views of several specimens that are best described together; None: those of one specimen.
    """

    name: str
    dimension: int
    version: int | str
    batch: int | None = None

    def encode(self, images):
        """Describe views: uint8 [V, H, W, 3] -> float32 [V, D]."""
        return self.describe([self.prepare(image) for image in images])

    def prepare(self, image):
        """What describe() needs of one view, uint8 [H, W, 3]. Runs ahead of it, on several threads."""
        return image

    def describe(self, prepared):
        """Describe prepared views, [V] -> float32 [V, D]."""
        raise NotImplementedError


class Kind(NamedTuple):
    """A registered kind of encoder."""

    create: callable
    version: int
    fetch: callable
    on_gpus: bool
    memory: callable
    made_of: callable
    is_here: callable


_KINDS = {}


def register(
    *names,
    version,
    fetch=None,
    on_gpus=True,
    memory=lambda name: 4000,
    made_of=lambda name, options, digest: {},
    is_here=lambda name, options: True,
):
    """Make the decorated function, of a name and Options, the one that creates the encoders of these names.

    Parameters
    ----------
    names : str
        A name with colons (`custom:FILE.py:FUNCTION`) stands for all that begin as it does; what follows the first
        colon begins with a file that the encoder is made of.
    version : int
        Raise it when the same views and options give other features.
    fetch : function of a name and Options, or None
        Brings what the encoder needs before it is created, and returns it as a dict to record.
    on_gpus : bool
        Whether the encoders can make use of a GPU.
    memory : function of a name
        MB that a process needs to fetch one, or to describe a specimen.
    made_of : function of a name, Options and a function that gives the SHA-256 of a file
        The digests of all that is part of an encoder, as a dict, without creating it.
    is_here : function of a name and Options
        Whether all that is part of an encoder lies on this machine.
    """

    def keep(create):
        _KINDS.update(
            {name: Kind(create, version, fetch or _nothing, on_gpus, memory, made_of, is_here) for name in names}
        )
        return create

    return keep


def names() -> list[str]:
    """The encoders there are, as they are written in the configuration; those of one's own last."""
    return sorted(_KINDS, key=lambda name: ":" in name)


def create(name, options=None) -> Encoder:
    """Make the encoder of that name, ready to encode.

    Raises
    ------
    UserError
        Unknown name, missing or wrong weights, no such device.
    """
    return _kind(name).create(name, options or Options())


def fetch(name, options) -> dict:
    """Bring what an encoder needs, over the network where it must, and return what it is made of, to record."""
    return _kind(name).fetch(name, options)


def recipe(name, options, digest=digests.of_file) -> dict:
    """What features depend on but the views: the encoder, its options, and the digests of its files.

    Parameters
    ----------
    name : str
    options : Options
    digest : function of a path
        Gives the SHA-256 of a file.
    """
    return {**_asked_of(name, options, digest), "precision": options.precision}


def fetch_recipe(name, options, digest=digests.of_file) -> dict:
    """What the record of an encoder depends on; see recipe."""
    return {**_asked_of(name, options, digest), "weights": options.weights}


def is_here(name, options) -> bool:
    """Whether all that is part of an encoder lies on this machine, so that it can be created."""
    return _kind(name).is_here(name, options)


def version(name) -> int:
    """The version of an encoder's algorithm, without creating it."""
    return _kind(name).version


def gpus(name, device, engine) -> tuple[str, ...]:
    """The GPUs there are that an encoder would make use of, given these options."""
    return devices.gpus() if on_gpus(name, device, engine) else ()


def on_gpus(name, device, engine) -> bool:
    """Whether an encoder would run on a GPU where there is one, given these options."""
    return _kind(name).on_gpus and device != "cpu" and engine != "openvino"


def memory(name) -> int:
    """MB that a process needs to fetch an encoder or to describe a specimen with it."""
    return _kind(name).memory(name)


def file(name) -> str | None:
    """The file that a name like `custom:FILE.py:FUNCTION` holds; None for the encoders that need none.

    Raises
    ------
    UserError
        Unknown name, or no such file.
    """
    _kind(name)
    parts = name.split(":")
    if len(parts) == 1:
        return None
    path = expanduser(parts[1])
    if not Path(path).is_file():
        raise UserError(f"{name}: there is no file {parts[1]!r}; correct the path.")
    return path


def _kind(name):
    form = next((known for known in _KINDS if _matches(name, known)), None)
    if form is None:
        raise UserError(f"There is no model {name!r}; the models are {', '.join(names())}.")
    return _KINDS[form]


def _matches(name, known):
    parts, wanted = name.split(":"), known.split(":")
    return parts[0] == wanted[0] and len(parts) == len(wanted) and all(parts)


def _asked_of(name, options, digest):
    asked = {key: getattr(options, key) for key in ("image_size", "token", "engine", "source")}
    made_of = _kind(name).made_of(name, options, digest)
    return {"model": name, **asked, "made_of": made_of, "version": _kind(name).version}


def _nothing(name, options):
    return {}
