"""The NVIDIA GPUs of this machine, as their driver lists them. Standard library only.

In: nvidia-smi, or the files of the driver where that program is missing. Out: UUIDs. Torch is not used, because its
import takes seconds.
"""

import logging
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

PATIENCE = 30.0
"""Seconds that nvidia-smi may take; to wake several GPUs it needs ten. Tests may replace this."""
DRIVER = Path("/proc/driver/nvidia/gpus")
"""The driver's folder of GPUs, each named after its place on the bus. Tests may replace this."""
GPU = re.compile(r"GPU (\d+): .*\(UUID: (GPU-[^\s)]+)\)")
MIG = re.compile(r"\s+MIG .*\(UUID: (MIG-[^\s)]+)\)")
INFORMATION = re.compile(r"^GPU UUID:\s*(GPU-[0-9a-f-]+)$", re.MULTILINE)

log = logging.getLogger("fossilvit")


class Card(NamedTuple):
    """A GPU of this machine."""

    number: int
    uuid: str
    devices: list[str]
    """The UUIDs of the MIG devices that it is divided into; its own if it is not divided."""


@cache
def cards() -> list[Card]:
    """The GPUs of this machine. If the driver fails or does not answer, there are none, and the reason is logged."""
    if not shutil.which("nvidia-smi"):
        texts = (path.read_text() for path in sorted(DRIVER.glob("*/information")))
        return [Card(number, gpu[1], [gpu[1]]) for number, gpu in enumerate(map(INFORMATION.search, texts)) if gpu]
    found: list[Card] = []
    for line in _listing():
        if gpu := GPU.match(line):
            found.append(Card(int(gpu[1]), gpu[2], []))
        elif found and (mig := MIG.match(line)):
            found[-1].devices.append(mig[1])
    return [card._replace(devices=card.devices or [card.uuid]) for card in found]


def _listing() -> list[str]:
    """The lines that `nvidia-smi -L` prints; none if it fails."""
    try:
        process = subprocess.Popen(
            ["nvidia-smi", "-L"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        lines = process.communicate(timeout=PATIENCE)[0].strip().splitlines()
    except OSError as error:
        reason = f"nvidia-smi cannot be started ({error.strerror})"
    except subprocess.TimeoutExpired:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # without waiting: a process in a driver that hangs never ends
        reason = f"nvidia-smi did not answer within {PATIENCE:g} seconds; restart this machine"
    else:
        if process.returncode == 0 and any(map(GPU.match, lines)):
            return lines
        said = (line for line in lines if not GPU.match(line))
        reason = f"nvidia-smi says: {next(said, f'exit code {process.returncode}')}"
    log.warning("No GPU is used, because %s", reason)
    return []
