"""List the scans that are not in the collection, and why, and the files that are no scans.

In: the folder of scans and the table of specimens. Out: failed.csv and passed_over.csv.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.collection import catalog
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import inventory
from fossilvit.store import layout
from fossilvit.store.records import recorded
from fossilvit.store.tables import FAILED_COLUMNS, PASSED_OVER_COLUMNS, SPECIMENS_COLUMNS, read_table, write_table


def main() -> None:
    arguments = parse()
    found = inventory.take(arguments.meshes, arguments.prefer, arguments.for_cluster)
    rows = read_table(arguments.specimens, SPECIMENS_COLUMNS)
    failed = {row["specimen_id"]: row["reason"] for row in rows if row["status"] == "failed"}
    failures = catalog.failures(failed, found.left_out)
    made_from = recipes.listing(failed, found)
    with recorded(layout.record_path(arguments.failed), made_from, arguments.failed, arguments.passed_over):
        write_table(arguments.failed, FAILED_COLUMNS, failures)
        write_table(arguments.passed_over, PASSED_OVER_COLUMNS, catalog.passed_over(found.passed_over))
    for sentence in found.summary():
        commands.log.info("%s", sentence)
    commands.log.info("%d specimens failed: %s", len(failures), arguments.failed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    command_line.add_meshes(parser)
    parser.add_argument("--specimens", type=expanduser, default=layout.SPECIMENS, help="table of all specimens")
    parser.add_argument(
        "--failed", type=expanduser, default=layout.FAILED, help="table of scans that are not in the collection"
    )
    parser.add_argument(
        "--passed-over", type=expanduser, default=layout.PASSED_OVER, help="table of files that are no scans"
    )
    parser.add_argument(
        "--for-cluster", action="store_true", help="leave out names that get lost on the way to a cluster's job"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
