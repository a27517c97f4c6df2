"""Runs a network with torch: on a GPU, or on the CPU where it is asked for."""

import logging

import numpy as np
import torch

from fossilvit.errors import UserError

log = logging.getLogger("fossilvit")

GPU_BATCH = 64
CPU_BATCH = 32
"""Views that go through the network at once."""
AHEAD = 4
"""Batches that are best described together on a GPU: it works on one while the next is sent."""
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Torch:
    """A network on its device, ready to run.

    Parameters
    ----------
    network : torch.nn.Module of uint8 [B, S, S, 3]
    device : auto, cpu or cuda
    precision : auto, fp32, bf16 or fp16
        auto is fp16 on a GPU, as Meta evaluates, and bf16 on a CPU that multiplies it, else fp32.
    threads : int
        Of the CPU.
    """

    def __init__(self, network, device, precision, threads):
        torch.set_num_threads(threads)
        self.device = _device(device)
        self.precision = _precision(self.device, precision)
        self.network = network.eval().requires_grad_(False).to(self.device, PRECISIONS[self.precision])
        on_gpu = self.device.type == "cuda"
        self.batch = AHEAD * GPU_BATCH if on_gpu else None
        self._most = GPU_BATCH if on_gpu else CPU_BATCH

    def __call__(self, images):
        """B views, uint8 [S, S, 3] -> the network's outputs, a list of float32 [B, ...].

        A GPU that is short of memory gets half as many views at once, from then on.
        """
        parts = []
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

    def _run_if_there_is_room(self, images):
        """The outputs, or None where memory is short; what the attempt held is free once this has returned."""
        try:
            return self._run(images)
        except torch.OutOfMemoryError:
            return None

    def _run(self, images):
        """The outputs on the device; a GPU may still be working on them."""
        batch = torch.from_numpy(np.stack(images))
        if self.device.type == "cuda":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        with torch.inference_mode():
            return self.network(batch)

    def _halve(self):
        if self._most == 1:
            raise UserError(
                "The GPU has no memory for a single view; take a smaller model or image_size, or device cpu."
            )
        torch.cuda.empty_cache()
        self._most //= 2
        log.warning("The GPU is short of memory: from now on %d views at once.", self._most)


def _fetched(parts):
    """An output of all batches, float32 [B, ...]."""
    return np.concatenate([part.cpu().float().numpy() for part in parts])


def _even_share(views, most):
    """How many of so many views to take, that no batch is larger than the most and none much smaller."""
    return -(-views // -(-views // most))


def _device(wanted):
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise UserError("device cuda: torch sees no GPU here; take auto or cpu.")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def _precision(device, wanted):
    if device.type == "cuda":
        return "fp16" if wanted == "auto" else wanted
    able = torch.cpu.get_capabilities()
    native = {"fp32", *(name for name in ("bf16", "fp16") if able.get(f"avx512_{name}") or able.get(f"amx_{name}"))}
    if wanted == "auto":
        return "bf16" if "bf16" in native else "fp32"
    if wanted not in native:
        raise UserError(f"precision {wanted}: this CPU does not compute in it; take auto or fp32.")
    return wanted
