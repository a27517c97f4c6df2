"""Joins the rows of a specimen sheet to scans.

In: the sheet, and the IDs of all scans. Out: Joined. A row that names a scan in `file` or `specimen_id` is joined to
this one alone. Any other is joined to the scans whose IDs hold its catalog number. If these columns name no scan at
all, they are about something else, such as photographs, and do not count. A scan has at most one row; a row may have
several scans. Standard library only.
"""

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import NamedTuple

from fossilvit.errors import UserError
from fossilvit.sheet import catalog_numbers, words
from fossilvit.sheet.catalog_numbers import Match, Name, Numbers
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.describing import Describing, Fit, is_mesh
from fossilvit.sheet.paths import Paths

EXPLICIT = ("specimen_id", "file")
JOINING = ("file", "specimen_id", *catalog_numbers.KEYS)
"""The known columns that can join a row to a scan."""


class Partner(NamedTuple):
    """The row of a scan."""

    row: int
    """Its place in the sheet."""
    column: str
    """The known column that joined it."""
    is_number_alone: bool = False
    """Whether only the digits of a catalog number joined it, and either the row or the ID has an institution too."""


class Joined(NamedTuple):
    """Which scan has which row."""

    partners: dict[str, Partner]
    """The row of every scan that has one, by ID."""
    contradicted: dict[str, tuple[int, str]]
    """For scans without a row: the row that has the number of the scan, and the column that the ID contradicts."""


def join(columns: Columns, identities: Collection[str]) -> Joined:
    """Join the rows of a sheet to scans.

    Raises
    ------
    UserError
        A row names several scans, or several rows name or fit one scan. The message names both.
    """
    explicit = _by_name(columns, identities)
    rest = [identity for identity in identities if identity not in explicit]
    by_number, contradicted = _by_number(columns, rest, bool(explicit))
    return Joined(explicit | by_number, contradicted)


def about(columns: Columns, place: int) -> str:
    """What a row says it is about; empty if it does not say it."""
    row = columns.sheet.rows[place]
    column, said = next(((column, text) for column in JOINING if (text := columns.get(row, column))), ("", ""))
    if column == "catalogNumber":
        for code in (columns.get(row, "collectionCode"), columns.get(row, "institutionCode")):
            said = said if said.startswith(code) else f"{code} {said}"
    return said


def called(columns: Columns, place: int) -> str:
    """How messages call a row: its number, and what it says it is about."""
    said = about(columns, place)
    return f"row {columns.sheet.rows[place].number}" + (f" ({words.quoted(said)})" if said else "")


def _by_name(columns: Columns, identities: Collection[str]) -> dict[str, Partner]:
    """The row of every scan that is named in `file` or `specimen_id`."""
    paths = Paths(identities)
    partners: dict[str, Partner] = {}
    unfound = []
    for place, row in enumerate(columns.sheet.rows):
        named = {column: _only(columns, place, column, paths.named(text)) for column, text in _names(columns, place)}
        found = {column: identity for column, identity in named.items() if identity}
        if len({*found.values()}) > 1:
            first, second = found.values()
            raise UserError(
                f"Row {row.number} of the specimen sheet {columns.sheet.path} names two scans, {words.quoted(first)} "
                f"and {words.quoted(second)}; correct one."
            )
        for column, identity in found.items():
            _take(columns, partners, identity, Partner(place, column))
        if not found and "file" in named:
            unfound.append(place)
    taken = {*partners}
    for place in unfound:  # such as the .zip that a mesh was downloaded in
        others = paths.named_otherwise(columns.sheet.rows[place].cells[columns.own["file"]])
        is_free = taken.isdisjoint(others) and is_mesh(columns, place)
        if is_free and (only := _only(columns, place, "file", others)):
            _take(columns, partners, only, Partner(place, "file"))
    return partners


def _names(columns: Columns, place: int) -> Iterator[tuple[str, str]]:
    for column in EXPLICIT:
        row = columns.sheet.rows[place]
        if columns.get(row, column):
            yield column, row.cells[columns.own[column]]


def _only(columns: Columns, place: int, column: str, found: list[str]) -> str | None:
    if len(found) > 1:
        row, own = columns.sheet.rows[place], columns.own[column]
        first, second = sorted(found)[:2]
        more = f" (and {len(found) - 2} more)" if len(found) > 2 else ""
        raise UserError(
            f"Row {row.number} of the specimen sheet {columns.sheet.path} has {words.quoted(row.cells[own])} as "
            f"{words.quoted(own)}, which may be the scan {words.quoted(first)} or {words.quoted(second)}{more}; write "
            "it with its folder."
        )
    return found[0] if found else None


def _take(columns: Columns, partners: dict[str, Partner], identity: str, partner: Partner) -> None:
    other = partners.setdefault(identity, partner)
    if other.row != partner.row:
        raise UserError(
            f"In the specimen sheet {columns.sheet.path}, {called(columns, other.row)} and "
            f"{called(columns, partner.row)} name the same scan {words.quoted(identity)}; correct or delete one."
        )


def _by_number(
    columns: Columns, identities: list[str], names_count: bool
) -> tuple[dict[str, Partner], dict[str, tuple[int, str]]]:
    """The row of every scan whose ID holds the number of a row.

    Parameters
    ----------
    columns : Columns
    identities : list of str
    names_count : bool
        Whether to leave out rows that have a `file` or `specimen_id`. Otherwise the latter may be a catalog number.
    """
    keys = catalog_numbers.KEYS if names_count else (*catalog_numbers.KEYS, "specimen_id")
    numbers = [
        number
        for place, row in enumerate(columns.sheet.rows)
        if not (names_count and any(_names(columns, place)))
        for number in catalog_numbers.of(columns, row, place, keys)
    ]
    if not numbers:
        return {}, {}
    describing = Describing(columns)
    names = {identity: Name(identity) for identity in identities}
    exact = Numbers(numbers, describing.by_row)
    partners, contradicted = _matched(columns, names, exact, describing)
    taken = {partner.row for partner in partners.values()}
    left = {identity: name for identity, name in names.items() if identity not in partners}
    if left:
        without_zeros = Numbers(numbers, describing.by_row, zeros_count=False, without=taken)
        more, contradicted_too = _matched(columns, left, without_zeros, describing)
        partners |= more
        contradicted |= contradicted_too
    return partners, {identity: why for identity, why in contradicted.items() if identity not in partners}


def _matched(
    columns: Columns, names: dict[str, Name], numbers: Numbers, describing: Describing
) -> tuple[dict[str, Partner], dict[str, tuple[int, str]]]:
    partners: dict[str, Partner] = {}
    contradicted: dict[str, tuple[int, str]] = {}
    codes: dict[int, tuple[str, str]] = {}
    for identity, name in names.items():
        matches = sorted(numbers.within(name), key=lambda match: match.rank, reverse=True)
        for _, equal in groupby(matches, key=lambda match: match.rank):
            fits: dict[int, tuple[Fit, Match]] = {}
            for match in equal:
                place = match.number.row
                fit = describing.fit(name, match)
                if isinstance(fit, str):
                    contradicted.setdefault(identity, (place, fit))
                else:
                    fits.setdefault(place, (fit, match))
            if fits:
                match = _best(columns, identity, [*fits.values()])
                _check_code(columns, codes, identity, match)
                is_number = not match.has_institution and name.is_number(match.start, match.end)
                is_alone = is_number and bool(match.code or match.number.institution)
                partners[identity] = Partner(match.number.row, match.number.column, is_alone)
                break
    return partners, contradicted


def _best(columns: Columns, identity: str, fits: list[tuple[Fit, Match]]) -> Match:
    """The match of the one row that fits a scan best."""
    closest = max(fit for fit, _ in fits)
    matches = [match for fit, match in fits if fit == closest]
    if len(matches) > 1:
        first, second = (called(columns, match.number.row) for match in matches[:2])
        more = f" (and {len(matches) - 2} more)" if len(matches) > 2 else ""
        raise UserError(
            f"In the specimen sheet {columns.sheet.path}, {first} and {second}{more} fit the scan "
            f"{words.quoted(identity)}; add a column `file` that names the scan of every row, or delete one."
        )
    return matches[0]


def _check_code(columns: Columns, codes: dict[int, tuple[str, str]], identity: str, match: Match) -> None:
    """Check that a number without an institution, or without a collection, has no two of them in the IDs of scans."""
    if match.code:
        code, other = codes.setdefault(match.number.row, (match.code, identity))
        if code != match.code:
            raise UserError(
                f"In the specimen sheet {columns.sheet.path}, {called(columns, match.number.row)} fits the scans "
                f"{words.quoted(other)} and {words.quoted(identity)} of two institutions or collections; write the "
                "codes of institution and collection before the number."
            )
