"""Tells which object a scan shows, from the row of the scan.

In: the sheet, and which scan has which row. Out: the name of the object by ID. Standard library only.
"""

from collections import Counter
from collections.abc import Mapping

from fossilvit.errors import UserError
from fossilvit.sheet import catalog_numbers, words
from fossilvit.sheet.columns import Columns
from fossilvit.sheet.joining import Partner

AUTO = "auto"
IDENTIFIERS = ("physical_object_id", "occurrenceID")


def read(columns: Columns, partners: Mapping[str, Partner], wanted: str) -> dict[str, str]:
    """Read the object of every scan. An ID is absent if nothing is known.

    Parameters
    ----------
    columns : Columns
    partners : dict of ID to Partner
    wanted : str
        A column, which is used alone. Or `auto`: the column `object`, else the identifier or catalog number of the
        object with its part and side, as the femur and the tibia of one skeleton are two objects. With `auto`, all
        scans of one row show one object.

    Raises
    ------
    UserError
        The sheet has no such column, or no scan has a value in it.
    """
    if wanted == AUTO:
        scans = Counter(partner.row for partner in partners.values())
        named = {place: _automatic(columns, place) for place in scans}
        rows = {
            place: named[place] or f"row {columns.sheet.rows[place].number}" * (scans[place] > 1) for place in scans
        }
    else:
        own = columns.find("object", wanted)
        rows = {partner.row: words.label(columns.sheet.rows[partner.row].cells[own]) for partner in partners.values()}
        if not any(rows.values()):
            raise UserError(f"object: no scan has a value of {words.quoted(own)} in the specimen sheet; name another.")
    return {identity: name for identity, partner in partners.items() if (name := rows[partner.row])}


def shared(objects: Mapping[str, str]) -> list[str]:
    """A sentence about scans that count as one, if any do."""
    scans: dict[str, list[str]] = {}
    for identity, name in sorted(objects.items()):
        scans.setdefault(name, []).append(identity)
    several = next((name for name, of in scans.items() if len(of) > 1), None)
    if several is None:
        return []
    return [
        f"{len(objects)} scans show {len(scans)} objects; for example, {words.quoted(scans[several][0])} and "
        f"{words.quoted(scans[several][1])} show {words.quoted(several)} and count as one. If they are two objects, "
        "name a column that says so in `object`."
    ]


def _automatic(columns: Columns, place: int) -> str:
    row = columns.sheet.rows[place]
    if "object" in columns.own:
        return columns.get(row, "object")
    identifiers = (columns.get(row, column) for column in IDENTIFIERS)
    name = next(filter(None, identifiers), "") or _catalog_number(columns, place)
    details = (words.plain(columns.get(row, column)) for column in ("part", "side"))
    return ", ".join(filter(None, [name, *details])) if name else ""


def _catalog_number(columns: Columns, place: int) -> str:
    """The catalog number of a row in one form for all its spellings, such as `UF VP 12345`."""
    for number in catalog_numbers.of(columns, columns.sheet.rows[place], place):
        if number.column in ("catalogNumber", "physical_object_title"):
            return " ".join((*number.institution, *number.collection, *number.proper)).upper()
    return ""
