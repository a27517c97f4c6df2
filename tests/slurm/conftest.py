"""A real SLURM cluster of one node, and the workflow run on it as a user runs it."""

import importlib.util
import re
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from fossilvit.examples.collection import write_collection
from tests.conftest import REPOSITORY, heed_interrupts
from tests.slurm import cluster as slurm
from tests.workflow.conftest import Run, products, snakemake

SETTINGS = ["extract={model: 'custom:seeing.py:create'}", "render={views: 3, size: 64}", "atlas=none"]
ON_CPUS = "extract={model: 'custom:seeing.py:create', device: cpu}"
PATIENCE = 300
"""Seconds that something may take to happen."""
ENCODER = '''
import logging
import os
import time


class Seeing:
    """Notes in which job it runs and which GPU it sees."""

    name, dimension, version = "seeing", 3, 1

    def encode(self, images):
        time.sleep(float(os.environ.get("SEEING_SECONDS", "0")))
        with open("seen.txt", "a") as file:
            places = (os.environ.get(name) for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"))
            print(*places, os.getpid(), file=file)
        return images.mean(axis=(1, 2))


def create(options):
    logging.getLogger("fossilvit").info("The encoder is loaded.")
    return Seeing()
'''


class Job(NamedTuple):
    """A job of SLURM, as the controller knows it."""

    id: str
    state: str
    group: str
    """Of the rules that it runs."""
    partition: str
    mb: int
    minutes: int
    gpus: str
    """What it asked for of them."""
    restarts: int
    begin: str
    end: str
    """Of the job that has ended, to the second, in ISO 8601."""


@pytest.fixture(scope="session")
def cluster():
    """The cluster; one that cannot be started is told with the reason."""
    if missing := slurm.missing():
        pytest.skip(f"SLURM is not here ({', '.join(missing)}): apt-get install slurm-wlm munge")
    if not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        pytest.skip("the plugin for SLURM is not here: make slurm")
    with slurm.running() as started:
        yield started


class Work:
    """A folder in which the workflow runs on the cluster."""

    def __init__(self, folder, cluster, *settings):
        self.folder, self.cluster, self.settings = folder, cluster, [*SETTINGS, *settings]
        (folder / "seeing.py").write_text(ENCODER)

    def command(self, *arguments):
        """The command of a user; what ends is seen sooner than on a cluster of many."""
        words = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--directory", self.folder]
        often = ["--slurm-init-seconds-before-status-checks", 2, "--max-status-checks-per-second", 1]
        words += ["--profile", REPOSITORY / "profiles/slurm", "--latency-wait", 10, *often, *arguments]
        return [str(word) for word in [*words, "--config", *self.settings]]

    def start(self, *arguments, **environment):
        """Start a run, whose output goes to a file."""
        with open(self.folder / "output.txt", "w") as output:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env={**self.cluster.environment, **environment},
                stdout=output,
                stderr=output,
                preexec_fn=heed_interrupts,
            )

    def run(self, *arguments, **environment):
        """Run to the end, and return what was done."""
        process = self.start(*arguments, **environment)
        try:
            return Run(process.wait(600), self.output())
        finally:
            process.kill()

    def run_here(self):
        """Run on this machine, as on a workstation."""
        return snakemake(self.folder, "--cores", 2, config=self.settings)

    def output(self):
        return (self.folder / "output.txt").read_text(encoding="utf-8")

    def jobs(self):
        """The jobs of SLURM in this folder, in the order of their submission."""
        return [job_of(record) for record in self.cluster.jobs() if record["WorkDir"] == str(self.folder)]

    def seen(self):
        """What the encoder noted of each specimen: job, GPU, process."""
        notes = self.folder / "seen.txt"
        return [tuple(line.split()) for line in notes.read_text().splitlines()] if notes.exists() else []


def wait(find):
    """What a function finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.2)
    return found


def job_of(record):
    group = re.search(r"/group_(\w+?)_", record["StdOut"])
    hours, minutes, _ = record["TimeLimit"].rpartition("-")[2].split(":")
    return Job(
        id=record["JobId"],
        state=record["JobState"],
        group=group and group[1],
        partition=record["Partition"],
        mb=int(record["MinMemoryNode"].removesuffix("M")),
        minutes=60 * int(hours) + int(minutes),
        gpus=record.get("TresPerJob", ""),
        restarts=int(record["Restarts"]),
        begin=record["StartTime"],
        end=record["EndTime"],
    )


@pytest.fixture(scope="session")
def fossils(tmp_path_factory):
    """Generates so many fossils of each of eight groups, three odd ones among them, for a run in a folder."""

    def generate(name, per_category):
        folder = tmp_path_factory.mktemp(name)
        write_collection(folder / "data/meshes", per_category, seed=0)
        return folder

    return generate


@pytest.fixture(scope="session")
def place(cluster, fossils, tmp_path_factory):
    """Gives folders of the same few fossils to run in."""
    meshes = fossils("few", 3) / "data/meshes"

    def made(name, *settings):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(meshes, folder / "data/meshes")
        return Work(folder, cluster, *settings)

    return made


@pytest.fixture(scope="session")
def undisturbed(place):
    """What a run on this machine makes; it comes first, and compiles for all what is compiled once."""
    work = place("undisturbed", "shards=6")
    run = work.run_here()
    assert run.code == 0, run.output
    return products(work.folder)
