"""Gather the embeddings of one shard of the collection, and put its records beside them."""

import argparse
import sys

from fossilvit import collection, commands, store, whitening


def main():
    arguments = parse()
    shard = collection.gather(store.read_json(arguments.records), arguments.embeddings)
    scatter = collection.scatter(shard, arguments.features) if arguments.whiten == "views" else None
    store.write_shard(arguments.out, shard.identities, shard.embeddings, shard.records, scatter)
    done = len(shard.identities)
    commands.log.info("%s: %d specimens, %d failed.", arguments.out, done, len(shard.records) - done)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--records", required=True, help="records of the shard's specimens, by gather_records")
    parser.add_argument("--embeddings", default="data/embeddings", help="folder of embeddings")
    parser.add_argument("--features", default="data/features", help="folder of features, to whiten")
    parser.add_argument(
        "--whiten", choices=whitening.METHODS, default="none", help="what collect_embeddings is to whiten by"
    )
    parser.add_argument("--out", required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
