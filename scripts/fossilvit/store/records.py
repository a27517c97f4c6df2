"""The record beside every result: what it was made from, and its digest.

In: results and their recipe. Out: JSON beside them, and what it says. Standard library only: Snakemake reads this at
every start.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import mul
from pathlib import Path
from typing import Any

from fossilvit.store import digests
from fossilvit.store.files import PathLike, read_json, write_json
from fossilvit.store.layout import picture_name, record_path, view_name

LEVEL = 1e-6
"""Cosine of up and z that rounding can leave where a camera looks along z."""


@contextmanager
def recorded(record: PathLike, made_from: dict[str, Any], *results: PathLike, **facts: Any) -> Iterator[None]:
    """Write results within this context. Their record is written after them; an earlier one is deleted before.

    Parameters
    ----------
    record : path
    made_from : dict
    results : paths
        Their digests are recorded.
    facts : values for JSON
        Further content of the record, which comes first.
    """
    Path(record).unlink(missing_ok=True)
    yield
    digest = {Path(result).name: digests.of_file(result) for result in results}
    write_json(record, {**facts, "made_from": made_from, "sha256": digest})


def read_record(path: PathLike) -> dict[str, Any]:
    """The record of a result, which lies beside it."""
    record: dict[str, Any] = read_json(record_path(path))
    return record


def recorded_digest(path: PathLike) -> str:
    """The digest of a result, from the record beside it."""
    digest: str = read_record(path)["sha256"][Path(path).name]
    return digest


def collection_of(table: PathLike) -> dict[str, Any] | None:
    """The passport of the collection that a table was made from; None if the table has no record."""
    path = record_path(table)
    return read_json(path)["made_from"]["collection"] if path.exists() else None


def is_upright(view: dict[str, Any]) -> bool:
    """Return whether z is up in a view, and it shows no mirror image, from its facts."""
    return bool(view["up"][2] > -LEVEL and not view["mirrored"])


def fullest(record: dict[str, Any]) -> int:
    """The number of the upright view that shows most of a specimen, from its render record. Of equal ones the first.

    If no view is upright, all are compared.
    """
    return _fullest(record["views"], is_upright)


def fullest_from_above(record: dict[str, Any]) -> int:
    """The number of the view that shows most of a specimen from above, where z of its file is up.

    If no view does, all are compared.
    """
    into_file = [row[2] for row in record["camera"]["rotation"]]

    def is_above(view: dict[str, Any]) -> bool:
        return sum(map(mul, view["direction"], into_file)) > -LEVEL and not view["mirrored"]

    return _fullest(record["views"], is_above)


def _fullest(views: list[dict[str, Any]], wanted: Callable[[dict[str, Any]], bool]) -> int:
    """The number of the first of the fullest views that are wanted, or of all if none is."""
    among = [number for number, view in enumerate(views) if wanted(view)] or range(len(views))
    return max(among, key=lambda number: views[number]["fill"])


def has_picture(record: dict[str, Any]) -> bool:
    """Return whether a specimen has a picture for people beside its views, from its render record."""
    return record.get("picture") == "file" and record["align"] != "none" and bool(record.get("views"))


def shown(identity: str, record: dict[str, Any]) -> str:
    """The file name of the PNG that figures show of a specimen, from its render record."""
    return picture_name(identity) if has_picture(record) else view_name(identity, fullest(record))
