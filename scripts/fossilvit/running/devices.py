"""The GPUs and CPU cores that this process may use, and how several GPUs share the work.

In: the environment and nvidia-smi. Out: names of GPUs, as CUDA_VISIBLE_DEVICES has them. Torch is not used, because its
import takes seconds.
"""

import fcntl
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from fossilvit.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"


@cache
def gpus() -> tuple[str, ...]:
    """The GPUs of this machine, by their names in CUDA_VISIBLE_DEVICES; none where there is no driver."""
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
def claim(names: tuple[str, ...]) -> None:
    """Claim one of several GPUs until this process ends: the first that no other process of the user has claimed.

    Where all are claimed, one is shared. With one GPU or none, nothing is claimed.
    """
    if len(names) < 2:
        return
    folder = Path(tempfile.gettempdir(), f"fossilvit-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    free = (name for name in names if _locked(folder / name.replace("/", "_")))
    os.environ[VISIBLE] = next(free, names[os.getpid() % len(names)])


def _locked(path: Path) -> bool:
    """Lock a file as long as this process lasts; False where another process has locked it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True


def on_each(names: Sequence[str], work: Callable[..., object], shares: Sequence[tuple[Any, ...]]) -> None:
    """Do a share of the work on each of several GPUs at the same time, in one process per GPU.

    Parameters
    ----------
    names : sequence of str
        The names of the GPUs.
    work : function
        A function of a module, which the new processes import. It ends its process with an exit code.
    shares : list of tuples
        The arguments of the work on each GPU. Where there are fewer shares than GPUs, the first GPUs work.

    Raises
    ------
    UserError
        The work on a GPU failed.
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


def _on(name: str, share: tuple[Any, ...], work: Callable[..., object]) -> None:
    os.environ[VISIBLE] = name
    work(*share)


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
