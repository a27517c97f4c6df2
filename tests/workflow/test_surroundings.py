"""Names, mistakes, missing networks and the form of the rules."""

import subprocess
import sys

import pytest

from fossilvit import store
from tests.workflow.conftest import REPOSITORY, SMALL, snakemake, write_mesh


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
        ("extract={model: resnet}", "There is no model 'resnet'; the models are dinov2_vits14, "),
        ("extract={model: 'custom:gone.py:create'}", "there is no file 'gone.py'"),
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
    assert "Traceback" not in run.output and 'File "' not in run.output


def test_two_files_of_one_id_are_both_named(work):
    write_mesh(work / "data/meshes/round/a.stl", 3)
    run = snakemake(work)
    assert run.code != 0
    assert "round/a.ply" in run.output and "round/a.stl" in run.output and "same ID" in run.output


def test_the_rules_pass_the_linter(work):
    run = snakemake(work, "--lint")
    assert run.code == 0 and "in a good condition" in run.output, run.output
