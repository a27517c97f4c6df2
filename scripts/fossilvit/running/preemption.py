"""Queues again the SLURM jobs that were canceled in favor of others, for which Snakemake would wait forever.

In: the name of the jobs of a run. Out: nothing.
"""

import logging
import subprocess
import threading
import time

PERIOD = 30
"""Seconds between two checks; SLURM remembers a job for some minutes after it ended."""

log = logging.getLogger("fossilvit")


def watch(name: str) -> None:
    """Queue preempted jobs with a name again, as long as this process lasts.

    Where a partition requeues the jobs it preempts (PreemptMode=REQUEUE), SLURM has done so; where it cancels, it has
    not.
    """
    threading.Thread(target=_watch, args=(name,), daemon=True).start()


def _watch(name: str) -> None:
    while True:
        time.sleep(PERIOD)
        for job in _call("squeue", "--noheader", "--states=PREEMPTED", "--format=%i", f"--name={name}").stdout.split():
            if _call("scontrol", "requeue", job).returncode == 0:
                log.warning("Job %s was canceled in favor of another, and is queued again.", job)


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
