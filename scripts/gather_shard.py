"""Gather the embeddings and the records of one shard of the collection."""

import argparse
import sys

from fossilvit import collection, commands, specimens, store, whitening


def main():
    arguments = parse()
    identities = specimens.members(specimens.discover(arguments.meshes), arguments.shards).get(arguments.shard, [])
    shard = collection.gather(identities, arguments.embeddings, arguments.renders)
    scatter = collection.scatter(shard, arguments.features) if arguments.whiten == "views" else None
    store.write_shard(arguments.out, shard.identities, shard.embeddings, shard.records, scatter)
    done = len(shard.identities)
    commands.log.info("Shard %s: %d specimens, %d failed.", arguments.shard, done, len(shard.records) - done)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--meshes", default="data/meshes", help="folder of meshes")
    parser.add_argument("--embeddings", default="data/embeddings", help="folder of embeddings")
    parser.add_argument("--renders", default="data/renders", help="folder of renders")
    parser.add_argument("--features", default="data/features", help="folder of features, to whiten")
    parser.add_argument("--shards", type=commands.at_least(1), default=16, help="number of shards")
    parser.add_argument("--shard", required=True, help="which of them, e.g. 0003")
    parser.add_argument(
        "--whiten", choices=whitening.METHODS, default="none", help="what collect_embeddings is to whiten by"
    )
    parser.add_argument("--out", required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
