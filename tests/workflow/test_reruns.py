"""A rerun is a fresh run: the changes that were once not seen, each by itself."""

import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import trimesh

from fossilvit.store import files, png
from fossilvit.store.embeddings import read_embeddings
from fossilvit.store.tables import FAILED_COLUMNS, SPECIMENS_COLUMNS, read_table
from tests.conftest import heed_interrupts, ordinary_user
from tests.workflow.conftest import command, products, snakemake, write_mesh
from tests.workflow.test_encoders import MINE
from tests.workflow.walk import at_work, paint, write_textured

COLOR = ["render={views: 3, size: 64, appearance: color}"]


@pytest.fixture
def fresh(tmp_path):
    """What a run from scratch makes of the scans in a folder."""

    def made(work, **options):
        folder = tmp_path / "fresh"
        shutil.copytree(work / "data/meshes", folder / "data/meshes")
        for path in work.glob("*.py"):
            shutil.copy(path, folder)
        run = snakemake(folder, **options)
        assert run.code == 0, run.output
        return products(folder)

    return made


def assert_as_fresh(work, made):
    """Everything that a run from scratch makes is there and the same."""
    here = products(work)
    assert {path: here.get(path) for path in made} == made


def test_another_encoder_masks_no_other_change(work, fresh):
    (work / "mine.py").write_text(MINE)
    (work / "data/meshes/round/a.ply").unlink()
    write_mesh(work / "data/meshes/round/b.stl", 7)
    write_mesh(work / "data/meshes/square/new.ply", 8)
    config = ["extract={model: 'custom:mine.py:create'}", "render={appearance: normals, views: 4, size: 64}"]
    run = snakemake(work, config=config)
    assert run.code == 0, run.output
    assert run.jobs["render_views"] == run.jobs["extract_features"] == 6
    assert_as_fresh(work, fresh(work, config=config))
    assert "round/a" not in read_embeddings(work / "data/embeddings/embeddings.npy")[0]
    assert not snakemake(work, config=config).jobs


def test_scans_of_equal_size_and_date_that_swap_their_names_are_rendered_again(tmp_path, fresh):
    one, other = (tmp_path / f"data/meshes/{name}.stl" for name in ("kind/a", "other/b"))
    for seed, path in enumerate((one, other, tmp_path / "data/meshes/other/c.stl")):
        write_mesh(path, seed)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    assert snakemake(tmp_path).code == 0
    spare = tmp_path / "spare"
    one.rename(spare), other.rename(one), spare.rename(other)
    run = snakemake(tmp_path)
    assert run.of("render_views") == {"kind/a", "other/b"}
    assert_as_fresh(tmp_path, fresh(tmp_path))


def test_files_that_a_scan_names_are_inputs_as_the_scan_is(tmp_path, fresh):
    folder = tmp_path / "data/meshes/shells"
    folder.mkdir(parents=True)
    for number, name in enumerate("ab"):
        write_textured(folder / f"{name}.obj", number)
    trimesh.creation.box().export(folder / "c.ply")

    def rendered():
        run = snakemake(tmp_path, config=COLOR)
        assert run.code == 0, run.output
        return run.of("render_views")

    def note(identity):
        return {row["specimen_id"]: row["notes"] for row in table(tmp_path)}[identity]

    rendered()
    assert "d.mtl" in note("shells/a")
    (folder / "d.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    assert rendered() == {"shells/a", "shells/b"} and "skin.png" in note("shells/a")
    for shade in (100, 200):
        paint(folder / "skin.png", shade)
        assert rendered() == {"shells/a", "shells/b"} and not note("shells/a")
    os.utime(folder / "skin.png")
    assert rendered() == set()
    assert_as_fresh(tmp_path, fresh(tmp_path, config=COLOR))
    (folder / "skin.png").unlink()
    assert rendered() == {"shells/a", "shells/b"}


def table(work):
    return read_table(work / "results/specimens.csv", SPECIMENS_COLUMNS)


def test_a_restored_collection_is_not_rendered_again(work):
    """New inodes and dates, the same bytes, as an archive restores them."""
    for path in (work / "data/meshes").rglob("*.*"):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert not snakemake(work).jobs


@pytest.mark.parametrize("gone", [".snakemake", ".fossilvit"])
def test_without_a_memory_nothing_is_computed_again_and_a_changed_setting_is_seen(work, gone):
    shutil.rmtree(work / gone, ignore_errors=True)
    assert not snakemake(work).jobs
    shutil.rmtree(work / gone)
    run = snakemake(work, config=["render={views: 3, size: 64, appearance: depth}"])
    assert run.jobs["render_views"] == 6


def test_a_moved_folder_is_up_to_date(work, tmp_path):
    work.rename(tmp_path / "moved")
    assert not snakemake(tmp_path / "moved").jobs


def test_files_dated_in_the_future_stop_nothing(work):
    for path in ("data/meshes/round/a.ply", "data/encoder.json", "data/renders/round/a/views.txt"):
        os.utime(work / path, (4_000_000_000, 4_000_000_000))
    assert not snakemake(work).jobs
    write_mesh(work / "data/meshes/round/new.ply", 9)
    os.utime(work / "data/meshes/round/new.ply", (4_000_000_000, 4_000_000_000))
    (work / "data/features/round/a.npy").unlink()
    run = snakemake(work)
    assert run.code == 0, run.output
    assert run.of("render_views") == {"round/new"} and run.of("extract_features") == {"round/new", "round/a"}
    assert (work / "data/features/round/a.npy").is_file() and not snakemake(work).jobs


@pytest.mark.parametrize(
    "emptied",
    [
        ["renders/round/a/a_view01.png", "renders/round/b/render.json", "features/square/d.npy", "encoder.json"],
        ["shards/0001.json", "shards/0000.npz"],
        ["embeddings/embeddings.npy"],
        ["../results/cluster_summary.csv", "../results/knn.json", "../results/figures/cluster_00.png"],
        ["../results/tree.nwk", "../results/clusters.json"],
    ],
)
def test_files_that_a_power_cut_emptied_are_made_again(work, finished, emptied):
    for path in emptied:
        assert (work / "data" / path).is_file()
        os.truncate(work / "data" / path, 0)
    run = snakemake(work)
    assert run.code == 0, run.output
    assert products(work) == products(finished[0])


def test_a_damaged_view_is_rendered_again_by_the_run_after_the_one_that_met_it(work):
    view = work / "data/renders/round/a/a_view01.png"
    view.write_bytes(view.read_bytes()[:-20])
    (work / "mine.py").write_text(MINE)
    changed = ["extract={model: 'custom:mine.py:create'}"]
    met = snakemake(work, "--retries", "0", config=changed)
    assert met.code != 0 and "a_view01.png cannot be read" in met.output
    run = snakemake(work, config=changed)
    assert run.code == 0 and run.of("render_views") == {"round/a"}
    assert png.decode(view.read_bytes()).shape == (64, 64, 3)


def test_a_scan_that_may_not_be_read_costs_an_ordinary_user_that_scan_alone(work):
    mesh = work / "data/meshes/round/a.ply"
    mesh.chmod(0)
    done = subprocess.run([*ordinary_user(), *command(work)], capture_output=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    failed = read_table(work / "results/failed.csv", FAILED_COLUMNS)
    assert [row["reason"] for row in failed if row["specimen_id"] == "round/a"] == [
        "data/meshes/round/a.ply may not be read; give yourself permission and run again."
    ]
    mesh.chmod(0o644)
    assert snakemake(work).of("render_views") == {"round/a"}


@pytest.mark.parametrize(("what", "how"), [("setting", signal.SIGKILL), ("scan", signal.SIGINT)])
def test_a_run_stopped_between_rendering_and_describing_leaves_no_old_features(work, fresh, what, how):
    """When Snakemake has noted the first render as done, its specimen is not described, and most are not rendered."""
    config = COLOR if what == "setting" else ["seed=1"]
    scans = [] if what == "setting" else ["round/a.ply", "round/c.off", "square/d.obj"]
    for number, name in enumerate(scans):
        write_mesh(work / "data/meshes" / name, 20 + number)
    log = work / "stopped.log"
    with open(log, "w") as output:
        streams = {"stdout": output, "stderr": output, "start_new_session": True}
        process = subprocess.Popen(command(work, config=config), preexec_fn=heed_interrupts, **streams)
        while process.poll() is None and "(Rule: render_views)" not in log.read_text(encoding="utf-8"):
            time.sleep(0.001)
    os.killpg(process.pid, how)
    assert process.wait(60) != 0
    while any(at_work(work)):
        time.sleep(0.05)
    snakemake(work, "--unlock", config=config)
    run = snakemake(work, config=config)
    assert run.code == 0, run.output
    assert_as_fresh(work, fresh(work, config=config))


def test_results_know_what_they_were_made_from(finished):
    work, _ = finished
    passport = files.read_json(work / "data/embeddings/embeddings.json")
    assert passport["encoder"]["model"] == "hog" and passport["render"]["appearance"] == "gray"
    for name in ("clusters", "knn", "duplicates", "evaluation"):
        assert files.read_json(work / f"results/{name}.json")["made_from"]["collection"] == passport
    features = files.read_json(work / "data/features/round/a.json")
    assert features["made_from"]["encoder"] == passport["encoder"]


def test_a_single_file_asked_for_brings_nothing_else_that_is_stale(work):
    run = snakemake(work, "data/features/round/a.npy", config=COLOR)
    assert run.code == 0 and run.jobs == {"render_views": 1, "extract_features": 1}
    assert run.of("render_views") == {"round/a"}
    assert np.load(work / "data/features/round/a.npy").shape == (3, 1764)


def test_without_the_profile_a_second_run_does_nothing_either(work):
    assert not snakemake(work, "--workflow-profile", "none").jobs


def test_a_dry_run_tells_what_has_changed_and_changes_nothing(work):
    write_mesh(work / "data/meshes/round/a.ply", 30)
    before = products(work)
    run = snakemake(work, "--dry-run", config=["pool=max"])
    assert "Changed since the last run: pool (5), scans (1)." in run.output and run.jobs["pool_embedding"] == 6
    assert products(work) == before
