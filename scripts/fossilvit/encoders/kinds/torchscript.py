"""The user's own network, saved as TorchScript: `torchscript:path/to/network.pt`.

It takes float32 [V, 3, S, S], normalized by the mean and deviation of ImageNet as for DINOv2, and gives [V, D].
In: uint8 [V, H, W, 3]. Out: float32 [V, D].
"""

import warnings
from typing import TYPE_CHECKING, Any

from fossilvit import versions
from fossilvit.encoders.registry import PLACE, Encoder, Options, file_in, register
from fossilvit.errors import UserError
from fossilvit.store import digests
from fossilvit.store.digests import Digest

if TYPE_CHECKING:
    import numpy as np

    from fossilvit.encoders.vision.pixels import FromPixels

FORM = "torchscript:FILE.pt"


class TorchScript(Encoder):
    """A saved network, run by torch."""

    version = versions.TORCHSCRIPT

    def __init__(self, name: str, options: Options) -> None:
        import numpy as np

        from fossilvit.encoders.vision.torch_engine import Torch

        self.name = name
        self.image_size = options.image_size
        self.path = file_in(name)
        self.engine = Torch(_network(self.path), options.device, "fp32", options.threads)
        self.batch, self.backend = self.engine.batch, self.engine.backend
        blank = np.full((self.image_size, self.image_size, 3), 255, np.uint8)
        self.dimension = self._run([blank]).shape[1]

    def prepare(self, image: "np.ndarray") -> "np.ndarray":
        """Resize a view, uint8 [H, W, 3], to uint8 [S, S, 3]."""
        from fossilvit.encoders.vision import images

        return images.resize(image, self.image_size)

    def describe(self, prepared: "list[np.ndarray]") -> "np.ndarray":
        """Describe prepared views, [V] -> float32 [V, D]."""
        import numpy as np

        return self._run(prepared) if prepared else np.zeros((0, self.dimension), np.float32)

    def _run(self, pixels: "list[np.ndarray]") -> "np.ndarray":
        import torch

        try:
            features = self.engine(pixels)[0]
        except (RuntimeError, AttributeError, ValueError, torch.jit.Error) as error:
            raise UserError(f"{self.path} fails on views of {self.image_size} px ({_last(error)}).") from None
        if features.ndim != 2 or len(features) != len(pixels) or not features.shape[1]:
            raise UserError(
                f"{self.path} gives {list(features.shape)} for {len(pixels)} views and not [views, features]; "
                "let the network pool its output."
            )
        return features


def fetch(name: str, options: Options) -> dict[str, Any]:
    """Run the network once, and return what encoder.json records of it."""
    encoder = TorchScript(name, options)
    return {"sha256": digests.of_file(encoder.path), "dimension": encoder.dimension}


def made_of(name: str, options: Options, digest: Digest) -> dict[str, Any]:
    """The digest of the file."""
    return {"file": digest(file_in(name))}


@register(FORM, version=versions.TORCHSCRIPT, uses=("image_size", *PLACE), fetch=fetch, made_of=made_of)
def create(name: str, options: Options) -> TorchScript:
    """Create the user's encoder; see register()."""
    return TorchScript(name, options)


def _network(path: str) -> "FromPixels":
    import torch

    from fossilvit.encoders.vision import memory
    from fossilvit.encoders.vision.pixels import FromPixels

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is no other way to read saved networks
            network = torch.jit.load(path, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        memory.check(error)
        raise UserError(f"{path} is not TorchScript that torch can read ({_last(error)}); save it again.") from None
    return FromPixels(network, network)


def _last(error: Exception) -> str:
    """The last line of an error of torch, which names the cause."""
    return str(error).strip().splitlines()[-1].strip()
