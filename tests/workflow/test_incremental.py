"""What runs again after a change: exactly what depends on it."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import trimesh

from fossilvit.scans import specimens
from fossilvit.store import files
from fossilvit.store.embeddings import read_embeddings
from fossilvit.store.tables import (
    CLUSTER_HISTORY_COLUMNS,
    CLUSTER_SUMMARY_COLUMNS,
    CLUSTERS_COLUMNS,
    DUPLICATES_COLUMNS,
    EVALUATION_COLUMNS,
    FAILED_COLUMNS,
    NEIGHBORS_COLUMNS,
    SHEET_COLUMNS,
    SPECIMENS_COLUMNS,
    read_table,
    read_wider_table,
    write_table,
)
from tests.conftest import REPOSITORY
from tests.workflow import conftest
from tests.workflow.conftest import command, first_run, products, write_mesh
from tests.workflow.test_encoders import MINE

COLLECTION = {
    *("collect_embeddings", "list_files", "find_duplicates", "cluster_specimens"),
    *("search_neighbors", "evaluate", "find_suspects", "export_embeddings", "draw_figures"),
    *("map_specimens", "draw_atlas"),
}
OWN = {"render_views", "make_exhibit", "extract_features", "pool_embedding"}
GATHERING = {"gather_records", "gather_shard"}
SCORES = {"search_neighbors", "evaluate", "find_suspects", "draw_figures", "draw_atlas"}
AFTER_DUPLICATES = {"cluster_specimens", "map_specimens", *SCORES}
CLUSTERS = AFTER_DUPLICATES - {"search_neighbors", "map_specimens"}


ATLAS = "atlas=single"


def snakemake(work, *arguments, config=(), **options):
    """Run the workflow with the atlas."""
    return conftest.snakemake(work, *arguments, config=[ATLAS, *config], **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The collection of conftest with its atlas. Copy it; do not run in it."""
    return first_run(tmp_path_factory.mktemp("with atlas"), config=[ATLAS])


def ids(work):
    return read_embeddings(work / "data/embeddings/embeddings.npy")[0]


def specimens_table(work):
    return read_table(work / "results/specimens.csv", SPECIMENS_COLUMNS)


def duplicates_table(work):
    return read_table(work / "results/duplicates.csv", DUPLICATES_COLUMNS)


def assert_only(run, identity):
    """Just one specimen's jobs, its shard's and the collection's ran."""
    assert run.code == 0, run.output
    assert set(run.jobs) == OWN | GATHERING | COLLECTION
    assert set(run.jobs.values()) == {1}
    for rule in OWN:
        assert run.of(rule) == {identity}
    for rule in GATHERING:
        assert run.of(rule) == {specimens.shard(identity, 2)}


def test_the_first_run_makes_every_file_of_the_contract(finished):
    work, run = finished
    found = ["round/a", "round/b", "round/c", "square/d", "square/e 標本"]
    for identity in found:
        name = identity.split("/")[1]
        views = sorted(path.name for path in (work / "data/renders" / identity).glob("*.png"))
        assert views == [f"{name}_view00.png", f"{name}_view01.png", f"{name}_view02.png"]
        features = np.load(work / f"data/features/{identity}.npy")
        assert features.shape == (3, 1764) and features.dtype == np.float32
        embedding = np.load(work / f"data/embeddings/{identity}.npy")
        assert embedding.shape == (1764,) and embedding.dtype == np.float32
    embeddings = np.load(work / "data/embeddings/embeddings.npy")
    assert embeddings.shape == (5, 1764) and embeddings.dtype == np.float32
    record = files.read_json(work / "data/embeddings/embeddings.json")
    assert [record[fact] for fact in ("specimens", "dimension", "whiten", "pool")] == [5, 1764, "none", "mean"]
    assert record["encoder"]["model"] == "hog" and record["render"]["views"] == 3 and record["render"]["size"] == 64
    assert (work / "data/embeddings/ids.txt").read_bytes() == "".join(f"{i}\n" for i in found).encode()
    for table, columns, rows in [
        ("clusters", ",".join(CLUSTERS_COLUMNS), 5),
        ("cluster_summary", ",".join(CLUSTER_SUMMARY_COLUMNS), 1),
        ("cluster_history", ",".join(CLUSTER_HISTORY_COLUMNS), 1),
        ("knn", "query_id,neighbor_id,distance", 5 * 4),
        ("failed", "specimen_id,stage,reason", 1),
        ("specimens", ",".join(SPECIMENS_COLUMNS), 6),
        ("duplicates", "specimen_id,duplicate_of,same", 0),
    ]:
        lines = (work / f"results/{table}.csv").read_text(encoding="utf-8-sig").splitlines()
        assert lines[0] == columns and len(lines) == 1 + rows
    for name in ("evaluation.csv", "categories.csv", "confusion.csv", "suspects.csv", "embeddings.parquet", "map.csv"):
        assert (work / "results" / name).exists()
    assert all(f"'{identity}':" in (work / "results/tree.nwk").read_text(encoding="utf-8") for identity in found)
    assert list((work / "results/figures").glob("*.png"))
    assert (work / "results/atlas/index.html").exists() and not (work / "results/atlas/chunks").exists()


def test_a_broken_mesh_is_recorded_and_the_others_go_on(finished):
    work, _ = finished
    (failure,) = read_table(work / "results/failed.csv", FAILED_COLUMNS)
    assert failure["specimen_id"] == "square/broken" and failure["stage"] == "render"
    assert "broken.ply" in failure["reason"]
    record = json.loads((work / "data/renders/square/broken/render.json").read_text(encoding="utf-8"))
    assert record["status"] == "failed" and record["reason"] == failure["reason"]
    assert np.load(work / "data/features/square/broken.npy").shape == (0, 1764)
    assert np.load(work / "data/embeddings/square/broken.npy").shape == (0,)


def test_the_table_of_specimens_holds_the_facts_of_all(finished):
    work, _ = finished
    rows = {row["specimen_id"]: row for row in specimens_table(work)}
    assert list(rows) == sorted([*ids(work), "square/broken"])
    for path in (work / "data/meshes").rglob("*.*"):
        row = rows[path.relative_to(work / "data/meshes").with_suffix("").as_posix()]
        content = path.read_bytes()
        assert (row["bytes"], row["sha256"]) == (str(len(content)), hashlib.sha256(content).hexdigest())
        assert row["status"] == ("failed" if path.stem == "broken" else "ok") and row["seconds"]
    box = rows["square/d"]
    assert (box["kind"], box["vertices"], box["faces"], box["watertight"]) == ("surface", "8", "12", "true")
    assert [float(box[f"max_{axis}"]) for axis in "xyz"] == pytest.approx([0.5, 0.575, 0.65])
    assert not any(rows["square/broken"][column] for column in ("kind", "vertices", "min_x", "area", "watertight"))


def test_a_shape_under_another_name_is_found(work):
    shape = trimesh.load(work / "data/meshes/round/a.ply")
    shape.apply_translation([3, -2, 1]).export(work / "data/meshes/square/別名.stl")
    shutil.copy(work / "data/meshes/square/d.obj", work / "data/meshes/square/d copy.obj")
    run = snakemake(work)
    assert run.code == 0, run.output
    assert [tuple(row.values()) for row in duplicates_table(work)] == [
        ("square/d copy", "square/d", "file"),
        ("square/別名", "round/a", "geometry"),
    ]
    (work / "data/meshes/round/a.ply").unlink()
    assert snakemake(work).code == 0
    assert [row["specimen_id"] for row in duplicates_table(work)] == ["square/d copy"]


SHEET = """specimen_id,object,family,part,note
round/a,1,x,femur,first
round/b,,x,femur,
round/c,1,x,femur,
square/d,,y,femur,
square/e 標本,,y,tibia,
square/lost,1,y,tibia,
"""


def test_a_change_of_the_sheet_makes_just_what_depends_on_it_again(work):
    sheet = work / "sheet of ours.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    config = [f"specimens={sheet.name}", "category=family"]
    run = snakemake(work, config=config)
    assert run.code == 0, run.output
    assert set(run.jobs) == {"join_sheet", "export_embeddings", "find_duplicates", *AFTER_DUPLICATES}
    assert [tuple(row.values()) for row in duplicates_table(work)] == [("round/c", "round/a", "object")]
    _, joined = read_wider_table(work / "results/sheet.csv", SHEET_COLUMNS)
    assert [row["specimen_id"] for row in joined] == [*sorted([*ids(work), "square/broken"]), ""]
    assert "square/lost" in joined[-1]["reason"] and "square/lost" in run.output
    same_as = {
        row["specimen_id"]: row["same_as"] for row in read_table(work / "results/clusters.csv", CLUSTERS_COLUMNS)
    }
    assert {one: other for one, other in same_as.items() if other} == {"round/c": "round/a"}
    assert read_table(work / "results/evaluation.csv", EVALUATION_COLUMNS)[0]["value"] == "4"
    assert not snakemake(work, config=config).jobs

    def changed(before, after, config=config):
        sheet.write_text(sheet.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
        run = snakemake(work, config=config)
        assert run.code == 0, run.output
        assert not snakemake(work, config=config).jobs
        return set(run.jobs)

    assert changed(",first", ",second") == {"join_sheet", "export_embeddings", "draw_atlas"}
    assert changed("round/b,,x", "round/b,,y") == {"join_sheet", "export_embeddings", *SCORES}
    assert changed("round/b,,y", "round/b,2,y") == {
        "join_sheet",
        "export_embeddings",
        "find_duplicates",
        *AFTER_DUPLICATES,
    }
    assert changed("", "", [*config, "restrict=part"]) == {"join_sheet", "export_embeddings", *SCORES}
    knn = {row["query_id"] for row in read_table(work / "results/knn.csv", NEIGHBORS_COLUMNS)}
    assert knn == {"round/a", "round/b", "round/c", "square/d"}, "the other is the only tibia"
    sheet.write_text("specimen_id,object\nround/a,1\nround/a,2\n")
    run = snakemake(work, config=config[:1])
    assert run.code != 0 and not run.jobs and "sheet of ours.csv" in run.output and "Traceback" not in run.output
    run = snakemake(work)
    assert run.code == 0 and not (work / "results/sheet.csv").exists() and not duplicates_table(work)


def test_a_selection_computes_no_specimen_again_and_equals_a_run_on_those_scans_alone(work, tmp_path):
    (work / "sheet.csv").write_text(SHEET, encoding="utf-8")
    config = ["specimens=sheet.csv", 'select=part == "femur" and note != "{x} $HOME" and family == "x"']
    run = snakemake(work, config=config)
    assert run.code == 0 and not run.of("render_views"), run.output
    assert ids(work) == ["round/a", "round/b", "round/c"]
    assert (work / "data/embeddings/square/d.npy").exists(), "what was computed of the others is kept"
    assert not snakemake(work, config=config).jobs
    alone = tmp_path / "alone"
    shutil.copytree(work / "data/meshes/round", alone / "data/meshes/round")
    assert snakemake(alone).code == 0
    for name in ("data/embeddings/embeddings.npy", "data/embeddings/ids.txt", "results/knn.csv"):
        assert (work / name).read_bytes() == (alone / name).read_bytes()
    run = snakemake(work)
    assert run.code == 0 and not set(run.jobs) & OWN and len(ids(work)) == 5


def test_the_atlas_is_one_page_or_loads_chunks_of_which_a_new_scan_changes_those_of_its_shard(work):
    page, chunks = work / "results/atlas/index.html", work / "results/atlas/chunks"
    alone = page.read_bytes()
    run = snakemake(work, config=["atlas=folder"])
    assert run.code == 0 and set(run.jobs) == {"pack_exhibits", "draw_atlas"}, run.output
    names = {f"{part}-{shard}" for part in ("exhibits", "thumbnails") for shard in ("0000", "0001")}
    assert {path.stem for path in chunks.glob("*.js")} == names and page.stat().st_size < len(alone)
    assert not snakemake(work, config=["atlas=folder"]).jobs

    before = {path.name: path.read_bytes() for path in chunks.glob("*.js")}
    write_mesh(work / "data/meshes/round/new.ply", 9)
    run = snakemake(work, config=["atlas=folder"])
    assert run.code == 0 and run.of("make_exhibit") == {"round/new"}, run.output
    changed = {path.stem for path in chunks.glob("*.js") if path.read_bytes() != before[path.name]}
    assert changed == {name for name in names if name.endswith(specimens.shard("round/new", 2))}

    (work / "data/meshes/round/new.ply").unlink()
    run = snakemake(work, config=["atlas=none"])
    assert run.code == 0 and not {"draw_atlas", "pack_exhibits", "map_specimens"} & set(run.jobs), run.output
    assert not (work / "results/atlas").exists() and not (work / "results/map.csv").exists()
    run = snakemake(work)
    assert run.code == 0 and set(run.jobs) == {"map_specimens", "draw_atlas"}, run.output
    assert page.read_bytes() == alone and not chunks.exists()


def test_tables_have_no_byte_order_mark_where_it_is_not_wanted(work):
    run = snakemake(work, config=["byte_order_mark=false"])
    assert run.code == 0 and not set(run.jobs) & {*OWN, *GATHERING} and "byte_order_mark" in run.output, run.output
    tables = sorted((work / "results").glob("*.csv"))
    assert len(tables) > 10 and not any(table.read_bytes().startswith(b"\xef\xbb\xbf") for table in tables)
    assert not snakemake(work, config=["byte_order_mark=false"]).jobs
    assert snakemake(work).code == 0
    assert all(table.read_bytes().startswith(b"\xef\xbb\xbf") for table in tables)


def renumbered(work, numbers):
    """Give clusters other numbers in the file that the next run follows; its content."""
    path = work / "results/clusters.csv"
    rows = read_table(path, CLUSTERS_COLUMNS)
    for row in rows:
        row["cluster_id"] = numbers[row["cluster_id"]]
    write_table(path, CLUSTERS_COLUMNS, (row.values() for row in rows))
    return path.read_bytes()


def test_the_numbers_of_clusters_last_also_when_a_run_is_killed_and_nothing_else_depends_on_the_former_ones(work):
    """The results of `fresh` are those without former clusters."""
    config = ["cluster={clusters: 2}"]
    for name in ("clusters", "cluster_history"):
        (work / f"results/{name}.csv").unlink()
    assert snakemake(work, config=config).code == 0
    fresh = clusters_and_summary(work)
    assert {row["cluster_id"] for row in fresh[1]} == {"0", "1"}

    numbers = {"0": "7", "1": "9"}
    given = renumbered(work, numbers)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(command(work, config=[ATLAS, *config]), **streams)
    while process.poll() is None and (work / "results/clusters.json").exists():  # deleted before the job begins
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(60) != 0 and (work / "results/clusters.csv").read_bytes() == given
    snakemake(work, "--unlock", config=config)

    run = snakemake(work, config=config)
    assert run.code == 0 and set(run.jobs) == CLUSTERS, run.output
    found = clusters_and_summary(work)
    assert {row["cluster_id"] for row in found[1]} == {"7", "9"}
    for table in fresh:
        for row in table:
            for column in ("cluster_id", "second_id"):
                row[column] = numbers.get(row.get(column), row.get(column))
    assert [[{**row, "second_id": row.get("second_id")} for row in table] for table in found] == fresh
    assert not snakemake(work, config=config).jobs


def clusters_and_summary(work):
    tables = {"clusters": CLUSTERS_COLUMNS, "cluster_summary": CLUSTER_SUMMARY_COLUMNS}
    return [read_table(work / f"results/{name}.csv", columns) for name, columns in tables.items()]


def test_a_second_run_does_nothing(work):
    run = snakemake(work)
    assert run.code == 0 and not run.jobs and "Nothing to be done" in run.output


def test_an_added_mesh_runs_its_own_jobs(work):
    write_mesh(work / "data/meshes/round/new.ply", 9)
    assert_only(snakemake(work), "round/new")
    assert "round/new" in ids(work)


def test_a_changed_mesh_runs_its_own_jobs_even_when_its_date_is_older(work):
    mesh = work / "data/meshes/round/b.stl"
    write_mesh(mesh, 7)
    os.utime(mesh, (1_000_000_000, 1_000_000_000))
    assert_only(snakemake(work), "round/b")


def test_meshes_that_swapped_names_are_both_computed(work):
    one, other = work / "data/meshes/round/a.ply", work / "data/meshes/square/e 標本.ply"
    spare = one.with_name("spare")
    os.rename(one, spare), os.rename(other, one), os.rename(spare, other)
    run = snakemake(work)
    assert run.of("render_views") == {"round/a", "square/e 標本"}


def test_a_removed_mesh_leaves_the_collection(work):
    (work / "data/meshes/round/a.ply").unlink()
    run = snakemake(work)
    assert run.code == 0 and set(run.jobs) == GATHERING | COLLECTION
    assert run.of("gather_shard") == {specimens.shard("round/a", 2)}
    assert ids(work) == ["round/b", "round/c", "square/d", "square/e 標本"]
    assert not snakemake(work).jobs


@pytest.mark.parametrize("there", ["round/renamed.ply", "elsewhere/標本/a.ply"])
def test_a_renamed_or_moved_mesh_is_computed_under_its_new_name(work, there):
    before = products(work)
    mesh = work / "data/meshes/round/a.ply"
    (work / "data/meshes" / there).parent.mkdir(parents=True, exist_ok=True)
    mesh.rename(work / "data/meshes" / there)
    identity = there.removesuffix(".ply")
    run = snakemake(work)
    assert run.code == 0 and set(run.jobs) == OWN | GATHERING | COLLECTION
    for rule in OWN:
        assert run.of(rule) == {identity}
    assert run.of("gather_shard") == {specimens.shard(name, 2) for name in ("round/a", identity)}
    assert "round/a" not in ids(work) and identity in ids(work)
    assert not snakemake(work).jobs

    (work / "data/meshes" / there).rename(mesh)
    assert snakemake(work).code == 0
    prune(work, "--delete")
    assert products(work) == before


def prune(work, *arguments):
    """What `scripts.prune` prints."""
    command = [sys.executable, "-m", "scripts.prune", "--shards", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=True).stdout


def test_what_a_removed_mesh_leaves_is_listed_and_deleted_when_asked(work):
    assert prune(work) == ""
    before = products(work)
    (work / "data/meshes/round/a.ply").unlink()
    (work / "data/renders/round/a/notes of mine.txt").write_text("keep")
    assert snakemake(work).code == 0
    listed = prune(work).splitlines()
    assert {path for path in before if "round/a" in path} == {path for path in listed if path.startswith("data")}
    assert all((work / path).exists() for path in listed)
    assert prune(work, "--delete").splitlines() == listed
    assert not any((work / path).exists() for path in listed) and prune(work) == ""
    assert (work / "data/renders/round/a/notes of mine.txt").exists() and (work / "data/features/round/b.npy").exists()
    assert not snakemake(work).jobs


MADE = ["render_views", "make_exhibit", "gather_records", "extract_features", "pool_embedding", "gather_shard"]


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        ("data/renders/round/a/render.json", set(MADE) | COLLECTION),
        ("data/features/round/a.npy", set(MADE[3:]) | COLLECTION),
        ("data/embeddings/round/a.npy", set(MADE[4:]) | COLLECTION),
        ("data/shards/0001.json", GATHERING | COLLECTION),
        ("data/shards/0001.npz", set(MADE[5:]) | COLLECTION),
        ("data/encoder.json", {"fetch_weights"}),
        ("data/renders/round/a/a_view01.png", set(MADE) | COLLECTION),
        ("data/embeddings/embeddings.npy", COLLECTION),
        ("results/failed.csv", {"list_files", "draw_atlas"}),
        ("results/duplicates.csv", {"find_duplicates", *AFTER_DUPLICATES}),
        ("results/clusters.csv", CLUSTERS),
        ("results/cluster_summary.csv", CLUSTERS),
        ("results/cluster_history.csv", CLUSTERS),
        ("results/tree.nwk", CLUSTERS),
        ("results/knn.csv", SCORES - {"find_suspects"}),
        ("results/evaluation.csv", {"evaluate", "draw_figures"}),
        ("results/figures", {"draw_figures"}),
        ("data/exhibits/round/a.txt", {"make_exhibit", "draw_atlas"}),
        ("results/map.csv", {"map_specimens", "draw_atlas"}),
        ("results/atlas/index.html", {"draw_atlas"}),
    ],
)
def test_a_deleted_file_is_made_again(work, file, rules):
    """What they make is compared with a run from scratch in test_any_changes."""
    gone = work / file
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    run = snakemake(work, "--dry-run")
    assert run.code == 0, run.output
    assert set(run.jobs) == rules
    assert set(run.jobs.values()) == {1}


@pytest.mark.parametrize(
    ("stage", "rules"),
    [
        ("RENDERING", set(MADE) | COLLECTION),
        ("HOG", {"fetch_weights", *MADE[3:]} | COLLECTION),
        ("POOLING", set(MADE[4:]) | COLLECTION),
        ("GATHERING", GATHERING | COLLECTION),
        ("WHITENING", COLLECTION),
        ("LISTING", {"list_files", "draw_atlas"}),
        ("DUPLICATES", {"find_duplicates", *AFTER_DUPLICATES}),
        ("CLUSTERING", CLUSTERS),
        ("NEIGHBORS", SCORES - {"find_suspects"}),
        ("EVALUATION", {"evaluate", "draw_figures"}),
        ("FIGURES", {"draw_figures"}),
        ("EXHIBITS", {"make_exhibit", "draw_atlas"}),
        ("MAPPING", {"map_specimens", "draw_atlas"}),
        ("ATLAS", {"draw_atlas"}),
        ("DINOV2", set()),
    ],
)
def test_a_raised_version_runs_its_stage_and_what_follows(work, tmp_path, stage, rules):
    copy = tmp_path / "repository"
    for folder in ("workflow", "scripts", "config", "profiles"):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "Snakefile", copy)
    file = copy / "scripts/fossilvit/versions.py"
    raised = re.sub(rf"(?m)^{stage} = (\d+)$", f"{stage} = 1000", file.read_text())
    assert raised != file.read_text()
    file.write_text(raised)
    run = snakemake(work, "--dry-run", repository=copy)
    assert run.code == 0, run.output
    assert set(run.jobs) == rules


def test_a_mesh_that_breaks_and_is_mended_ends_as_it_began(work):
    mesh, embedding = work / "data/meshes/square/d.obj", work / "data/embeddings/square/d.npy"
    content, before = mesh.read_bytes(), embedding.read_bytes()

    mesh.write_bytes(b"")
    assert_only(snakemake(work), "square/d")
    assert "square/d" not in ids(work)
    failed = read_table(work / "results/failed.csv", FAILED_COLUMNS)
    assert [row["specimen_id"] for row in failed] == ["square/broken", "square/d"]
    assert not list((work / "data/renders/square/d").glob("*.png"))

    mesh.write_bytes(content)
    assert_only(snakemake(work), "square/d")
    assert embedding.read_bytes() == before


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("cluster={pca: 2}", CLUSTERS),
        ("cluster={method: kmeans, clusters: 2} seed=7", CLUSTERS | {"map_specimens"}),
        ("search={metric: euclidean}", SCORES | {"map_specimens"}),
        ("atlas=folder", {"pack_exhibits", "draw_atlas"}),
        ("atlas=none", set()),
        ("search={queries: [標本]}", {"search_query", "draw_figures"}),
        ("pool=max", {"pool_embedding", "gather_shard"} | COLLECTION),
        ("shards=1", GATHERING | COLLECTION),
        ("collection={whiten: views}", {"gather_shard"} | COLLECTION),
        ("extract={model: hog, token: patch_mean, image_size: 256, engine: torch, precision: fp32}", set()),
        ("render={views: 4, size: 64}", OWN | GATHERING | COLLECTION),
        ("render={views: 3, size: 64, elevation: -20}", OWN | GATHERING | COLLECTION),
        ("warm=false", set()),
    ],
)
def test_a_changed_setting_runs_just_what_depends_on_it(work, setting, rules):
    run = snakemake(work, "--dry-run", config=re.split(r" (?=\w+=)", setting))
    assert run.code == 0, run.output
    assert set(run.jobs) == rules


def test_a_whitened_collection_leaves_single_specimens_and_goes_back_where_it_began(work, finished):
    def content(*names):
        return {path.relative_to(work): path.read_bytes() for name in names for path in work.glob(f"data/{name}")}

    singles, collected = (
        ("renders/**/*.*", "features/**/*.npy", "embeddings/*/*.npy"),
        ("embeddings/*.*", "shards/*.npz"),
    )
    before = content(*singles), content(*collected)
    whitened = ["collection={whiten: views}"]
    run = snakemake(work, config=whitened)
    assert run.code == 0, run.output
    assert content(*singles) == before[0]
    embeddings = np.load(work / "data/embeddings/embeddings.npy")
    assert embeddings.shape == (5, 4) and np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    record = files.read_json(work / "data/embeddings/embeddings.json")
    assert (record["whiten"], record["dimension"], record["components"]) == ("views", 4, 4)
    assert not snakemake(work, config=whitened).jobs

    write_mesh(work / "data/meshes/round/new.ply", 9)
    assert_only(snakemake(work, config=whitened), "round/new")
    (work / "data/meshes/round/new.ply").unlink()
    assert snakemake(work, config=whitened).code == 0
    assert np.array_equal(np.load(work / "data/embeddings/embeddings.npy"), embeddings)

    run = snakemake(work)
    assert run.code == 0 and set(run.jobs) == {"gather_shard"} | COLLECTION
    assert content(*collected) == before[1]
    for name in ["results/clusters.csv", "results/knn.csv", "results/retrieval.csv", "results/evaluation.csv"]:
        assert (work / name).read_bytes() == (finished[0] / name).read_bytes()


def test_the_result_does_not_depend_on_the_way_there(work, finished):
    """Settings changed and changed back end where the first run ended, byte for byte."""
    snakemake(work, config=["pool=max", "cluster={pca: 2}"])
    assert snakemake(work).code == 0
    results = ("clusters", "knn", "retrieval", "evaluation")
    for name in ["data/embeddings/embeddings.npy", *(f"results/{result}.csv" for result in results)]:
        assert (work / name).read_bytes() == (finished[0] / name).read_bytes()


def test_views_that_are_not_kept_are_made_again_only_where_they_are_needed(work, finished, tmp_path):
    forgetful = ["keep_renders=false"]
    fresh = tmp_path / "fresh"
    shutil.copytree(work / "data/meshes", fresh / "data/meshes")
    run = snakemake(fresh, config=forgetful)
    assert run.code == 0 and run.jobs == finished[1].jobs
    kept, all_of_them = products(fresh), products(work)
    assert {path: all_of_them[path] for path in kept} == kept
    views = [path for path in kept if "_view" in path]
    assert sorted(path.split("/")[3] for path in views) == ["a", "b", "c", "d", "e 標本"]
    assert {path.rpartition("/")[2] for path in all_of_them.keys() - kept} - {"views.txt"} == {
        path.rpartition("/")[2] for path in all_of_them if "_view" in path
    } - {path.rpartition("/")[2] for path in views}
    assert not snakemake(fresh, config=forgetful).jobs

    write_mesh(fresh / "data/meshes/round/new.ply", 9)
    assert_only(snakemake(fresh, config=forgetful), "round/new")
    (fresh / "data/meshes/round/new.ply").unlink()
    assert set(snakemake(fresh, config=[*forgetful, "pool=max"]).jobs) == set(MADE[4:]) | GATHERING | COLLECTION
    (fresh / "mine.py").write_text(MINE)
    described_otherwise = [*forgetful, "extract={model: 'custom:mine.py:create'}"]
    assert set(snakemake(fresh, config=described_otherwise).jobs) == {"fetch_weights", *MADE} | COLLECTION
