"""The private parts of Snakemake that workflow/internals.py touches. This fails when a new Snakemake changes them."""

import inspect
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from snakemake import api, dag, jobs, persistence, rules, workflow
from snakemake.scheduling import job_scheduler

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
