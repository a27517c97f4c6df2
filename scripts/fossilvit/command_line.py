"""Arguments that several stage commands have in common.

In: an argparse parser. Out: the same parser with more arguments, or an option of the library.
"""

import argparse
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from os.path import expanduser

from fossilvit import encoders
from fossilvit.encoders import Options
from fossilvit.running import devices
from fossilvit.scans import inventory
from fossilvit.store import layout

MODEL = "dinov2_vits14"
"""The encoder where none is named, as in config/config.yaml."""
DEVICES = ("auto", "cpu", "cuda")


def add_meshes(parser: ArgumentParser, flag: str = "--meshes") -> None:
    """Add the arguments that say where the scans are, and which of them are taken."""
    parser.add_argument(flag, dest="meshes", type=expanduser, default=layout.MESHES, help="folder of scans")
    parser.add_argument(
        "--prefer",
        nargs="*",
        choices=inventory.FORMATS,
        default=[],
        help="formats in order of preference, for specimens whose scans are there in several",
    )


def add_duplicates(parser: ArgumentParser) -> None:
    """Add the argument that says where the table of duplicates is."""
    parser.add_argument(
        "--duplicates",
        type=expanduser,
        default=layout.DUPLICATES,
        help="table of duplicates; if it is missing, no specimen is a copy",
    )


def add_sheet(parser: ArgumentParser) -> None:
    """Add the argument that says where the joined sheet is."""
    parser.add_argument(
        "--sheet",
        type=expanduser,
        help=f"joined sheet, such as {layout.SHEET}; without it, folders are categories and every scan is an object",
    )


def add_shared(parser: ArgumentParser) -> None:
    """Add the arguments that all five stages take, so that a script can pass them everywhere."""
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="seed; only upgma and kmeans in scripts.cluster draw random numbers"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="device; only encoders use a GPU")


def add_encoder(parser: ArgumentParser) -> None:
    """Add the arguments, except --device, that say which encoder describes views, and how it runs."""
    usual = Options()
    parser.add_argument("--model", default=MODEL, help=f"encoder: {', '.join(encoders.names())}")
    parser.add_argument(
        "--image-size", type=at_least(1), default=usual.image_size, help="pixels of the images that a network receives"
    )
    parser.add_argument("--token", default=usual.token, help=f"what describes a view: {', '.join(encoders.tokens())}")
    parser.add_argument(
        "--weights", type=expanduser, help="file of weights; by default those that fetch_weights left in the cache"
    )
    parser.add_argument(
        "--source",
        choices=["builtin", "hub"],
        default=usual.source,
        help="code of the network: builtin is ours, hub is Meta's",
    )
    parser.add_argument(
        "--engine", choices=["auto", "openvino", "torch"], default=usual.engine, help="what runs the network"
    )
    parser.add_argument(
        "--precision",
        choices=["auto", "fp32", "bf16", "fp16"],
        default=usual.precision,
        help="number format of the network",
    )
    add_threads(parser)


def add_threads(parser: ArgumentParser) -> None:
    """Add the argument that says how many CPU threads a stage may use."""
    parser.add_argument("--threads", type=at_least(1), default=devices.cores(), help="number of CPU threads")


def chosen_encoder(arguments: Namespace) -> encoders.Choice:
    """The encoder that the arguments of a command choose."""
    options = Options(**{name: getattr(arguments, name) for name in Options._fields})
    return encoders.choose(arguments.model, options)


def between(low: float, high: float) -> Callable[[str], float]:
    """The type of an argument that is a number from low to high, both included."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return value

    return number


def at_least(minimum: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least a minimum."""

    def whole_number(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {minimum}")
        return int(text)

    return whole_number


def auto_or(minimum: int) -> Callable[[str], int | str]:
    """The type of an argument that is `auto`, or a whole number of at least a minimum."""
    whole_number = at_least(minimum)
    return lambda text: text if text == "auto" else whole_number(text)
