"""How features were computed. Settings may leave it to the machine, so that features of one collection can differ.

In: the backend of every specimen, as the records of features hold it. Out: how many specimens have each, and a sentence
where they differ. Standard library only: Snakemake reads this at every start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Backend(NamedTuple):
    """What computed features. None where it is not known, as of an encoder of the user."""

    engine: str | None = None
    """The library that ran the encoder, e.g. openvino."""
    device: str | None = None
    """cpu or cuda."""
    precision: str | None = None
    """The number format: fp64, fp32, bf16 or fp16."""

    def __str__(self) -> str:
        return f"{self.engine or 'unknown'} on {self.device or 'unknown'} in {self.precision or 'unknown'}"


def of_record(record: Mapping[str, Any]) -> Backend:
    """The backend of features, from their record."""
    return Backend(**record.get("backend", {}))


def counted(backends: Iterable[Backend]) -> list[dict[str, Any]]:
    """Count the specimens of every backend, as a shard and the passport record them; the most common comes first."""
    return _listed(Counter(backends))


def joined(lists: Iterable[Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Add up what counted() returned for several shards."""
    total: Counter[Backend] = Counter()
    for entries in lists:
        for entry in entries:
            total[_of_entry(entry)] += entry["specimens"]
    return _listed(total)


def difference(entries: Iterable[Mapping[str, Any]]) -> str | None:
    """The sentence that says how the features of a collection differ in their backends; None if they do not.

    Parameters
    ----------
    entries : what counted() or joined() returned
    """
    found = {_of_entry(entry): entry["specimens"] for entry in entries}
    if len(found) < 2:
        return None
    each = ", ".join(f"{count} by {backend}" for backend, count in found.items())
    devices = {backend.device for backend in found}
    remedy = "extract.device to cpu or cuda" if len(devices) > 1 else "extract.engine and extract.precision"
    return (
        f"The features were not all computed in one way: {each}. Distances between them are a little less exact; set "
        f"{remedy} and run again to compute all in one way."
    )


def elsewhere(record: Mapping[str, Any], device: str) -> bool:
    """Return whether features were computed on another device than the one that the settings name.

    Parameters
    ----------
    record : dict
        The record of the features.
    device : auto, cpu or cuda
        Any is right for `auto`, and for an encoder that does not say where it runs.
    """
    if device == "auto":
        return False
    return "backend" not in record or record["backend"]["device"] not in (None, device)


def _of_entry(entry: Mapping[str, Any]) -> Backend:
    return Backend(*(entry[name] for name in Backend._fields))


def _listed(counts: Counter[Backend]) -> list[dict[str, Any]]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [{**backend._asdict(), "specimens": count} for backend, count in ranked]
