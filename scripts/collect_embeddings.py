"""Join the shards into the collection, whitened or not, and the table of its specimens."""

import argparse
import sys
from os.path import expanduser
from pathlib import Path

from fossilvit import catalogue, collection, commands, recipes, store, whitening


def main():
    arguments = parse()
    whole = collection.join(map(store.read_shard, arguments.shards))
    scatters = map(store.read_scatter, arguments.shards)
    embeddings, record = whitening.whiten(whole.embeddings, scatters, arguments.whiten)
    store.write_table(arguments.specimens, store.SPECIMENS_COLUMNS, catalogue.specimens(whole.records))
    shards = {Path(shard).stem: store.read_shard_record(shard) for shard in arguments.shards}
    passport = {**collection.joint_passport(shards.values()), **record}
    store.write_embeddings(arguments.out, whole.identities, embeddings, passport, recipes.collection(shards))
    failed = len(whole.records) - len(whole.identities)
    commands.log.info("%d specimens of dimension %d, %d failed.", *embeddings.shape, failed)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("shards", type=expanduser, nargs="+", help="files of shards")
    parser.add_argument("--out", type=expanduser, default="data/embeddings", help="folder of embeddings")
    parser.add_argument(
        "--whiten", choices=whitening.METHODS, default="none", help="views: the shards were gathered with it too"
    )
    parser.add_argument("--specimens", type=expanduser, default="results/specimens.csv", help="table of all specimens")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
