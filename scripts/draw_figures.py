"""Draw contact sheets of every cluster and of the neighbors of every named query.

In: the tables of clusters and neighbors, and the renders. Out: one PNG per sheet, and figures.json.
"""

import argparse
import sys
from itertools import chain
from os.path import expanduser
from pathlib import Path

from fossilvit.pages import contact_sheet, sheets
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import digests, files, layout
from fossilvit.store.png import write_image
from fossilvit.store.records import collection_of


def main() -> None:
    arguments = parse()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    drawn = []
    for sheet in chain(
        sheets.cluster_sheets(arguments.renders, arguments.clusters),
        sheets.neighbor_sheets(arguments.renders, map(Path, arguments.neighbors)),
    ):
        drawn.append(f"{sheet.name}.png")
        write_image(out / drawn[-1], contact_sheet.draw(sheet.title, sheet.pictures))
        commands.log.info("%s: %s", out / drawn[-1], sheet.title)
    made_from = recipes.figures(
        collection_of(arguments.clusters),
        digests.of_file(arguments.clusters),
        {Path(table).name: digests.of_file(table) for table in arguments.neighbors},
    )
    files.write_json(out / layout.FIGURES_RECORD, {"pictures": drawn, "made_from": made_from})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--clusters", type=expanduser, default=layout.CLUSTERS, help="table of clusters")
    parser.add_argument(
        "--neighbors", type=expanduser, nargs="*", default=[], help="tables of neighbors of one query each"
    )
    parser.add_argument("--out", type=expanduser, default=layout.FIGURES, help="folder of pictures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
