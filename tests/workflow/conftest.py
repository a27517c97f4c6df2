"""Runs Snakemake for real, on a small collection in a temporary folder."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import trimesh

from tests.conftest import REPOSITORY

SMALL = ["render={views: 3, size: 64}", "extract={model: hog}", "shards=2"]


class Run(NamedTuple):
    """What a run of Snakemake did."""

    code: int
    output: str

    @property
    def jobs(self):
        """The jobs that ran: how often each rule, without `all`."""
        rules = re.findall(r"^(?:local)?rule (\w+):$", self.output, flags=re.MULTILINE)
        return Counter(rule for rule in rules if rule != "all")

    def of(self, rule):
        """The specimens or shards that a rule ran for."""
        return set(
            re.findall(rf"^(?:local)?rule {rule}:\n(?:    .*\n)*?    wildcards: \w+=(.*)$", self.output, re.MULTILINE)
        )


def snakemake(work, *arguments, config=(), environment=None):
    """Run the workflow in a folder, as a user would, and return what it did."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--directory", work]
    command += ["--cores", "2", *arguments, "--config", *SMALL, *config]
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
    )
    return Run(done.returncode, done.stdout)


def write_mesh(path, seed):
    """A small mesh, a different one for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = trimesh.creation.icosphere(2) if path.parent.name == "round" else trimesh.creation.box()
    shape.apply_scale([1.0, 1.0 + 0.05 * seed, 1.0 + 0.1 * seed])
    shape.export(path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A collection of six specimens, one of them broken, after its first run. Copy it; do not run in it."""
    work = tmp_path_factory.mktemp("collection")
    meshes = work / "data/meshes"
    for seed, name in enumerate(["round/a.ply", "round/b.stl", "round/c.off", "square/d.obj", "square/e 標本.ply"]):
        write_mesh(meshes / name, seed)
    (meshes / "square/broken.ply").write_text("ply\nformat ascii 1.0\nelement vertex 9\n")
    run = snakemake(work)
    assert run.code == 0, run.output
    return work, run


@pytest.fixture
def work(finished, tmp_path):
    """A copy of the finished collection to do something to, dates of files and Snakemake's records included."""
    return Path(shutil.copytree(finished[0], tmp_path / "work"))
