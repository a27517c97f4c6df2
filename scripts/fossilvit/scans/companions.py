"""The files that a mesh names: its material library and its textures.

They are inputs of a render as the mesh is. What was looked for is noted with its digest, what was missing too, so that
a texture that is brought, repainted or removed later is seen.

Standard library only: this is read at every start of Snakemake.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from fossilvit.store import digests

LONGEST_NAME = 80

_notes = ContextVar("companions", default=None)


class Missing(Exception):
    """A file that a mesh names was not read, and why."""


@contextmanager
def noted():
    """Note what is looked for; yields a dict of name to SHA-256, or to None for what is missing."""
    notes = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def locate(mesh, name) -> Path:
    """The path of a file that a mesh names, if it lies in the folder of the mesh or below.

    Raises
    ------
    Missing
    """
    found = _beside(mesh, name)
    notes = _notes.get()
    if notes is not None and name not in notes:
        notes[name] = digests.of_file(found) if isinstance(found, Path) else None
    if isinstance(found, Path):
        return found
    raise Missing(f"names the file {shown(name)}{found}")


def digest(mesh, name, known) -> str | None:
    """The SHA-256 of a file that a mesh names; None where locate() would raise.

    Parameters
    ----------
    known : digests.Digests
    """
    found = _beside(mesh, name)
    return known.of(found) if isinstance(found, Path) else None


def around(mesh) -> list[str]:
    """The names of all visible files in the folder of a mesh but the mesh: what it may name, where nobody can say."""
    here = Path(mesh)
    names = (entry.name for entry in os.scandir(here.parent) if entry.is_file() and not entry.name.startswith("."))
    return sorted(name for name in names if name != here.name)


def shown(name):
    """A name in quotes, cut where it is longer than any."""
    return repr(name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "...")


def _beside(mesh, name):
    """The path of a file that a mesh names, or the end of a sentence that says why there is none."""
    try:
        folder = Path(mesh).parent.resolve()
        path = (folder / name.replace("\\", "/")).resolve()
        if not path.is_relative_to(folder):
            return " outside its own folder, which was not opened"
        if path.is_file() and os.access(path, os.R_OK):
            return path
    except (OSError, ValueError, RuntimeError):  # no name of a file, or links in a circle
        pass
    return ", which is missing or may not be read"
