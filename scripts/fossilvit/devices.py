"""Which GPUs this process may use, and how several share the work. Told without torch, whose import takes seconds."""

import fcntl
import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
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


@contextmanager
def one_of(names):
    """Hold one of several GPUs for this process alone: the first that is free, waiting while none is.

    Other processes of the same user that ask so are told; of one GPU or none nothing is held.
    """
    if len(names) < 2:
        yield
        return
    folder = Path(tempfile.gettempdir(), f"fossilvit-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    files = [open(folder / name.replace("/", "_"), "w") for name in names]  # noqa: SIM115
    try:
        os.environ[VISIBLE] = names[_first_free(files)]
        yield
    finally:
        for file in files:
            file.close()


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


def _first_free(files):
    """Lock the first file that nobody else has locked, and return which."""
    while True:
        for index, file in enumerate(files):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return index
            except BlockingIOError:
                continue
        time.sleep(0.2)
