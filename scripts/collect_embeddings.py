"""Join the shards into the collection: embeddings.npy, ids.txt and the tables of specimens and failures."""

import argparse
import sys

from fossilvit import catalogue, collection, commands, store


def main():
    arguments = parse()
    whole = collection.join(map(store.read_shard, arguments.shards))
    store.write_embeddings(arguments.out, whole.identities, whole.embeddings)
    failures = catalogue.failures(whole.records)
    store.write_table(arguments.failed, store.FAILED_COLUMNS, failures)
    store.write_table(arguments.specimens, store.SPECIMENS_COLUMNS, catalogue.specimens(whole.records))
    commands.log.info("%d specimens of dimension %d, %d failed.", *whole.embeddings.shape, len(failures))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("shards", nargs="+", help="files of shards")
    parser.add_argument("--out", default="data/embeddings", help="folder of embeddings")
    parser.add_argument("--failed", default="results/failed.csv", help="table of failures")
    parser.add_argument("--specimens", default="results/specimens.csv", help="table of all specimens")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
