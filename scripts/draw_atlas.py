"""Draw the atlas: one page that opens from disk and shows the whole collection.

In: the map, the tables of results, and the exhibits of specimens. Out: index.html, which holds everything, or, with
--shards, loads the chunks of exhibits that pack_exhibits writes beside it.
"""

import argparse
import sys
from os.path import expanduser
from pathlib import Path
from typing import Any

from fossilvit import command_line
from fossilvit.pages.atlas import packing, page
from fossilvit.pages.atlas.core import Tables, core, own_shard
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import specimens
from fossilvit.store import digests, files, layout
from fossilvit.store.embeddings import read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import SPECIMENS_COLUMNS, read_table

TABLES = {
    "map": layout.MAP,
    "specimens": layout.SPECIMENS,
    "failed": layout.FAILED,
    "clusters": layout.CLUSTERS,
    "summary": layout.CLUSTER_SUMMARY,
    "history": layout.CLUSTER_HISTORY,
    "tree": layout.TREE,
    "neighbors": layout.NEIGHBORS,
    "duplicates": layout.DUPLICATES,
}
"""Where the tables lie that every collection has, by their names in core.Tables."""


def main() -> None:
    arguments = parse()
    tables = Tables(**{name: getattr(arguments, name) for name in Tables._fields})
    passport = read_passport(arguments.emb)
    identities = [row["specimen_id"] for row in read_table(tables.specimens, SPECIMENS_COLUMNS)]
    members = specimens.members(identities, arguments.shards) if arguments.shards else None
    gathered = core(tables, passport, members)
    parts = {} if members else in_page(arguments.exhibits, gathered["ids"])
    made_of: dict[str, Any] = {"shards": arguments.shards}
    if not members:
        made_of = {"exhibits": digests.of_value(page.exhibit_digests(arguments.exhibits, identities))}
    # not the table of specimens: the passport stands for it, but for the seconds in it
    read = [path for name, path in tables._asdict().items() if path and name != "specimens"]
    made_from = recipes.atlas(passport, {Path(path).name: digests.of_file(path) for path in read}, made_of)
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    with (
        recorded(layout.record_path(arguments.out), made_from, arguments.out),
        files.atomic(arguments.out) as file,
    ):
        file.write(page.html(packing.pack(gathered), parts, gathered["count"]).encode())
    size = Path(arguments.out).stat().st_size / 1e6
    commands.log.info("Atlas of %d specimens, %.1f MB: open %s", gathered["count"], size, arguments.out)


def in_page(exhibits: str, identities: list[str]) -> dict[str, dict[str, str]]:
    """The thumbnail and the exhibit of every specimen, by the name of their part of the page."""
    found = page.read_exhibits(exhibits, identities)
    return {
        page.chunk_name(part, own_shard(row)): {one: texts[one]}
        for part, texts in zip(page.PARTS, found, strict=True)
        for row, one in enumerate(identities)
        if one in texts
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    for name, path in TABLES.items():
        parser.add_argument(f"--{name}", type=expanduser, default=path, help=f"{Path(path).name} of the collection")
    parser.add_argument("--suspects", type=expanduser, help="table of suspects, if there are categories")
    command_line.add_sheet(parser)
    parser.add_argument("--exhibits", type=expanduser, default=layout.EXHIBITS, help="folder of exhibits")
    parser.add_argument(
        "--shards",
        type=command_line.at_least(1),
        help="the number of shards whose chunks lie beside the page; by default the page holds everything",
    )
    parser.add_argument("--out", type=expanduser, default=layout.ATLAS_PAGE, help="HTML file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
