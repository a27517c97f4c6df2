"""The private parts of Snakemake that workflow/internals.py touches. This fails when a new Snakemake changes them."""

import inspect
import logging
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from snakemake import api, dag, jobs, persistence, rules, spawn_jobs, workflow
from snakemake.scheduling import job_scheduler
from snakemake.settings.types import ConfigSettings
from snakemake_interface_executor_plugins.utils import format_cli_arg

from tests.conftest import REPOSITORY


@pytest.fixture
def internals(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import internals

    return internals


def test_snakemake_has_the_parts_that_decide_what_runs_again():
    check = dag.DAG.check_output_mtime
    assert list(inspect.signature(check).parameters) == ["self", "job", "expanded_output"]
    assert inspect.iscoroutinefunction(check) and isinstance(jobs.Job.output_mintime, property)
    assert list(inspect.signature(dag.DAG.check_periodic_wildcards).parameters) == ["self", "job"]
    assert callable(api.Workflow._prepare_dag) and "forcefiles" in inspect.signature(dag.DAG).parameters
    for name in ("has_metadata", "has_outdated_metadata"):
        assert list(inspect.signature(getattr(persistence.PersistenceBase, name)).parameters) == ["self", "job"]


def test_snakemake_runs_in_the_part_that_reports_troubles():
    assert callable(workflow.Workflow.execute) and "workflow.execute(" in inspect.getsource(api.DAGApi.execute_workflow)


@pytest.mark.parametrize(
    "setting", ["a=1", """select=note == "it's" and `my part` == "$HOME`x`\"""", "meshes=it's a/\\ 標本"]
)
def test_a_setting_reaches_a_job_on_another_machine_as_it_is(internals, setting):
    process = SimpleNamespace(config_settings=ConfigSettings(config_args=[setting]))
    internals.quote_settings(process)
    flag = format_cli_arg("--config", process.config_settings.config_args)
    done = subprocess.run(["sh", "-c", f"printf %s {flag.removeprefix('--config ')}"], capture_output=True, text=True)
    assert done.stdout == setting
    assert 'w2a("config_settings.config_args", flag="--config")' in inspect.getsource(spawn_jobs)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("can't start new thread")])
def test_a_fault_of_the_machine_ends_a_run_in_one_sentence(internals, monkeypatch, error):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with pytest.raises(SystemExit, match="^Error: .*\\.$"):
        execute_with(internals, error)
    assert not logging.raiseExceptions


def test_a_bug_in_a_run_keeps_its_traceback(internals, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with pytest.raises(KeyError):
        execute_with(internals, KeyError("x"))


def execute_with(internals, error):
    def execute(*, executor_plugin):
        raise error

    process = SimpleNamespace(execute=execute)
    internals.report_troubles(process)
    process.execute(executor_plugin=None)


def test_snakemake_has_the_parts_that_say_where_jobs_go():
    for name in ("nodes", "remote_exec", "executor_plugin", "scheduler", "cores"):
        assert isinstance(getattr(workflow.Workflow, name), property), name
    assert "self.global_resources" in inspect.getsource(workflow)
    assert rules.Rule.group.fset is not None
    assert "self._executor = " in inspect.getsource(job_scheduler)


def test_the_slurm_plugin_names_its_jobs_after_the_run():
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm", reason="the plugin for SLURM is not installed")
    assert "self.run_uuid = " in inspect.getsource(plugin.Executor)


@pytest.mark.parametrize(
    ("nodes", "remote", "submits", "submitted"),
    [(None, False, False, False), (100, False, True, False), (None, True, False, True), (100, True, True, False)],
)
def test_a_process_submits_jobs_or_is_submitted_or_neither(internals, nodes, remote, submits, submitted):
    process = SimpleNamespace(nodes=nodes, remote_exec=remote)
    assert (internals.submits_jobs(process), internals.is_submitted(process)) == (submits, submitted)


def test_the_name_of_a_run_is_known_on_slurm_alone(internals):
    def process(name):
        scheduler = SimpleNamespace(_executor=SimpleNamespace(run_uuid="fossilvit_1"))
        return SimpleNamespace(executor_plugin=SimpleNamespace(name=name), scheduler=scheduler)

    assert internals.slurm_run(process("slurm")) == "fossilvit_1" and internals.slurm_run(process("local")) is None


def test_a_timer_does_not_keep_a_process_that_is_done():
    program = "import threading, internals; threading.Timer(60, print).start(); internals.leave_at_once()"
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY / "workflow", check=True, timeout=50)
    assert time.monotonic() - begin < 50


def test_a_sigterm_that_meets_the_scheduler_with_its_lock_does_not_wait_for_it(internals, monkeypatch):
    monkeypatch.setattr(job_scheduler.JobScheduler, "exit_gracefully", job_scheduler.JobScheduler.exit_gracefully)
    usual = signal.getsignal(signal.SIGINT)
    internals.heed_signals()
    signal.signal(signal.SIGINT, usual)
    scheduler = SimpleNamespace(_lock=threading.Lock(), _open_jobs=threading.Semaphore(0), _user_kill=None)
    with scheduler._lock:
        job_scheduler.JobScheduler.exit_gracefully(scheduler, signal.SIGTERM, None)
        assert scheduler._user_kill is None
    assert scheduler._open_jobs.acquire(timeout=20) and scheduler._user_kill == "graceful"


INTERRUPTED = """
import logging, os, signal, sys, time, internals
from snakemake.logging import ColorizingTextHandler

class Stream:
    def write(self, text):
        os.kill(os.getpid(), signal.SIGINT)

    def flush(self):
        pass

    isatty = lambda self: False

if sys.argv[1:]:
    internals.heed_signals()
log = logging.getLogger("play")
log.addHandler(ColorizingTextHandler(nocolor=True, stream=Stream(), formatter=logging.Formatter()))
log.warning("a job")
time.sleep(5)
print("lost")
"""


@pytest.mark.parametrize("heeded", [True, False])
def test_a_ctrl_c_is_not_lost_in_the_log(heeded):
    """The second case fails when Snakemake no longer needs this."""
    program = [sys.executable, "-c", INTERRUPTED, *["heed"] * heeded]
    done = subprocess.run(program, cwd=REPOSITORY / "workflow", capture_output=True, text=True, timeout=50)
    assert ("lost" in done.stdout) != heeded, done.stderr
    assert (done.returncode == -signal.SIGINT) == heeded
