"""Everything that touches private parts of Snakemake, as of 9.27.

In: Snakemake's Workflow. Out: what is known of it, or a change of what it does. tests/workflow/test_internals.py fails
when Snakemake changes one of them.
"""

import _thread
import logging
import os
import shlex
import signal
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from snakemake.jobs import Job
from snakemake.logging import ColorizingTextHandler
from snakemake.scheduling.job_scheduler import JobScheduler

from fossilvit.running import troubles

if TYPE_CHECKING:  # imported by itself, it would import itself in a circle
    from snakemake.workflow import Workflow

MOMENT = 0.05
"""Seconds after which a Ctrl-C that would be ignored comes again."""


def decide_reruns(workflow: "Workflow", again: Collection[str]) -> None:
    """Let Snakemake run the jobs of these files again, and the jobs of missing files, and no others.

    By itself Snakemake goes by dates and by its memory in .snakemake, checks nothing below a job that must run, and
    stops where an input is dated in the future. Here the records of the results decide (fossilvit.provenance), and
    dates mean nothing. Names of specimens may repeat a part as often as they like: no rule here feeds itself, which is
    what Snakemake guards against.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        While its Snakefile is read.
    again : collection of str
        Files to make again where the graph holds them. Unlike `--forcerun`, this does not make them targets.
    """
    prepare = workflow._prepare_dag

    def prepare_dag(*arguments: Any, **options: Any) -> None:
        prepare(*arguments, **options)
        workflow.dag.forcefiles |= set(again)
        workflow.dag.check_output_mtime = _no_check
        workflow.dag.check_periodic_wildcards = lambda job: None
        workflow.dag_settings.rerun_triggers = frozenset()
        workflow.persistence.has_metadata = lambda job: True
        workflow.persistence.has_outdated_metadata = lambda job: False

    workflow._prepare_dag = prepare_dag
    Job.output_mintime = property(_no_date)


async def _no_check(job: Job, outputs: object) -> None:
    """Outputs may be dated before their inputs."""


async def _no_date(job: Job) -> None:
    """No date that an input could be newer than."""


def report_troubles(workflow: "Workflow") -> None:
    """Let a fault of the machine end a run in one sentence: a full disk, no more threads, files of another user."""
    logging.raiseExceptions = False  # a log file on a full disk would cost a traceback for every line
    execute = workflow.execute

    def execute_and_report(*arguments: Any, **options: Any) -> None:
        try:
            execute(*arguments, **options)
        except Exception as error:
            troubles.end(error)

    workflow.execute = execute_and_report


def submits_jobs(workflow: "Workflow") -> bool:
    """Whether this process hands its jobs to other machines."""
    return bool(workflow.nodes)


def is_submitted(workflow: "Workflow") -> bool:
    """Whether this process was handed to this machine by another, and runs the jobs of a shard here."""
    return bool(workflow.remote_exec and not workflow.nodes)


def forget_groups(workflow: "Workflow") -> None:
    """Drop the groups of all rules: a dry run checks them, in time that grows with the square of a shard."""
    for rule in workflow.rules:
        rule.group = None


def quote_settings(workflow: "Workflow") -> None:
    """Let settings of the command line reach jobs on other machines as they are.

    Snakemake quotes them as Python does, which a shell reads in another way where there are both kinds of quotes.
    """
    settings = workflow.config_settings
    settings.config_args = [shlex.quote(argument) for argument in settings.config_args]


def slurm_run(workflow: "Workflow") -> str | None:
    """The name that all jobs of this run have on SLURM; None where they go elsewhere."""
    return workflow.scheduler._executor.run_uuid if workflow.executor_plugin.name == "slurm" else None


def heed_signals() -> None:
    """Let every Ctrl-C and every SIGTERM end a run.

    Snakemake's handler of SIGTERM takes a lock that the code it interrupts may hold, and then waits for ever: here it
    runs in a thread of its own. Snakemake's log handler ignores a Ctrl-C that falls into it: here that comes again.
    """
    handle = JobScheduler.exit_gracefully
    JobScheduler.exit_gracefully = lambda scheduler, *_: _thread.start_new_thread(handle, (scheduler,))
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    while frame:
        if frame.f_code is ColorizingTextHandler.emit.__code__:
            _thread.start_new_thread(_send_later, (number,))
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _send_later(number: int) -> None:
    time.sleep(MOMENT)
    os.kill(os.getpid(), number)


def leave_at_once() -> None:
    """Cancel the timers that would keep Snakemake for a second when everything is done, in every process."""
    with suppress(RuntimeError):  # no more threads can be started, and a second does not matter
        threading.Thread(target=_cancel_timers, daemon=True).start()


def _cancel_timers() -> None:
    threading.main_thread().join()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
