"""Names, mistakes, missing networks and the form of the rules."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake_interface_executor_plugins.settings import DeploymentMethod

from fossilvit.store.tables import NEIGHBORS_COLUMNS, read_table
from tests.conftest import ordinary_user
from tests.workflow.conftest import REPOSITORY, SMALL, command, snakemake, write_mesh


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
    assert len(read_table(tmp_path / "results/knn_a__b.csv", NEIGHBORS_COLUMNS)) == len(names) - 1
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
        ("meshes=nowhere", "The folder of scans nowhere does not exist"),
        ("search={queries: [r/x]}", "No specimen is called 'r/x'; the nearest are"),
        ("prefer=glb", "prefer.0 is 'glb', but must be one of ply, obj, stl, off"),
        ("hog}", "--config cannot take 'hog}', which is no KEY=VALUE; put a value of several words into quotes"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(work, setting, sentence):
    run = snakemake(work, config=[setting])
    assert run.code != 0 and not run.jobs
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    assert sentence in told
    assert "Traceback" not in run.output and 'File "' not in run.output


@pytest.mark.parametrize("option", [["--configfile", "gone.yaml"], ["--configfile=gone.yaml"]])
def test_a_missing_configfile_is_told_in_one_sentence(work, option):
    run = snakemake(work, *option)
    assert run.code != 0 and "gone.yaml; correct the path that --configfile names." in run.output
    assert "Traceback" not in run.output


def test_a_folder_that_may_not_be_written_is_told_in_one_sentence(work):
    work.chmod(0o555)
    done = subprocess.run([*ordinary_user(), *command(work)], capture_output=True, encoding="utf-8", timeout=120)
    work.chmod(0o755)
    assert done.returncode != 0 and f"Error: {work} may not be written; change its permissions" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_is_unlocked_whatever_the_settings(work):
    lock = work / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text("data/encoder.json\n")
    assert "--unlock" in snakemake(work, "--forceall").output
    run = snakemake(work, "--unlock", config=["meshes=nowhere", "search={queries: nobody}"])
    assert run.code == 0 and "Unlocked" in run.output and not lock.exists()
    assert not snakemake(work).jobs


def test_a_stage_in_a_python_without_its_packages_says_what_to_activate():
    stage = [sys.executable, "-S", "-m", "scripts.search"]
    done = subprocess.run(stage, cwd=REPOSITORY, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 1 and done.stderr.startswith(f"Error: {sys.executable} has no ")
    assert done.stderr.count("\n") == 1 and "source .venv/bin/activate" in done.stderr


def test_a_run_in_a_python_without_packages_says_what_to_activate(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import surroundings
    from fossilvit.errors import UserError

    by_conda = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method={DeploymentMethod.CONDA}))
    by_hand = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=set()))
    surroundings.check(by_hand)
    monkeypatch.setattr(surroundings, "PACKAGES", ("numpy", "a_package_that_nobody_has"))
    surroundings.check(by_conda)
    with pytest.raises(
        UserError, match="has no a_package_that_nobody_has; activate the environment of FossilViT first"
    ):
        surroundings.check(by_hand)


def test_the_rules_pass_the_linter(work):
    run = snakemake(work, "--lint")
    assert run.code == 0 and "in a good condition" in run.output, run.output
