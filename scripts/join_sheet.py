"""Join the table of the user about specimens, the sheet, to the scans.

In: the sheet, the folder of scans, and the table of specimens. Out: sheet.csv, with one row per scan and per row of the
sheet that no scan belongs to: object, categories, lengths in mm where the sheet has units, and all that the sheet says.
"""

import argparse
import sys
from os.path import expanduser
from pathlib import Path

from fossilvit import command_line
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import inventory
from fossilvit.sheet import said
from fossilvit.store import layout
from fossilvit.store.embeddings import read_passport
from fossilvit.store.files import PathLike
from fossilvit.store.records import recorded
from fossilvit.store.tables import SPECIMENS_COLUMNS, read_table, write_table

SCHEMA = Path(__file__).parent.parent / "workflow/schemas/specimens.schema.yaml"
CORNERS = tuple(f"{end}_{axis}" for end in ("min", "max") for axis in "xyz")


def main() -> None:
    arguments = parse()
    found = inventory.take(arguments.meshes, arguments.prefer, arguments.for_cluster).specimens
    wanted = said.Wanted(*(getattr(arguments, name) for name in said.Wanted._fields))
    sheet = said.take(arguments.sheet, arguments.schema, found, wanted)
    columns, rows = sheet.table(extents(arguments.specimens))
    made_from = recipes.sheet(read_passport(arguments.emb), sheet.digest)
    with recorded(layout.record_path(arguments.out), made_from, arguments.out):
        write_table(arguments.out, columns, rows)
    for sentence in sheet.sentences:
        commands.log.info("%s", sentence)


def extents(path: PathLike) -> dict[str, tuple[float, ...]]:
    """Read the lengths of every specimen's bounding box along x, y and z, in file units, by ID."""
    rows = [row for row in read_table(path, SPECIMENS_COLUMNS) if all(row[corner] for corner in CORNERS)]
    corners = {row["specimen_id"]: [float(row[corner]) for corner in CORNERS] for row in rows}
    return {
        identity: tuple(high - low for low, high in zip(values[:3], values[3:], strict=True))
        for identity, values in corners.items()
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--sheet", type=expanduser, required=True, help="table of specimens: .csv, .tsv or .xlsx")
    parser.add_argument("--schema", type=expanduser, default=SCHEMA, help="description of its columns")
    command_line.add_meshes(parser)
    parser.add_argument("--specimens", type=expanduser, default=layout.SPECIMENS, help="table of all specimens")
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the same collection")
    parser.add_argument("--object", default="auto", help="column that names objects, or auto")
    parser.add_argument("--category", default="folder", help="folder, a column, or several, from high to low: a/b/c")
    parser.add_argument("--select", help='condition on columns, such as part == "femur" and side == "left"')
    parser.add_argument("--restrict", help="column in which neighbors must agree")
    parser.add_argument(
        "--for-cluster", action="store_true", help="leave out names that get lost on the way to a cluster's job"
    )
    parser.add_argument("--out", type=expanduser, default=layout.SHEET, help="joined sheet")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
