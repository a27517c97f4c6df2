"""A network that takes views as they are resized: the normalization runs where the network runs.

In: uint8 [B, S, S, 3]. Out: the network's outputs.
"""

import torch
from torch import nn

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's channels, as Meta trained with."""


class FromPixels(nn.Module):
    """A network behind its normalization.

    Parameters
    ----------
    network : torch.nn.Module
    describe : function
        Of normalized images [B, 3, S, S] in the precision of the network; gives one tensor or a tuple of them.
    """

    def __init__(self, network, describe):
        super().__init__()
        self.network = network
        self.describe = describe

    def forward(self, images):
        mean, deviation = torch.tensor(MEAN, device=images.device), torch.tensor(DEVIATION, device=images.device)
        normalized = ((images.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)
        precision = next((weights.dtype for weights in self.network.parameters()), normalized.dtype)
        outputs = self.describe(normalized.to(precision))
        return outputs if isinstance(outputs, tuple) else (outputs,)
