"""Pool the views of every specimen into its embedding, and gather the collection.

In: features, float32 [V, D] per specimen. Out: an embedding, float32 [D] per specimen, and the collection:
embeddings.npy, float32 [N, D], ids.txt, and embeddings.json.
"""

import argparse
import sys
from os.path import expanduser

import numpy as np

from fossilvit import command_line
from fossilvit.collection import gathering, pooling, whitening
from fossilvit.errors import SpecimenError, UserError
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import digests, layout
from fossilvit.store.arrays import array_ids, read_array, write_result
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.files import PathLike
from fossilvit.store.records import recorded_digest


def main() -> None:
    arguments = parse()
    if arguments.whiten != "none" and arguments.pool != "mean":
        raise UserError(f"Embeddings of --pool {arguments.pool} cannot be whitened; take mean, or --whiten none.")
    identities = [arguments.specimen] if arguments.specimen else array_ids(arguments.features)
    embeddings = commands.each(
        identities,
        lambda identity: pool_specimen(arguments.features, arguments.out, identity, arguments.pool),
        "pool",
    )
    if not arguments.specimen:
        whole = gathering.join([(embeddings.keys(), embeddings.values(), {})])
        scatter = gathering.scatter(whole, arguments.features, arguments.whiten)
        found, record = whitening.whiten(whole.embeddings, [scatter], arguments.whiten)
        passport = {**gathering.passport(identities, embeddings, arguments.features, arguments.out), **record}
        pooled = {one: recorded_digest(layout.array_path(arguments.out, one)) for one in embeddings}
        made_from = {"embeddings": digests.of_value(pooled)}
        write_embeddings(arguments.out, whole.identities, found, passport, made_from)


def pool_specimen(features: PathLike, out: PathLike, identity: str, method: str) -> np.ndarray:
    """Pool one specimen, write its embedding, float32 [D], and return it.

    Raises
    ------
    SpecimenError
        It has no views. An embedding of length 0 is written.
    """
    path = layout.array_path(features, identity)
    embedding = pooling.pool(read_array(path, 2), method)
    write_result(layout.array_path(out, identity), embedding, recipes.embedding(digests.of_file(path), method))
    if not len(embedding):
        raise SpecimenError("it has no features, because it could not be rendered.")
    return embedding


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--features", type=expanduser, default=layout.FEATURES, help="folder of features")
    parser.add_argument("--out", type=expanduser, default=layout.EMBEDDINGS, help="folder of embeddings")
    parser.add_argument("--specimen", help="only this ID; the collection is not gathered")
    parser.add_argument(
        "--pool", choices=pooling.METHODS, default="mean", help="concat is for views of --align none and --mirror keep"
    )
    parser.add_argument(
        "--whiten",
        choices=whitening.METHODS,
        default="none",
        help="whitening of the collection; single embeddings stay as they are",
    )
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
