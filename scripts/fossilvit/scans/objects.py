"""The table of the user that says which scans show one object.

In: a CSV file with the columns specimen_id and object. Out: the object of every ID. Standard library only: Snakemake
reads this at every start.
"""

import csv

from fossilvit.errors import UserError
from fossilvit.store.files import PathLike
from fossilvit.store.tables import unescaped

COLUMNS = ("specimen_id", "object")


def read(path: PathLike) -> dict[str, str]:
    """Read the object of every ID.

    Parameters
    ----------
    path : path
        UTF-8 text, with or without a byte order mark. IDs may be as the tables of results have them (tables.escaped).
        Further columns are ignored, and so are rows without an ID or an object.

    Raises
    ------
    UserError
        The file is missing or unreadable, lacks a column, or names two objects for one ID.
    """
    found: dict[str, str] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {*COLUMNS} <= {*(reader.fieldnames or ())}:
                raise UserError(f"{path} must have the columns {' and '.join(COLUMNS)} in its first line, with commas.")
            for row in reader:
                identity, name = (row[column] or "" for column in COLUMNS)
                identity = unescaped(identity)
                if identity and name and found.setdefault(identity, name) != name:
                    raise UserError(
                        f"{path} names two objects for {identity!r}: {found[identity]!r} and {name!r}; keep one."
                    )
    except FileNotFoundError:
        raise UserError(f"There is no file of objects {path}; correct the path, or leave it out.") from None
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"The file of objects {path} cannot be read ({error}); save it as CSV in UTF-8.") from None
    return found
