"""The tables of results and their columns.

In: rows. Out: CSV files of UTF-8 text with LF line ends, and rows again. They begin with a byte order mark, by which
Excel knows that they are UTF-8; see MARK. No text in a table can run as a formula in a spreadsheet; see escaped().
Standard library only: Snakemake reads this at every start.
"""

import codecs
import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from fossilvit.store.files import PathLike, atomic, readable

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
RETRIEVAL_COLUMNS = (
    *("specimen_id", "nearest_neighbor", "first_tier", "second_tier", "average_precision"),
    *("level", "category", "nearest", "relevant", "gallery"),
)
FAILED_COLUMNS = ("specimen_id", "stage", "reason")
PASSED_OVER_COLUMNS = ("file", "reason")
SPECIMENS_COLUMNS = (
    *("specimen_id", "status", "format", "kind", "vertices", "faces"),
    *("min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area", "volume", "watertight", "components", "color"),
    *("cleaned", "notes", "bytes", "sha256", "seconds", "reason", "strays", "strays_share", "strays_distance"),
)
MAP_COLUMNS = ("specimen_id", "x", "y", "trust")
DUPLICATES_COLUMNS = ("specimen_id", "duplicate_of", "same")
LENGTHS = ("length_mm", "width_mm", "height_mm")
"""The columns of the joined sheet that hold numbers, or nothing."""
SHEET_COLUMNS = ("specimen_id", "sheet_row", "joined_by", "selected", "reason", "object", *LENGTHS)
"""The first columns of the joined sheet. Its categories follow, and the columns of the sheet itself."""
SUSPECTS_COLUMNS = (
    *("specimen_id", "category", "suggested", "suspicion"),
    *("nearest_same", "distance_same", "nearest_suggested", "distance_suggested"),
    *("cluster_id", "cluster_same", "cluster_suggested"),
)
EVALUATION_COLUMNS = (
    *("metric", "value", "low", "high", "chance", "macro", "macro_low", "macro_high", "macro_chance", "level"),
)
CATEGORIES_COLUMNS = ("level", "category", "objects", "metric", "value", "low", "high", "chance")
CONFUSION_COLUMNS = ("category", "nearest", "objects")
MARK = "FOSSILVIT_BYTE_ORDER_MARK"
"""Environment variable that says whether tables begin with a byte order mark: 1, or 0. Readers take both."""
LARGEST = 2**63
"""No number in a table is as large as this."""
BEGINS = r"[=+\-@\t\r\n＝＋－＠]"
"""The characters that begin a formula in spreadsheets. Some programs take full-width ones for them."""
BEFORE = r"""(?:^|(?<=[;\t\r\n]))(?:"|[^\S\t\r\n])*'*"""
"""What may precede the first character of a cell. Cells begin after semicolons too where the comma is the decimal sign,
and quotes and spaces may be taken off them."""
FORMULA, ESCAPED = re.compile(rf"({BEFORE})(?={BEGINS})"), re.compile(rf"({BEFORE})'(?={BEGINS})")
PLAIN = re.compile(r"\w[^;\t\r\n]*")
"""Texts that need no apostrophe, as nearly all do. This is found several times as fast."""


def escaped(text: str) -> str:
    """A text with an apostrophe before every character that would begin a formula in a spreadsheet.

    One is added also where there are apostrophes already, so that unescaped() knows how many to take off.
    """
    return text if PLAIN.fullmatch(text) else FORMULA.sub(r"\1'", text)


def unescaped(text: str) -> str:
    """What escaped() made this text of."""
    return ESCAPED.sub(r"\1", text) if "'" in text else text


class Table:
    """A table that is being written. Its texts are escaped."""

    def __init__(self, file: IO[str], columns: Sequence[str]) -> None:
        self._writer = csv.writer(_Lines(file))
        self.writerow(columns)

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._writer.writerow([escaped(cell) if isinstance(cell, str) else cell for cell in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write several rows."""
        for row in rows:
            self.writerow(row)


class _Lines:
    """Turns the CR LF of csv.writer into LF. With CR LF, unlike LF, it quotes cells that hold CR."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, line: str) -> None:
        self.file.write(line.removesuffix("\r\n") + "\n")


@contextmanager
def open_table(path: PathLike, columns: Sequence[str]) -> Iterator[Table]:
    """Open a table to write. Its header is already written."""
    with atomic(path, "w", synced=True) as file:
        if os.environ.get(MARK, "1") != "0":
            file.write(codecs.BOM_UTF8.decode())
        yield Table(file, columns)


def is_marked(path: PathLike) -> bool:
    """Return whether a table begins with a byte order mark."""
    with open(path, "rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def write_table(path: PathLike, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a whole table.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of rows, each as long as columns
    """
    with open_table(path, columns) as table:
        table.writerows(rows)


def read_table(path: PathLike, columns: Sequence[str], **types: Callable[[str], int | float]) -> list[dict[str, Any]]:
    """Read a table that has exactly these columns, as one dict of column to value per row.

    Parameters
    ----------
    columns : sequence of str
    types : int or float for every column of numbers; the other columns are text

    Raises
    ------
    UserError
        The file is missing or broken, or something else than a finite number is in the place of a number.
    """
    return _read(path, columns, types, wider=False)[1]


def read_wider_table(
    path: PathLike, columns: Sequence[str], **types: Callable[[str], int | float]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Read a table that has these columns first and may have more, as its columns, and one dict per row.

    Parameters and errors are those of read_table().
    """
    return _read(path, columns, types, wider=True)


def _read(
    path: PathLike, columns: Sequence[str], types: dict[str, Callable[[str], int | float]], wider: bool
) -> tuple[list[str], list[dict[str, Any]]]:
    with readable(path, csv.Error), open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        found = [unescaped(name) for name in next(reader, [])]
        if (found[: len(columns)] if wider else found) != list(columns):
            raise ValueError(f"its columns should be {','.join(columns)}")
        return found, [_row(found, cells, types) for cells in reader if cells]


def _row(columns: Sequence[str], cells: list[str], types: dict[str, Callable[[str], int | float]]) -> dict[str, Any]:
    name = unescaped(cells[0])
    if len(cells) != len(columns):
        raise ValueError(f"the row of {name!r} has {len(cells)} cells instead of {len(columns)}")
    row: dict[str, Any] = dict(zip(columns, map(unescaped, cells), strict=True))
    for column, number in types.items():
        value = number(row[column])
        if not abs(value) < LARGEST:
            raise ValueError(f"{column} of {name!r} is {row[column]}")
        row[column] = value
    return row
