"""Render records and the inventory of scans -> the tables of specimens, of failures and of files passed over.

In: the render record of every specimen, by ID; the scans left out and the files passed over. Out: rows of
SPECIMENS_COLUMNS (lengths in file units), FAILED_COLUMNS and PASSED_OVER_COLUMNS.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fossilvit.scans.passed_over import Kind
from fossilvit.store.tables import SPECIMENS_COLUMNS


def specimens(records: Mapping[str, Mapping[str, Any]]) -> list[list[Any]]:
    """One row per specimen, failed ones too, in order of ID. A cell is empty where its fact does not apply.

    Parameters
    ----------
    records : dict of ID to render record
    """
    return [_row(identity, record) for identity, record in sorted(records.items())]


def failures(failed: Mapping[str, str], left_out: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """ID, stage and reason of every scan that is not in the collection, in order of ID.

    Parameters
    ----------
    failed : dict of ID to reason
        Specimens that could not be rendered.
    left_out : iterable of (ID, reason)
        Scans and folders that cannot be read as they are; see inventory.Inventory.
    """
    return sorted(
        [
            *((identity, "render", reason) for identity, reason in failed.items()),
            *((identity, "find", reason) for identity, reason in left_out),
        ]
    )


def passed_over(entries: Iterable[tuple[str, Kind]]) -> list[tuple[str, str]]:
    """Path and reason of every file that is not a scan; entries as in inventory.Inventory."""
    return [(path, kind.reason) for path, kind in entries]


def _row(identity: str, record: Mapping[str, Any]) -> list[Any]:
    facts = {**record, **(record.get("file") or {}), **(record.get("mesh") or {}), "specimen_id": identity}
    for name, corner in zip(("min", "max"), facts.get("bounding_box", ()), strict=False):
        facts |= {f"{name}_{axis}": value for axis, value in zip("xyz", corner, strict=True)}
    return [_cell(facts.get(column)) for column in SPECIMENS_COLUMNS]


def _cell(value: Any) -> Any:
    """A fact as a cell: `true` for True, `3 degenerate faces; 2 duplicate faces` for counts, notes joined by `;`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "; ".join(f"{count} {what}" for what, count in value.items())
    if isinstance(value, list):
        return "; ".join(value)
    return value
