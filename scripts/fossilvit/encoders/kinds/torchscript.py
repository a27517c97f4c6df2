"""A network of one's own, saved as TorchScript: `torchscript:path/to/network.pt`.

It takes what DINOv2 takes, float32 [V, 3, S, S] normalized by ImageNet's mean and deviation, and gives [V, D].
In: uint8 [V, H, W, 3]. Out: float32 [V, D].
"""

import warnings

from fossilvit import versions
from fossilvit.encoders.registry import PLACE, Encoder, file, register
from fossilvit.errors import UserError
from fossilvit.store import digests

FORM = "torchscript:FILE.pt"


class TorchScript(Encoder):
    """A saved network, run by torch."""

    version = versions.TORCHSCRIPT

    def __init__(self, name, options):
        import numpy as np

        from fossilvit.encoders.vision.torch_engine import Torch

        self.name = name
        self.image_size = options.image_size
        self.path = file(name)
        self.engine = Torch(_network(self.path), options.device, "fp32", options.threads)
        self.batch = self.engine.batch
        blank = np.full((1, self.image_size, self.image_size, 3), 255, np.uint8)
        self.dimension = self._run(blank).shape[1]

    def prepare(self, image):
        """A view as the network sees it, uint8 [S, S, 3]."""
        from fossilvit.encoders.vision import images

        return images.resize(image, self.image_size)

    def describe(self, prepared):
        """Describe prepared views, [V] -> float32 [V, D]."""
        import numpy as np

        return self._run(prepared) if prepared else np.zeros((0, self.dimension), np.float32)

    def _run(self, pixels):
        import torch

        try:
            features = self.engine(pixels)[0]
        except (RuntimeError, AttributeError, ValueError, torch.jit.Error) as error:
            raise UserError(f"{self.path} fails on views of {self.image_size} px ({_last(error)}).") from None
        if features.ndim != 2 or len(features) != len(pixels):
            raise UserError(
                f"{self.path} gives {list(features.shape)} of {len(pixels)} views and not [views, features]; "
                "pool within it."
            )
        return features


def fetch(name, options) -> dict:
    """Try the network once, and return what it is made of."""
    encoder = TorchScript(name, options)
    return {"sha256": digests.of_file(encoder.path), "dimension": encoder.dimension}


def made_of(name, options, digest) -> dict:
    """The digest of the file."""
    return {"file": digest(file(name))}


@register(FORM, version=versions.TORCHSCRIPT, uses=("image_size", *PLACE), fetch=fetch, made_of=made_of)
def create(name, options):
    return TorchScript(name, options)


def _network(path):
    import torch

    from fossilvit.encoders.vision.pixels import FromPixels

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is no other way to read what others have saved
            network = torch.jit.load(path, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path} is no TorchScript that torch can read ({_last(error)}); save it anew.") from None
    return FromPixels(network, network)


def _last(error):
    """The last line of what torch says, which is the cause."""
    return str(error).strip().splitlines()[-1].strip()
