"""A network that takes resized views: the normalization runs on the device of the network.

In: uint8 [B, S, S, 3]. Out: the network's outputs, a tuple of tensors [B, ...].
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
"""The mean of ImageNet's channels, red, green and blue, that Meta trained with."""
DEVIATION = (0.229, 0.224, 0.225)
"""The standard deviation of ImageNet's channels."""


class FromPixels(nn.Module):
    """A network behind its normalization.

    Parameters
    ----------
    network : torch.nn.Module
    describe : function
        Takes normalized images [B, 3, S, S] in the precision of the network; returns one tensor or a tuple of them.
    """

    def __init__(self, network: nn.Module, describe: Callable[[Tensor], Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network = network
        self.describe = describe

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images, uint8 [B, S, S, 3] -> the network's outputs."""
        mean, deviation = torch.tensor(MEAN, device=images.device), torch.tensor(DEVIATION, device=images.device)
        normalized = ((images.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)
        precision = next((weights.dtype for weights in self.network.parameters()), normalized.dtype)
        outputs = self.describe(normalized.to(precision))
        return outputs if isinstance(outputs, tuple) else (outputs,)
