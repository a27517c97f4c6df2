"""The script of the atlas is what its sources and the packages of its lock file make."""

import shutil
import subprocess

import pytest

from fossilvit.provenance.recipes import PAGE


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the page's sources with the packages of its lock file, and nothing that was built."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here, which installs what the script of the atlas is made with")
    copy = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(PAGE, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    done = npm(copy, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    if done.returncode and any(error in done.stdout for error in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED")):
        pytest.skip("the registry of npm cannot be reached")
    assert done.returncode == 0, done.stdout
    return copy


def npm(folder, *arguments):
    return subprocess.run(
        ["npm", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=300
    )


def test_the_committed_script_is_what_its_sources_make(project):
    done = npm(project, "run", "build")
    assert done.returncode == 0, done.stdout
    made = {path.name: path.read_bytes() for path in (project / "dist").iterdir()}
    committed = {path.name: path.read_bytes() for path in (PAGE / "dist").iterdir()}
    assert made.keys() == committed.keys()
    different = [name for name in made if made[name] != committed[name]]
    assert not different, f"{different} are not what the sources make: run make page"


def test_the_sources_have_no_type_errors(project):
    done = npm(project, "run", "check")
    assert done.returncode == 0, done.stdout
