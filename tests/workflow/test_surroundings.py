"""Names, mistakes, missing networks and the form of the rules."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from fossilvit import store
from tests.workflow.conftest import REPOSITORY, SMALL, snakemake, write_mesh

OFFLINE = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
DINOV2 = "extract={{model: dinov2_vits14, image_size: 28, weights: {}}}"


def test_any_name_and_a_folder_named_as_a_mesh_go_through(tmp_path):
    names = [
        "a",
        "a/b",
        "it's {3F-25} $HOME; #1 (copy) [x] & co",
        "骨/大腿骨 左",
        "two  spaces",
        "dot.in.name",
        "-dash",
    ]
    for seed, name in enumerate(names):
        write_mesh(tmp_path / f"data/meshes/{name}.ply", seed)
    run = snakemake(tmp_path, config=["search={queries: [a/b]}"])
    assert run.code == 0, run.output
    assert (tmp_path / "data/embeddings/ids.txt").read_text(encoding="utf-8").splitlines() == sorted(names)
    assert len(store.read_table(tmp_path / "results/knn_a__b.csv", store.NEIGHBORS_COLUMNS)) == len(names) - 1
    assert not snakemake(tmp_path, config=["search={queries: [a/b]}"]).jobs


def test_it_runs_in_the_folder_it_is_called_from(work):
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        REPOSITORY / "Snakefile",
        "--cores",
        "1",
        "--dry-run",
        "--config",
    ]
    done = subprocess.run([*map(str, command), *SMALL], cwd=work, capture_output=True, encoding="utf-8", timeout=120)
    assert "Nothing to be done" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("extract={modle: hog}", "Unknown setting 'extract.modle'; did you mean 'extract.model'?"),
        ("render={views: none}", "render.views is 'none', but must be a whole number of at least 1"),
        ("cluster={min_cluster_size: 1}", "cluster.min_cluster_size is 1, but must be 'auto' or a whole number"),
        ("extract={model: resnet}", "extract.model is 'resnet', but must be one of dinov2_vits14"),
        ("extract={model: dinov2_vits14, weights: gone.pth}", "there is no file gone.pth"),
        ("meshes=nowhere", "The folder of meshes nowhere does not exist"),
        ("search={queries: [r/x]}", "No specimen is called 'r/x'; the nearest are"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(work, setting, sentence):
    run = snakemake(work, config=[setting])
    assert run.code != 0 and not run.jobs
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    assert sentence in told
    assert "Traceback" not in run.output and ".py" not in run.output


def test_two_files_of_one_id_are_both_named(work):
    write_mesh(work / "data/meshes/round/a.stl", 3)
    run = snakemake(work)
    assert run.code != 0
    assert "round/a.ply" in run.output and "round/a.stl" in run.output and "same ID" in run.output


def test_without_weights_and_network_it_stops_before_rendering(tmp_path):
    write_mesh(tmp_path / "data/meshes/a.ply", 1)
    environment = {**OFFLINE, "TORCH_HOME": str(tmp_path / "torch")}
    run = snakemake(tmp_path, config=["extract={model: dinov2_vits14}"], environment=environment)
    assert run.code != 0 and set(run.jobs) == {"fetch_weights"}
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    for part in ["dinov2_vits14_pretrain.pth", str(tmp_path / "torch/hub/checkpoints"), "extract.weights", "hog"]:
        assert part in told
    assert not (tmp_path / "data/renders").exists()


def test_another_model_renders_nothing_again_and_other_weights_extract_again(work, vits14_weights, tmp_path):
    environment = {**OFFLINE, "TORCH_HOME": str(tmp_path / "torch")}
    config = [DINOV2.format(vits14_weights)]
    run = snakemake(work, config=config, environment=environment)
    assert run.code == 0, run.output
    assert "render_views" not in run.jobs and run.jobs["extract_features"] == 6
    assert np.load(work / "data/embeddings/embeddings.npy").shape == (5, 384)
    digest = hashlib.sha256(vits14_weights.read_bytes()).hexdigest()
    assert store.read_json(work / "data/encoder.json")["sha256"] == digest
    assert not snakemake(work, config=config, environment=environment).jobs

    os.utime(vits14_weights)
    touched = snakemake(work, config=config, environment=environment)
    assert "render_views" not in touched.jobs and touched.jobs["extract_features"] == 6


def test_the_wrong_weights_stop_the_run_at_once_in_one_sentence(work, vits14_weights, tmp_path):
    cut = tmp_path / "cut.pth"
    cut.write_bytes(vits14_weights.read_bytes()[:100_000])
    run = snakemake(work, config=[DINOV2.format(cut)])
    assert run.code != 0 and set(run.jobs) == {"fetch_weights"}
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    assert "cut.pth is no file of weights that torch can read" in told and "Traceback" not in run.output


def test_the_rules_pass_the_linter(work):
    run = snakemake(work, "--lint")
    assert run.code == 0 and "in a good condition" in run.output, run.output
