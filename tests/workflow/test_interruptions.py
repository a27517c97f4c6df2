"""A run that is interrupted, or meets a fault of the machine, and is run again ends as if nothing had been."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest

from tests.conftest import heed_interrupts
from tests.workflow.conftest import command, products, snakemake

PATIENCE = 60
AT_WORK = {"worker": "warm_worker.py", "client": "scripts/warm.py"}


@pytest.fixture
def fresh(finished, tmp_path):
    """The meshes of the finished collection, nothing computed."""
    shutil.copytree(finished[0] / "data/meshes", tmp_path / "work/data/meshes")
    return tmp_path / "work"


class Started:
    """A run under way, in a session of its own as in a terminal of its own."""

    def __init__(self, work):
        self.log = work / "output.txt"
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(
                command(work), stdout=output, stderr=output, start_new_session=True, preexec_fn=heed_interrupts
            )

    def output(self):
        return self.log.read_text(encoding="utf-8")

    def finished(self):
        """How many jobs have finished."""
        return len(re.findall(r"^Finished jobid", self.output(), re.MULTILINE))

    def wait_for(self, jobs):
        wait(lambda: self.finished() >= jobs or self.process.poll() is not None)

    def processes(self, words):
        """The processes of this run whose command has these words in it."""
        found = [process for process in psutil.process_iter() if words in " ".join(command_of(process))]
        return [process for process in found if str(self.log.parent) in folders_of(process)]


@pytest.fixture
def start():
    """Starts a run in a folder; at the end nothing of it goes on."""
    runs = []

    def started(work):
        runs.append(Started(work))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()


def command_of(process):
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def folders_of(process):
    """Where a process works, and the command and files it was given."""
    with suppress(psutil.Error):
        return " ".join([process.cwd(), *process.cmdline(), *(file.path for file in process.open_files())])
    return ""


def wait(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def assert_as_from_scratch(work, finished, first=None):
    """A further run completes what an interrupted one began, and does nothing twice that had finished."""
    snakemake(work, "--unlock")
    run = snakemake(work)
    assert run.code == 0, run.output
    assert products(work) == products(finished[0])
    assert not [path for path in work.rglob(".writing-*")]
    if first is not None:
        assert run.jobs.total() <= finished[1].jobs.total() - first.finished()
    assert not snakemake(work).jobs


@pytest.mark.parametrize(
    ("how", "jobs"), [("Ctrl-C", 0), ("Ctrl-C", 8), ("SIGTERM", 1), ("SIGTERM", 20), ("SIGKILL", 8)]
)
def test_snakemake_is_interrupted(start, fresh, finished, how, jobs):
    run = start(fresh)
    run.wait_for(jobs)
    if how == "Ctrl-C":
        os.killpg(run.process.pid, signal.SIGINT)
    else:
        run.process.send_signal(getattr(signal, how))
    assert run.process.wait(PATIENCE) != 0
    wait(lambda: not any(run.processes(words) for words in AT_WORK.values()))
    if how != "Ctrl-C":  # Python itself tells of one that meets it while it starts
        assert "Traceback" not in run.output()
    assert_as_from_scratch(fresh, finished, run)


@pytest.mark.parametrize("jobs", [1, 8])
@pytest.mark.parametrize("who", AT_WORK)
def test_a_process_at_work_is_killed_and_its_job_is_done_again(start, fresh, finished, who, jobs):
    run = start(fresh)
    run.wait_for(jobs)
    wait(lambda: run.processes(AT_WORK[who]))
    for process in run.processes(AT_WORK[who]):
        with suppress(psutil.Error):
            process.kill()
    assert run.process.wait(PATIENCE) == 0, run.output()
    assert products(fresh) == products(finished[0])
    wait(lambda: not run.processes(AT_WORK["worker"]))
    assert not snakemake(fresh).jobs


@pytest.mark.parametrize("kilobytes", [12, 24])
def test_the_disk_is_full(fresh, finished, kilobytes):
    """No file can be longer than so much: stands for a full disk, which fails a write in the same way."""
    limited = ["bash", "-c", f'trap "" XFSZ; ulimit -f {kilobytes}; exec "$@" 2>&1 | cat', "-", *command(fresh)]
    full = subprocess.run(limited, stdout=subprocess.PIPE, encoding="utf-8", timeout=600)
    assert "File too large" in full.stdout or "could not be written whole" in full.stdout
    assert "nothing half-written was left" in full.stdout
    assert not [path for path in fresh.rglob(".writing-*")]
    assert_as_from_scratch(fresh, finished)


def test_without_warm_processes_the_results_are_the_same(fresh, finished):
    run = snakemake(fresh, config=["warm=false"])
    assert run.code == 0, run.output
    assert run.jobs == finished[1].jobs and products(fresh) == products(finished[0])
    assert not snakemake(fresh).jobs
