"""The GPUs and CPU cores that this process may use, and how several GPUs share the work.

In: the environment and the driver. Out: names of GPUs, as CUDA_VISIBLE_DEVICES has them.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from fossilvit.errors import UserError
from fossilvit.running import locks, nvidia

VISIBLE = "CUDA_VISIBLE_DEVICES"
PATIENCE = 10.0
"""Seconds to wait for a GPU that is free: the process that this one replaces may still be ending. Tests may replace
this."""
GLANCE = 0.1
"""Seconds between two looks for a GPU that is free."""

log = logging.getLogger("fossilvit")


@cache
def gpus() -> tuple[str, ...]:
    """The GPUs of this machine: by the names in CUDA_VISIBLE_DEVICES, or by UUID if it is not set.

    As CUDA reads them, the names end at the first that is no GPU, and one that is repeated makes all of them void.
    """
    visible = os.environ.get(VISIBLE)
    if visible is None:
        return tuple(device for card in nvidia.cards() for device in card.devices)
    found: dict[str, str] = {}
    names = [name.strip() for name in visible.split(",")]
    for name in names:
        device = _device(name) if name.isdecimal() == names[0].isdecimal() else None
        if device is None:
            break
        if device in found:
            return ()
        found[device] = name
    return tuple(found.values())


def _device(name: str) -> str | None:
    """The UUID of a GPU or MIG device by its index, or by the beginning of its UUID; None if it is no GPU.

    CUDA uses a GPU that is divided by its first MIG device, unless another one is named.
    """
    if name.isdecimal():
        found = [card.devices[0] for card in nvidia.cards() if card.number == int(name)]
    elif name.startswith(("GPU-", "MIG-")):
        first = {card.uuid: card.devices[0] for card in nvidia.cards()}
        parts = {device: device for card in nvidia.cards() for device in card.devices}
        found = [device for uuid, device in {**first, **parts}.items() if uuid.startswith(name)]
    else:
        found = []
    return found[0] if len(found) == 1 else None


@cache
def claim(names: tuple[str, ...]) -> None:
    """Claim one of several GPUs until this process ends: the first that no other process of the user has claimed.

    If all stay claimed, one is shared. With one GPU or none, nothing is claimed.
    """
    if len(names) < 2:
        return
    try:
        claimed, trouble = _first_free(names), "others are at work on all of them"
    except OSError as error:
        claimed, trouble = None, f"none can be claimed ({error})"
    os.environ[VISIBLE] = claimed or names[os.getpid() % len(names)]
    if claimed is None:
        log.warning("GPU %s may be shared with another process, because %s.", os.environ[VISIBLE], trouble)


def _first_free(names: Sequence[str]) -> str | None:
    """Lock the first free GPU, by its UUID: in another job, the same index can be another GPU. None if none is free."""
    folder = locks.open_folder()
    devices = {name: _device(name) or name for name in names}
    end = time.monotonic() + PATIENCE
    try:
        while True:
            for name, device in devices.items():
                if locks.take(device, folder):
                    return name
            if time.monotonic() > end:
                return None
            time.sleep(GLANCE)
    finally:
        os.close(folder)


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
