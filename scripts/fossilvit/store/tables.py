"""The tables of results: CSV of UTF-8 text with LF line ends, the columns of each named once."""

import csv
from contextlib import contextmanager

from fossilvit.store.files import atomic, readable

CLUSTERS_COLUMNS = ("specimen_id", "cluster_id", "prob")
NEIGHBORS_COLUMNS = ("query_id", "neighbor_id", "distance")
RETRIEVAL_COLUMNS = ("specimen_id", "nearest_neighbor", "first_tier", "second_tier", "average_precision")
FAILED_COLUMNS = ("specimen_id", "stage", "reason")
PASSED_OVER_COLUMNS = ("file", "reason")
SPECIMENS_COLUMNS = (
    *("specimen_id", "status", "format", "kind", "vertices", "faces"),
    *("min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area", "volume", "watertight", "components", "color"),
    *("cleaned", "notes", "bytes", "sha256", "seconds", "reason"),
)
DUPLICATES_COLUMNS = ("specimen_id", "duplicate_of", "same")


@contextmanager
def open_table(path, columns):
    """Open a CSV of UTF-8 text with LF line ends, its header written, as a csv.writer."""
    with atomic(path, "w", synced=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield writer


def write_table(path, columns, rows):
    """Write a whole CSV.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences, as long as columns
    """
    with open_table(path, columns) as writer:
        writer.writerows(rows)


def read_table(path, columns, **types) -> list[dict]:
    """Read a CSV of those columns, a dict of column to value for every row.

    Parameters
    ----------
    columns : sequence of str
    types : int or float for every column that holds numbers; the others are text
    """
    with readable(path), open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != list(columns):
            raise ValueError(f"its columns should be {','.join(columns)}")
        return [row | {column: number(row[column]) for column, number in types.items()} for row in reader]
