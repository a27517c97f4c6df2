"""The files that a scan names: its material library and its textures. Names come in, and paths and digests go out.

They are inputs of a render, as the scan is. Each name that is looked for is noted with its digest, or as missing. So a
texture that is added, changed or removed later is noticed.

Standard library only: Snakemake reads this at every start.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from fossilvit.store import digests
from fossilvit.store.files import PathLike

LONGEST_NAME = 80
"""Longest name that a message shows whole, in characters."""

UNNAMED = "(whose name is not shown, because the scan lies outside the folder of scans)"


class _Search(NamedTuple):
    """What is known while one scan is read."""

    notes: dict[str, str | None]
    known: digests.Digests
    named: bool


_search = ContextVar[_Search | None]("companions", default=None)


class Missing(Exception):
    """A file that a scan names cannot be read. The message is the second half of a sentence about the scan."""


@contextmanager
def noted(named: bool = True) -> Iterator[dict[str, str | None]]:
    """Note the files that are looked for within this context: a dict of name to SHA-256, or to None if missing.

    Parameters
    ----------
    named : bool
        Whether messages may show their names, which are content of the scan.
    """
    search = _Search({}, digests.Digests(), named)
    token = _search.set(search)
    try:
        yield search.notes
    finally:
        _search.reset(token)


def locate(scan: PathLike, name: str) -> Path:
    """The path of a file that a scan names. The file must lie in the folder of the scan or below.

    Raises
    ------
    Missing
    """
    found = _beside(scan, name)
    search = _search.get()
    if search is not None and name not in search.notes:
        search.notes[name] = search.known.of(found) if isinstance(found, Path) else None
    if isinstance(found, Path):
        return found
    raise Missing(f"names the file {shown(name)}{found}")


def digest(scan: PathLike, name: str, known: digests.Digests) -> str | None:
    """The SHA-256 of a file that a scan names; None if locate() would raise."""
    found = _beside(scan, name)
    return known.of(found) if isinstance(found, Path) else None


def around(scan: PathLike) -> list[str]:
    """The names of all other visible files in the folder of a scan, sorted: all that an unreadable scan may name."""
    here = Path(scan)
    names = (entry.name for entry in os.scandir(here.parent) if entry.is_file() and not entry.name.startswith("."))
    return sorted(name for name in names if name != here.name)


def shown(name: str) -> str:
    """A name in quotes, cut after LONGEST_NAME characters; UNNAMED where it may not be shown."""
    search = _search.get()
    if search is not None and not search.named:
        return UNNAMED
    return repr(name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "...")


def _beside(scan: PathLike, name: str) -> Path | str:
    """The path of a file that a scan names, or the end of a sentence that says why there is none."""
    try:
        folder = Path(scan).parent.resolve()
        path = (folder / name.replace("\\", "/")).resolve()
        if not path.is_relative_to(folder):
            return " outside its own folder, which was not opened"
        if path.is_file() and os.access(path, os.R_OK):
            return path
    except (OSError, ValueError, RuntimeError):  # no valid name of a file, or links in a circle
        pass
    return ", which is missing or may not be read"
