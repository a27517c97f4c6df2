"""The record beside every result: what it was made from, and its digest.

Standard library only: Snakemake reads this at every start.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fossilvit.store import digests
from fossilvit.store.files import read_json, write_json
from fossilvit.store.layout import record_path


@contextmanager
def recorded(record, made_from, *results, **facts):
    """Write results, then the record of what they are made from; an earlier record goes before they change.

    Parameters
    ----------
    record : path
    made_from : dict
    results : paths
        What is written within the context; their digests are recorded.
    facts : values for JSON
        What else the record is to say; it stands first.
    """
    Path(record).unlink(missing_ok=True)
    yield
    digest = {Path(result).name: digests.of_file(result) for result in results}
    write_json(record, {**facts, "made_from": made_from, "sha256": digest})


def read_record(path) -> dict:
    """The record of a result, which lies beside it."""
    return read_json(record_path(path))


def recorded_digest(path) -> str:
    """The digest of a result, by the record beside it."""
    return read_record(path)["sha256"][Path(path).name]


def collection_of(table) -> dict | None:
    """The passport of the collection that a table was made from, by its record; None where it has none."""
    path = record_path(table)
    return read_json(path)["made_from"]["collection"] if path.exists() else None


def fullest(record: dict[str, Any]) -> int:
    """The number of the view that shows most of a specimen, by its render record; of equal ones the first."""
    fills = [view["fill"] for view in record["views"]]
    return fills.index(max(fills))
