"""DINOv2 (Oquab et al. 2023, arXiv:2304.07193), frozen: the class token of every view.

In: uint8 [V, H, W, 3]. Out: float32 [V, D].
"""

from typing import NamedTuple

import numpy as np

from fossilvit.errors import UserError

MEAN = np.array((0.485, 0.456, 0.406), np.float32)
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
"""Of ImageNet's channels, as Meta trained with."""
PATCH = 14
"""Pixels of the square patches that the network sees an image in."""
BATCH = 64
"""Views that go through the network at once."""


class Architecture(NamedTuple):
    """What tells one vision transformer of the family from another."""

    dimension: int
    depth: int
    heads: int
    registers: int = 0
    swiglu: bool = False
    trained_size: int = 518
    """Pixels of the images that the position embedding was trained for."""


ARCHITECTURES = {
    "dinov2_vits14": Architecture(384, 12, 6),
    "dinov2_vitb14": Architecture(768, 12, 12),
    "dinov2_vitl14": Architecture(1024, 24, 16),
    "dinov2_vitg14": Architecture(1536, 40, 24, swiglu=True),
    "dinov2_vits14_reg": Architecture(384, 12, 6, registers=4),
    "dinov2_vitb14_reg": Architecture(768, 12, 12, registers=4),
    "dinov2_vitl14_reg": Architecture(1024, 24, 16, registers=4),
    "dinov2_vitg14_reg": Architecture(1536, 40, 24, registers=4, swiglu=True),
}


class DinoV2:
    """One of Meta's networks with its weights, ready to encode."""

    def __init__(self, name, image_size, device, source, weights):
        from fossilvit.encoders import weights as files

        if image_size % PATCH:
            raise UserError(f"image_size is {image_size}, but {name} needs a multiple of {PATCH}, e.g. 224 or 518.")
        self.name = name
        self.dimension = ARCHITECTURES[name].dimension
        self.image_size = image_size
        self.device = _device(device)
        path = files.locate(name, weights)
        network = files.hub_network(name) if source == "hub" else _network(name)
        files.load(network, path, name)
        self.network = network.eval().requires_grad_(False).to(self.device)

    def encode(self, images) -> np.ndarray:
        """Describe views: uint8 [V, H, W, 3] -> class tokens, float32 [V, D]."""
        import torch

        described = [np.zeros((0, self.dimension), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = torch.from_numpy(preprocess(images[start : start + BATCH], self.image_size))
                tokens = self.network(batch.to(self.device))
                tokens = tokens[0] if isinstance(tokens, tuple) else tokens  # Meta's own code gives the token alone
                described.append(tokens.float().cpu().numpy())
        return np.concatenate(described)


def verify(name, path):
    """Raise a UserError unless a file holds the weights of a model, without making room for a network."""
    import torch

    from fossilvit.encoders import weights as files

    with torch.device("meta"):
        network = _network(name)
    files.load(network, path, name)


def preprocess(images, size) -> np.ndarray:
    """Views as the network wants them.

    Resized as Meta's evaluation does (bicubic, antialiased), but without its crop, which would cut a specimen that
    fills the frame; then normalised.

    Parameters
    ----------
    images : uint8 [V, H, W, 3]
    size : int, pixels

    Returns
    -------
    float32 [V, 3, size, size]
    """
    from PIL import Image

    resized = [Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC) for image in images]
    scaled = np.stack([np.asarray(image) for image in resized]).astype(np.float32) / 255
    return np.ascontiguousarray(((scaled - MEAN) / DEVIATION).transpose(0, 3, 1, 2))


def _network(name):
    from fossilvit.encoders.vit import VisionTransformer

    return VisionTransformer(ARCHITECTURES[name])


def _device(wanted):
    import torch

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise UserError("device cuda: torch sees no GPU here; take auto or cpu.")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")
