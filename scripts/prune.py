"""List what specimens left behind that are no longer there, and delete it when asked."""

import argparse
import sys

from fossilvit import commands, leftovers, specimens


def main():
    arguments = parse()
    identities = specimens.discover(arguments.meshes)
    found = leftovers.find(identities, arguments.shards, arguments.data, arguments.logs)
    for path in found:
        print(path)
    if arguments.delete:
        leftovers.delete(found)
    commands.log.info("%d files%s", len(found), " deleted." if arguments.delete else "; --delete deletes them.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--delete", action="store_true", help="delete them, while no run is going on")
    parser.add_argument("--meshes", default="data/meshes", help="folder of meshes")
    parser.add_argument("--shards", type=commands.at_least(1), default=16, help="number of shards")
    parser.add_argument("--data", default="data", help="folder of renders, features, embeddings and shards")
    parser.add_argument("--logs", default="logs", help="folder of logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
