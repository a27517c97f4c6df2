"""Gather the render records of one shard of the collection."""

import argparse
import sys

from fossilvit import collection, commands, files, specimens


def main():
    arguments = parse()
    identities = specimens.members(specimens.discover(arguments.meshes), arguments.shards).get(arguments.shard, [])
    shard = collection.records(identities, arguments.renders)
    files.write_json(arguments.out, shard)
    records = shard["records"]
    failed = sum(record["status"] == "failed" for record in records.values())
    commands.log.info("Shard %s: %d specimens rendered, %d failed.", arguments.shard, len(records) - failed, failed)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--meshes", default="data/meshes", help="folder of meshes")
    parser.add_argument("--renders", default="data/renders", help="folder of renders")
    parser.add_argument("--shards", type=commands.at_least(1), default=16, help="number of shards")
    parser.add_argument("--shard", required=True, help="which of them, e.g. 0003")
    parser.add_argument("--out", required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
