"""Weights of DINOv2: where they are, how they get there, and how they are loaded into a network.

In: the name of a model, or a file. Out: Weights, a path and its SHA-256.

Only fetch() and fetch_code() use the Internet; everything else reads what they left in torch.hub's cache.
"""

import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError

from fossilvit.encoders.registry import without_weights
from fossilvit.encoders.vision import memory
from fossilvit.errors import UserError
from fossilvit.store import digests
from fossilvit.store.files import PathLike

if TYPE_CHECKING:
    from torch import nn

BASE_URL = "https://dl.fbaipublicfiles.com/dinov2"
SHA256 = {
    "dinov2_vits14": "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
    "dinov2_vitb14": "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
    "dinov2_vitl14": "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
    "dinov2_vitg14": "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3",
    "dinov2_vits14_reg": "f433177089a681826f849f194ece3bb48f4d63fb38d32fc837e3dc7a4e5641fb",
    "dinov2_vitb14_reg": "73182a088cf94833c94b1666d1c99e02fe87e2007bff57b564fb6206e25dba71",
    "dinov2_vitl14_reg": "36e4deffbaef061a2576705b0c36f93621e2ae20bf6274694821b0b492551b51",
    "dinov2_vitg14_reg": "746ecb8c6301c645c5c855be91687d274587d6e48fdaec4a729753160b34a283",
}
"""SHA-256 of Meta's files, from the conversion of DINOv2 in finegrain-ai/refiners; Meta publishes none."""
HUB = "facebookresearch/dinov2"
HUB_COMMIT = "b8931f7bf91576930313be2c6d6af376033b35f0"
LOCK = ".fossilvit.lock"
"""File that one process at a time locks, in a folder that it writes into."""
PATIENCE = 30
"""Seconds to wait for an answer from the Internet."""


class Weights(NamedTuple):
    """A file of weights that exists, and its digest."""

    path: Path
    sha256: str


def cache() -> Path:
    """The cache folder of torch.hub, found as torch finds it, but without its import, which takes two seconds."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "torch")
    return Path(home).expanduser() / "hub"


def url(name: str) -> str:
    """The address of Meta's weights of a model."""
    base = name.removesuffix("_reg")
    return f"{BASE_URL}/{base}/{base}_{'reg4_' if base != name else ''}pretrain.pth"


def cached(name: str) -> Path:
    """The file in torch.hub's cache for the weights of a model, which need not exist."""
    return cache() / "checkpoints" / url(name).rpartition("/")[2]


def locate(name: str, path: PathLike | None = None) -> Weights:
    """The weights in the given file, else those in the cache, which must be exactly Meta's.

    Raises
    ------
    UserError
        The file does not exist, or the file in the cache is not Meta's.
    """
    file = Path(path) if path else cached(name)
    if not file.is_file():
        how = "correct the path" if path else f"fetch them once with `python -m scripts.fetch_weights --model {name}`"
        raise UserError(
            f"There are no weights of {name} at {file}; {how}, or take a model that needs none: "
            f"{', '.join(without_weights())}."
        )
    found = Weights(file, digests.of_file(file))
    if not path and found.sha256 != SHA256[name]:
        raise UserError(
            f"{file} is damaged or not Meta's: its SHA-256 is {found.sha256} and not {SHA256[name]}; "
            "delete it and run again, or name it in extract.weights if it is yours."
        )
    return found


def fetch(name: str) -> Weights:
    """The weights in the cache, downloaded if they are not there yet. A download that is not Meta's is not kept.

    Raises
    ------
    UserError
        There is no Internet access; the message says what to download and where to put it. Or see locate().
    """
    file = cached(name)
    if not file.is_file():
        with alone(file.parent), _network(f"download {url(name)} elsewhere and put it at {file}"):
            if not file.is_file():
                _download(name, file)
    return locate(name)


def has_code() -> bool:
    """Whether Meta's own code is in torch.hub's cache."""
    return _hub_folder().is_dir()


def fetch_code(name: str) -> None:
    """Download Meta's own code into torch.hub's cache, if it is not there yet."""
    if not has_code():
        with alone(cache()), _network(f"put a checkout of {HUB} at {_hub_folder()}, or take `source: builtin`"):
            _from_hub(f"{HUB}:{HUB_COMMIT}", name, trust_repo=True)


def hub_network(name: str) -> "nn.Module":
    """Meta's network of that name, from the cache alone, without weights."""
    if not has_code():
        raise UserError(
            f"Meta's code is not at {_hub_folder()}; fetch it once with "
            f"`python -m scripts.fetch_weights --model {name} --source hub`, or take `source: builtin`."
        )
    return _from_hub(str(_hub_folder()), name, source="local")


def load(network: "nn.Module", path: PathLike, name: str) -> None:
    """Load the weights in a file into a network.

    Raises
    ------
    UserError
        The file is not a state dict, is cut short, or belongs to another model.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        memory.check(error)
        raise UserError(
            f"{path} is not a file of weights that torch can read ({_brief(error)}); fetch it again."
        ) from None
    if difference := _difference(network.state_dict(), state):
        raise UserError(f"{path} does not hold the weights of {name}: {difference}; name the right file.")
    network.load_state_dict(state, assign=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Create a folder, and let one process at a time write into it within this context.

    Raises
    ------
    UserError
        The folder may not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / LOCK, "w")  # noqa: SIM115
    except OSError as error:
        raise UserError(
            f"Nothing can be written to {folder} ({error.strerror}); set TORCH_HOME to a folder of yours."
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _from_hub(repository: str, name: str, **options: Any) -> "nn.Module":
    """Meta's network of that name without weights, by its own code."""
    import torch

    network: nn.Module = torch.hub.load(repository, name, pretrained=False, **options)
    return network


def _download(name: str, file: Path) -> None:
    import torch

    try:
        torch.hub.download_url_to_file(url(name), str(file), hash_prefix=SHA256[name])
    except RuntimeError:  # how torch.hub reports a wrong SHA-256
        raise UserError(
            f"The download from {url(name)} is not Meta's file: its SHA-256 differs (a proxy may have answered); "
            f"nothing was kept: run again, or download it elsewhere and put it at {file}."
        ) from None


def _difference(wanted: Mapping[str, Any], given: Any) -> str:
    """The first difference of the tensors in a file from those of a network, in words; empty where they fit."""
    import torch

    if not isinstance(given, dict) or not all(isinstance(value, torch.Tensor) for value in given.values()):
        return "it is not a table of tensors"
    for key in sorted(wanted.keys() | given.keys()):
        if key not in given:
            return f"it lacks {key}"
        if key not in wanted:
            return f"it also has {key}"
        if given[key].shape != wanted[key].shape:
            return f"its {key} is {list(given[key].shape)} and not {list(wanted[key].shape)}"
    return ""


def _hub_folder() -> Path:
    return cache() / f"{HUB.replace('/', '_')}_{HUB_COMMIT}"


@contextmanager
def _network(remedy: str) -> Iterator[None]:
    """Wait for no answer longer than PATIENCE, and report missing Internet access in one sentence."""
    usual = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise UserError(
            f"The Internet cannot be reached ({_brief(error)}): {remedy}, or set extract.weights to a file you have, "
            f"or take a model that needs none: {', '.join(without_weights())}."
        ) from None
    finally:
        socket.setdefaulttimeout(usual)


def _brief(error: Exception) -> str:
    """The kind of an error and the first sentence of its message."""
    text = " ".join(str(error).split()).partition(". ")[0]
    return f"{type(error).__name__}: {text[:160]}{'…' if len(text) > 160 else ''}"
