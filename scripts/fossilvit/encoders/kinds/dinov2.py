"""DINOv2 (Oquab et al. 2023, arXiv:2304.07193), frozen.

In: uint8 [V, H, W, 3]. Out: float32 [V, D], or [V, 2 D] where two tokens are joined.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fossilvit import versions
from fossilvit.encoders.registry import Encoder, Options, register
from fossilvit.encoders.vision.architectures import ARCHITECTURES, PATCH, TOKENS
from fossilvit.store.digests import Digest

if TYPE_CHECKING:
    import numpy as np
    import torch

    from fossilvit.encoders.vision.pixels import FromPixels
    from fossilvit.encoders.vision.vit import VisionTransformer
    from fossilvit.encoders.vision.weights import Weights

log = logging.getLogger("fossilvit")


class View(NamedTuple):
    """A view as the network sees it."""

    pixels: "np.ndarray"
    """uint8 [S, S, 3]"""
    coverage: "np.ndarray | None"
    """float32 [P], the share of each patch that the specimen covers; None where patches do not count."""


class DinoV2(Encoder):
    """One of Meta's networks with its weights, ready to describe views."""

    version = versions.DINOV2

    def __init__(self, name: str, options: Options) -> None:
        from fossilvit.encoders.vision import engines, tokens, weights

        self.name = name
        self.token = options.token
        self.dimension = ARCHITECTURES[name].dimension * tokens.width(options.token)
        self.image_size = options.image_size
        found = weights.locate(name, options.weights)
        self.engine = engines.start(lambda: _network(name, found, options), _model(name, found, options), options)
        self.batch, self.backend = self.engine.batch, self.engine.backend
        log.info("%s runs by %s.", name, self.backend)

    def prepare(self, image: "np.ndarray") -> View:
        """A view, uint8 [H, W, 3], as the network sees it."""
        from fossilvit.encoders.vision import images, tokens

        covered = images.coverage(image, self.image_size // PATCH) if tokens.needs_patches(self.token) else None
        return View(images.resize(image, self.image_size), covered)

    def describe(self, prepared: list[View]) -> "np.ndarray":
        """Describe prepared views, [V] -> float32 [V, D]."""
        import numpy as np

        from fossilvit.encoders.vision import tokens

        if not prepared:
            return np.zeros((0, self.dimension), np.float32)
        outputs = self.engine([view.pixels for view in prepared])
        if coverage := [view.coverage for view in prepared if view.coverage is not None]:
            outputs.append(np.stack(coverage))
        return tokens.describe(self.token, *outputs)


def fetch(name: str, options: Options) -> dict[str, Any]:
    """Download the weights, and Meta's code where that is to run; convert the network where OpenVINO is to run it."""
    from fossilvit.encoders.vision import engines, weights

    if options.source == "hub":
        weights.fetch_code(name)
    found = weights.locate(name, options.weights) if options.weights else weights.fetch(name)
    if engines.on_openvino(options):
        engines.convert(lambda: _network(name, found, options), _model(name, found, options), options)
    else:
        _verify(name, found)
    return {"source": options.source, "weights": str(found.path), "sha256": found.sha256}


def memory(name: str) -> int:
    """MB of memory for a model: 4000, and twice the weights of its blocks in fp32, which their conversion needs."""
    architecture = ARCHITECTURES[name]
    return 4000 + 2 * 4 * 12 * architecture.depth * architecture.dimension**2 // 10**6


def made_of(name: str, options: Options, digest: Digest) -> dict[str, Any]:
    """The digests of the weights, and the commit of Meta's code where that runs."""
    from fossilvit.encoders.vision import weights

    found = {"weights": digest(options.weights) if options.weights else weights.SHA256[name]}
    return {**found, "code": weights.HUB_COMMIT} if options.source == "hub" else found


def is_here(name: str, options: Options) -> bool:
    """Whether the weights and the code are on this machine."""
    from fossilvit.encoders.vision import weights

    code = options.source != "hub" or weights.has_code()
    return code and (bool(options.weights) or weights.cached(name).is_file())


@register(
    *ARCHITECTURES,
    version=versions.DINOV2,
    uses=Options._fields,
    patch=PATCH,
    tokens=TOKENS,
    fetch=fetch,
    memory=memory,
    made_of=made_of,
    is_here=is_here,
)
def create(name: str, options: Options) -> DinoV2:
    """Create DINOv2; see register()."""
    return DinoV2(name, options)


def _network(name: str, found: "Weights", options: Options) -> "FromPixels":
    """The network with its weights, as a torch module that takes pixels and gives the tokens that are needed."""
    from fossilvit.encoders.vision import tokens, weights
    from fossilvit.encoders.vision.pixels import FromPixels

    if options.source == "hub":
        metas = weights.hub_network(name)
        weights.load(metas, found.path, name)
        return FromPixels(metas.eval(), lambda images: _metas_tokens(metas, images))
    ours = _untrained(name)
    weights.load(ours, found.path, name)
    ours.eval().settle(options.image_size)
    return FromPixels(ours, ours if tokens.needs_patches(options.token) else ours.classes)


def _metas_tokens(network: Any, images: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """Class and patch tokens as Meta's own code gives them."""
    found = network.forward_features(images)
    return found["x_norm_clstoken"], found["x_norm_patchtokens"]


def _model(name: str, found: "Weights", options: Options) -> Path:
    """The file of the converted network: beside the weights or, where that folder is not writable, in the cache."""
    from fossilvit.encoders.vision import tokens, weights

    outputs = "tokens" if tokens.needs_patches(options.token) else "class"
    model = f"{name}_{found.sha256[:16]}_{options.image_size}_{outputs}_v{versions.DINOV2}.xml"
    beside, cached = found.path.with_name(model), weights.cached(name).with_name(model)
    return beside if beside.is_file() or os.access(beside.parent, os.W_OK) else cached


def _verify(name: str, found: "Weights") -> None:
    """Raise a UserError unless a file holds the weights of a model. Allocates no memory for a network."""
    import torch

    from fossilvit.encoders.vision import weights

    with torch.device("meta"):
        network = _untrained(name)
    weights.load(network, found.path, name)


def _untrained(name: str) -> "VisionTransformer":
    from fossilvit.encoders.vision.vit import VisionTransformer

    return VisionTransformer(ARCHITECTURES[name])
