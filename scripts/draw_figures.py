"""Draw all groups at a glance, their tree, contact sheets of every cluster and of the neighbors of named queries, and
which categories are confused and which specimens are suspects.

In: the tables of clusters, neighbors, confusions and suspects, the tree, and the renders. Out: one PNG per page,
tree.svg, and figures.json.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from os.path import expanduser
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fossilvit.pages import confusion, contact_sheet, folding, glance, groups, sheets, suspects
from fossilvit.pages.groups import Groups
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import digests, files, layout
from fossilvit.store.newick import read_tree
from fossilvit.store.png import write_image
from fossilvit.store.records import collection_of, read_record

TREE = "tree"


def main() -> None:
    arguments = parse()
    out = Path(arguments.out)
    found = groups.read_groups(
        arguments.clusters, beside(arguments.summary, arguments.clusters, layout.CLUSTER_SUMMARY)
    )
    tree = folding.folded(*read_tree(beside(arguments.tree, arguments.clusters, layout.TREE)), found)
    title = answer(arguments.clusters, found)
    out.mkdir(parents=True, exist_ok=True)
    pages = dict(drawings(arguments.renders, found, title, list(map(Path, arguments.neighbors))))
    pages |= labels(arguments.renders, arguments.confusion, arguments.suspects)
    drawn = []
    with tqdm(total=len(pages) + bool(tree), desc="figures", unit="page") as progress:
        for name, draw in pages.items():
            write_image(out / name, draw())
            drawn.append(name)
            progress.update()
        if tree:
            from fossilvit.pages import dendrogram  # imports matplotlib

            names = [f"{TREE}.svg", f"{TREE}.png"]
            dendrogram.draw(tree, arguments.renders, *(out / name for name in names))
            drawn += names
            progress.update()
    commands.log.info("%d pictures: %s", len(drawn), out)
    tables = [*arguments.neighbors, *filter(None, (arguments.confusion, arguments.suspects))]
    made_from = recipes.figures(
        collection_of(arguments.clusters),
        digests.of_file(arguments.clusters),
        {Path(table).name: digests.of_file(table) for table in tables},
    )
    files.write_json(out / layout.FIGURES_RECORD, {"pictures": drawn, "made_from": made_from})


def drawings(
    renders: str, found: Groups, title: str, tables: list[Path]
) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """The file name of every page but the tree, and a function that draws it."""
    for page in glance.pages(renders, found, title):
        yield f"{page.name}.png", partial(glance.draw, page)
    for sheet in chain(sheets.cluster_sheets(renders, found), sheets.neighbor_sheets(renders, tables)):
        yield f"{sheet.name}.png", partial(contact_sheet.draw, sheet.title, sheet.pictures)


def labels(renders: str, confused: str | None, suspected: str | None) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """The file name of every page about categories, and a function that draws it."""
    if confused:
        yield "confusion.png", partial(confusion.draw, confused)
    if suspected and (page := suspects.page(renders, suspected)):
        yield f"{page.name}.png", partial(suspects.draw, page)


def answer(table: str, found: Groups) -> str:
    """The sentence about the clusters in the record of their table, or a plain one if there is none."""
    plain = groups.counted(len(found.clusters), "cluster")
    return str(read_record(table).get("answer", plain)) if layout.record_path(table).exists() else plain


def beside(given: str | None, table: str, path: str) -> Path:
    """A file that an argument names, or that lies beside the table of clusters."""
    return Path(given) if given else layout.within(Path(table).parent, path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--clusters", type=expanduser, default=layout.CLUSTERS, help="table of clusters")
    parser.add_argument(
        "--summary",
        type=expanduser,
        help=f"summary of clusters; by default {Path(layout.CLUSTER_SUMMARY).name} beside --clusters",
    )
    parser.add_argument(
        "--tree", type=expanduser, help=f"tree of specimens; by default {Path(layout.TREE).name} beside --clusters"
    )
    parser.add_argument(
        "--neighbors", type=expanduser, nargs="*", default=[], help="tables of neighbors of one query each"
    )
    parser.add_argument("--confusion", type=expanduser, help="table of confusions, if there are categories")
    parser.add_argument("--suspects", type=expanduser, help="table of suspects, if there are categories")
    parser.add_argument("--out", type=expanduser, default=layout.FIGURES, help="folder of pictures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
