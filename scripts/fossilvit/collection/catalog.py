"""Render records and files -> the tables of what the collection holds.

In: the record of every specimen, by ID, and what lies in the folder besides. Out: rows of SPECIMENS_COLUMNS,
lengths in file units, of FAILED_COLUMNS and of PASSED_OVER_COLUMNS.
"""

from fossilvit.store.tables import SPECIMENS_COLUMNS


def specimens(records) -> list[list]:
    """A row a specimen, failed ones too, in order of ID; what does not apply is an empty cell.

    Parameters
    ----------
    records : dict of ID to record
    """
    return [_row(identity, record) for identity, record in sorted(records.items())]


def failures(failed, left_out) -> list[tuple[str, str, str]]:
    """ID, stage and reason of every scan that is not in the collection, in order of ID.

    Parameters
    ----------
    failed : dict of ID to reason
        Specimens that could not be rendered.
    left_out : list of (ID, reason)
        Scans that could not even be tried.
    """
    return sorted(
        [
            *((identity, "render", reason) for identity, reason in failed.items()),
            *((identity, "find", reason) for identity, reason in left_out),
        ]
    )


def passed_over(entries) -> list[tuple[str, str]]:
    """File and reason of everything that is no scan; entries as in an inventory.Inventory."""
    return [(path, kind.reason) for path, kind in entries]


def _row(identity, record):
    facts = {**record, **(record.get("file") or {}), **(record.get("mesh") or {}), "specimen_id": identity}
    for name, corner in zip(("min", "max"), facts.get("bounding_box", ()), strict=False):
        facts |= {f"{name}_{axis}": value for axis, value in zip("xyz", corner, strict=True)}
    return [_cell(facts.get(column)) for column in SPECIMENS_COLUMNS]


def _cell(value):
    """A fact as a cell: `true`, `3 degenerate faces; 2 duplicate faces`, notes one after another."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "; ".join(f"{count} {what}" for what, count in value.items())
    if isinstance(value, list):
        return "; ".join(value)
    return value
