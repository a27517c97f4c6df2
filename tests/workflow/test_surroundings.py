"""Names, mistakes, missing networks and the form of the rules."""

import os
import shutil
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake_interface_executor_plugins.settings import DeploymentMethod

from fossilvit.errors import UserError
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


def one_sentence(done):
    """The sentence that a run ended with."""
    assert done.returncode != 0 and "Traceback" not in done.stdout + done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    return sentence


def start(work, *before, **environment):
    """Start a run, after the words that make it another user's, and in another environment. None unsets a variable."""
    variables = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    words = [*before, *command(work)]
    return subprocess.run(words, env=variables, capture_output=True, encoding="utf-8", timeout=300)


@pytest.fixture
def check(work, monkeypatch):
    """Checks whether a run can begin in a folder, with the rights of an ordinary user who made all files."""
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import surroundings

    monkeypatch.chdir(work)
    monkeypatch.setattr(os, "access", lambda path, mode: bool(os.stat(path).st_mode & stat.S_IWUSR))
    return lambda: surroundings.check(SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=set())))


FOLDERS = [
    "data",
    "data/exhibits",
    "data/features",
    "data/renders/round",
    "results",
    "results/atlas",
    "results/figures",
    "logs",
    "logs/render_views/round",
]


@pytest.mark.parametrize("path", [*FOLDERS, ".snakemake/metadata", ".snakemake/log", ".fossilvit", "logs/evaluate.log"])
def test_what_a_run_must_write_and_may_not_is_told_before_it_begins(work, check, path):
    for folder in (".fossilvit", *FOLDERS):
        (work / folder).mkdir(exist_ok=True)
    check()
    (work / path).chmod(0o555)
    with pytest.raises(UserError, match=f"^{work / path} may not be written; change its permissions"):
        check()


@pytest.mark.parametrize("path", ["data/meshes/round", "results/kept", "results/clusters.csv", "data/encoder.json"])
def test_what_a_run_does_not_write_in_place_may_be_protected(work, check, path):
    (work / "results/kept").mkdir()
    (work / path).chmod(0o555)
    check()


def test_of_a_large_collection_only_some_files_are_looked_at(work, check, monkeypatch):
    (work / "data/features/more").mkdir()
    for number in range(1000):
        (work / f"data/features/{number}").mkdir()
        (work / f"logs/{number}.log").touch()
    looked = []
    monkeypatch.setattr(os, "access", lambda path, mode: looked.append(path) or True)
    check()
    assert 20 < len(looked) < 500


SECOND_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all,+dac_read_search"]
SECOND_USER += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
"""Another user, who may read everything, so that he finds Python wherever it is."""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be two users")
def test_a_second_user_is_told_whose_folder_it_is_and_how_to_share_it(work, tmp_path):
    if subprocess.run([*SECOND_USER, "true"], capture_output=True).returncode:
        pytest.skip("this root may not become another user who can read everything")
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    sentence = one_sentence(start(work, *SECOND_USER, HOME=str(home), XDG_CACHE_HOME=None))
    assert f"{work} may not be written, because it belongs to root; to share it, let root give it" in sentence
    assert "chgrp -R GROUP" in sentence and "umask 002" in sentence


@pytest.mark.parametrize("home", [None, "/dev/null", "/proc/nowhere"])
def test_without_a_home_to_write_to_caches_lie_in_the_working_folder(work, home):
    where = (
        {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"} if home is None else {"HOME": home, "XDG_CACHE_HOME": None}
    )
    done = start(work, **where)
    assert done.returncode == 0, done.stderr
    assert f"so caches are in {work}/.fossilvit/cache." in done.stderr
    assert (work / ".fossilvit/cache/snakemake").is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_networks_in_a_home_that_may_not_be_written_are_found(work, tmp_path):
    (tmp_path / "torch/hub/checkpoints").mkdir(parents=True)
    (tmp_path / "torch/hub/checkpoints/net.pth").write_text("weights")
    tmp_path.chmod(0o555)
    done = start(work, XDG_CACHE_HOME=str(tmp_path))
    tmp_path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert (work / ".fossilvit/cache/torch/hub/checkpoints/net.pth").read_text() == "weights"


def test_without_any_folder_for_caches_this_is_told_in_one_sentence(work):
    (work / ".fossilvit").touch()
    sentence = one_sentence(start(work, HOME="/dev/null", XDG_CACHE_HOME=None))
    assert "name a folder: export XDG_CACHE_HOME=FOLDER" in sentence


def test_a_fault_of_the_machine_in_the_middle_of_a_run_is_told_in_one_sentence(work):
    """A file where Snakemake needs a folder stands in for the fault."""
    (work / "results/clusters.csv").unlink()
    shutil.rmtree(work / ".snakemake/incomplete")
    (work / ".snakemake/incomplete").touch()
    assert ".snakemake/incomplete" in one_sentence(start(work))


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


def test_a_run_in_a_python_without_packages_says_what_to_activate(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import surroundings

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
