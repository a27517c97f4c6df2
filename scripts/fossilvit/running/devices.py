"""Which GPUs this process may use, and how several share the work. Told without torch, whose import takes seconds."""

import fcntl
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from functools import cache
from itertools import takewhile
from pathlib import Path

from fossilvit.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"


@cache
def gpus() -> tuple[str, ...]:
    """The GPUs there are, as CUDA_VISIBLE_DEVICES names them; none where there is no driver."""
    visible = os.environ.get(VISIBLE)
    if visible is not None:
        names = (name.strip() for name in visible.split(","))
        return tuple(takewhile(lambda name: name not in ("", "-1"), names))  # as CUDA reads it
    if not shutil.which("nvidia-smi"):
        return ()
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    return tuple(listed.stdout.split()) if listed.returncode == 0 else ()


@cache
def claim(names):
    """Take one of several GPUs for this process until it ends: the first that no other process of the user has claimed.

    Where all are claimed, one is shared. Of one GPU or none nothing is claimed.
    """
    if len(names) < 2:
        return
    folder = Path(tempfile.gettempdir(), f"fossilvit-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    free = (name for name in names if _locked(folder / name.replace("/", "_")))
    os.environ[VISIBLE] = next(free, names[os.getpid() % len(names)])


def _locked(path):
    """Lock a file that nobody else has locked; the lock lasts as long as this process."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True


def on_each(names, work, shares):
    """Do a share of the work on each of several GPUs at the same time, in a process each.

    Parameters
    ----------
    names : sequence of str
        GPUs.
    work : function
        Of a module; ends its process with an exit code.
    shares : list of tuples
        The arguments of the work on each, on the first where there are fewer.
    """
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_on, args=(*pair,), kwargs={"work": work}) for pair in zip(names, shares, strict=False)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    failed = [name for name, process in zip(names, processes, strict=False) if process.exitcode]
    if failed:
        raise UserError(f"The work on GPU {', '.join(failed)} failed, as said above; run again for what is missing.")


def _on(name, share, work):
    os.environ[VISIBLE] = name
    work(*share)


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
