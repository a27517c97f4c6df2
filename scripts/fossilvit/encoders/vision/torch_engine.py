"""Runs a network with torch: on a GPU, or on the CPU where the options say so.

In: views, uint8 [S, S, 3]. Out: the network's outputs, a list of float32 [B, ...].
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fossilvit.encoders.vision import precisions
from fossilvit.errors import UserError

log = logging.getLogger("fossilvit")

GPU_BATCH = 64
"""Largest number of views that go through the network at once on a GPU."""
CPU_BATCH = 32
"""Largest number of views that go through the network at once on the CPU."""
AHEAD = 4
"""Batches that are best described together on a GPU, which works on one while the next is sent."""
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


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
        There is no GPU, or the CPU does not compute in that precision.
    """

    def __init__(self, network: nn.Module, device: str, precision: str, threads: int) -> None:
        torch.set_num_threads(threads)
        self.device = _device(device)
        self.precision = chosen_precision(self.device, precision)
        self.network = network.eval().requires_grad_(False).to(self.device, PRECISIONS[self.precision])
        on_gpu = self.device.type == "cuda"
        self.batch: int | None = AHEAD * GPU_BATCH if on_gpu else None
        self._most = GPU_BATCH if on_gpu else CPU_BATCH

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """B views, uint8 [S, S, 3] -> the network's outputs, a list of float32 [B, ...].

        If a GPU runs out of memory, it gets half as many views at once from then on.
        """
        parts: list[Sequence[Tensor]] = []
        while len(images):
            count = _even_share(len(images), self._most)
            outputs = self._run_if_there_is_room(images[:count])
            if outputs is None:
                parts = [[output.cpu() for output in earlier] for earlier in parts]
                self._halve()
            else:
                parts.append(outputs)
                images = images[count:]
        return [_fetched(outputs) for outputs in zip(*parts, strict=True)]

    def _run_if_there_is_room(self, images: Sequence[np.ndarray]) -> Sequence[Tensor] | None:
        """The outputs, or None where memory is short. The memory of the attempt is free once this has returned."""
        try:
            return self.run(images)
        except torch.OutOfMemoryError:
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

    def _halve(self) -> None:
        if self._most == 1:
            raise UserError(
                "The GPU has no memory for a single view; take a smaller model or image_size, or device cpu."
            )
        torch.cuda.empty_cache()
        self._most //= 2
        log.warning("The GPU is short of memory: from now on %d views at once.", self._most)


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
