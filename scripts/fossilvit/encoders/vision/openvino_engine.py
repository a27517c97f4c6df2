"""Runs a network on the CPU with OpenVINO, from a model that is converted once and lies beside the weights.

It starts in half a second, without torch, and multiplies matrices in bf16 where the CPU does. Views go through it in
streams side by side, so that a core works through views of its own and seldom waits for another.
"""

import os
import sys
import warnings
from math import ceil, gcd
from uuid import uuid4

import numpy as np

from fossilvit.errors import UserError

sys.modules.setdefault("openvino_telemetry", None)  # it would report every import and conversion to its makers
import openvino  # noqa: E402

BATCH = 8
"""Views that go through a stream at once, at most; bounds the memory."""
VIEWS = 12
"""That a specimen usually has; so many streams share them evenly."""
PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class OpenVino:
    """A converted network, ready to run.

    Parameters
    ----------
    model : path
        As convert() left it.
    precision : auto, fp32, bf16 or fp16
    threads : int

    Raises
    ------
    UserError
        The CPU does not compute in that precision, or the file is damaged.
    """

    batch = None

    def __init__(self, model, precision, threads):
        core = openvino.Core()
        self.precision = _precision(core, precision)
        self._streams = gcd(threads, VIEWS)
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.precision],
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self._streams,
            "ENABLE_CPU_PINNING": False,  # jobs that run side by side would all be pinned to the same cores
        }
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", options)
        except RuntimeError:
            raise UserError(
                f"The converted network {model} is damaged; delete it and its .bin, and run again."
            ) from None
        self._queue = openvino.AsyncInferQueue(compiled, self._streams)
        self._queue.set_callback(_keep)

    def __call__(self, images):
        """B views, uint8 [S, S, 3] -> the network's outputs, a list of float32 [B, ...]."""
        rounds = ceil(len(images) / (self._streams * BATCH))
        parts = np.array_split(np.stack(images), min(rounds * self._streams, len(images)))
        results = [None] * len(parts)
        for index, part in enumerate(parts):
            self._queue.start_async([part], (results, index), share_inputs=True)
        self._queue.wait_all()
        return [np.concatenate(outputs) for outputs in zip(*results, strict=True)]


def _keep(request, place):
    """Copy the outputs of a request, which will be used again, to their place in a list."""
    results, index = place
    results[index] = [tensor.data.copy() for tensor in request.output_tensors]


def convert(network, size, path):
    """Convert a torch network of uint8 [B, size, size, 3] to a file, with all the digits of its weights.

    Raises
    ------
    UserError
        It cannot be written there.
    """
    import torch

    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network, example, check_trace=False)  # the check would run the network twice more
        model = openvino.convert_model(traced, input=[([-1, size, size, 3], openvino.Type.u8)])
    try:
        _save(model, path)
    except (OSError, RuntimeError) as error:  # OpenVINO tells a full disk as a RuntimeError
        raise UserError(
            f"The converted network cannot be written to {path.parent} ({error}); it takes as much room as the "
            "weights: make it there, or name another folder by TORCH_HOME or extract.weights."
        ) from None


def _save(model, path):
    """Write a model whole or not at all: it is two files, of which the one that is named is put in place last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".writing-{uuid4().hex}.xml")
    try:
        openvino.save_model(model, temporary, compress_to_fp16=False)
        os.replace(temporary.with_suffix(".bin"), path.with_suffix(".bin"))
        os.replace(temporary, path)
    finally:
        for file in (temporary, temporary.with_suffix(".bin")):
            file.unlink(missing_ok=True)


def _precision(core, wanted):
    """The precision to compute in: `auto` is bf16 where the CPU multiplies it, else fp32."""
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if wanted == "auto":
        return "bf16" if "BF16" in able else "fp32"
    if wanted.upper() not in able:
        raise UserError(f"precision {wanted}: this CPU does not compute in it; take auto or fp32.")
    return wanted
