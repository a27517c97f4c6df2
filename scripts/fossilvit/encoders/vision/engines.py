"""The engine that runs a network: OpenVINO on CPUs, torch on GPUs or where the options say so.

In: views, uint8 [S, S, 3]. Out: the network's outputs, a list of float32 [B, ...].
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fossilvit.encoders.registry import Options
from fossilvit.errors import UserError
from fossilvit.provenance.backends import Backend
from fossilvit.running import devices

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger("fossilvit")


class Engine(Protocol):
    """A network that is ready to run."""

    batch: int | None
    """Number of views that are best described together; None for those of one specimen."""
    backend: Backend

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the network: B views, uint8 [S, S, 3] -> its outputs, a list of float32 [B, ...]."""


def start(network: "Callable[[], nn.Module]", model: Path, options: Options) -> Engine:
    """Make a network ready to run.

    Parameters
    ----------
    network : function
        Makes the torch module that takes uint8 [B, S, S, 3]. Called only where the engine needs it.
    model : path
        File of the converted network, which is written if it does not exist yet.
    options : registry.Options
    """
    if on_openvino(options):
        from fossilvit.encoders.vision.openvino_engine import OpenVino

        convert(network, model, options)
        return OpenVino(model, options.precision, options.threads)
    from fossilvit.encoders.vision.torch_engine import Torch

    return Torch(network(), options.device, options.precision, options.threads)


def convert(network: "Callable[[], nn.Module]", model: Path, options: Options) -> None:
    """Convert a network for OpenVINO, unless that was done before and nothing has changed its files since.

    Raises
    ------
    UserError
        The files cannot be written.
    """
    from fossilvit.encoders.vision import openvino_engine, weights

    if openvino_engine.is_whole(model):
        return
    with weights.alone(model.parent):
        if openvino_engine.is_whole(model):
            return
        if model.is_file():
            log.warning("The converted network %s is damaged or of unknown origin, and is made again.", model)
        log.info("Converting the network for %d px, once: %s", options.image_size, model)
        openvino_engine.convert(network(), options.image_size, model)


def on_openvino(options: Options) -> bool:
    """Whether OpenVINO runs the network: on CPUs, unless the options say torch or Meta's code.

    Raises
    ------
    UserError
        The options say OpenVINO, and also a GPU or Meta's code.
    """
    wanted = options.engine == "openvino"
    if wanted and options.source == "hub":
        raise UserError("source hub runs in torch; take engine auto or torch with it.")
    if wanted and options.device == "cuda":
        raise UserError("engine openvino runs on the CPU; take device cpu with it, or engine torch for the GPU.")
    if options.engine != "auto":
        return wanted
    on_cpu = options.device == "cpu" or (options.device == "auto" and not devices.gpus())
    return on_cpu and options.source == "builtin"
