"""Write a collection of generated example fossils.

In: nothing but a seed. Out: one file per fossil, in folders by group, in millimeters.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.examples.collection import write_collection
from fossilvit.running import commands


def main() -> None:
    arguments = parse()
    paths = write_collection(arguments.out, arguments.per_category, arguments.seed)
    commands.log.info("%d files in %s", len(paths), arguments.out)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=expanduser, default="data/example_fossils", help="folder to write to")
    parser.add_argument("--per-category", type=command_line.at_least(1), default=8, help="specimens of each category")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
