"""The former result of a stage, which numbers of clusters and places on the map last from.

In: the path of a table. Out: its rows.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fossilvit.errors import UserError
from fossilvit.running import commands
from fossilvit.store.tables import read_table


def rows(
    path: Path, columns: Sequence[str], consequence: str, **types: Callable[[str], int | float]
) -> list[dict[str, Any]]:
    """The rows of a table; none if it does not exist or cannot be read, which is a warning.

    Parameters
    ----------
    path : Path
    columns, types : see read_table()
    consequence : str
        What follows if the table cannot be read, as the beginning of a sentence.
    """
    if not path.exists():
        return []
    try:
        return read_table(path, columns, **types)
    except (UserError, ValueError) as error:
        commands.log.warning("%s, because the former result cannot be read: %s", consequence, error)
        return []
