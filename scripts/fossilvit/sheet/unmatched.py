"""Says of scans without a row and of rows without a scan why, and what is nearest.

In: the sheet, and what was joined. Out: sentences. Standard library only.
"""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from fossilvit.scans.inventory import without_extension
from fossilvit.sheet import words
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.joining import Joined, about, called
from fossilvit.sheet.nearest import Nearest
from fossilvit.sheet.paths import OTHER_EXTENSION

ALIKE = 0.5
"""Likeness from which a name without a partner is named, though one with a partner may be nearer."""

One = TypeVar("One")


class Unmatched:
    """The reasons of scans and rows without a partner."""

    def __init__(self, columns: Columns, joined: Joined, identities: Collection[str]) -> None:
        self._columns, self._joined, self._identities = columns, joined, identities
        self._scan_of = {partner.row: scan for scan, partner in sorted(joined.partners.items(), reverse=True)}
        self._contradicting = {
            place: (scan, column) for scan, (place, column) in sorted(joined.contradicted.items(), reverse=True)
        }

    def scan(self, identity: str) -> str:
        """The sentence about a scan without a row."""
        if identity in self._joined.contradicted:
            place, column = self._joined.contradicted[identity]
            return (
                f"No row fits the scan {words.quoted(identity)}: {called(self._columns, place)} has its number, but "
                f"{self._value(place, column)}."
            )
        near = self._rows.to(_key(identity))
        if near is None:
            return f"No row is about the scan {words.quoted(identity)}."
        scan = self._scan_of.get(near)
        nearest = called(self._columns, near) + (f", which belongs to {words.quoted(scan)}" if scan else "")
        return f"No row is about the scan {words.quoted(identity)}; the nearest is {nearest}."

    def row(self, place: int) -> str:
        """The sentence about a row without a scan."""
        said = about(self._columns, place)
        if not said:
            return f"Row {self._columns.sheet.rows[place].number} does not say which scan it is about."
        if place in self._contradicting:
            scan, column = self._contradicting[place]
            return (
                f"No scan belongs to {called(self._columns, place)}: {words.quoted(scan)} has its number, but not "
                f"{self._value(place, column)}."
            )
        near = self._scans.to(_key(said))
        if near is None:
            return f"No scan belongs to {called(self._columns, place)}."
        partner = self._joined.partners.get(near)
        nearest = words.quoted(near) + (f", which belongs to {called(self._columns, partner.row)}" if partner else "")
        return f"No scan belongs to {called(self._columns, place)}; the nearest is {nearest}."

    def _value(self, place: int, column: str) -> str:
        """What a row has in a known column, and the sheet's name of the column."""
        own = self._columns.own[column]
        return f"{words.quoted(self._columns.sheet.rows[place].cells[own])} as {words.quoted(own)}"

    @cached_property
    def _rows(self) -> "_Names[int]":
        places = range(len(self._columns.sheet.rows))
        return _Names({place: about(self._columns, place) for place in places}, self._scan_of)

    @cached_property
    def _scans(self) -> "_Names[str]":
        return _Names({identity: identity for identity in sorted(self._identities)}, self._joined.partners)


class _Names(Generic[One]):
    """The names of rows or of scans."""

    def __init__(self, names: Mapping[One, str], with_partner: Collection[One]) -> None:
        keys = [(key, one) for one, name in names.items() if (key := _key(name))]
        self._all = dict(reversed(keys))
        self._free = dict((key, one) for key, one in reversed(keys) if one not in with_partner)
        self._nearest, self._nearest_free = Nearest(self._all), Nearest(self._free)

    def to(self, key: str) -> One | None:
        """The nearest one: if it is alike enough, one without a partner."""
        likeness, free = self._nearest_free.to(key)
        return self._free[free] if likeness >= ALIKE else self._all.get(self._nearest.to(key)[1])


def _key(text: str) -> str:
    """The name of a scan without its folders, as it is compared."""
    name = text.replace("\\", "/").rpartition("/")[2]
    return " ".join(words.tokens(without_extension(name) or OTHER_EXTENSION.sub("", name)))
