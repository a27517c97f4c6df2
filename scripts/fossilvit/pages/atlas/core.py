"""The tables of results -> the core of the atlas: all that the page knows before it looks at single specimens.

In: paths of tables. Out: a tree for packing.pack(), as web/src/data.ts describes Core. A row is the number of a
specimen in order of ID; -1, NaN and empty texts stand for what is not known.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fossilvit.answers import trust
from fossilvit.answers.belonging import NOISE
from fossilvit.errors import UserError
from fossilvit.pages import folding, groups
from fossilvit.pages.atlas import columns
from fossilvit.pages.atlas.columns import Column
from fossilvit.pages.groups import Groups
from fossilvit.sheet import facts
from fossilvit.store.files import PathLike, readable
from fossilvit.store.layout import record_path
from fossilvit.store.newick import read_tree
from fossilvit.store.records import read_record
from fossilvit.store.tables import (
    CLUSTER_HISTORY_COLUMNS,
    CLUSTER_SUMMARY_COLUMNS,
    DUPLICATES_COLUMNS,
    FAILED_COLUMNS,
    MAP_COLUMNS,
    NEIGHBORS_COLUMNS,
    SHEET_COLUMNS,
    SPECIMENS_COLUMNS,
    SUSPECTS_COLUMNS,
    read_table,
    read_wider_table,
)

GROUP = "group"
"""The key of the column of groups."""


class Tables(NamedTuple):
    """The paths of what the atlas shows."""

    map: PathLike
    specimens: PathLike
    failed: PathLike
    clusters: PathLike
    summary: PathLike
    history: PathLike
    tree: PathLike
    neighbors: PathLike
    duplicates: PathLike
    suspects: PathLike | None = None
    """None without categories."""
    sheet: PathLike | None = None
    """None without a sheet."""


def core(tables: Tables, passport: Mapping[str, Any], shards: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    """Gather what the page knows of all specimens.

    Parameters
    ----------
    tables : Tables
    passport : dict
        How the collection was made.
    shards : dict of the name of a shard to its IDs, or None
        None if all parts are in the page itself, where every specimen is a shard of its own, so that a click unpacks no
        other.

    Raises
    ------
    UserError
        A table is missing or broken, or two are not of the same collection.
    """
    places = read_table(tables.map, MAP_COLUMNS, x=float, y=float, trust=float)
    identities = [place["specimen_id"] for place in places]
    row = {identity: number for number, identity in enumerate(identities)}
    scans = _in_order(tables.specimens, read_table(tables.specimens, SPECIMENS_COLUMNS), identities)
    found = groups.read_groups(tables.clusters, tables.summary)
    group, firmness = _belonging(tables.clusters, found, identities)
    known = facts.read(tables.sheet, identities)
    suspected = _suspects(tables.suspects, row)
    with readable(tables.specimens):
        scan_columns = columns.of_scans(scans)
    sheet_columns, mm = _sheet(tables.sheet, identities, scans)
    shown = [
        *columns.of_categories(known, identities),
        *_results(group, firmness, found, [place["trust"] for place in places], suspected),
        *sheet_columns,
        *scan_columns,
    ]
    nearest, neighbors, distances = _neighbors(tables.neighbors, row)
    same_as, same = _copies(tables.duplicates, row)
    members = shards if shards is not None else {own_shard(number): [one] for number, one in enumerate(identities)}
    shard_of = {identity: place for place, ids in enumerate(members.values()) for identity in ids}
    return {
        "count": len(identities),
        "ids": identities,
        "shard": np.array([shard_of[identity] for identity in identities], np.int32),
        "shards": [*members],
        "mode": "single" if shards is None else "folder",
        **{axis: np.array([place[axis] for place in places], np.float32) for axis in ("x", "y", "trust")},
        "trusted": trust.looked_at(len({(place["x"], place["y"]) for place in places})),
        "group": group,
        "firmness": firmness,
        "nearest": nearest,
        "neighbors": neighbors,
        "distances": distances,
        "metric": _metric(tables.neighbors),
        "sameAs": same_as,
        "same": same,
        "suspects": suspected,
        "columns": shown,
        "first": next((one["key"] for one in reversed(shown) if one["source"] == "category"), GROUP),
        "groups": _groups(found, tables.summary, row),
        "tree": _tree(tables.tree, found, row),
        "history": _history(tables.history),
        "mm": mm,
        "mirror": (passport.get("render") or {}).get("mirror") == "ignore",
        "failed": _failed(tables.failed),
        "made": _made(passport, tables),
    }


def own_shard(row: int) -> str:
    """The name of the shard of a single specimen in a page that holds everything."""
    return str(row)


def _in_order(path: PathLike, rows: Sequence[dict[str, Any]], identities: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a table in order of the given IDs.

    Raises
    ------
    UserError
        The table lacks one of them.
    """
    by_identity = {row["specimen_id"]: row for row in rows}
    _check_all_there(path, by_identity, identities)
    return [by_identity[identity] for identity in identities]


def _belonging(path: PathLike, found: Groups, identities: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The number of the group of every specimen, int32 [N], or NOISE, and how firmly it belongs to it, float32 [N].

    Raises
    ------
    UserError
        The table of clusters lacks one of them.
    """
    of = {member.identity: (NOISE, member.prob) for member in found.noise}
    of |= {member.identity: (cluster.number, member.prob) for cluster in found.clusters for member in cluster.members}
    _check_all_there(path, of, identities)
    numbers, firmness = zip(*(of[identity] for identity in identities), strict=True) if identities else ((), ())
    return np.array(numbers, np.int32), np.array(firmness, np.float32)


def _check_all_there(path: PathLike, known: Collection[str], identities: Sequence[str]) -> None:
    if missing := set(identities).difference(known):
        raise UserError(f"{path} has no row of {min(missing)!r}, which is on the map; run snakemake again.")


def _number(row: Mapping[str, int], identity: str) -> int:
    return row.get(identity, -1)


def _results(
    group: np.ndarray,
    firmness: np.ndarray,
    found: Groups,
    shares: Sequence[float],
    suspected: Sequence[Mapping[str, Any]],
) -> list[Column]:
    suspicion = {one["row"]: one["suspicion"] for one in suspected}
    named = ["" if number == NOISE else str(number) for number in group.tolist()]
    shown = [
        columns.labels(GROUP, None, "result", named, [str(cluster.number) for cluster in found.clusters]),
        columns.numbers("firmness", None, "result", firmness.tolist(), "share"),
        columns.numbers("trust", None, "result", shares, "share"),
    ]
    if suspicion:
        values = [suspicion.get(row) for row in range(len(group))]
        shown.append(columns.numbers("suspicion", None, "result", values, "share"))
    return shown


def _sheet(
    path: PathLike | None, identities: Sequence[str], scans: Sequence[Mapping[str, str]]
) -> tuple[list[Column], np.ndarray]:
    """The columns of the sheet, and mm per unit of the file of every specimen, float32 [N]."""
    mm = np.full(len(identities), np.nan, np.float32)
    if path is None:
        return [], mm
    names, rows = read_wider_table(path, SHEET_COLUMNS)
    rows = _in_order(path, rows, identities)
    for number, (said, scan) in enumerate(zip(rows, scans, strict=True)):
        longest = max(columns.extents(scan))
        if said["length_mm"] and longest > 0:
            mm[number] = float(said["length_mm"]) / longest
    return columns.of_sheet(names, rows), mm


def _neighbors(path: PathLike, row: Mapping[str, int]) -> tuple[int, np.ndarray, np.ndarray]:
    """The largest number K of neighbors, their rows, int32 [N, K], and their distances, float32 [N, K]."""
    of: dict[int, list[tuple[int, float]]] = {}
    for line in read_table(path, NEIGHBORS_COLUMNS, distance=float):
        query, neighbor = _number(row, line["query_id"]), _number(row, line["neighbor_id"])
        if query >= 0 and neighbor >= 0:
            of.setdefault(query, []).append((neighbor, line["distance"]))
    most = max(map(len, of.values()), default=0)
    neighbors = np.full((len(row), most), -1, np.int32)
    distances = np.full((len(row), most), np.nan, np.float32)
    for query, found in of.items():
        neighbors[query, : len(found)], distances[query, : len(found)] = zip(*found, strict=True)
    return most, neighbors, distances


def _copies(path: PathLike, row: Mapping[str, int]) -> tuple[np.ndarray, list[str]]:
    """The row that each specimen is the same as, int32 [N], and what is the same."""
    same_as, same = np.full(len(row), -1, np.int32), [""] * len(row)
    for line in read_table(path, DUPLICATES_COLUMNS):
        copy, original = _number(row, line["specimen_id"]), _number(row, line["duplicate_of"])
        if copy >= 0 and original >= 0:
            same_as[copy], same[copy] = original, line["same"]
    return same_as, same


def _suspects(path: PathLike | None, row: Mapping[str, int]) -> list[dict[str, Any]]:
    lines = read_table(path, SUSPECTS_COLUMNS, suspicion=float) if path else []
    return [
        {
            "row": row[line["specimen_id"]],
            **{name: line[name] for name in ("category", "suggested", "suspicion")},
            "nearestSame": _number(row, line["nearest_same"]),
            "nearestSuggested": _number(row, line["nearest_suggested"]),
        }
        for line in lines
        if line["specimen_id"] in row
    ]


def _groups(found: Groups, summary: PathLike, row: Mapping[str, int]) -> list[dict[str, Any]]:
    about = {line["cluster_id"]: line for line in read_table(summary, CLUSTER_SUMMARY_COLUMNS, cluster_id=int)}

    def rows_of(line: Mapping[str, Any], *names: str) -> list[int]:
        return [row[line[name]] for name in names if line[name] in row]

    return [
        {
            "id": cluster.number,
            "rows": np.array([row[member.identity] for member in cluster.members if member.identity in row], np.int32),
            "objects": int(line["objects"]),
            "stability": float(line["stability"]) if line["stability"] else None,
            "reading": line["reading"],
            "silhouette": float(line["silhouette"]) if line["silhouette"] else None,
            "medoid": _number(row, cluster.medoid),
            "typical": rows_of(line, "typical_1", "typical_2"),
            "doubtful": rows_of(line, "doubtful_1", "doubtful_2"),
        }
        for cluster in found.clusters
        for line in [about[cluster.number]]
    ]


def _tree(path: PathLike, found: Groups, row: Mapping[str, int]) -> dict[str, Any] | None:
    """The tree of specimens, or that of groups if there are too many specimens; None if there is none."""
    folded = folding.folded(*read_tree(path), found)
    if folded is None:
        return None
    return {
        "leaves": [
            {
                "row": _number(row, leaf.identity),
                "groups": [cluster.number for cluster in leaf.clusters],
                "count": 1 if folded.of_specimens else sum(len(cluster.members) for cluster in leaf.clusters),
            }
            for leaf in folded.leaves
        ],
        "joints": folded.tree[:, :2].astype(np.int32),
        "heights": folded.tree[:, 2].astype(np.float32),
    }


def _history(path: PathLike) -> list[dict[str, Any]]:
    lines = read_table(path, CLUSTER_HISTORY_COLUMNS, run=int, cluster_id=int, specimens=int)
    return [
        {**{name: line[name] for name in ("run", "event", "specimens", "from")}, "group": line["cluster_id"]}
        for line in lines
    ]


def _failed(path: PathLike) -> list[dict[str, str]]:
    return [
        {"id": line["specimen_id"], "stage": line["stage"], "reason": line["reason"]}
        for line in read_table(path, FAILED_COLUMNS)
    ]


def _metric(neighbors: PathLike) -> str:
    """The metric of a table of neighbors, from its record; empty if it has none."""
    return str(read_record(neighbors)["made_from"]["metric"]) if record_path(neighbors).exists() else ""


def _made(passport: Mapping[str, Any], tables: Tables) -> list[tuple[str, str]]:
    """How the collection was made, as names of settings and their values."""
    encoder, render = passport.get("encoder") or {}, passport.get("render") or {}
    answer = read_record(tables.clusters).get("answer", "") if record_path(tables.clusters).exists() else ""
    said = [
        *((name, encoder.get(name)) for name in ("model", "image_size", "token")),
        *((name, render.get(name)) for name in ("views", "appearance", "align", "mirror")),
        ("pool", passport.get("pool")),
        ("whiten", passport.get("whiten")),
        ("metric", _metric(tables.neighbors)),
        ("clusters", answer),
    ]
    return [(name, str(value)) for name, value in said if value not in (None, "")]
