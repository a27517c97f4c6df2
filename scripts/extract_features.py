"""Describe every view of every rendered specimen with a frozen encoder.

In: renders. Out: features, float32 [V, D] per specimen, one row per view.
"""

import argparse
import sys
from functools import lru_cache
from os.path import expanduser
from typing import Any

import numpy as np

from fossilvit import command_line
from fossilvit.encoders import Choice, Encoder, extraction
from fossilvit.errors import SpecimenError
from fossilvit.provenance import recipes
from fossilvit.provenance.backends import Backend
from fossilvit.provenance.notes import note_broken
from fossilvit.running import commands, devices
from fossilvit.store import files, layout
from fossilvit.store.arrays import write_result
from fossilvit.store.renders import BrokenView, forget_views, rendered_ids, specimen_of


def main() -> None:
    arguments = parse()
    choice = command_line.chosen_encoder(arguments)
    identities = [arguments.specimen] if arguments.specimen else rendered_ids(arguments.renders)
    gpus = choice.gpus()
    if len(gpus) > 1 and not arguments.specimen:
        shares = [identities[slot :: len(gpus)] for slot in range(len(gpus))]
        devices.on_each(gpus, extract_share, [(arguments, share) for share in shares if share])
    else:
        devices.claim(gpus)
        extract(arguments, identities)


def extract_share(arguments: argparse.Namespace, identities: list[str]) -> None:
    """Describe some specimens in a process of its own."""
    sys.exit(commands.run(lambda: extract(arguments, identities)))


def extract(arguments: argparse.Namespace, identities: list[str]) -> None:
    """Describe some specimens with one encoder. A view that cannot be read is noted for the next run."""
    encoder, recipe = ready(command_line.chosen_encoder(arguments))
    described = extraction.describe(encoder, arguments.renders, identities, arguments.threads)
    try:
        commands.each(
            identities, lambda identity: keep(arguments, identity, next(described), encoder.backend, recipe), "extract"
        )
    except BrokenView as broken:
        identity = specimen_of(arguments.renders, broken.path)
        note_broken(arguments.renders, identity, broken.path.name, layout.array_path(arguments.out, identity))
        raise


@lru_cache(maxsize=1)
def ready(choice: Choice) -> tuple[Encoder, dict[str, Any]]:
    """The chosen encoder, which is kept for the next specimens, and its recipe."""
    return choice.create(), choice.recipe()


def keep(
    arguments: argparse.Namespace,
    identity: str,
    features: np.ndarray,
    backend: Backend,
    recipe: dict[str, Any],
) -> None:
    """Write the features of a specimen. One that failed to render has none."""
    record = files.read_bytes(layout.render_record(arguments.renders, identity))
    path = layout.array_path(arguments.out, identity)
    write_result(path, features, recipes.features(record, recipe), backend=backend._asdict())
    if arguments.views == "forget":
        forget_views(arguments.renders, identity)
    if not len(features):
        raise SpecimenError("it has no views, because it could not be rendered.")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--out", type=expanduser, default=layout.FEATURES, help="folder of features")
    parser.add_argument("--specimen", help="only this ID")
    parser.add_argument(
        "--views",
        choices=["keep", "forget"],
        default="keep",
        help="whether to delete views once they are described; the best is kept always",
    )
    command_line.add_encoder(parser)
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
