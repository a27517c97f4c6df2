"""Clusters and neighbors -> contact sheets, which show the results at a glance.

In: the tables of clusters and neighbors, and the renders. Out: the name, title and pictures of every sheet.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fossilvit.answers.clustering import NOISE
from fossilvit.pages.contact_sheet import Picture
from fossilvit.store.files import PathLike
from fossilvit.store.png import read_image
from fossilvit.store.renders import best_view
from fossilvit.store.tables import CLUSTERS_COLUMNS, NEIGHBORS_COLUMNS, read_table

MOST = 48
"""Largest number of pictures on one sheet."""


class Sheet(NamedTuple):
    """One contact sheet before it is drawn."""

    name: str
    """File name without extension."""
    title: str
    pictures: list[Picture]


def cluster_sheets(renders: PathLike, table: PathLike) -> Iterator[Sheet]:
    """Yield one sheet per cluster, the specimens that belong to it most firmly first, and one for the noise.

    Parameters
    ----------
    renders : path
        Folder of renders.
    table : path
        Table of clusters.
    """
    rows = read_table(table, CLUSTERS_COLUMNS, cluster_id=int, prob=float)
    members: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (-row["prob"], row["specimen_id"])):
        members.setdefault(row["cluster_id"], []).append(row)
    for cluster, group in sorted(members.items()):
        name = "noise" if cluster == NOISE else f"cluster_{cluster:02d}"
        title = "Noise: in no cluster" if cluster == NOISE else f"Cluster {cluster}"
        shown = f", the first {MOST} shown" if len(group) > MOST else ""
        pictures = [_picture(renders, row["specimen_id"], f"p = {row['prob']:.2f}") for row in group[:MOST]]
        yield Sheet(name, f"{title} ({len(group)} specimens{shown})", pictures)


def neighbor_sheets(renders: PathLike, tables: Iterable[Path]) -> Iterator[Sheet]:
    """Yield one sheet per query: the query first, then its neighbors. A query without neighbors has no sheet.

    Parameters
    ----------
    renders : path
        Folder of renders.
    tables : paths
        One table of neighbors per query.
    """
    for table in tables:
        if rows := read_table(table, NEIGHBORS_COLUMNS, distance=float)[: MOST - 1]:
            query = rows[0]["query_id"]
            nearest = [_picture(renders, row["neighbor_id"], f"distance {row['distance']:.3f}") for row in rows]
            name = table.stem.replace("knn_", "neighbors_", 1)
            yield Sheet(name, f"Nearest to {query}", [_picture(renders, query, "query"), *nearest])


def _picture(renders: PathLike, identity: str, note: str) -> Picture:
    return Picture(read_image(best_view(renders, identity)), identity, note)
