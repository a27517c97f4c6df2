"""Runs a network with torch: on a GPU, or on the CPU where the options say so.

In: views, uint8 [S, S, 3]. Out: the network's outputs, a list of float32 [B, ...].
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from fossilvit.encoders.vision import memory, precisions
from fossilvit.errors import UserError
from fossilvit.provenance.backends import Backend

log = logging.getLogger("fossilvit")

GPU_BATCH = 64
"""Largest number of views that go through the network at once on a GPU."""
CPU_BATCH = 32
"""Largest number of views that go through the network at once on the CPU."""
AHEAD = 4
"""Batches that are best described together on a GPU, which works on one while the next is sent."""
WAITS = (5, 15, 40)
"""Seconds to wait, again and again, for memory that something else uses."""
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

Result = TypeVar("Result")


class Torch:
    """A network on its device, ready to run.

    Parameters
    ----------
    network : torch.nn.Module
        Takes uint8 [B, S, S, 3].
    device : auto, cpu or cuda
    precision : auto, fp32, bf16 or fp16
        See chosen_precision().
    threads : int
        Number of CPU threads.

    Raises
    ------
    UserError
        There is no GPU or no memory for the network, or the CPU does not compute in that precision.
    """

    def __init__(self, network: nn.Module, device: str, precision: str, threads: int) -> None:
        torch.set_num_threads(threads)
        self.device = _device(device)
        precision = chosen_precision(self.device, precision)
        if precision == "fp32":
            _multiply_exactly()
        self.backend = Backend("torch", self.device.type, precision)
        frozen = network.eval().requires_grad_(False)
        self.network = self._patiently(lambda: frozen.to(self.device, PRECISIONS[precision]), "the network")
        on_gpu = self.device.type == "cuda"
        self.batch: int | None = AHEAD * GPU_BATCH if on_gpu else None
        self._most = GPU_BATCH if on_gpu else CPU_BATCH

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """B views, uint8 [S, S, 3] -> the network's outputs, a list of float32 [B, ...].

        If memory is short, half as many views run at once from then on. A single view waits for memory.
        """
        parts: list[Sequence[Tensor]] = []
        while len(images):
            count = _even_share(len(images), self._most)
            outputs = self._run_if_there_is_room(images[:count])
            if outputs is None:
                parts = [[output.cpu() for output in earlier] for earlier in parts]
                self._limit(count // 2)
            else:
                parts.append(outputs)
                images = images[count:]
        return [_fetched(outputs) for outputs in zip(*parts, strict=True)]

    def _run_if_there_is_room(self, images: Sequence[np.ndarray]) -> Sequence[Tensor] | None:
        """The outputs, or None where memory is short. The memory of the attempt is free once this has returned."""
        if len(images) == 1:
            return self._patiently(lambda: self.run(images), "a single view")
        try:
            return self.run(images)
        except (RuntimeError, MemoryError) as error:
            if not memory.is_short(error):
                raise
            return None

    def run(self, images: Sequence[np.ndarray]) -> Sequence[Tensor]:
        """Run one batch of views; its outputs on the device, which a GPU may still be computing.

        Tests may replace this to stand in for a GPU.
        """
        batch = torch.from_numpy(np.stack(images))
        if self.device.type == "cuda":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        with torch.inference_mode():
            outputs: Sequence[Tensor] = self.network(batch)
            return outputs

    def _limit(self, most: int) -> None:
        torch.cuda.empty_cache()
        self._most = most
        log.warning("%s is short of memory: from now on %d views at once.", self._place, most)

    def _patiently(self, action: Callable[[], Result], what: str) -> Result:
        """Do something again and again while memory is short, because what else uses it may end.

        Raises
        ------
        UserError
            Memory stays short.
        """
        for wait in (*WAITS, None):
            try:
                return action()
            except (RuntimeError, MemoryError) as error:
                if not memory.is_short(error):
                    raise
            if wait is not None:
                log.warning("%s has no memory for %s: waiting for %d seconds.", self._place, what, wait)
                time.sleep(wait)
                torch.cuda.empty_cache()
        raise UserError(
            f"{self._place} has no memory for {what}; end what else uses it, or take a smaller model or image_size, or "
            "device cpu."
        )

    @property
    def _place(self) -> str:
        return "The GPU" if self.device.type == "cuda" else "This machine"


def _multiply_exactly() -> None:
    """Let torch multiply fp32 as such and not round it to TF32 or bf16, whatever was set before."""
    libraries: Any = torch.backends
    cuda, mkldnn = (libraries.cuda.matmul, libraries.cudnn.conv), (libraries.mkldnn.matmul, libraries.mkldnn.conv)
    for part in (*cuda, *mkldnn):
        part.fp32_precision = "ieee"


def _fetched(parts: Sequence[Tensor]) -> np.ndarray:
    """Join one output of all batches, float32 [B, ...]."""
    return np.concatenate([part.cpu().float().numpy() for part in parts])


def _even_share(views: int, most: int) -> int:
    """The size of the next batch, so that all batches are about equal and none is larger than `most`."""
    return -(-views // -(-views // most))


def _device(wanted: str) -> torch.device:
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise UserError("device cuda: torch sees no GPU here; take auto or cpu.")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def chosen_precision(device: torch.device, wanted: str) -> str:
    """The precision to compute in: `auto` is fp16 on a GPU, as Meta evaluates, and else see precisions.choose()."""
    if device.type == "cuda":
        return "fp16" if wanted == "auto" else wanted
    able = torch.cpu.get_capabilities()
    native = {"fp32", *(name for name in ("bf16", "fp16") if able.get(f"avx512_{name}") or able.get(f"amx_{name}"))}
    return precisions.choose(wanted, native)
