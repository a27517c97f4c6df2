"""Which specimens there are: folder of meshes in, IDs and shards out.

An ID is the path of the mesh under its folder without the extension, e.g. `ammonites/NHM-1234`. Standard library only:
this is read at every start of Snakemake, for collections of any size.
"""

import os
import re
import shlex
import unicodedata
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from fossilvit.errors import UserError

FORMATS = (".ply", ".obj", ".stl", ".off")
EXTENSIONS = (*FORMATS, *(f"{extension}.gz" for extension in FORMATS))
PLACEHOLDER = re.compile(r"\{\s*\w+\s*(,.*)?\}")
RESERVED = "embeddings"  # data/embeddings/embeddings.npy is the collection's own file


class Specimen(NamedTuple):
    """One mesh or point cloud of the collection."""

    id: str
    path: str
    size: int
    """Bytes of the file."""

    @property
    def memory(self) -> int:
        """MB that reading it may take: ten times the file, forty times a compressed one."""
        return (40 if self.path.lower().endswith(".gz") else 10) * self.size // 10**6


def discover(folder) -> dict[str, Specimen]:
    """Find every mesh under a folder, in one walk.

    Parameters
    ----------
    folder : path
        Searched recursively, linked folders included; hidden files and folders (`.` first) are passed over.

    Returns
    -------
    dict of ID to Specimen, sorted by ID.

    Raises
    ------
    UserError
        No such folder, no mesh in it, two files of one ID, a link to nothing, or a name that no table can hold.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"The folder of meshes {folder} does not exist; make it, or set `meshes` to yours.")
    found = {}
    for entry in _walk(folder):
        stem = without_extension(os.path.relpath(entry.path, folder))
        if stem is None:
            continue
        identity = _checked(stem.replace(os.sep, "/"), entry.path)
        if identity in found:
            raise UserError(
                f"{found[identity].path} and {entry.path} have the same ID {identity!r}; rename or move one of them."
            )
        found[identity] = Specimen(identity, entry.path, entry.stat().st_size)
    if not found:
        raise UserError(f"No mesh ({' '.join(FORMATS)}) under {folder}; put your scans there.")
    return dict(sorted(found.items()))


def without_extension(name) -> str | None:
    """The name of a file without its extension of a mesh, compressed or not; None where it has none."""
    return next((name[: -len(ending)] for ending in EXTENSIONS if name.lower().endswith(ending)), None)


def _walk(folder):
    """Every visible file under a folder; a folder reached twice through links is entered once."""
    entered, waiting = set(), [folder]
    while waiting:
        here = waiting.pop()
        if (real := os.path.realpath(here)) in entered:
            continue
        entered.add(real)
        for entry in sorted(os.scandir(here), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                waiting.append(entry.path)
            elif entry.is_file():
                yield entry
            elif entry.is_symlink() and without_extension(entry.name) is not None:
                raise UserError(f"{entry.path} is a link to nothing; bring back what it leads to, or remove it.")


def _checked(identity, path):
    if identity == RESERVED:
        raise UserError(f"{path} cannot have the ID {RESERVED!r}, which names the collection's own file; rename it.")
    try:
        identity.encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(f"The name of {path!r} is not UTF-8; rename it.") from None
    if any(unicodedata.category(character) == "Cc" for character in identity):
        raise UserError(f"The name of {path!r} holds a line break or control character; rename it.")
    if PLACEHOLDER.search(identity):
        raise UserError(f"The name of {path!r} holds a word in braces, which Snakemake takes for its own; rename it.")
    return identity


def check_for_cluster(found):
    """See that Snakemake can name every specimen to a job on another machine.

    It writes names into the command of such a job as Python writes them, where a shell reads them, and splits them at
    commas. So a comma gets lost, a full-width space, a backslash, an apostrophe beside a dollar, and quotes around a
    name.

    Raises
    ------
    UserError
        With the first name that would not arrive as it is.
    """
    for identity, specimen in found.items():
        if not _arrives(identity):
            raise UserError(
                f"{specimen.path!r} holds a character in its name that gets lost on the way to a cluster's job; rename "
                "it, or run everything in one job: sbatch profiles/slurm/pilot.sbatch"
            )


def _arrives(identity):
    try:
        words = shlex.split(repr(identity))
    except ValueError:
        return False
    expanded = "'" in identity and ("$" in identity or "`" in identity)
    return words == [identity.strip("'\"")] and not expanded and "," not in identity


def category(identity) -> str:
    """The folder a specimen lies in, its label for evaluation; empty for one that lies in none."""
    return identity.rpartition("/")[0]


def categories(identities) -> set[str]:
    """The folders that specimens lie in; empty where all lie in none."""
    return {category(identity) for identity in identities} - {""}


def queries(wanted, identities) -> dict[str, str]:
    """The ID that every query means, by its name in file names; two of the same name are a UserError."""
    named = {}
    for identity in (resolve(query, identities) for query in wanted):
        if named.setdefault(flat(identity), identity) != identity:
            raise UserError(
                f"The queries {named[flat(identity)]!r} and {identity!r} share a file name; take one of them."
            )
    return named


def flat(identity) -> str:
    """An ID as part of a file name."""
    return identity.replace("/", "__")


def shard(identity, shards) -> str:
    """The shard of an ID: the same on every machine, whatever else the collection holds."""
    return f"{zlib.crc32(identity.encode('utf-8')) % shards:04d}"


def members(identities, shards) -> dict[str, list[str]]:
    """The IDs of every shard that has any, shards and IDs in order."""
    groups = {}
    for identity in sorted(identities):
        groups.setdefault(shard(identity, shards), []).append(identity)
    return dict(sorted(groups.items()))


def resolve(query, identities) -> str:
    """The one ID that a query means: the whole ID, or else an ending of just one.

    An ending that begins a name (`1234` of `ammonites/1234`) is preferred to one that begins inside a name. Composed
    and decomposed characters are the same (file names of macOS are decomposed).

    Raises
    ------
    UserError
        For an unknown or ambiguous query, with the nearest candidates.
    """
    plain = {identity: unicodedata.normalize("NFC", identity) for identity in identities}
    wanted = unicodedata.normalize("NFC", query)
    if query in plain:
        return query
    for matches in (
        [identity for identity, name in plain.items() if name == wanted],
        [identity for identity, name in plain.items() if name.endswith("/" + wanted)],
        [identity for identity, name in plain.items() if name.endswith(wanted)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UserError(f"The query {query!r} is the end of {len(matches)} IDs; take one of {_listed(matches)}.")
    nearest = get_close_matches(wanted, plain.values(), n=5, cutoff=0) or list(plain.values())
    raise UserError(f"No specimen is called {query!r}; the nearest are {_listed(nearest)}.")


def _listed(identities, most=5):
    more = f" and {len(identities) - most} more" if len(identities) > most else ""
    return ", ".join(repr(identity) for identity in sorted(identities)[:most]) + more
