"""Specimens and their IDs: categories, queries and shards.

An ID is the path of the mesh under its folder without the extension, e.g. `ammonites/NHM-1234`. Standard library only:
this is read at every start of Snakemake, for collections of any size.
"""

import math
import unicodedata
import zlib
from difflib import get_close_matches
from typing import NamedTuple

from fossilvit.errors import UserError
from fossilvit.store import layout

MEMBERS = 50
"""Specimens of a shard, about, where nobody says how many shards there are."""


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
        if named.setdefault(layout.flat(identity), identity) != identity:
            raise UserError(
                f"The queries {named[layout.flat(identity)]!r} and {identity!r} share a file name; take one of them."
            )
    return named


def shard(identity, shards) -> str:
    """The shard of an ID: the same on every machine, whatever else the collection holds.

    Parameters
    ----------
    shards : int
        How many there are.
    """
    return f"{zlib.crc32(identity.encode('utf-8')) % shards:04d}"


def members(identities, shards) -> dict[str, list[str]]:
    """The IDs of every shard that has any, shards and IDs in order.

    Parameters
    ----------
    shards : int or "auto"
        How many there are. `auto` takes the power of two that leaves each about MEMBERS specimens, so that it changes
        only when the collection doubles.
    """
    if shards == "auto":
        shards = 2 ** max(0, round(math.log2(len(identities) / MEMBERS))) if identities else 1
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
