"""What the stage commands share: progress over the specimens of a folder, and errors told in one sentence."""

import argparse
import logging
import math
import os
import sys

from fossilvit import inventory
from fossilvit.errors import SpecimenError, UserError

log = logging.getLogger("fossilvit")


def run(main) -> int:
    """Run a command and return its exit code; what a user can mend is told in one sentence, without a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except UserError as error:
        log.error("Error: %s", error)
        return 1
    except OSError as error:
        log.error("Error: %s; nothing half-written was left.", error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def each(identities, work, stage) -> dict:
    """Do the work of a stage for one specimen after another; log and skip those whose data are bad.

    Parameters
    ----------
    identities : list of str
    work : function of an ID
        Raises SpecimenError for a specimen to skip.
    stage : str
        What the progress bar is called.

    Returns
    -------
    dict of ID to what the work returned, without those skipped
    """
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    done, skipped = {}, {}
    with logging_redirect_tqdm():
        for identity in tqdm(identities, desc=stage, unit="specimen", disable=len(identities) < 2):
            try:
                done[identity] = work(identity)
            except SpecimenError as error:
                log.warning("Skipped %s: %s", identity, error)
                skipped[identity] = str(error)
    log.info("%s: %d done, %d skipped.", stage, len(done), len(skipped))
    for identity, reason in skipped.items() if len(identities) > 1 else ():
        log.info("  skipped %s: %s", identity, reason)
    return done


def add_meshes(parser, flag="--meshes"):
    """Add the arguments that say where the scans lie, and which of them are taken."""
    parser.add_argument(flag, dest="meshes", type=os.path.expanduser, default="data/meshes", help="folder of meshes")
    parser.add_argument(
        "--prefer",
        nargs="*",
        choices=inventory.FORMATS,
        default=[],
        help="formats of which the first is taken where several files have the same ID",
    )


def add_encoder(parser):
    """Add the arguments that say which encoder describes views, and how it runs."""
    from fossilvit import encoders

    usual = encoders.Options()
    parser.add_argument("--model", default="dinov2_vits14", help=", ".join(encoders.names()))
    parser.add_argument(
        "--image-size", type=at_least(1), default=usual.image_size, help="pixels that a network sees a view at"
    )
    parser.add_argument("--token", choices=encoders.TOKENS, default=usual.token, help="what describes a view")
    parser.add_argument(
        "--weights",
        type=os.path.expanduser,
        help="file of weights; by default those that fetch_weights left in the cache",
    )
    parser.add_argument("--source", choices=["builtin", "hub"], default=usual.source, help="whose code of dinov2 runs")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default=usual.device)
    parser.add_argument("--engine", choices=["auto", "openvino", "torch"], default=usual.engine, help="what runs it")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16", "fp16"], default=usual.precision)
    parser.add_argument("--threads", type=at_least(1), default=cores(), help="of the CPU")


def encoder_options(arguments):
    """What an encoder is told of a command's arguments."""
    from fossilvit import encoders

    return encoders.Options(**{name: getattr(arguments, name) for name in encoders.Options._fields})


def cores() -> int:
    """The CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def between(low, high):
    """The type of an argument that is a number within bounds, these included."""

    def number(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return value

    return number


def at_least(minimum):
    """The type of an argument that is a whole number of at least a minimum."""

    def whole_number(text):
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {minimum}")
        return int(text)

    return whole_number
