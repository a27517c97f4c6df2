"""Describe every view of every rendered specimen with a frozen encoder."""

import argparse
import sys
from functools import lru_cache
from os.path import expanduser

from fossilvit import commands, devices, encoders, extraction, files, layout, recipes, store
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    identities = [arguments.specimen] if arguments.specimen else store.rendered(arguments.renders)
    gpus = encoders.gpus(arguments.model, arguments.device, arguments.engine)
    if len(gpus) > 1 and not arguments.specimen:
        shares = [identities[slot :: len(gpus)] for slot in range(len(gpus))]
        devices.on_each(gpus, extract_share, [(arguments, share) for share in shares if share])
    else:
        devices.claim(gpus)
        extract(arguments, identities)


def extract_share(arguments, identities):
    """Describe some specimens in a process of its own."""
    sys.exit(commands.run(lambda: extract(arguments, identities)))


def extract(arguments, identities):
    """Describe some specimens with one encoder."""
    encoder, recipe = encoder_of(arguments.model, commands.encoder_options(arguments))
    described = extraction.describe(encoder, arguments.renders, identities, arguments.threads)
    try:
        commands.each(identities, lambda identity: keep(arguments, identity, next(described), recipe), "extract")
    except store.BrokenView as broken:
        store.forget_render(broken.path.parent, "")
        raise


@lru_cache(maxsize=1)
def encoder_of(model, options):
    """The encoder, which stays for the specimens that come after, and its recipe."""
    return encoders.create(model, options), encoders.recipe(model, options)


def keep(arguments, identity, features, recipe):
    """Write the features of a specimen; one that failed to render has none."""
    record = files.read_bytes(layout.render_record(arguments.renders, identity))
    store.write_result(layout.array_path(arguments.out, identity), features, recipes.features(record, recipe))
    if arguments.views == "forget":
        store.forget_views(arguments.renders, identity)
    if not len(features):
        raise SpecimenError("it has no views, because it could not be rendered.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", type=expanduser, default="data/renders", help="folder of renders")
    parser.add_argument("--out", type=expanduser, default="data/features", help="folder of features")
    parser.add_argument("--specimen", help="only this ID")
    parser.add_argument(
        "--views",
        choices=["keep", "forget"],
        default="keep",
        help="what becomes of them once described; the best stays",
    )
    commands.add_encoder(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
