"""Reads all that the user's table says of the scans.

In: the table, the schema of its columns, the IDs of all scans, and the settings. Out: Said. Snakemake calls this at
every start, so that only workbooks need more than the standard library, PyYAML and jsonschema.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from fossilvit.errors import UserError
from fossilvit.sheet import joining, levels, objects, reading, selection, words
from fossilvit.sheet.columns import Columns, Schema, nearest
from fossilvit.sheet.facts import LEVEL, RESTRICT, Facts
from fossilvit.sheet.joining import Joined
from fossilvit.sheet.unmatched import Unmatched
from fossilvit.store import digests
from fossilvit.store.files import PathLike
from fossilvit.store.tables import SHEET_COLUMNS

MOST_VALUES = 10
"""Largest number of values of a column that a message lists."""


class Wanted(NamedTuple):
    """The settings."""

    object: str
    """`auto`, or a column."""
    category: str
    """`folder`, a column, or a ladder of columns with `/` between them."""
    select: str | None
    """A row filter."""
    restrict: str | None
    """A column."""


class Said(NamedTuple):
    """What the table says."""

    facts: Facts
    """The facts of the selected scans."""
    selected: frozenset[str] | None
    """The IDs that `select` takes; None without `select`."""
    sentences: list[str]
    """What a run says at its start."""
    everything: Facts
    """The facts of all scans."""
    restricted: str | None
    """The column of `restrict` under its own name."""
    columns: Columns
    joined: Joined
    unmatched: Unmatched
    """Why scans have no row, and rows no scan."""
    identities: list[str]
    """The IDs of all scans, sorted."""

    @property
    def digest(self) -> str:
        """The digest of all that it says of the scans, but for lengths."""
        return digests.of_value(self.table({}))

    def table(self, extents: Mapping[str, Sequence[float]]) -> tuple[list[str], list[list[str]]]:
        """Make the joined sheet.

        Parameters
        ----------
        extents : dict of ID to the lengths of the bounding box along x, y and z in file units
            IDs are absent where they are not known.

        Returns
        -------
        columns : list of str
        rows : list of list of str
            One per scan in order of ID, then one per row of the sheet without a scan.
        """
        sheet = self.columns.sheet
        rows = [self._scan(identity, extents) for identity in self.identities]
        joined = {partner.row for partner in self.joined.partners.values()}
        blank = [""] * (len(self._header()) - len(SHEET_COLUMNS))
        for place, row in enumerate(sheet.rows):
            if place not in joined:
                ours = ["", str(row.number), "", "false", self.unmatched.row(place), "", "", "", ""]
                rows.append([*ours, *blank, *row.cells.values()])
        return [*self._header(), *_renamed(sheet.columns, self._header())], rows

    def _header(self) -> list[str]:
        levels = [f"{LEVEL}{name}" for name in self.everything.levels]
        return [*SHEET_COLUMNS, *levels, *([f"{RESTRICT}{self.restricted}"] if self.restricted else [])]

    def _scan(self, identity: str, extents: Mapping[str, Sequence[float]]) -> list[str]:
        partner = self.joined.partners.get(identity)
        row = self.columns.sheet.rows[partner.row] if partner else None
        is_selected = self.selected is None or identity in self.selected
        known = [*self.everything.levels.values(), *([self.everything.among or {}] if self.restricted else [])]
        return [
            identity,
            str(row.number) if row else "",
            self.columns.own[partner.column] if partner else "",
            "true" if is_selected else "false",
            "" if row else self.unmatched.scan(identity),
            self.everything.objects.get(identity, ""),
            *self._lengths(row, extents.get(identity)),
            *(values.get(identity, "") for values in known),
            *(row.cells.values() if row else [""] * len(self.columns.sheet.columns)),
        ]

    def _lengths(self, row: reading.Row | None, extent: Sequence[float] | None) -> list[str]:
        """The lengths of the bounding box in mm, the largest first; empty without a unit."""
        unit = self.columns.get(row, "unit") if row else ""
        if not unit or extent is None:
            return ["", "", ""]
        millimeters = self.columns.schema.columns["unit"]["millimeters"][unit]
        return [f"{length * millimeters:.6g}" for length in sorted(extent, reverse=True)]


def take(path: PathLike, schema: PathLike, identities: Collection[str], wanted: Wanted) -> Said:
    """Read the table and join it to the scans.

    Parameters
    ----------
    path : path
        The table of the user.
    schema : path
        workflow/schemas/specimens.schema.yaml.
    identities : collection of str
        The IDs of all scans.
    wanted : Wanted

    Raises
    ------
    UserError
        The table cannot be read or joined, or does not have what the settings want.
    """
    known = Schema(schema)
    columns = Columns(known, reading.read(path, known.meaning, joining.JOINING))
    columns.check()
    joined = joining.join(columns, identities)
    unmatched = Unmatched(columns, joined, identities)
    if identities and not joined.partners:
        raise UserError(_nothing(columns, unmatched))
    selected, remarks = _selected(columns, joined, wanted.select)
    own = columns.find("restrict", wanted.restrict) if wanted.restrict else None
    everything = Facts(
        objects.read(columns, joined.partners, wanted.object),
        levels.read(columns, joined.partners, identities, wanted.category),
        _restricted(columns, joined, own, selected) if own else None,
    )
    only = _only(everything, selected)
    for name, labels in only.levels.items():
        if not labels and everything.levels[name]:
            raise UserError(f"category: no scan that select takes has a value of {words.quoted(name)}; name another.")
    sentences = [
        *_counts(columns, joined, identities, unmatched),
        *columns.misspelled(),
        *remarks,
        *objects.shared(only.objects),
        *levels.doubts(only.levels),
    ]
    return Said(only, selected, sentences, everything, own, columns, joined, unmatched, sorted(identities))


def _only(everything: Facts, selected: frozenset[str] | None) -> Facts:
    if selected is None:
        return everything

    def known(values: Mapping[str, str]) -> dict[str, str]:
        return {identity: value for identity, value in values.items() if identity in selected}

    among = None if everything.among is None else known(everything.among)
    return Facts(known(everything.objects), {name: known(labels) for name, labels in everything.levels.items()}, among)


def _selected(columns: Columns, joined: Joined, select: str | None) -> tuple[frozenset[str] | None, list[str]]:
    """The IDs that a row filter takes, and sentences about it."""
    if select is None:
        return None, []
    rows = columns.sheet.rows
    wanted = selection.read(select, lambda name: columns.find("select", name), columns.meant)
    takes = {place: wanted.takes(rows[place].cells) for place in {partner.row for partner in joined.partners.values()}}
    selected = frozenset(identity for identity, partner in joined.partners.items() if takes[partner.row])
    if not selected:
        raise UserError(_none_selected(columns, joined, select, wanted.columns))
    sentences = [f"select takes {len(selected)} of the {len(joined.partners)} scans that have a row."]
    for column, value in wanted.values:
        values = {words.shown(row.cells[column]) for row in rows}
        if value and columns.meant(column, value) not in {columns.meant(column, one) for one in values}:
            sentences.append(
                f"select: no row has {words.quoted(value)} as {words.quoted(column)}; the nearest value is "
                f"{words.quoted(nearest(value, sorted(values)))}."
            )
    return selected, sentences


def _none_selected(columns: Columns, joined: Joined, select: str, named: list[str]) -> str:
    rows = [columns.sheet.rows[partner.row] for partner in joined.partners.values()]
    lists = []
    for column in named:
        counts = Counter(words.shown(row.cells[column]) for row in rows).most_common()
        values = ", ".join(f"{words.quoted(value, 40)} ({count})" for value, count in counts[:MOST_VALUES])
        more = f" and {len(counts) - MOST_VALUES} more" if len(counts) > MOST_VALUES else ""
        lists.append(f"{words.quoted(column)} is {values}{more}")
    return f"select: {words.quoted(select)} takes no scan; in the rows of scans, {', and '.join(lists)}."


def _restricted(columns: Columns, joined: Joined, own: str, selected: frozenset[str] | None) -> dict[str, str]:
    rows = columns.sheet.rows
    among = {
        identity: value
        for identity, partner in joined.partners.items()
        if (value := words.label(rows[partner.row].cells[own]))
    }
    if not (among.keys() if selected is None else among.keys() & selected):
        raise UserError(
            f"restrict: no scan has a value of {words.quoted(own)} in the specimen sheet; name another column."
        )
    return among


def _counts(columns: Columns, joined: Joined, identities: Collection[str], unmatched: Unmatched) -> list[str]:
    """Sentences about how much was joined, and about the first scan and the first row that were not."""
    sheet = columns.sheet
    rows = {partner.row for partner in joined.partners.values()}
    sentences = [
        f"The specimen sheet {sheet.path} has a row for {len(joined.partners)} of {len(identities)} scans, and a scan "
        f"for {len(rows)} of {len(sheet.rows)} rows."
    ]
    scans = sorted({*identities} - joined.partners.keys())
    others = [place for place in range(len(sheet.rows)) if place not in rows]
    for first, count in (
        (unmatched.scan(scans[0]) if scans else "", len(scans)),
        (unmatched.row(others[0]) if others else "", len(others)),
    ):
        if first:
            sentences.append(first + (f" ({count - 1} more are in results/sheet.csv.)" if count > 1 else ""))
    alone = sorted(identity for identity, partner in joined.partners.items() if partner.is_number_alone)
    if alone:
        more = f", and {len(alone) - 1} more likewise" if len(alone) > 1 else ""
        sentences.append(
            f"The scan {words.quoted(alone[0])} was joined to {joining.called(columns, joined.partners[alone[0]].row)} "
            f"by its number alone{more}."
        )
    return sentences


def _nothing(columns: Columns, unmatched: Unmatched) -> str:
    """The message if no row has a scan."""
    used = " or ".join(columns.own[column] for column in joining.JOINING if column in columns.own)
    first = unmatched.row(0).removesuffix(".")
    return (
        f"No row of the specimen sheet {columns.sheet.path} belongs to a scan by its {used}: "
        f"{first[0].lower()}{first[1:]}; correct the rows, or add a column `file` "
        "that names the scan of every row."
    )


def _renamed(names: Sequence[str], ours: Sequence[str]) -> list[str]:
    """The columns of the sheet with names that differ from ours and from each other."""
    taken = {*ours, *names}
    renamed = []
    for name in names:
        if name in ours or name.startswith((LEVEL, RESTRICT)):
            name = f"{name} (sheet)" if name in ours and not name.startswith((LEVEL, RESTRICT)) else f"sheet {name}"
            while name in taken:
                name += " (sheet)"
            taken.add(name)
        renamed.append(name)
    return renamed
