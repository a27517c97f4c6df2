"""Fetch the weights of an encoder once, where there is a network, and record what will be used."""

import argparse
import sys

from fossilvit import commands, encoders, store


def main():
    arguments = parse()
    record = {"model": arguments.model, "source": arguments.source}
    if arguments.model != "hog":
        record |= fetch(arguments.model, arguments.source, arguments.weights)
    store.write_json(arguments.out, record)
    commands.log.info("%s", ", ".join(f"{key}: {value}" for key, value in record.items()))


def fetch(model, source, given):
    """Bring the weights, and Meta's code where that is to run; return the file, verified, and its SHA-256."""
    from fossilvit.encoders import dinov2, weights

    if source == "hub":
        weights.fetch_code(model)
    file = weights.locate(model, given) if given else weights.fetch(model)
    dinov2.verify(model, file)
    return {"weights": str(file), "sha256": weights.digest(file)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", choices=encoders.names(), default="dinov2_vits14")
    parser.add_argument("--source", choices=["builtin", "hub"], default="builtin", help="whose code of dinov2 runs")
    parser.add_argument("--weights", help="file of weights already on disk")
    parser.add_argument("--out", default="data/encoder.json", help="record to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
