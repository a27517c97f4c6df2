"""Find specimens that are there twice: of the same shape under another name, or scans of one object.

In: the table of specimens, the meshes of those whose facts agree, and the joined sheet, if there is one. Out:
duplicates.csv.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line, meshes
from fossilvit.collection import duplicates
from fossilvit.errors import SpecimenError
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import inventory
from fossilvit.scans.specimens import Specimen
from fossilvit.sheet import facts
from fossilvit.store import layout
from fossilvit.store.embeddings import read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import DUPLICATES_COLUMNS, SPECIMENS_COLUMNS, read_table, write_table


def main() -> None:
    arguments = parse()
    rows = read_table(arguments.specimens, SPECIMENS_COLUMNS)
    found = inventory.take(arguments.meshes, arguments.prefer).specimens
    known = facts.read(arguments.sheet, found)
    copies = duplicates.find(rows, lambda identity: read(found, identity))
    repeated = duplicates.with_objects(rows, copies, known.objects)
    made_from = recipes.duplicates(read_passport(arguments.emb), known if arguments.sheet else None)
    with recorded(layout.record_path(arguments.out), made_from, arguments.out):
        write_table(arguments.out, DUPLICATES_COLUMNS, repeated)
    commands.log.info("%d of %d specimens are duplicates.", len(repeated), len(rows))


def read(found: dict[str, Specimen], identity: str) -> meshes.Mesh | None:
    """Read the mesh of a specimen. If it is gone, log that and return None."""
    if identity not in found:
        commands.log.warning("Passed over %s: its file has gone.", identity)
        return None
    try:
        return meshes.read(found[identity].path)
    except (SpecimenError, FileNotFoundError) as error:
        commands.log.warning("Passed over %s: %s", identity, error)
        return None


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    command_line.add_meshes(parser)
    parser.add_argument("--specimens", type=expanduser, default=layout.SPECIMENS, help="table of all specimens")
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the same collection")
    command_line.add_sheet(parser)
    parser.add_argument("--out", type=expanduser, default=layout.DUPLICATES, help="table of duplicates")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
