"""The collection -> a Parquet file, for pandas, R and other programs.

In: IDs, embeddings, float32 [N, D], and the joined sheet. Out: one row per specimen, with its ID, its vector and what
the sheet says of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fossilvit.errors import UserError
from fossilvit.scans import specimens
from fossilvit.sheet.facts import FOLDER, LEVEL
from fossilvit.store.files import PathLike, atomic
from fossilvit.store.tables import LENGTHS, SHEET_COLUMNS, read_wider_table

ID, VECTOR = "id", "vector"
"""The names of the first two columns."""
ROWS = 10_000
"""Rows that are written at once, so that programs can read them in parts."""

Values = list[str] | list[float | None]


def columns(sheet: PathLike | None, identities: Sequence[str]) -> dict[str, Values]:
    """The values of every column of the joined sheet but that of IDs, in order of the given IDs.

    Without a sheet, the only column is the folders of specimens. A column of the user's that is called as one of ours
    gets ` (sheet)` behind its name, whatever the case of its letters, which some programs ignore.

    Raises
    ------
    UserError
        The sheet is missing or broken, or lacks a specimen.
    """
    if sheet is None:
        return {f"{LEVEL}{FOLDER}": [specimens.category(identity) for identity in identities]}
    names, rows = read_wider_table(sheet, SHEET_COLUMNS)
    row_of = {row["specimen_id"]: row for row in rows}
    if missing := set(identities) - row_of.keys():
        raise UserError(f"{sheet} has no row of {min(missing)!r}; run scripts.join_sheet again.")
    return {_free(name): _values(name, [row_of[identity][name] for identity in identities]) for name in names[1:]}


def write(path: PathLike, identities: Sequence[str], embeddings: np.ndarray, columns: Mapping[str, Values]) -> None:
    """Write the Parquet file. The same content gives the same bytes.

    Parameters
    ----------
    path : path
    identities : sequence of str, [N]
    embeddings : float32 [N, D]
    columns : dict of name to values, [N]
    """
    import pyarrow
    from pyarrow import parquet

    kinds = {name: pyarrow.float64() if name in LENGTHS else pyarrow.string() for name in columns}
    schema = pyarrow.schema({ID: pyarrow.string(), VECTOR: pyarrow.list_(pyarrow.float32()), **kinds})
    with atomic(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for start in range(0, len(identities), ROWS):
            part = slice(start, start + ROWS)
            vectors = _lists(embeddings[part])
            writer.write_table(
                pyarrow.table([identities[part], vectors, *(values[part] for values in columns.values())], schema)
            )


def _lists(vectors: np.ndarray) -> Any:
    """Vectors, float32 [N, D], as an array of N lists."""
    import pyarrow

    starts = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    return pyarrow.ListArray.from_arrays(starts, np.ascontiguousarray(vectors, np.float32).ravel())


def _free(name: str) -> str:
    return f"{name} (sheet)" if name.lower() in (ID, VECTOR) else name


def _values(name: str, texts: list[str]) -> Values:
    return [float(text) if text else None for text in texts] if name in LENGTHS else texts
