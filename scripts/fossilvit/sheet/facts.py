"""What is known of every specimen beside its scan: its object, its category, and among which others it is compared.

In: the joined sheet (results/sheet.csv), or the IDs alone if there is no sheet. Out: Facts. Standard library only:
Snakemake reads this at every start.
"""

from collections.abc import Iterable
from typing import NamedTuple

from fossilvit.scans import specimens
from fossilvit.store.files import PathLike
from fossilvit.store.tables import SHEET_COLUMNS, read_wider_table

FOLDER = "folder"
"""The level of categories that are the folders of scans."""
LEVEL, RESTRICT = "category: ", "restrict: "
"""What the names of columns of the joined sheet begin with, before the name of the level or of the column."""


class Facts(NamedTuple):
    """What is known of the specimens. An ID is absent where nothing is known."""

    objects: dict[str, str]
    """The name of the object that a scan shows, by ID."""
    levels: dict[str, dict[str, str]]
    """The category by ID, at every level by its name; the deepest level is last."""
    among: dict[str, str] | None
    """The value that the neighbors of a specimen share with it, by ID; None if all specimens are compared."""

    @property
    def deepest(self) -> str:
        """The name of the deepest level."""
        return next(reversed(self.levels))

    @property
    def categories(self) -> dict[str, str]:
        """The category by ID at the deepest level."""
        return self.levels[self.deepest]


def of_folders(identities: Iterable[str]) -> Facts:
    """The facts if there is no sheet: the category of a specimen is the folder that it lies in."""
    return Facts({}, {FOLDER: {one: folder for one in identities if (folder := specimens.category(one))}}, None)


def read(path: PathLike | None, identities: Iterable[str]) -> Facts:
    """Read the facts of specimens.

    Parameters
    ----------
    path : path or None
        The joined sheet, which may hold more specimens than the collection; None if there is none.
    identities : iterable of str
        The IDs of the collection.

    Raises
    ------
    UserError
        The file is missing or broken.
    """
    if path is None:
        return of_folders(identities)
    columns, rows = read_wider_table(path, SHEET_COLUMNS)
    selected = [row for row in rows if row["specimen_id"] and row["selected"] == "true"]

    def known(column: str) -> dict[str, str]:
        return {row["specimen_id"]: row[column] for row in selected if row[column]}

    levels = {name.removeprefix(LEVEL): known(name) for name in columns if name.startswith(LEVEL)}
    restricted = next((name for name in columns if name.startswith(RESTRICT)), None)
    return Facts(known("object"), levels, known(restricted) if restricted else None)
