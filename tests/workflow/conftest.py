"""Runs Snakemake for real, on a small collection in a temporary folder."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import trimesh

from fossilvit.store.png import read_image
from fossilvit.store.tables import SPECIMENS_COLUMNS, read_table
from tests.conftest import REPOSITORY

SECONDS = rb'"seconds": [0-9.]+'
SMALL = ["render={views: 3, size: 64}", "extract={model: hog}", "shards=2", "atlas=none"]
"""Settings that runs are quick with. The atlas is tested in test_incremental, test_any_changes and tests/slurm."""


class Run(NamedTuple):
    """What a run of Snakemake did."""

    code: int
    output: str

    @property
    def jobs(self):
        """The jobs that ran: how often each rule, without `all`."""
        rules = re.findall(r"^ *(?:local)?rule (\w+):$", self.output, flags=re.MULTILINE)
        return Counter(rule for rule in rules if rule != "all")

    def of(self, rule):
        """The specimens or shards that a rule ran for."""
        return set(
            re.findall(rf"^ *(?:local)?rule {rule}:\n(?:    .*\n)*? +wildcards: \w+=(.*)$", self.output, re.MULTILINE)
        )


def command(work, *arguments, config=(), repository=REPOSITORY):
    """The command that runs the workflow in a folder, as a user would."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", repository / "Snakefile", "--directory", work]
    return [str(word) for word in [*words, "--cores", "2", *arguments, "--config", *SMALL, *config]]


def snakemake(work, *arguments, environment=None, **options):
    """Run the workflow in a folder and return what it did."""
    done = subprocess.run(
        command(work, *arguments, **options),
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
    )
    return Run(done.returncode, done.stdout)


def products(work):
    """What a run has made: the content of every file by its path, without how long a specimen took."""
    files = [path for folder in ("data", "results") for path in (work / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(work).as_posix(): timeless(path)
        for path in files
        if not path.is_relative_to(work / "data/meshes")
    }


def timeless(path):
    """The content of a file without seconds, of a picture its pixels: ISA-L may pack the same ones in another way."""
    if path.suffix == ".npz":
        with np.load(path) as shard:
            return {name: re.sub(SECONDS, b"", shard[name].tobytes()) for name in shard.files}
    if path.suffix == ".png":
        image = read_image(path)
        return image.shape, image.tobytes()
    if path.name == "specimens.csv":
        return [{**row, "seconds": ""} for row in read_table(path, SPECIMENS_COLUMNS)]
    return re.sub(SECONDS, b"", path.read_bytes()) if path.suffix == ".json" else path.read_bytes()


def write_mesh(path, seed):
    """A small mesh, a different one for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = trimesh.creation.icosphere(2) if path.parent.name == "round" else trimesh.creation.box()
    shape.apply_scale([1.0, 1.0 + 0.05 * seed, 1.0 + 0.1 * seed])
    shape.export(path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A collection of six specimens, one of them broken, after its first run. Copy it; do not run in it."""
    return first_run(tmp_path_factory.mktemp("collection"))


def first_run(work, **options):
    """Make a collection of six specimens in a folder, one of them broken, and run the workflow: the folder, the run."""
    meshes = work / "data/meshes"
    for seed, name in enumerate(["round/a.ply", "round/b.stl", "round/c.off", "square/d.obj", "square/e 標本.ply"]):
        write_mesh(meshes / name, seed)
    (meshes / "square/broken.ply").write_text("ply\nformat ascii 1.0\nelement vertex 9\n")
    run = snakemake(work, **options)
    assert run.code == 0, run.output
    return work, run


@pytest.fixture
def work(finished, tmp_path):
    """A copy of the finished collection to do something to, dates of files and Snakemake's records included."""
    return Path(shutil.copytree(finished[0], tmp_path / "work"))
