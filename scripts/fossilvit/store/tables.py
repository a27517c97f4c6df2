"""The tables of results and their columns.

In: rows. Out: CSV files of UTF-8 text with LF line ends, and rows again.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fossilvit.store.files import PathLike, atomic, readable

if TYPE_CHECKING:
    from _csv import Writer

CLUSTERS_COLUMNS = (
    *("specimen_id", "cluster_id", "prob", "second_id", "second_prob", "silhouette", "rank"),
    *("coarse_id", "fine_id", "same_as"),
)
CLUSTER_SUMMARY_COLUMNS = (
    *("cluster_id", "specimens", "objects", "stability", "reading", "silhouette"),
    *("medoid", "typical_1", "typical_2", "doubtful_1", "doubtful_2"),
)
CLUSTER_HISTORY_COLUMNS = ("run", "cluster_id", "event", "specimens", "from")
NEIGHBORS_COLUMNS = ("query_id", "neighbor_id", "distance")
RETRIEVAL_COLUMNS = ("specimen_id", "nearest_neighbor", "first_tier", "second_tier", "average_precision")
FAILED_COLUMNS = ("specimen_id", "stage", "reason")
PASSED_OVER_COLUMNS = ("file", "reason")
SPECIMENS_COLUMNS = (
    *("specimen_id", "status", "format", "kind", "vertices", "faces"),
    *("min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area", "volume", "watertight", "components", "color"),
    *("cleaned", "notes", "bytes", "sha256", "seconds", "reason", "strays", "strays_share", "strays_distance"),
)
DUPLICATES_COLUMNS = ("specimen_id", "duplicate_of", "same")


@contextmanager
def open_table(path: PathLike, columns: Sequence[str]) -> Iterator["Writer"]:
    """Open a table to write, as a csv.writer. Its header is already written."""
    with atomic(path, "w", synced=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield writer


def write_table(path: PathLike, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a whole table.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of rows, each as long as columns
    """
    with open_table(path, columns) as writer:
        writer.writerows(rows)


def read_table(path: PathLike, columns: Sequence[str], **types: Callable[[str], int | float]) -> list[dict[str, Any]]:
    """Read a table that has exactly these columns, as one dict of column to value per row.

    Parameters
    ----------
    columns : sequence of str
    types : int or float for every column of numbers; the other columns are text
    """
    with readable(path), open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != list(columns):
            raise ValueError(f"its columns should be {','.join(columns)}")
        return [row | {column: number(row[column]) for column, number in types.items()} for row in reader]
