"""Fetch what an encoder needs, once, where there is a network, and record what will be used.

In: the name and the options of an encoder. Out: encoder.json, with the digest of everything that it is made of.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.running import commands
from fossilvit.store import files, layout


def main() -> None:
    arguments = parse()
    choice = command_line.chosen_encoder(arguments)
    record = {"model": choice.name, "version": choice.kind.version, **choice.fetch()}
    record |= {"made_from": choice.fetch_recipe()}
    files.write_json(arguments.out, record)
    commands.log.info("%s", ", ".join(f"{key}: {value}" for key, value in record.items()))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=expanduser, default=layout.ENCODER, help="record to write")
    command_line.add_encoder(parser)
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
