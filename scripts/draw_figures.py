"""Draw contact sheets of every cluster and of the neighbours of every named query."""

import argparse
import sys
from itertools import chain
from os.path import expanduser
from pathlib import Path

from fossilvit import commands, digests, figures, files, layout, recipes, store
from fossilvit.clustering import NOISE


def main():
    arguments = parse()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, title, pictures in chain(
        cluster_sheets(arguments.renders, arguments.clusters),
        neighbor_sheets(arguments.renders, map(Path, arguments.neighbors)),
    ):
        drawn.append(f"{name}.png")
        store.write_image(out / drawn[-1], figures.contact_sheet(title, pictures))
        commands.log.info("%s: %s", out / drawn[-1], title)
    made_from = recipes.figures(
        store.collection_of(arguments.clusters),
        digests.of_file(arguments.clusters),
        {Path(table).name: digests.of_file(table) for table in arguments.neighbors},
    )
    files.write_json(out / layout.FIGURES_RECORD, {"pictures": drawn, "made_from": made_from})


def cluster_sheets(renders, table):
    """Name, title and pictures of a sheet a cluster, the firmest members first, and of the noise."""
    rows = store.read_table(table, store.CLUSTERS_COLUMNS, cluster_id=int, prob=float)
    members = {}
    for row in sorted(rows, key=lambda row: (-row["prob"], row["specimen_id"])):
        members.setdefault(row["cluster_id"], []).append(row)
    for cluster, group in sorted(members.items()):
        name = "noise" if cluster == NOISE else f"cluster_{cluster:02d}"
        title = "Noise: in no cluster" if cluster == NOISE else f"Cluster {cluster}"
        shown = f", the first {figures.MOST} shown" if len(group) > figures.MOST else ""
        first = group[: figures.MOST]
        pictures = [picture(renders, row["specimen_id"], f"p = {row['prob']:.2f}") for row in first]
        yield name, f"{title} ({len(group)} specimens{shown})", pictures


def neighbor_sheets(renders, tables):
    """Name, title and pictures of a sheet a query, itself first; a query alone in its collection has none."""
    for table in tables:
        if rows := store.read_table(table, store.NEIGHBORS_COLUMNS, distance=float)[: figures.MOST - 1]:
            query = rows[0]["query_id"]
            nearest = [picture(renders, row["neighbor_id"], f"distance {row['distance']:.3f}") for row in rows]
            name = table.stem.replace("knn_", "neighbors_", 1)
            yield name, f"Nearest to {query}", [picture(renders, query, "query"), *nearest]


def picture(renders, identity, note):
    return figures.Picture(store.read_image(store.best_view(renders, identity)), identity, note)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--renders", type=expanduser, default="data/renders", help="folder of renders")
    parser.add_argument("--clusters", type=expanduser, default="results/clusters.csv", help="table of clusters")
    parser.add_argument(
        "--neighbors", type=expanduser, nargs="*", default=[], help="tables of neighbours of one query each"
    )
    parser.add_argument("--out", type=expanduser, default="results/figures", help="folder of pictures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
