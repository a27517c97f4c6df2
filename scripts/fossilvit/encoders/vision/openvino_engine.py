"""Runs a network on the CPU with OpenVINO, from a model that is converted once and lies beside the weights.

In: views, uint8 [S, S, 3]. Out: the network's outputs, a list of float32 [B, ...].

It starts in half a second, without torch, and multiplies matrices in bf16 where the CPU can. Views go through it in
parallel streams, so that each core works on its own views and seldom waits for another.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from math import ceil, gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fossilvit.encoders.vision import memory, precisions
from fossilvit.errors import UserError
from fossilvit.provenance.backends import Backend
from fossilvit.store import digests, files
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded

# without this, openvino_telemetry would report every import and conversion to the makers of OpenVINO
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python allows None, to block an import
import openvino  # noqa: E402

if TYPE_CHECKING:
    from torch import nn

BATCH = 8
"""Largest number of views that go through a stream at once, which bounds the memory."""
VIEWS = 12
"""The usual number of views of a specimen, which streams share evenly if their number divides it."""
PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""OpenVINO's names of precisions."""


class OpenVino:
    """A converted network, ready to run.

    Parameters
    ----------
    model : path
        File that convert() wrote.
    precision : auto, fp32, bf16 or fp16
        See precisions.choose().
    threads : int
        Number of CPU threads.

    Raises
    ------
    UserError
        The CPU does not compute in that precision, or the file is damaged.
    """

    batch: int | None = None

    def __init__(self, model: Path, precision: str, threads: int) -> None:
        core = openvino.Core()
        precision = chosen_precision(core, precision)
        self.backend = Backend("openvino", "cpu", precision)
        self._streams = gcd(threads, VIEWS)
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self._streams,
            "ENABLE_CPU_PINNING": False,  # parallel jobs would all be pinned to the same cores
        }
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", options)
        except RuntimeError as error:
            memory.check(error)
            raise UserError(
                f"The converted network {model} is damaged; delete it and its .bin, and run again."
            ) from None
        self._queue = openvino.AsyncInferQueue(compiled, self._streams)
        self._queue.set_callback(_keep)

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """B views, uint8 [S, S, 3] -> the network's outputs, a list of float32 [B, ...]."""
        rounds = ceil(len(images) / (self._streams * BATCH))
        parts = np.array_split(np.stack(images), min(rounds * self._streams, len(images)))
        results: list[list[np.ndarray]] = [[] for _ in parts]
        for index, part in enumerate(parts):
            self._queue.start_async([part], (results, index), share_inputs=True)
        self._queue.wait_all()
        return [np.concatenate(outputs) for outputs in zip(*results, strict=True)]


def _keep(request: Any, place: tuple[list[list[np.ndarray]], int]) -> None:
    """Copy the outputs of a request, whose memory is used again, to their place in a list."""
    results, index = place
    results[index] = [tensor.data.copy() for tensor in request.output_tensors]


def convert(network: "nn.Module", size: int, path: Path) -> None:
    """Convert a torch network that takes uint8 [B, size, size, 3] to a file, with its weights in full precision.

    Raises
    ------
    UserError
        The file cannot be written.
    """
    import torch

    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        # check_trace would run the network twice more
        traced = torch.jit.trace(network, example, check_trace=False)
        model = openvino.convert_model(traced, input=[([-1, size, size, 3], openvino.Type.u8)])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with recorded(record_path(path), {"openvino": openvino.__version__}, *_parts(path)):
            _save(model, path)
    except (OSError, RuntimeError) as error:  # OpenVINO reports a full disk as a RuntimeError
        raise UserError(
            f"The converted network cannot be written to {path.parent} ({error}); it takes as much room as the "
            "weights: make room there, or name another folder by TORCH_HOME or extract.weights."
        ) from None


def is_whole(path: Path) -> bool:
    """Return whether a converted network is there, and its files are as convert() wrote them."""
    written = files.read_object(record_path(path)).get("sha256", {})
    return all(part.is_file() and written.get(part.name) == digests.of_file(part) for part in _parts(path))


def _parts(path: Path) -> tuple[Path, Path]:
    """The two files of a converted network: its weights, and its operations."""
    return path.with_suffix(".bin"), path


def _save(model: Any, path: Path) -> None:
    """Write a model whole or not at all. What a killed process has left of it is overwritten."""
    unfinished = _parts(path.with_name(files.WRITING + path.name))
    try:
        openvino.save_model(model, unfinished[-1], compress_to_fp16=False)
        for part, whole in zip(unfinished, _parts(path), strict=True):
            os.replace(part, whole)
    finally:
        for part in unfinished:
            part.unlink(missing_ok=True)


def chosen_precision(core: Any, wanted: str) -> str:
    """The precision to compute in; see precisions.choose(). Tests may pass a stand-in for openvino.Core."""
    return precisions.choose(wanted, [name.lower() for name in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")])
