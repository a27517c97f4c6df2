"""The content of the folder of scans: every file in it is a specimen, is left out, or is passed over.

In: a folder. Out: an Inventory. Standard library only: Snakemake reads this at every start, for collections of any
size.
"""

import errno
import os
import shlex
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from fossilvit.errors import UserError
from fossilvit.scans import passed_over
from fossilvit.scans.passed_over import Kind
from fossilvit.scans.specimens import Specimen
from fossilvit.store import layout
from fossilvit.store.files import PathLike

FORMATS = ("ply", "obj", "stl", "off")
ENDINGS = (*(f".{name}" for name in FORMATS), *(f".{name}.gz" for name in FORMATS))
LONGEST_NAME = layout.LONGEST_NAME - layout.LONGEST_ENDING
"""Longest name of a scan or folder that leaves room for the endings of results, in bytes."""
LONGEST_ID = 2000
"""Longest ID, its folders included, that leaves room for the paths that Snakemake makes from it, in bytes."""
LOCKED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
"""Errors of a folder that cannot be opened until the user corrects it. Any other error is a fault of the machine."""
MOST_NAMED = 100
"""Largest number of shared IDs that one message names."""
OWN_FOLDERS = (layout.RENDERS, layout.FEATURES, layout.EMBEDDINGS, layout.SHARDS, layout.RESULTS, layout.LOGS)


class Inventory(NamedTuple):
    """Everything in the folder of scans."""

    specimens: dict[str, Specimen]
    """The specimens by ID, sorted."""
    left_out: list[tuple[str, str]]
    """ID and reason of every scan that cannot be in the collection until the user corrects it, and of every folder that
    may not be opened; sorted."""
    passed_over: list[tuple[str, Kind]]
    """Path in the folder, and kind, of every file that is not read as a scan, and of every folder with the name of one;
    sorted."""

    def summary(self) -> list[str]:
        """Sentences about what is not in the collection."""
        sentences = []
        if self.left_out:
            more = f" (and {len(self.left_out) - 1} more)" if len(self.left_out) > 1 else ""
            sentences.append(f"Left out, as {layout.FAILED} says: {self.left_out[0][1]}{more}")
        if self.passed_over:
            counts = Counter(kind.label for _, kind in self.passed_over).most_common()
            counted = ", ".join(f"{label} ({count})" for label, count in counts)
            sentences.append(f"Passed over {len(self.passed_over)}, as {layout.PASSED_OVER} says: {counted}.")
        return sentences


def take(folder: PathLike, prefer: Sequence[str] = (), for_cluster: bool = False) -> Inventory:
    """Take the inventory of a folder in one walk.

    Parameters
    ----------
    folder : path
        Searched recursively, linked folders included.
    prefer : sequence of FORMATS
        Where several files have the same ID, the one in the first of these formats is taken. In the same format, the
        one that is not compressed is taken.
    for_cluster : bool
        Whether to leave out scans whose names do not reach a job on another machine as they are.

    Raises
    ------
    UserError
        The folder does not exist or holds no specimen, the machine fails to read a folder, or several files have the
        same ID and none is preferred.
    """
    folder = os.fspath(folder)
    if not os.path.isdir(folder):
        state = "is no folder, or may not be opened" if os.path.lexists(folder) else "does not exist"
        raise UserError(f"The folder of scans {folder} {state}; make it, or set `meshes` to yours.")
    root = len(os.path.join(folder, ""))
    candidates: dict[str, dict[str, str]] = {}
    left_out: list[tuple[str, str]] = []
    others: list[tuple[str, Kind]] = []
    for path, found in _walk(folder):
        name = path[root:].replace(os.sep, "/")
        identity = without_extension(name)
        if isinstance(found, OSError):
            reason = f"{printable(path)} is a folder that cannot be opened ({found.strerror}); change its permissions."
            left_out.append((f"{printable(name)}/", reason))
        elif identity is None or found not in (None, passed_over.NOWHERE):
            others.append((printable(name), found or passed_over.by_name(name)))
        elif trouble := _trouble(identity, found, for_cluster):
            left_out.append((printable(identity), f"{printable(path)} {trouble}."))
        else:
            candidates.setdefault(identity, {})[name] = path
    if not candidates:
        because = f" The first of {len(left_out)} left out: {left_out[0][1]}" if left_out else ""
        raise UserError(f"No scan ({' '.join(ENDINGS[:4])}) under {folder}; put your scans there.{because}")
    specimens, unpreferred = _chosen(candidates, prefer)
    return Inventory(specimens, sorted(left_out), sorted(others + unpreferred))


def without_extension(name: str) -> str | None:
    """The name of a scan without its extension, compressed or not; None if the file has no extension of a scan."""
    return next((name[: -len(ending)] for ending in ENDINGS if name.lower().endswith(ending)), None)


def is_outside(path: PathLike, identity: str) -> bool:
    """Whether the content of a scan lies outside the folder of scans, to which a link leads.

    Parameters
    ----------
    path : path
        The folder of scans is what precedes the ID in it, or the folder of the file if the ID is not part of it.
    identity : str
    """
    named = os.path.join(".", without_extension(os.fspath(path)) or os.fspath(path))
    folder = named.removesuffix(f"/{identity}") if named.endswith(f"/{identity}") else os.path.dirname(named)
    return not os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))


def printable(name: str) -> str:
    """A name to show and to write into tables. Bytes that are not UTF-8 and control characters become escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(repr(one)[1:-1] if unicodedata.category(one) == "Cc" else one for one in text)


def _walk(folder: str) -> Iterator[tuple[str, Kind | OSError | None]]:
    """The path of every file under a folder, and of every folder to report, with what was found there.

    That is None for a file to read, a Kind for one to pass over, and the error for a folder that cannot be opened. A
    folder that is reached twice through links is entered once.
    """
    own = {os.path.realpath(path) for path in OWN_FOLDERS}
    entered, waiting = {os.path.realpath(folder)}, [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            if error.errno not in LOCKED or here == folder:
                raise _fault(here, error) from None
            yield here, error
            continue
        for entry in entries:
            if entry.name.startswith("."):
                yield entry.path, passed_over.HIDDEN
            elif not _is_folder(entry):
                yield entry.path, _kind(entry)
            elif (real := os.path.realpath(entry.path)) in own:
                yield entry.path, passed_over.OWN
            elif real in entered:
                yield entry.path, passed_over.AGAIN
            else:
                entered.add(real)
                waiting.append(entry.path)
                if without_extension(entry.name):
                    yield entry.path, passed_over.FOLDER


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno not in (*LOCKED, errno.ELOOP):  # links in a circle, or into a folder without permission
            raise _fault(entry.path, error) from None
        return False


def _fault(path: str, error: OSError) -> UserError:
    """The error for a file or folder that the machine fails to read."""
    return UserError(f"{printable(path)} cannot be read ({error.strerror}); remove the cause and run again.")


def _kind(entry: os.DirEntry[str]) -> Kind | None:
    """The kind of an entry that is neither a folder nor a file to read; None for a file to read.

    A file without permission counts as a file to read: its reader reports the error.
    """
    try:
        if entry.is_file():
            return None
    except OSError as error:
        return passed_over.NOWHERE if error.errno == errno.ELOOP else None
    return passed_over.SPECIAL if os.path.exists(entry.path) else passed_over.NOWHERE


def _trouble(identity: str, found: Kind | None, for_cluster: bool) -> str | None:
    """The reason that keeps a scan out of the collection, as the end of a sentence; None if there is none."""
    if found is passed_over.NOWHERE:
        return "is a link to nothing; bring back what it leads to, or remove it"
    try:
        encoded = layout.encode(identity)
        size = len(encoded.encode())
    except UnicodeEncodeError:
        return "has a name that is not UTF-8; rename it"
    if not identity.isprintable() and any(unicodedata.category(character) == "Cc" for character in identity):
        return "has a line break or control character in its name; rename it"
    if size > LONGEST_NAME and max(len(name.encode()) for name in encoded.split("/")) > LONGEST_NAME:
        return f"has a name, or lies in a folder with one, that takes more than {LONGEST_NAME} bytes; shorten it"
    if size > LONGEST_ID:
        return f"lies so deep that its name with all folders takes {size} bytes, more than {LONGEST_ID}; shorten some"
    if for_cluster and not arrives(encoded):
        return (
            "has a character in its name that gets lost on the way to a cluster's job; rename it, or run everything in "
            "one job: sbatch profiles/slurm/pilot.sbatch"
        )
    return None


def arrives(name: str) -> bool:
    """Whether a name reaches a job on another machine as it is.

    Snakemake writes it into the command of such a job in the form of Python's repr, which a shell reads, and splits the
    command at commas. So these get lost: a comma, a full-width space, a backslash, an apostrophe together with a dollar
    sign, and quotes around a name.
    """
    try:
        words = shlex.split(repr(name))
    except ValueError:
        return False
    expanded = "'" in name and ("$" in name or "`" in name)
    return words == [name.strip("'\"")] and not expanded and "," not in name


def _chosen(
    candidates: dict[str, dict[str, str]], prefer: Sequence[str]
) -> tuple[dict[str, Specimen], list[tuple[str, Kind]]]:
    """The specimens by ID, sorted, and the files that are passed over for them.

    Parameters
    ----------
    candidates : dict of ID to dict of name to path
    """
    specimens: dict[str, Specimen] = {}
    others: list[tuple[str, Kind]] = []
    shared: dict[str, list[str]] = {}
    for identity, paths in sorted(candidates.items()):
        taken = _preferred(paths, prefer)
        if taken is None:
            shared[identity] = sorted(paths.values())
        else:
            specimens[identity] = Specimen(identity, paths[taken], _size(paths[taken]))
            others += [(name, passed_over.UNPREFERRED) for name in paths if name != taken]
    if shared:
        raise UserError(_sharing(shared))
    return specimens, others


def _preferred(names: Collection[str], prefer: Sequence[str]) -> str | None:
    """The name of the file that is taken among those of one ID; None if the preferred formats do not decide it."""
    if len(names) == 1:
        return next(iter(names))
    for ending in (f".{name}{packed}" for name in prefer for packed in ("", ".gz")):
        matching = [name for name in names if name.lower().endswith(ending)]
        if matching:
            return matching[0] if len(matching) == 1 else None
    return None


def _sharing(shared: dict[str, list[str]]) -> str:
    """The message that names all files that share an ID. `shared` is a dict of ID to paths."""
    count = f"{len(shared)} specimens have" if len(shared) > 1 else "One specimen has"
    lines = [f"  {', '.join(paths)}" for paths in shared.values()]
    more = [f"  and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    return "\n".join(
        [
            f"{count} several files of the same ID; keep one of each, or set `prefer` to the format to take, "
            "e.g. prefer: [ply].",
            *lines[:MOST_NAMED],
            *more,
        ]
    )


def _size(path: str) -> int:
    """The size of a file in bytes; 0 if it cannot be looked up."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
