"""Describe every view of every rendered specimen with a frozen encoder."""

import argparse
import sys

from fossilvit import commands, encoders, store
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    rendered = store.rendered(arguments.renders) if not arguments.specimen else [arguments.specimen]
    encoder = encoders.create(
        arguments.model, arguments.image_size, arguments.device, arguments.source, arguments.weights
    )
    commands.each(
        rendered,
        lambda identity: extract_specimen(arguments.renders, arguments.out, identity, encoder),
        "extract",
    )


def extract_specimen(renders, out, identity, encoder):
    """Describe the views of one specimen; one that failed to render has none."""
    images = store.read_views(renders, identity)
    store.write_array(store.array_path(out, identity), encoder.encode(images))
    if not len(images):
        raise SpecimenError("it has no views, because it could not be rendered.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", default="data/renders", help="folder of renders")
    parser.add_argument("--out", default="data/features", help="folder of features")
    parser.add_argument("--specimen", help="only this ID")
    parser.add_argument("--model", default="dinov2_vits14", help=", ".join(encoders.names()))
    parser.add_argument(
        "--image-size", type=commands.at_least(1), default=224, help="pixels that dinov2 sees a view at"
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--source", choices=["builtin", "hub"], default="builtin", help="whose code of dinov2 runs")
    parser.add_argument("--weights", help="file of weights; by default those that fetch_weights left in the cache")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
