"""Weights of DINOv2: where they lie, how they get there, and how a network takes them.

Only fetch() and fetch_code() touch the network; everything else reads what they left in torch.hub's cache.
"""

import hashlib
import socket
from contextlib import contextmanager
from pathlib import Path

import torch

from fossilvit.errors import UserError

BASE_URL = "https://dl.fbaipublicfiles.com/dinov2"
HUB = "facebookresearch/dinov2"
HUB_COMMIT = "b8931f7bf91576930313be2c6d6af376033b35f0"
PATIENCE = 30
"""Seconds to wait for an answer of the network."""


def url(name) -> str:
    """Where Meta keeps the weights of a model."""
    base = name.removesuffix("_reg")
    return f"{BASE_URL}/{base}/{base}_{'reg4_' if base != name else ''}pretrain.pth"


def cached(name) -> Path:
    """Where torch.hub keeps the weights of a model on this machine, whether they are there or not."""
    return Path(torch.hub.get_dir(), "checkpoints", url(name).rpartition("/")[2])


def locate(name, path=None) -> Path:
    """The file of weights: the given one, else that in the cache.

    Raises
    ------
    UserError
        It is not there.
    """
    file = Path(path) if path else cached(name)
    if not file.is_file():
        how = "correct the path" if path else f"fetch them once with `python -m scripts.fetch_weights --model {name}`"
        raise UserError(f"There are no weights of {name} at {file}; {how}, or take the model hog, which needs none.")
    return file


def fetch(name) -> Path:
    """The file of weights in the cache, downloaded if it is not there yet.

    Raises
    ------
    UserError
        There is no network. Says what to download and where to put it.
    """
    file = cached(name)
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        with _network(f"download {url(name)} elsewhere and put it at {file}"):
            torch.hub.download_url_to_file(url(name), str(file))
    return file


def fetch_code(name):
    """Meta's own code in torch.hub's cache, downloaded if it is not there yet."""
    if not _hub_folder().is_dir():
        with _network(f"put a checkout of {HUB} at {_hub_folder()}, or take `source: builtin`"):
            torch.hub.load(f"{HUB}:{HUB_COMMIT}", name, pretrained=False, trust_repo=True)


def hub_network(name):
    """Meta's network of that name, from the cache alone, without weights."""
    if not _hub_folder().is_dir():
        raise UserError(
            f"Meta's code is not at {_hub_folder()}; fetch it once with "
            f"`python -m scripts.fetch_weights --model {name} --source hub`, or take `source: builtin`."
        )
    return torch.hub.load(str(_hub_folder()), name, source="local", pretrained=False)


def load(network, path, name):
    """Give a network its weights, every one of them and no other: the tensors of the file become its own.

    Raises
    ------
    UserError
        The file is no state dict, is cut short, or belongs to another model.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{path} is no file of weights that torch can read ({_brief(error)}); fetch it anew.") from None
    if difference := _difference(network.state_dict(), state):
        raise UserError(f"{path} does not hold the weights of {name}: {difference}; name the right file.")
    network.load_state_dict(state, assign=True)


def _difference(wanted, given) -> str:
    """In what the tensors of a file first differ from those of a network; empty where they fit."""
    if not isinstance(given, dict) or not all(isinstance(value, torch.Tensor) for value in given.values()):
        return "it is not a table of tensors"
    for key in sorted(wanted.keys() | given.keys()):
        if key not in given:
            return f"it lacks {key}"
        if key not in wanted:
            return f"it has {key} besides"
        if given[key].shape != wanted[key].shape:
            return f"its {key} is {list(given[key].shape)} and not {list(wanted[key].shape)}"
    return ""


def digest(path) -> str:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hub_folder():
    return Path(torch.hub.get_dir(), f"{HUB.replace('/', '_')}_{HUB_COMMIT}")


@contextmanager
def _network(remedy):
    """Wait for no answer longer than PATIENCE, and turn a missing network into one sentence."""
    usual = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    except OSError as error:
        raise UserError(
            f"There is no network here ({_brief(error)}): {remedy}, or set extract.weights to a file you have, or work "
            "without weights: --config extract='{model: hog}'."
        ) from None
    finally:
        socket.setdefaulttimeout(usual)


def _brief(error):
    """The kind of an error and the first sentence of what it says."""
    text = " ".join(str(error).split()).partition(". ")[0]
    return f"{type(error).__name__}: {text[:160]}{'…' if len(text) > 160 else ''}"
