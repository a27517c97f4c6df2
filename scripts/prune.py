"""List previews and the files of specimens that are no longer there, and delete them when asked.

In: the folder of scans. Out: paths, one per line.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.provenance import leftovers
from fossilvit.running import commands
from fossilvit.scans import inventory
from fossilvit.store import layout


def main() -> None:
    arguments = parse()
    identities = inventory.take(arguments.meshes, inventory.FORMATS).specimens
    found = leftovers.find(identities, arguments.shards, arguments.data, arguments.logs, arguments.results)
    for path in found:
        print(path)
    if arguments.delete:
        leftovers.delete(found)
    commands.log.info("%d files%s", len(found), " deleted." if arguments.delete else "; --delete deletes them.")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--delete", action="store_true", help="delete them, while no run is going on")
    parser.add_argument("--meshes", type=expanduser, default=layout.MESHES, help="folder of scans")
    parser.add_argument("--shards", type=command_line.auto_or(1), default="auto", help="number of shards, or auto")
    parser.add_argument(
        "--data", type=expanduser, default="data", help="folder of renders, features, embeddings and shards"
    )
    parser.add_argument("--logs", type=expanduser, default=layout.LOGS, help="folder of logs")
    parser.add_argument("--results", type=expanduser, default=layout.RESULTS, help="folder of results, for previews")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
