"""Specimens and their IDs: categories, queries and shards.

An ID is the path of a scan in the folder of scans without its extension, e.g. `ammonites/NHM-1234`. In: IDs. Out: what
they mean. Standard library only: Snakemake reads this at every start, for collections of any size.
"""

import math
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Literal, NamedTuple

from fossilvit.errors import UserError
from fossilvit.store import layout

MEMBERS = 50
"""Approximate number of specimens per shard if the number of shards is `auto`."""


class Specimen(NamedTuple):
    """One scan of the collection."""

    id: str
    path: str
    size: int
    """Size of the file in bytes."""

    @property
    def memory(self) -> int:
        """Memory that reading it may take, in MB: twenty times the size of the file, or sixty times if compressed."""
        return (60 if self.path.lower().endswith(".gz") else 20) * self.size // 10**6


def category(identity: str) -> str:
    """The folder that a specimen lies in, which is its label for evaluation; empty if it lies in none."""
    return identity.rpartition("/")[0]


def queries(wanted: Iterable[str], identities: Collection[str]) -> dict[str, str]:
    """The ID that every query means, by its name in file names.

    Raises
    ------
    UserError
        A query is unknown or ambiguous, or two share a file name.
    """
    named: dict[str, str] = {}
    for identity in (resolve(query, identities) for query in wanted):
        if named.setdefault(layout.flat(identity), identity) != identity:
            raise UserError(
                f"The queries {named[layout.flat(identity)]!r} and {identity!r} share a file name; take one of them."
            )
    return named


def shard(identity: str, shards: int) -> str:
    """The name of the shard of an ID. It is the same on every machine, whatever else the collection holds.

    Parameters
    ----------
    shards : int
        Number of shards.
    """
    return f"{zlib.crc32(identity.encode('utf-8')) % shards:04d}"


def shard_count(count: int, shards: int | Literal["auto"]) -> int:
    """The number of shards of a collection of `count` specimens.

    `auto` is the power of two that gives each about MEMBERS specimens, so that it changes only when the collection
    doubles.
    """
    if shards == "auto":
        return 2 ** max(0, round(math.log2(count / MEMBERS))) if count else 1
    return shards


def members(identities: Collection[str], shards: int | Literal["auto"]) -> dict[str, list[str]]:
    """The IDs of every shard that has any, shards and IDs in order.

    Parameters
    ----------
    shards : int or "auto"
        Number of shards; see shard_count().
    """
    number = shard_count(len(identities), shards)
    groups: dict[str, list[str]] = {}
    for identity in sorted(identities):
        groups.setdefault(shard(identity, number), []).append(identity)
    return dict(sorted(groups.items()))


def resolve(query: str, identities: Iterable[str]) -> str:
    """The one ID that a query means. The query is the whole ID, or an ending that only one ID has.

    An ending that is a whole name (`1234` of `ammonites/1234`) is preferred to one that begins inside a name. Composed
    and decomposed characters are the same (file names of macOS are decomposed).

    Raises
    ------
    UserError
        The query is unknown or ambiguous. The message names the nearest IDs.
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


def _listed(identities: Sequence[str], most: int = 5) -> str:
    more = f" and {len(identities) - most} more" if len(identities) > most else ""
    return ", ".join(repr(identity) for identity in sorted(identities)[:most]) + more
