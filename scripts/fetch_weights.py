"""Fetch what an encoder needs once, where there is a network, and record what will be used."""

import argparse
import sys
from os.path import expanduser

from fossilvit import commands, encoders, files


def main():
    arguments = parse()
    encoders.file(arguments.model)
    options = commands.encoder_options(arguments)
    record = {"model": arguments.model, "version": encoders.version(arguments.model)}
    record |= encoders.fetch(arguments.model, options)
    record |= {"made_from": encoders.fetch_recipe(arguments.model, options)}
    files.write_json(arguments.out, record)
    commands.log.info("%s", ", ".join(f"{key}: {value}" for key, value in record.items()))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=expanduser, default="data/encoder.json", help="record to write")
    commands.add_encoder(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
