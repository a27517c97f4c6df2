"""The columns that color and filter the map: categories, results, facts of scans, and what the sheet says.

In: one text or number per specimen. Out: dicts as web/src/data.ts describes Column: texts as places among their
different values, int32 [N], -1 for none; numbers as float32 [N], NaN for none.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fossilvit.sheet.facts import FOLDER, LEVEL, RESTRICT, Facts
from fossilvit.store.tables import LENGTHS, SHEET_COLUMNS

NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:[.,]\d+)?")
"""A number as people write it. One that begins with zeros is a name."""
WHOLE = re.compile(r"\d+")
MEASURED = ("vertices", "faces", "components", "area", "volume")
SAID = ("format", "watertight", "color", "cleaned", "notes")
"""Columns of the table of specimens that hold numbers, and texts, in the order in which they are shown."""

Column = dict[str, Any]


def labels(
    key: str, name: str | None, source: str, values: Sequence[str], order: Iterable[str] | None = None
) -> Column:
    """A column of texts.

    Parameters
    ----------
    key : str
    name : str or None
        None where the page translates the key.
    source : `category`, `result`, `fact` or `sheet`
    values : sequence of N str
        Empty where nothing is known.
    order : iterable of str or None
        The order of the different texts; the most frequent first if it is None.
    """
    found = [text for text, _ in sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])) if text]
    different = [text for text in order if text in set(found)] if order is not None else found
    code = {text: place for place, text in enumerate(different)}
    codes = np.array([code.get(value, -1) for value in values], np.int32)
    return {"key": key, "name": name, "source": source, "labels": different, "codes": codes}


def numbers(key: str, name: str | None, source: str, values: Iterable[float | str | None], unit: str = "") -> Column:
    """A column of numbers. Empty texts and None stand for what is not known; see labels()."""
    known = np.array([np.nan if value in (None, "") else float(value) for value in values], np.float32)
    return {"key": key, "name": name, "source": source, "numbers": known, "unit": unit}


def of_categories(facts: Facts, identities: Sequence[str]) -> list[Column]:
    """One column per level of categories that any specimen has."""
    return [
        labels(
            FOLDER if level == FOLDER else f"{LEVEL}{level}",
            None if level == FOLDER else level,
            "category",
            [known.get(identity, "") for identity in identities],
        )
        for level, known in facts.levels.items()
        if known
    ]


def of_scans(rows: Sequence[Mapping[str, str]]) -> list[Column]:
    """The facts of scans, from rows of the table of specimens, one per specimen. A fact that none has is left out.

    Lengths are those of the bounding box along the axes of the file, the largest first, in units of the file.
    """
    lengths = np.sort([extents(row) for row in rows], axis=1)[:, ::-1] if rows else np.zeros((0, 3))
    found = [
        labels("kind", None, "fact", [row["kind"] for row in rows]),
        *(numbers(name, None, "fact", lengths[:, axis]) for axis, name in enumerate(("length", "width", "height"))),
        *(numbers(name, None, "fact", [row[name] for row in rows]) for name in MEASURED),
        *(labels(name, None, "fact", [row[name] for row in rows]) for name in SAID),
    ]
    return [column for column in found if _says_anything(column)]


def of_sheet(names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> list[Column]:
    """What the sheet says: its own columns, the object, and lengths in mm. A column that is empty is left out.

    Parameters
    ----------
    names : sequence of str
        The columns of the joined sheet.
    rows : sequence of dict of column to text
        One per specimen.
    """
    own = [name for name in names if name not in SHEET_COLUMNS and not name.startswith((LEVEL, RESTRICT))]
    found = [
        labels("object", None, "sheet", [row["object"] for row in rows]),
        *(numbers(name, None, "sheet", [row[name] for row in rows], "mm") for name in LENGTHS),
        *(_of_cells(name, [row[name] for row in rows]) for name in own),
    ]
    return [column for column in found if _says_anything(column)]


def extents(row: Mapping[str, str]) -> list[float]:
    """Lengths of the bounding box of a scan along x, y and z in file units, from its row of the table of specimens."""
    return [float(row[f"max_{axis}"] or 0) - float(row[f"min_{axis}"] or 0) for axis in "xyz"]


def _of_cells(name: str, cells: Sequence[str]) -> Column:
    """A column of the sheet of the user: numbers if all cells are, unless they look like the numbers of specimens."""
    filled = [cell for cell in cells if cell]
    are_names = len({*filled}) == len(filled) > 1 and all(map(WHOLE.fullmatch, filled))
    if filled and not are_names and all(map(NUMBER.fullmatch, filled)):
        return numbers(f"sheet: {name}", name, "sheet", [cell.replace(",", ".") for cell in cells])
    return labels(f"sheet: {name}", name, "sheet", cells)


def _says_anything(column: Column) -> bool:
    return bool(column["labels"]) if "labels" in column else not np.isnan(column["numbers"]).all()
