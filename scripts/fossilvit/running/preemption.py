"""Jobs of SLURM that were canceled in favor of others are queued again, as Snakemake waits for them for good."""

import logging
import subprocess
import threading
import time

PERIOD = 30
"""Seconds from one look to the next; SLURM remembers a job that ended for some minutes."""

log = logging.getLogger("fossilvit")


def watch(name):
    """Queue the preempted jobs of a name again, as long as this process lasts.

    Where a partition requeues what it preempts (PreemptMode=REQUEUE), SLURM has done so; where it cancels, it has not.
    """
    threading.Thread(target=_watch, args=(name,), daemon=True).start()


def _watch(name):
    while True:
        time.sleep(PERIOD)
        for job in _call("squeue", "--noheader", "--states=PREEMPTED", "--format=%i", f"--name={name}").stdout.split():
            if _call("scontrol", "requeue", job).returncode == 0:
                log.warning("Job %s was canceled in favor of another, and is queued again.", job)


def _call(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)
