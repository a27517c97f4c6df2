import csv
import hashlib
import json
import logging
import sys

import numpy as np
import pytest
import trimesh
import yaml

from fossilvit import encoders, examples
from fossilvit.errors import SpecimenError, UserError
from fossilvit.running import commands
from fossilvit.scans import specimens
from fossilvit.store import digests, files, layout
from fossilvit.store.arrays import write_result
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.tables import (
    CLUSTERS_COLUMNS,
    DUPLICATES_COLUMNS,
    RETRIEVAL_COLUMNS,
    SHEET_COLUMNS,
    SPECIMENS_COLUMNS,
    write_table,
)
from scripts import cluster, extract_features, pool_embeddings, render_multiview, search

pytestmark = pytest.mark.slow

BROKEN = "shells/broken scan"
SPECIMENS = [
    *(f"shells/ammonoid_{index}" for index in range(3)),
    *(f"teeth/tooth_{index}" for index in range(3)),
    "標本 1",
]


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def told(done):
    """The one sentence about a user's mistake."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("Error: ") == 1 and done.stderr.strip().splitlines()[-1].startswith("Error: ")
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Meshes of two kinds, one in no folder, and a broken file."""
    folder = tmp_path_factory.mktemp("commands")
    for identity in SPECIMENS:
        path = folder / "meshes" / f"{identity}.ply"
        path.parent.mkdir(parents=True, exist_ok=True)
        category = "shark_tooth" if identity.startswith("teeth") else "ammonoid"
        trimesh.Trimesh(*examples.make(category, len(identity) + int(identity[-1]), 0), process=False).export(path)
    (folder / "meshes" / f"{BROKEN}.stl").write_bytes(b"solid nothing")
    return folder


@pytest.fixture(scope="module")
def chain(command, folder):
    """The five commands one after another; what each of them said, by stage."""
    d = folder
    steps = {
        "render_multiview": ("--in", d / "meshes", "--out", d / "renders", "--views", 12, "--size", 96),
        "extract_features": ("--renders", d / "renders", "--out", d / "features", "--model", "hog"),
        "pool_embeddings": ("--features", d / "features", "--out", d / "embeddings", "--pool", "mean"),
        "cluster": ("--emb", d / "embeddings/embeddings.npy", "--out", d / "results"),
        "search": ("--emb", d / "embeddings/embeddings.npy", "--query", "tooth_1", "--topk", 3, "--out", d / "results"),
    }
    said = {}
    for stage, arguments in steps.items():
        done = command(stage, *arguments)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        said[stage] = done.stderr
    return said


def test_rendering_a_folder_writes_the_views_and_the_record_of_every_specimen(chain, folder):
    for identity in SPECIMENS:
        views = sorted((folder / "renders" / identity).glob("*.png"))
        name = identity.rpartition("/")[2]
        assert [view.name for view in views] == [f"{name}_view{view:02d}.png" for view in range(12)]
        record = json.loads((folder / "renders" / identity / "render.json").read_text(encoding="utf-8"))
        assert record["status"] == "ok" and len(record["views"]) == 12 and record["mesh"]["watertight"] is True


def test_a_broken_file_is_skipped_recorded_and_counted_with_its_reason(chain, folder):
    record = json.loads((folder / "renders" / BROKEN / "render.json").read_text(encoding="utf-8"))
    assert record["status"] == "failed" and "broken scan.stl" in record["reason"]
    assert "render: 7 done, 1 skipped." in chain["render_multiview"]
    assert f"skipped {BROKEN}: {record['reason']}" in chain["render_multiview"]
    assert "extract: 7 done, 1 skipped." in chain["extract_features"]
    assert "pool: 7 done, 1 skipped." in chain["pool_embeddings"]


def test_features_have_a_row_a_view_and_none_for_a_failed_specimen(chain, folder):
    for identity in SPECIMENS:
        features = np.load(folder / "features" / f"{identity}.npy")
        assert features.shape == (12, 1764) and features.dtype == np.float32
    assert np.load(folder / "features" / f"{BROKEN}.npy").shape == (0, 1764)


def test_the_collection_holds_the_pooled_features_of_every_specimen_by_id(chain, folder):
    embeddings = np.load(folder / "embeddings" / "embeddings.npy")
    identities = (folder / "embeddings" / "ids.txt").read_text(encoding="utf-8").splitlines()
    assert identities == sorted(SPECIMENS)
    for identity, embedding in zip(identities, embeddings, strict=True):
        features = np.load(folder / "features" / f"{identity}.npy").astype(float)
        mean = (features / np.linalg.norm(features, axis=1, keepdims=True)).mean(axis=0)
        assert np.allclose(embedding, mean / np.linalg.norm(mean), atol=1e-6)
    assert np.load(folder / "embeddings" / f"{BROKEN}.npy").shape == (0,)


def test_the_table_of_clusters_has_a_row_a_specimen(chain, folder):
    table = rows(folder / "results" / "clusters.csv")
    assert tuple(table[0]) == CLUSTERS_COLUMNS
    assert [row["specimen_id"] for row in table] == sorted(SPECIMENS)
    assert all(int(row["cluster_id"]) >= -1 and 0 <= float(row["prob"]) <= 1 for row in table)
    assert "7 specimens" in chain["cluster"]


def test_the_table_of_neighbors_is_that_of_cosine_distances(chain, folder):
    table = rows(folder / "results" / "knn_teeth__tooth_1.csv")
    assert list(table[0]) == ["query_id", "neighbor_id", "distance"] and len(table) == 3
    identities = sorted(SPECIMENS)
    embeddings = np.load(folder / "embeddings" / "embeddings.npy").astype(float)
    distances = dict(zip(identities, 1 - embeddings @ embeddings[identities.index("teeth/tooth_1")], strict=True))
    del distances["teeth/tooth_1"]
    assert [row["neighbor_id"] for row in table] == sorted(distances, key=distances.get)[:3]
    assert [float(row["distance"]) for row in table] == pytest.approx(sorted(distances.values())[:3], abs=2e-6)
    assert {row["query_id"] for row in table} == {"teeth/tooth_1"}


def test_the_nearest_to_a_tooth_are_the_other_teeth(chain, folder):
    table = rows(folder / "results" / "knn_teeth__tooth_1.csv")
    assert {row["neighbor_id"] for row in table[:2]} == {"teeth/tooth_0", "teeth/tooth_2"}


def test_without_a_query_every_specimen_is_one(chain, folder, command):
    done = command("search", "--emb", folder / "embeddings/embeddings.npy", "--out", folder / "results")
    assert done.returncode == 0, done.stderr
    table = rows(folder / "results" / "knn.csv")
    assert len(table) == 7 * 6 and all(row["query_id"] != row["neighbor_id"] for row in table)
    scored = rows(folder / "results" / "retrieval.csv")
    assert [row["specimen_id"] for row in scored] == [row["query_id"] for row in table[::6] if "/" in row["query_id"]]


def gather(command, folder, shard, shards, *arguments, embeddings=None):
    """What Snakemake does in the place of pool_embeddings on a whole folder: gather a shard, twice."""
    records, renders = shard.with_suffix(".json"), folder / "renders"
    members = specimens.members([*SPECIMENS, BROKEN], shards)[shard.stem]
    rendered = [layout.render_record(renders, identity) for identity in members] if shards > 1 else []
    done = command("gather_records", *rendered, "--renders", renders, "--out", records)
    assert done.returncode == 0, done.stderr
    places = ("--embeddings", embeddings or folder / "embeddings", "--features", folder / "features")
    return command("gather_shard", "--records", records, *places, *arguments, "--out", shard)


def test_shards_collect_into_the_same_collection(chain, folder, command, tmp_path):
    shards = [tmp_path / "0000.npz", tmp_path / "0001.npz"]
    for shard in shards:
        done = gather(command, folder, shard, 2)
        assert done.returncode == 0, done.stderr
    table = ("--specimens", tmp_path / "specimens.csv")
    done = command("collect_embeddings", *shards, "--out", tmp_path, *table)
    assert done.returncode == 0, done.stderr
    (folder / "meshes/notes.txt").touch()
    tables = ("--failed", tmp_path / "failed.csv", "--passed-over", tmp_path / "passed_over.csv")
    done = command("list_files", "--meshes", folder / "meshes", *table, *tables)
    assert done.returncode == 0, done.stderr
    assert [row["file"] for row in rows(tmp_path / "passed_over.csv")] == ["notes.txt"]
    for name in ("embeddings.npy", "ids.txt"):
        assert (tmp_path / name).read_bytes() == (folder / "embeddings" / name).read_bytes()
    collected, pooled = (files.read_json(made / "embeddings.json") for made in (tmp_path, folder / "embeddings"))
    assert collected.keys() - pooled.keys() == {"render"} and collected["render"]["size"] == 96
    assert {key: collected[key] for key in pooled if key != "made_from"} == {
        key: pooled[key] for key in pooled if key != "made_from"
    }
    (failed,) = rows(tmp_path / "failed.csv")
    assert (failed["specimen_id"], failed["stage"]) == (BROKEN, "render") and "broken scan.stl" in failed["reason"]
    listed = rows(tmp_path / "specimens.csv")
    assert [row["specimen_id"] for row in listed] == sorted([*SPECIMENS, BROKEN])
    assert {row["specimen_id"] for row in listed if row["status"] == "failed"} == {BROKEN}
    assert all(row["sha256"] and row["area"] for row in listed if row["status"] == "ok")


def test_a_whitened_collection_comes_of_shards_as_of_pooling_and_leaves_single_embeddings(
    chain, folder, command, tmp_path
):
    singles = {path: path.read_bytes() for path in (folder / "embeddings").rglob("*.npy")}
    done = command(
        "pool_embeddings", "--features", folder / "features", "--out", tmp_path / "pooled", "--whiten", "views"
    )
    assert done.returncode == 0, done.stderr
    shards = [tmp_path / "0000.npz", tmp_path / "0001.npz"]
    for shard in shards:
        done = gather(command, folder, shard, 2, "--whiten", "views")
        assert done.returncode == 0, done.stderr
    table = ("--specimens", tmp_path / "specimens.csv")
    done = command("collect_embeddings", *shards, "--out", tmp_path / "collected", *table, "--whiten", "views")
    assert done.returncode == 0 and "7 specimens of dimension 6, 1 failed, 0 with strays." in done.stderr

    embeddings = np.load(tmp_path / "collected/embeddings.npy")
    assert embeddings.shape == (7, 6) and np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert np.allclose(embeddings, np.load(tmp_path / "pooled/embeddings.npy"), atol=1e-4)
    facts = {"specimens": 7, "dimension": 6, "whiten": "views", "components": 6, "power": 0.5, "shrinkage": 0.1}
    for made in ("collected", "pooled"):
        record = files.read_json(tmp_path / made / "embeddings.json")
        assert {key: record[key] for key in facts} == facts and record["pool"] == "mean"
    for identity in [*SPECIMENS, BROKEN]:
        name = f"{identity}.npy"
        assert (tmp_path / "pooled" / name).read_bytes() == singles[folder / "embeddings" / name]


def test_shards_gathered_for_no_whitening_are_not_whitened(chain, folder, command, tmp_path):
    shard = tmp_path / "0000.npz"
    assert gather(command, folder, shard, 1).returncode == 0
    done = command("collect_embeddings", shard, "--out", tmp_path, "--whiten", "views")
    assert "Shard 0000 does not hold how views differ" in told(done)


def test_embeddings_of_all_views_in_order_are_not_whitened(chain, folder, command, tmp_path):
    concat = ("--features", folder / "features", "--out", tmp_path / "embeddings", "--pool", "concat")
    assert "--pool concat cannot be whitened" in told(command("pool_embeddings", *concat, "--whiten", "views"))
    assert command("pool_embeddings", *concat).returncode == 0
    pooled = tmp_path / "embeddings"
    done = gather(command, folder, tmp_path / "0000.npz", 1, "--whiten", "views", embeddings=pooled)
    assert "set pool to mean" in told(done)


def specimens_table(path, **files):
    """A table of specimens whose facts agree, of the given SHA-256 each."""
    box = {"min_x": 0, "min_y": 0, "min_z": 0, "max_x": 1, "max_y": 1, "max_z": 1}
    facts = {"status": "ok", "kind": "surface", "vertices": 8, "faces": 12, "area": 6, **box}
    table = [{"specimen_id": identity, "sha256": sha256, **facts} for identity, sha256 in files.items()]
    cells = [[row.get(column, "") for column in SPECIMENS_COLUMNS] for row in table]
    write_table(path, SPECIMENS_COLUMNS, cells)


def test_duplicates_are_found_and_a_mesh_that_has_gone_is_passed_over_with_a_line(command, tmp_path):
    for name in ("a.ply", "b.stl", "broken.obj"):
        (tmp_path / "meshes").mkdir(exist_ok=True)
        trimesh.creation.box().export(tmp_path / "meshes" / name)
    (tmp_path / "meshes" / "broken.obj").write_bytes(b"")
    specimens_table(tmp_path / "specimens.csv", a="1", b="2", broken="3", gone="4", copy="4")
    places = ("--meshes", tmp_path / "meshes", "--specimens", tmp_path / "specimens.csv")
    np.save(tmp_path / "embeddings.npy", np.zeros((5, 2)))
    places += ("--emb", tmp_path / "embeddings.npy")
    done = command("find_duplicates", *places, "--out", tmp_path / "duplicates.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "duplicates.csv").read_text(encoding="utf-8-sig") == (
        "specimen_id,duplicate_of,same\nb,a,geometry\ngone,copy,file\n"
    )
    assert "Passed over copy: its file has gone." in done.stderr and "Passed over broken: " in done.stderr
    assert "2 of 5 specimens are duplicates." in done.stderr


def joined_sheet(path, **object_of):
    """A joined sheet that says the object of every ID."""
    rows = [
        (identity, row, "specimen_id", "true", "", name, "", "", "")
        for row, (identity, name) in enumerate(object_of.items(), 2)
    ]
    write_table(path, SHEET_COLUMNS, rows)


def test_scans_of_one_object_are_duplicates(command, tmp_path):
    (tmp_path / "meshes").mkdir()
    trimesh.creation.box().export(tmp_path / "meshes/a.ply")
    specimens_table(tmp_path / "specimens.csv", a="1", b="1", c="1")
    np.save(tmp_path / "embeddings.npy", np.zeros((3, 2)))
    joined_sheet(tmp_path / "sheet.csv", b="x", c="y", gone="x")
    places = ("--meshes", tmp_path / "meshes", "--specimens", tmp_path / "specimens.csv")
    places += ("--emb", tmp_path / "embeddings.npy", "--sheet", tmp_path / "sheet.csv")
    done = command("find_duplicates", *places, "--out", tmp_path / "duplicates.csv")
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "duplicates.csv").read_text(encoding="utf-8-sig")
    assert table == "specimen_id,duplicate_of,same\nb,a,file\nc,a,file\n"
    said = digests.of_value({"b": "x", "c": "y", "gone": "x"})
    assert files.read_json(tmp_path / "duplicates.json")["made_from"]["objects"] == said
    specimens_table(tmp_path / "specimens.csv", a="1", b="2", c="3")
    joined_sheet(tmp_path / "sheet.csv", b="x", c="x")
    done = command("find_duplicates", *places, "--out", tmp_path / "duplicates.csv")
    assert rows(tmp_path / "duplicates.csv") == [{"specimen_id": "c", "duplicate_of": "b", "same": "object"}]


@pytest.fixture
def run(monkeypatch):
    """Runs a stage in this process; it must succeed."""

    def run(stage, *arguments):
        monkeypatch.setattr(sys, "argv", [stage.__name__, *map(str, arguments)])
        assert commands.run(stage.main) == 0

    return run


def place_scan(folder, identity, middle, spread, seed):
    """The features of a scan, whose 6 views lie about their middle."""
    views = middle + np.random.default_rng(seed).normal(size=(6, len(middle))) * spread
    path = layout.array_path(folder / "features", identity)
    write_result(path, views.astype(np.float32), {"encoder": {"model": "mine"}})


SPREAD = np.geomspace(0.5, 0.01, 12)
"""How far the views of a specimen lie from their middle, along every dimension."""


@pytest.fixture
def scanned(tmp_path, run):
    """A folder with features and embeddings of 28 specimens of three kinds, and the middle of the views of each."""
    rng, middles = np.random.default_rng(1), {}
    for kind, size in {"cones": 9, "disks": 9, "spires": 10}.items():
        middle = rng.normal(size=12) + 2
        middles |= {f"{kind}/標本 {number}": middle + rng.uniform(-0.4, 0.4, 12) for number in range(size)}
    for seed, (identity, middle) in enumerate(middles.items()):
        place_scan(tmp_path, identity, middle, SPREAD, seed)
    run(pool_embeddings, "--features", tmp_path / "features", "--out", tmp_path / "embeddings")
    return tmp_path, middles


def tables(results):
    """clusters.csv by ID of specimen, and cluster_summary.csv by ID of cluster."""
    clusters, summary = rows(results / "clusters.csv"), rows(results / "cluster_summary.csv")
    return {row["specimen_id"]: row for row in clusters}, {row["cluster_id"]: row for row in summary}


@pytest.mark.parametrize(
    ("original", "added"),
    [("cones/標本 0", "cones/標本 0 again"), ("disks/標本 3", "a scan"), ("disks/標本 3", "zones/1")],
)
def test_a_second_scan_of_an_object_changes_nothing_that_is_said_of_other_specimens(scanned, run, original, added):
    """Neither in a first result nor in one after a former result, of clusters of the same size too."""
    folder, middles = scanned
    whole, places = folder / "embeddings/embeddings.npy", ("--duplicates", folder / "duplicates.csv")
    run(cluster, "--emb", whole, "--out", folder / "results", *places)
    table, summary = tables(folder / "results")
    assert sorted(row["specimens"] for row in summary.values()) == ["10", "9", "9"]
    assert {row["same_as"] for row in table.values()} == {""} and any(row["silhouette"] for row in table.values())
    said = {**table[original], "specimen_id": added, "same_as": original}
    summary[said["cluster_id"]]["specimens"] = "10"

    place_scan(folder, added, middles[original] * 1.01, SPREAD[::-1], 99)
    write_table(folder / "duplicates.csv", DUPLICATES_COLUMNS, [(added, original, "object")])
    run(pool_embeddings, "--features", folder / "features", "--out", folder / "embeddings")
    for out in ("first", "results"):
        run(cluster, "--emb", whole, "--out", folder / out, *places)
        found, counted = tables(folder / out)
        assert found.pop(added) == said
        assert found == table and counted == summary
        assert files.read_json(folder / out / "clusters.json")["objects"] == 28


def test_the_features_for_clusters_lie_beside_the_embeddings_or_where_it_is_said(scanned, run, monkeypatch):
    folder, _ = scanned
    whole, none = folder / "embeddings/embeddings.npy", ("--duplicates", folder / "none.csv")
    run(cluster, "--emb", whole, "--out", folder / "expected", *none)
    expected = (folder / "expected/clusters.csv").read_bytes()
    for start, named in ((".", "embeddings/embeddings.npy"), ("embeddings", "embeddings.npy")):
        monkeypatch.chdir(folder / start)
        run(cluster, "--emb", named, "--out", folder / f"from {start}", *none)
        assert (folder / f"from {start}/clusters.csv").read_bytes() == expected
    monkeypatch.chdir(folder / "embeddings")
    (folder / "features").rename(folder / "mine")
    run(cluster, "--emb", whole, "--out", folder / "given", "--features", folder / "mine", *none)
    assert (folder / "given/clusters.csv").read_bytes() == expected
    run(cluster, "--emb", whole, "--out", folder / "without", *none)
    assert (folder / "without/clusters.csv").read_bytes() != expected


def scored(command, folder, points, copies=()):
    """The evaluation of a collection of embeddings by ID, whose specimens are all in one of two clusters."""
    folder.mkdir()
    identities = sorted(points)
    embeddings = np.array([points[identity] for identity in identities], np.float32)
    write_embeddings(folder, identities, embeddings, {}, {})
    found = [(identity, int(points[identity][0] > 0), 1, *[""] * 7) for identity in identities]
    write_table(folder / "clusters.csv", CLUSTERS_COLUMNS, found)
    tables = ()
    if copies:
        write_table(folder / "duplicates.csv", DUPLICATES_COLUMNS, copies)
        tables = ("--duplicates", folder / "duplicates.csv")
    done = command("search", "--emb", folder / "embeddings.npy", "--out", folder, *tables)
    assert done.returncode == 0, done.stderr
    given = ("--retrieval", folder / "retrieval.csv", "--clusters", folder / "clusters.csv", *tables)
    done = command("evaluate", *given, "--out", folder / "evaluation.csv")
    assert done.returncode == 0, done.stderr
    scores = [row for row in rows(folder / "evaluation.csv") if row["metric"] != "left_out_copies"]
    return scores, rows(folder / "knn.csv")


def test_a_copy_of_a_specimen_changes_no_score_and_is_a_neighbor(command, tmp_path):
    rng = np.random.default_rng(0)
    points = {f"{kind}/{number}": rng.normal(size=3) for kind in ("a", "b") for number in range(4)}
    scores, neighbors = scored(command, tmp_path / "without", points)
    added = {"a/0 again": "a/0", "b/other folder": "a/0", "new/alone": "b/1"}
    points |= {copy: points[original] for copy, original in added.items()}
    copies = [(copy, original, "file") for copy, original in added.items()]
    assert scored(command, tmp_path / "unknown", points)[0] != scores
    again, listed = scored(command, tmp_path / "known", points, copies)
    assert again == scores and len(listed) == 11 * 10 and len(neighbors) == 8 * 7
    assert {row["neighbor_id"] for row in listed[:2]} == {"a/0 again", "b/other folder"}


def test_evaluation_and_figures_follow_from_the_tables(chain, folder, command, tmp_path):
    clusters = folder / "results/clusters.csv"
    command("search", "--emb", folder / "embeddings/embeddings.npy", "--out", tmp_path)
    tables = ("--retrieval", tmp_path / "retrieval.csv", "--clusters", clusters)
    done = command("evaluate", *tables, "--out", tmp_path / "evaluation.csv")
    assert done.returncode == 0, done.stderr
    scores = {row["metric"]: float(row["value"]) for row in rows(tmp_path / "evaluation.csv")}
    assert scores["specimens"] == 6 and scores["categories"] == 2 and scores["nearest_neighbor"] > 0.5
    tables = ("--clusters", clusters, "--neighbors", folder / "results/knn_teeth__tooth_1.csv")
    done = command("draw_figures", "--renders", folder / "renders", *tables, "--out", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert "neighbors_teeth__tooth_1.png" in names and len(names) > 1


def test_one_specimen_goes_the_same_way_alone(chain, folder, command, tmp_path):
    one = "teeth/tooth_1"
    steps = [
        ("render_multiview", "--in", folder / "meshes" / f"{one}.ply", "--size", 96, "--out", tmp_path / "renders"),
        ("extract_features", "--model", "hog", "--renders", tmp_path / "renders", "--out", tmp_path / "features"),
        ("pool_embeddings", "--features", tmp_path / "features", "--out", tmp_path / "embeddings"),
    ]
    for step in steps:
        done = command(*step, "--specimen", one)
        assert done.returncode == 0, done.stderr
    alone = tmp_path / "embeddings" / f"{one}.npy"
    assert alone.read_bytes() == (folder / "embeddings" / f"{one}.npy").read_bytes()
    assert not (tmp_path / "embeddings" / "embeddings.npy").exists()


def test_one_broken_specimen_is_no_failure_of_the_command(folder, command, tmp_path):
    """Bad data are recorded; Snakemake goes on with the collection."""
    steps = [
        ("render_multiview", "--in", folder / "meshes" / f"{BROKEN}.stl", "--out", tmp_path / "renders"),
        ("extract_features", "--model", "hog", "--renders", tmp_path / "renders", "--out", tmp_path / "features"),
        ("pool_embeddings", "--features", tmp_path / "features", "--out", tmp_path / "embeddings"),
    ]
    for step in steps:
        done = command(*step, "--specimen", BROKEN)
        assert done.returncode == 0 and "Traceback" not in done.stderr
        assert "Skipped" in done.stderr
    assert np.load(tmp_path / "embeddings" / f"{BROKEN}.npy").shape == (0,)


def test_hog_is_recorded_as_an_encoder_that_needs_no_weights(command, tmp_path):
    done = command("fetch_weights", "--model", "hog", "--out", tmp_path / "encoder.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "encoder.json").read_text()) == {
        "model": "hog",
        "version": 1,
        "made_from": encoders.choose("hog").fetch_recipe(),
    }


def test_named_weights_are_recorded_with_their_digest(command, vits14_weights, tmp_path):
    done = command("fetch_weights", "--weights", vits14_weights, "--out", tmp_path / "encoder.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "encoder.json").read_text())
    assert record["sha256"] == hashlib.sha256(vits14_weights.read_bytes()).hexdigest()


def test_weights_of_another_model_are_not_recorded(command, vits14_weights, tmp_path):
    arguments = ["--model", "dinov2_vitb14", "--weights", vits14_weights, "--out", tmp_path / "encoder.json"]
    assert "does not hold the weights of dinov2_vitb14" in told(command("fetch_weights", *arguments))
    assert not (tmp_path / "encoder.json").exists()


def test_missing_weights_are_told_with_their_place_and_a_way_out(chain, command, folder, tmp_path):
    done = command("extract_features", "--renders", folder / "renders", "--out", tmp_path, TORCH_HOME=str(tmp_path))
    sentence = told(done)
    assert str(tmp_path / "hub/checkpoints/dinov2_vits14_pretrain.pth") in sentence and "hog" in sentence


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("render_multiview", "--in", "{}/nowhere"), "nowhere"),
        (("render_multiview", "--in", "{}/empty"), "No scan"),
        (("render_multiview", "--in", "{}/meshes", "--specimen", "nobody"), "'nobody'"),
        (("extract_features", "--renders", "{}/nowhere", "--model", "hog"), "nowhere"),
        (("extract_features", "--renders", "{}/renders", "--model", "dinov3"), "'dinov3'"),
        (("fetch_weights", "--model", "dinov3"), "'dinov3'"),
        (("fetch_weights", "--model", "custom:{}/gone.py:create"), "gone.py"),
        (("extract_features", "--renders", "{}/renders", "--model", "hog", "--specimen", "nobody"), "nobody"),
        (("extract_features", "--renders", "{}/renders", "--image-size", "225"), "225"),
        (("extract_features", "--renders", "{}/renders", "--weights", "{}/gone.pth"), "gone.pth"),
        (("pool_embeddings", "--features", "{}/nowhere"), "nowhere"),
        (("pool_embeddings", "--features", "{}/features", "--specimen", "nobody"), "nobody"),
        (("cluster", "--emb", "{}/nowhere.npy"), "nowhere.npy"),
        (("cluster", "--emb", "{}/embeddings/embeddings.npy", "--ids", "{}/nowhere.txt"), "nowhere.txt"),
        (("cluster", "--emb", "{}/embeddings/ids.txt"), "ids.txt"),
        (("search", "--emb", "{}/embeddings/embeddings.npy", "--query", "nobody"), "'nobody'"),
        (("search", "--emb", "{}/embeddings/embeddings.npy", "--query", "_1"), "2 IDs"),
        (("collect_embeddings", "{}/nowhere.npz"), "nowhere.npz"),
        (("collect_embeddings", "{}/embeddings/embeddings.npy"), "embeddings.npy"),
        (("find_duplicates", "--meshes", "{}/meshes", "--specimens", "{}/nowhere.csv"), "nowhere.csv"),
        (("find_duplicates", "--meshes", "{}/meshes", "--specimens", "{}/other.csv"), "other.csv"),
        (
            ("find_duplicates", "--meshes", "{}/meshes", "--specimens", "{}/all.csv", "--sheet", "{}/lost.csv"),
            "lost.csv",
        ),
        (
            ("find_duplicates", "--meshes", "{}/meshes", "--specimens", "{}/all.csv", "--sheet", "{}/other.csv"),
            "other.csv",
        ),
        (("search", "--emb", "{}/embeddings/embeddings.npy", "--duplicates", "{}/other.csv"), "other.csv"),
        (("evaluate", "--retrieval", "{}/stale.csv", "--clusters", "{}/nowhere.csv"), "nowhere.csv"),
        (("evaluate", "--retrieval", "{}/stale.csv", "--clusters", "{}/other.csv"), "other.csv"),
        (("evaluate", "--retrieval", "{}/nowhere.csv", "--clusters", "{}/results/clusters.csv"), "nowhere.csv"),
        (("evaluate", "--retrieval", "{}/other.csv", "--clusters", "{}/results/clusters.csv"), "other.csv"),
        (("evaluate", "--retrieval", "{}/stale.csv", "--clusters", "{}/results/clusters.csv"), "stale.csv"),
        (("evaluate", "--retrieval", "{}/edited.csv", "--clusters", "{}/results/clusters.csv"), "edited.csv"),
        (("draw_figures", "--renders", "{}/renders", "--clusters", "{}/other.csv"), "other.csv"),
        (("draw_figures", "--renders", "{}/nowhere", "--clusters", "{}/results/clusters.csv"), "nowhere"),
        (("gather_records", "--renders", "{}/nowhere", "--out", "{}/x.json"), "nowhere"),
        (
            ("gather_records", "{}/lost/render.json", "--renders", "{}/renders", "--out", "{}/x.json"),
            "lost/render.json",
        ),
        (("gather_records", "{}/renders/lost/render.json", "--renders", "{}/renders"), "lost/render.json"),
        (("list_files", "--meshes", "{}/nowhere"), "nowhere"),
        (("list_files", "--meshes", "{}/meshes", "--specimens", "{}/other.csv"), "other.csv"),
        (("gather_shard", "--records", "{}/nowhere.json", "--out", "{}/x.npz"), "nowhere.json"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else value,
)
def test_a_mistake_is_told_in_one_sentence(chain, folder, command, tmp_path, arguments, word):
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "other.csv").write_text("a,b\n1,2\n")
    specimens_table(folder / "all.csv", a="1")
    (folder / "stale.csv").write_text(
        f"{','.join(RETRIEVAL_COLUMNS)}\nsomeone/else,1,1,1,1,folder,someone,someone,1,1\n"
    )
    (folder / "edited.csv").write_text(
        f"{','.join(RETRIEVAL_COLUMNS)}\nteeth/tooth_1,1,1,1,good,folder,teeth,teeth,2,5\n"
    )
    stage, *rest = (argument.format(folder) for argument in arguments)
    out = () if "--out" in rest or stage == "list_files" else ("--out", tmp_path / "out")
    done = command(stage, *rest, *out, TORCH_HOME=str(tmp_path))
    assert word in told(done)


@pytest.mark.parametrize(
    "arguments",
    [
        ("render_multiview", "--views", "0"),
        ("render_multiview", "--views", "twelve"),
        ("render_multiview", "--renderer", "opengl"),
        ("render_multiview", "--antialias", "5"),
        ("render_multiview", "--elevation", "nan"),
        ("render_multiview", "--elevation", "up"),
        ("pool_embeddings", "--pool", "median"),
        ("pool_embeddings", "--whiten", "pca"),
        ("cluster", "--method", "magic"),
        ("cluster", "--min-cluster-size", "many"),
        ("search", "--topk", "-1"),
        ("search", "--nonsense"),
        ("gather_records",),
        ("gather_shard",),
    ],
    ids=" ".join,
)
def test_an_argument_that_cannot_be_is_refused_with_the_usage(command, arguments):
    done = command(*arguments)
    assert done.returncode == 2 and done.stderr.startswith("usage:") and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--pca", "-1"), ("--min-cluster-size", "1"), ("--method", "kmeans", "--clusters", "0")]
)
def test_a_number_that_the_configuration_refuses_is_refused_here_too(chain, folder, command, tmp_path, arguments):
    done = command("cluster", "--emb", folder / "embeddings/embeddings.npy", "--out", tmp_path, *arguments)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr


def test_a_collection_without_folders_has_nothing_to_be_scored_against(command, tmp_path):
    np.save(tmp_path / "embeddings.npy", np.eye(3, dtype=np.float32))
    (tmp_path / "ids.txt").write_text("a\nb\nc\n")
    write_table(tmp_path / "clusters.csv", CLUSTERS_COLUMNS, [(identity, 0, 1, *[""] * 7) for identity in "abc"])
    done = command("search", "--emb", tmp_path / "embeddings.npy", "--out", tmp_path)
    assert done.returncode == 0 and rows(tmp_path / "retrieval.csv") == []
    tables = ("--retrieval", tmp_path / "retrieval.csv", "--clusters", tmp_path / "clusters.csv")
    done = command("evaluate", *tables, "--out", tmp_path / "evaluation.csv")
    assert "folder" in told(done) and not (tmp_path / "evaluation.csv").exists()


def test_a_folder_that_cannot_be_written_is_told(folder, command, tmp_path):
    (tmp_path / "file").touch()
    done = command(
        "render_multiview", "--in", folder / "meshes/teeth/tooth_1.ply", "--out", tmp_path / "file", "--size", 32
    )
    assert str(tmp_path / "file") in told(done)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (UserError("sentence"), 1),
        (OSError(28, "No space left"), 1),
        (MemoryError("Unable to allocate 7 GiB"), 1),
        (RuntimeError("can't start new thread"), 1),
        (BlockingIOError(11, "Resource temporarily unavailable"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_code_tells_how_it_went(error, code, caplog):
    def main():
        if error:
            raise error

    assert commands.run(main) == code
    assert ("Error: " in caplog.text) == (code == 1)


def test_an_error_of_our_own_making_keeps_its_traceback():
    def main():
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        commands.run(main)


def test_every_specimen_gets_its_turn_though_one_is_bad(caplog):
    def work(identity):
        if identity == "b":
            raise SpecimenError("it is bad.")
        return identity.upper()

    with caplog.at_level(logging.INFO, "fossilvit"):
        assert commands.each(["a", "b", "c"], work, "test") == {"a": "A", "c": "C"}
    assert "test: 2 done, 1 skipped." in caplog.text and "skipped b: it is bad." in caplog.text


def test_an_error_of_the_machine_ends_the_command_at_once():
    def work(identity):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        commands.each(["a", "b"], work, "test")


def test_defaults_of_the_commands_are_those_of_the_configuration(repository, monkeypatch):
    config = yaml.safe_load((repository / "config/config.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr(sys, "argv", ["command"])
    render, extract, pool, group, find = (
        module.parse() for module in (render_multiview, extract_features, pool_embeddings, cluster, search)
    )
    assert {key: getattr(render, key) for key in config["render"]} == config["render"]
    assert {key: getattr(extract, key) for key in config["extract"]} == config["extract"]
    assert (pool.pool, pool.whiten) == (config["pool"], config["collection"]["whiten"])
    assert render.meshes == config["meshes"] and group.seed == config["seed"]
    assert {key: getattr(group, key) for key in config["cluster"]} == config["cluster"]
    assert (find.topk, find.metric, find.query) == (config["search"]["topk"], config["search"]["metric"], None)


@pytest.mark.parametrize("stage", [render_multiview, extract_features, pool_embeddings, cluster, search])
def test_the_five_stages_take_the_same_options(stage, monkeypatch):
    usual, given = [], ["--seed", "7", "--device", "cpu"]
    for arguments in (usual, given):
        monkeypatch.setattr("sys.argv", [stage.__name__, *arguments])
        parsed = stage.parse()
        assert (parsed.seed, parsed.device) == ((7, "cpu") if arguments else (0, "auto"))
