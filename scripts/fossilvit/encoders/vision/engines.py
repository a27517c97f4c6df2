"""What runs a network: OpenVINO on CPUs, torch on GPUs or where it is asked for.

An engine is called with B views, uint8 [S, S, 3], and gives the network's outputs, a list of float32 [B, ...].
"""

import logging

from fossilvit.errors import UserError
from fossilvit.running import devices

log = logging.getLogger("fossilvit")


def start(network, model, options):
    """Make a network ready to run.

    Parameters
    ----------
    network : function
        Makes the torch module of uint8 [B, S, S, 3], where one is needed.
    model : path
        Where the converted network lies, or will lie.
    options : registry.Options
    """
    if on_openvino(options):
        from fossilvit.encoders.vision.openvino_engine import OpenVino

        convert(network, model, options)
        return OpenVino(model, options.precision, options.threads)
    from fossilvit.encoders.vision.torch_engine import Torch

    return Torch(network(), options.device, options.precision, options.threads)


def convert(network, model, options):
    """Convert a network for OpenVINO, unless that was done before."""
    from fossilvit.encoders.vision import openvino_engine

    if not model.is_file():
        log.info("Converting the network for %d px, once: %s", options.image_size, model)
        openvino_engine.convert(network(), options.image_size, model)


def on_openvino(options) -> bool:
    """Whether OpenVINO runs the network: on CPUs, unless torch or Meta's code is asked for."""
    wanted = options.engine == "openvino"
    if wanted and options.source == "hub":
        raise UserError("source hub is run by torch; take engine auto or torch with it.")
    if wanted and options.device == "cuda":
        raise UserError("engine openvino runs on the CPU; take device cpu with it, or engine torch for the GPU.")
    if options.engine != "auto":
        return wanted
    on_cpu = options.device == "cpu" or (options.device == "auto" and not devices.gpus())
    return on_cpu and options.source == "builtin"
