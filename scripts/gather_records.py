"""Gather the render records of one shard of the collection, or of all specimens.

In: render.json of every specimen. Out: one JSON file.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit.collection import gathering
from fossilvit.running import commands
from fossilvit.store import files, layout
from fossilvit.store.renders import rendered_ids, specimen_of


def main() -> None:
    arguments = parse()
    renders = arguments.renders
    identities = [specimen_of(renders, record) for record in arguments.records] or rendered_ids(renders)
    shard = gathering.records(sorted(identities), renders)
    files.write_json(arguments.out, shard)
    records = shard["records"]
    failed = sum(record["status"] == "failed" for record in records.values())
    commands.log.info("%s: %d specimens rendered, %d failed.", arguments.out, len(records) - failed, failed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "records", type=expanduser, nargs="*", help="render.json of every specimen; by default of all in the folder"
    )
    parser.add_argument("--renders", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--out", type=expanduser, required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
