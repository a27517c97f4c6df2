"""The scans that a command is to work on.

In: a folder of scans, or one file. Out: the path of every scan, by its ID.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from fossilvit.scans import inventory, specimens
from fossilvit.store.files import PathLike


def scans(folder_or_file: PathLike, wanted: str | None, prefer: Sequence[str]) -> dict[str, str]:
    """Find scans.

    Parameters
    ----------
    folder_or_file : path
    wanted : str or None
        The only ID to find in the folder, or its end; the ID of the one file, which otherwise has its own name.
    prefer : list of str
        Formats in order of preference, for specimens whose scans are there in several.

    Returns
    -------
    dict of ID to path

    Raises
    ------
    UserError
        The folder cannot be searched, or has no such scan.
    """
    path = Path(folder_or_file)
    named = inventory.without_extension(path.name)
    # a path that may not be looked at counts as a file if its name ends as one
    if os.path.isfile(path) or (named and not os.path.isdir(path)):
        return {wanted or named or path.stem: str(path)}
    found = {identity: specimen.path for identity, specimen in inventory.take(path, prefer).specimens.items()}
    if wanted:
        identity = specimens.resolve(wanted, found)
        return {identity: found[identity]}
    return found
