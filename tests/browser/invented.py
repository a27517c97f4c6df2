"""Invented collections of any size, and their atlas: tables with groups, neighbors and odd names, as the stages of the
workflow write them, around a few exhibits that the stages make of generated fossils.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial import cKDTree

from fossilvit import examples
from fossilvit.examples.collection import exported, point_cloud, specimen
from fossilvit.pages.atlas import packing
from fossilvit.scans import specimens
from fossilvit.store import digests, embeddings, files, layout, newick, records, tables
from scripts import draw_atlas, pack_exhibits

REPOSITORY = Path(__file__).parents[2]
IMAGE = "ammonoid/<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(2)</script>"
FORMULA = "=1+1"
QUOTES = 'bivalve/it\'s "quoted" & more;'
JAPANESE = "ammonoid/アンモナイト 標本"
LONG = "trilobite/" + "long_" * 44 + "name"
CLOUD, FLAT, COPY, LONE = "echinoid/cloud", "crinoid/without mesh", "gastropod/copy", "in no folder"
ODD = (IMAGE, SCRIPT, FORMULA, QUOTES, JAPANESE, LONG, CLOUD, FLAT, COPY, LONE)
"""IDs that may break a page. CLOUD is a point cloud, FLAT has no mesh, and COPY is a copy of the specimen before it."""
BROKEN = "unreadable/<b>broken</b> scan"
PERIODS = ("白亜紀", "Jurassic", "<b>Trias</b>", "")
NEAREST = 10
SIZE, VIEWS = 128, 4


class Exhibits(NamedTuple):
    """The texts of exhibits that an invented collection has again and again."""

    surfaces: list[str]
    cloud: str
    flat: str


class Atlas(NamedTuple):
    """A collection on disk."""

    folder: Path
    identities: list[str]
    shards: int | None

    @property
    def page(self) -> Path:
        return self.folder / layout.ATLAS_PAGE


def exhibits(folder, kinds=4, size=SIZE, views=VIEWS):
    """Exhibits of generated fossils and of a point cloud, made by the stages."""
    scans = folder / layout.MESHES
    contents = {name: exported(specimen(name, 0, 7), ".ply") for name in list(examples.CATEGORIES)[:kinds]}
    contents["cloud"] = exported(point_cloud(specimen("echinoid", 0, 7), 7, 4_000), ".ply")
    for name, content in contents.items():
        path = scans / f"{name}.ply"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stage(folder, "render_multiview", "--in", layout.MESHES, "--size", size, "--views", views)
    stage(folder, "make_exhibits", "--in", layout.MESHES)
    made = {name: layout.exhibit_path(folder / layout.EXHIBITS, name).read_text() for name in contents}
    cloud = made.pop("cloud")
    thumbnail, packed, _ = cloud.split("\n")
    shown = packing.unpack(packed)
    flat = f"{thumbnail}\n{packing.pack({**shown, 'mesh': None})}\n"
    return Exhibits([*made.values()], cloud, flat)


def stage(folder, name, *arguments):
    """Run a stage as a user runs it, in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{name}", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def make(folder, count, made, shards=None, odd=True, packed=None):
    """An invented collection and its atlas.

    Parameters
    ----------
    folder : path
        A new folder.
    count : int
        The number of specimens.
    made : Exhibits
    shards : int or None
        The number of shards whose chunks lie beside the page; None for one page that holds everything.
    odd : bool
        Whether ODD are among the specimens, if there are enough.
    packed : iterable of str or None
        The shards whose chunks are written; all of them if it is None.
    """
    identities = names(count, odd)
    for path in (layout.EXHIBITS, layout.RESULTS, layout.EMBEDDINGS):
        (folder / path).mkdir(parents=True)
    with contextlib.chdir(folder):
        write_tables(identities, np.random.default_rng(0))
        members = specimens.members([*identities, BROKEN], shards or 1)
        wanted = [one for shard, ids in members.items() if packed is None or shard in packed for one in ids]
        write_exhibits(wanted, made)
        draw(*(["--shards", str(shards)] if shards else []))
        for shard, ids in members.items() if shards else ():
            if packed is None or shard in packed:
                pack(shard, ids)
    return Atlas(Path(folder), identities, shards)


def draw(*options):
    """Draw the atlas of the collection in the present folder."""
    run(draw_atlas, "--suspects", layout.SUSPECTS, "--sheet", layout.SHEET, *options)


def pack(shard, identities):
    """Pack the chunks of a shard of the collection in the present folder."""
    paths = (str(layout.exhibit_path(layout.EXHIBITS, one)) for one in identities)
    run(pack_exhibits, *paths, "--shard", shard)


def run(script, *arguments):
    with mock.patch.object(sys, "argv", [script.__name__, *arguments]):
        script.main()


def names(count, odd):
    """The IDs in order."""
    some = list(ODD) if odd and count >= 3 * len(ODD) else []
    kinds = list(examples.CATEGORIES)
    plain = (f"{kinds[number % len(kinds)]}/{kinds[number % len(kinds)]}_{number:06d}" for number in range(count))
    return sorted([*some, *(next(plain) for _ in range(count - len(some)))])


def write_exhibits(identities, made):
    """Write the exhibit of every specimen, and its record."""
    for number, identity in enumerate(identities):
        text = made.surfaces[number % len(made.surfaces)]
        text = {CLOUD: made.cloud, FLAT: made.flat, BROKEN: "\n\n"}.get(identity, text)
        path = layout.exhibit_path(layout.EXHIBITS, identity)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        layout.record_path(path).write_text(
            json.dumps({"made_from": {}, "sha256": {path.name: digests.of_value(text)}})
        )


def write_tables(identities, rng):
    """Write all tables of results, and the passport of the collection. Specimens of a folder lie near each other."""
    count = len(identities)
    of_folder = np.unique([specimens.category(one) for one in identities], return_inverse=True)[1]
    group = of_folder * 1_000 + np.arange(count) // 50 if count > 1_000 else of_folder
    centers = rng.uniform(-0.9, 0.9, (group.max() + 1, 2))
    places = centers[group] + rng.normal(0, 0.06, (count, 2))
    original = {identities.index(COPY): identities.index(COPY) - 1} if COPY in identities else {}
    for copy, same in original.items():
        places[copy] = places[same]
    places -= (places.max(0) + places.min(0)) / 2
    places *= 2 / (np.ptp(places, axis=0).max() or 1)
    trust = rng.integers(3, 11, count) / 10 if count > 3 else np.ones(count)
    tables.write_table(
        layout.MAP, tables.MAP_COLUMNS, zip(identities, *places.round(5).T.tolist(), trust.tolist(), strict=True)
    )
    files.write_json(layout.MAP_RECORD, {})
    write_scans(identities, rng)
    write_groups(identities, group, places, original)
    write_neighbors(identities, places)
    write_sheet(identities)
    tables.write_table(
        layout.DUPLICATES,
        tables.DUPLICATES_COLUMNS,
        [(identities[copy], identities[same], "geometry") for copy, same in original.items()],
    )
    suspected = [identities[-1]] if count > 2 else []
    tables.write_table(
        layout.SUSPECTS,
        tables.SUSPECTS_COLUMNS,
        [(one, "gastropod", "ammonoid", 0.83, identities[1], 0.5, identities[0], 0.1, 0, 1, 9) for one in suspected],
    )
    tables.write_table(
        layout.FAILED, tables.FAILED_COLUMNS, [(BROKEN, "render", "<i>broken.ply</i> breaks off; export it again.")]
    )
    encoder = {"model": "hog", "image_size": 224, "token": "cls"}
    render = {"views": 12, "appearance": "gray", "align": "principal", "mirror": "keep"}
    facts = {"encoder": encoder, "render": render, "pool": "mean", "whiten": 0.5}
    embeddings.write_embeddings(layout.EMBEDDINGS, identities, places, facts, {})


def write_scans(identities, rng):
    none = dict.fromkeys(tables.SPECIMENS_COLUMNS, "")
    lengths = rng.uniform(5, 100, (len(identities), 3)).round(3)

    def row(identity, sides):
        is_cloud = identity == CLOUD
        return {
            **none,
            **{"specimen_id": identity, "status": "ok", "format": "PLY", "kind": "points" if is_cloud else "surface"},
            **{f"min_{axis}": 0 for axis in "xyz"},
            **dict(zip(("max_x", "max_y", "max_z"), sides.tolist(), strict=True)),
            **{"vertices": 9602, "faces": 0 if is_cloud else 19200, "watertight": "" if is_cloud else "true"},
            **{"components": 1, "color": "none", "bytes": 365042, "sha256": "0" * 64, "seconds": 0.4},
        }

    rows = [row(*one) for one in zip(identities, lengths, strict=True)]
    rows.append({**none, "specimen_id": BROKEN, "status": "failed", "reason": "it breaks off"})
    tables.write_table(layout.SPECIMENS, tables.SPECIMENS_COLUMNS, (list(one.values()) for one in rows))


def write_groups(identities, group, places, original):
    """Write the tables of clusters, their history and their tree. A specimen in no folder is noise."""
    is_noise = np.array(["/" not in one for one in identities])
    numbers = [one for one in np.unique(group[~is_noise]).tolist()]
    number = {one: place for place, one in enumerate(numbers)}
    cluster = [-1 if noise else number[one] for one, noise in zip(group.tolist(), is_noise.tolist(), strict=True)]
    rank: dict[int, int] = {}
    rows = []
    for row, (identity, one) in enumerate(zip(identities, cluster, strict=True)):
        rank[one] = rank.get(one, 0) + 1
        firm = 0 if one < 0 else round(1 / (1 + rank[one] / 50), 6)
        same_as = identities[original[row]] if row in original else ""
        rows.append((identity, one, firm, "", "", 0.3, "" if one < 0 else rank[one], 0, max(one, 0), same_as))
    tables.write_table(layout.CLUSTERS, tables.CLUSTERS_COLUMNS, rows)
    members = [[row for row, other in enumerate(cluster) if other == one] for one in range(len(numbers))]
    readings = [(0.95, "highly stable"), (0.8, "stable"), (0.65, "doubtful members"), (0.4, "do not trust")]
    brief = [
        (
            one,
            len(rows),
            len(rows),
            *readings[one % 4],
            0.4,
            *[identities[row] for row in rows[:3]],
        )
        for one, rows in enumerate(members)
    ]
    width = len(tables.CLUSTER_SUMMARY_COLUMNS)
    with records.recorded(
        layout.CLUSTERS_RECORD, {}, layout.CLUSTERS, answer=f"{len(identities)} specimens in {len(numbers)} clusters."
    ):
        tables.write_table(
            layout.CLUSTER_SUMMARY,
            tables.CLUSTER_SUMMARY_COLUMNS,
            [(*row, *[""] * (width - len(row))) for row in brief],
        )
        tables.write_table(
            layout.CLUSTER_HISTORY,
            tables.CLUSTER_HISTORY_COLUMNS,
            [(1, one, "born", len(rows), "") for one, rows in enumerate(members)],
        )
        newick.write_tree(layout.TREE, *tree(identities, members, places))


def tree(identities, members, places):
    """A tree in which the members of every group are joined one after the other, and then the groups."""
    order = [row for rows in members for row in rows]
    count, joined, tops, first = len(order), [], [], 0
    for rows in members:
        top = first
        for step in range(1, len(rows)):
            joined.append((top, first + step, 0.001 + 0.1 * step / len(rows), step + 1))
            top = count + len(joined) - 1
        tops.append((top, len(rows)))
        first += len(rows)
    if len(tops) > 1:
        centers = np.array([places[rows].mean(0) for rows in members])
        nodes = list(tops)
        for one, other, height, _ in linkage(centers, "average").tolist():
            (left, left_size), (right, right_size) = nodes[int(one)], nodes[int(other)]
            joined.append((left, right, 0.2 + height, left_size + right_size))
            nodes.append((count + len(joined) - 1, left_size + right_size))
    return np.array(joined, float).reshape(-1, 4), [identities[row] for row in order]


def write_neighbors(identities, places):
    most = min(NEAREST + 1, len(identities))
    distances, rows = (found.reshape(len(identities), -1) for found in cKDTree(places).query(places, most))
    with records.recorded(layout.NEIGHBORS_RECORD, {"metric": "cosine"}, layout.NEIGHBORS):
        tables.write_table(
            layout.NEIGHBORS,
            tables.NEIGHBORS_COLUMNS,
            (
                (identity, identities[other], round(distance, 6))
                for row, identity in enumerate(identities)
                for other, distance in list(zip(rows[row].tolist(), distances[row].tolist(), strict=True))
                if other != row
            ),
        )


def write_sheet(identities):
    columns = (*tables.SHEET_COLUMNS, "category: family", "period", "catalog number", "=weight in g")
    rows = []
    for row, identity in enumerate(identities):
        length = 41.5 if row % 3 else ""
        family = "" if "/" not in identity else f"{specimens.category(identity)}idae"
        own = (PERIODS[row % 4], f"NSM PM{row:05d}", row * 0.5)
        rows.append((identity, row + 2, "specimen_id", "true", "", "", length, "", "", family, *own))
    tables.write_table(layout.SHEET, columns, rows)
    files.write_json(layout.SHEET_RECORD, {})
