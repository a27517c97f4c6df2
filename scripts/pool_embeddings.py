"""Pool the views of every specimen into its embedding, and gather the collection."""

import argparse
import sys

from fossilvit import collection, commands, pooling, store
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    identities = [arguments.specimen] if arguments.specimen else store.arrays(arguments.features)
    embeddings = commands.each(
        identities,
        lambda identity: pool_specimen(arguments.features, arguments.out, identity, arguments.pool),
        "pool",
    )
    if not arguments.specimen:
        whole = collection.join([(embeddings.keys(), embeddings.values(), {})])
        store.write_embeddings(arguments.out, whole.identities, whole.embeddings)


def pool_specimen(features, out, identity, method):
    """Pool one specimen and return its embedding; one without views has an empty one."""
    embedding = pooling.pool(store.read_array(store.array_path(features, identity)), method)
    store.write_array(store.array_path(out, identity), embedding)
    if not len(embedding):
        raise SpecimenError("it has no features, because it could not be rendered.")
    return embedding


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--features", default="data/features", help="folder of features")
    parser.add_argument("--out", default="data/embeddings", help="folder of embeddings")
    parser.add_argument("--specimen", help="only this ID; the collection is not gathered")
    parser.add_argument("--pool", choices=pooling.METHODS, default="mean")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
