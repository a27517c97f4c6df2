"""Find specimens of the same shape under another name."""

import argparse
import sys
from os.path import expanduser

from fossilvit import commands, duplicates, inventory, layout, meshes, recipes, store
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    rows = store.read_table(arguments.specimens, store.SPECIMENS_COLUMNS)
    found = inventory.take(arguments.meshes, arguments.prefer).specimens
    repeated = duplicates.find(rows, lambda identity: read(found, identity))
    made_from = recipes.duplicates(store.read_passport(arguments.emb))
    with store.recorded(layout.record_path(arguments.out), made_from, arguments.out):
        store.write_table(arguments.out, store.DUPLICATES_COLUMNS, repeated)
    commands.log.info("%d of %d specimens are duplicates.", len(repeated), len(rows))


def read(found, identity):
    """The mesh of a specimen; None, with a line in the log, where there is none any more."""
    if identity not in found:
        commands.log.warning("Passed over %s: its file has gone.", identity)
        return None
    try:
        return meshes.read(found[identity].path)
    except (SpecimenError, FileNotFoundError) as error:
        commands.log.warning("Passed over %s: %s", identity, error)
        return None


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    commands.add_meshes(parser)
    parser.add_argument("--specimens", type=expanduser, default="results/specimens.csv", help="table of all specimens")
    parser.add_argument(
        "--emb", type=expanduser, default="data/embeddings/embeddings.npy", help="embeddings of the same collection"
    )
    parser.add_argument("--out", type=expanduser, default="results/duplicates.csv", help="table of duplicates")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
