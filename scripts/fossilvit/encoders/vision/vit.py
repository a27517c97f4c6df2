"""The architecture of DINOv2 (Oquab et al. 2023; registers: Darcet et al. 2023). Its state dict has Meta's keys.

In: float32 [B, 3, S, S], normalized, S a multiple of 14. Out: class tokens [B, D] and patch tokens [B, (S / 14)^2, D].
"""

from collections.abc import Iterable
from math import isqrt
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from fossilvit.encoders.vision.architectures import PATCH, Architecture


class VisionTransformer(nn.Module):
    """A pre-norm vision transformer with layer scale and, where its Architecture says so, register tokens."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dimension = architecture.dimension
        self.architecture = architecture
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, dimension, PATCH, stride=PATCH)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dimension))
        self.mask_token = nn.Parameter(torch.zeros(1, dimension))  # only for training, but part of Meta's files
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (architecture.trained_size // PATCH) ** 2, dimension))
        if architecture.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, architecture.registers, dimension))
        self.blocks = nn.ModuleList(Block(architecture) for _ in range(architecture.depth))
        self.norm = nn.LayerNorm(dimension, eps=1e-6)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalized images [B, 3, S, S] -> (class tokens [B, D], patch tokens [B, P, D])."""
        tokens = self._embedded(images)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return tokens[:, 0], tokens[:, 1 + self.architecture.registers :]

    def classes(self, images: Tensor) -> Tensor:
        """Normalized images [B, 3, S, S] -> class tokens [B, D]. The last block leaves out what only patches need."""
        tokens = self._embedded(images)
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        classes: Tensor = self.norm(self.blocks[-1](tokens, wanted=1))
        return classes[:, 0]

    def settle(self, size: int) -> Self:
        """Resample the position embedding to images of size x size pixels for good, and return the network."""
        side = size // PATCH
        self.pos_embed = nn.Parameter(self.positions(side, side), requires_grad=False)
        return self

    def _embedded(self, images: Tensor) -> Tensor:
        """The tokens that enter the first block: class, registers, patches, [B, 1 + R + P, D]."""
        patches: Tensor = self.patch_embed["proj"](images)
        positions = self.positions(*patches.shape[-2:])
        patches = patches.flatten(2).transpose(1, 2)
        batch = patches.shape[0]
        tokens = torch.cat([self.cls_token.expand(batch, -1, -1), patches], dim=1) + positions
        if not self.architecture.registers:
            return tokens
        registers = self.register_tokens.expand(batch, -1, -1)
        return torch.cat([tokens[:, :1], registers, tokens[:, 1:]], dim=1)

    def positions(self, rows: int, columns: int) -> Tensor:
        """The position embedding resampled to a grid of patches, [1, 1 + rows * columns, D]."""
        side = isqrt(self.pos_embed.shape[1] - 1)
        if (rows, columns) == (side, side):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        if self.architecture.registers:
            grid = functional.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True)
        else:  # these models were trained with a scale a tenth of a patch too large, so they must be run with it
            scale = ((rows + 0.1) / side, (columns + 0.1) / side)
            grid = functional.interpolate(grid, scale_factor=scale, mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


class Block(nn.Module):
    """Self-attention and a feed-forward network, each scaled by channel and added."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dimension = architecture.dimension
        self.norm1 = nn.LayerNorm(dimension, eps=1e-6)
        self.attn = Attention(dimension, architecture.heads)
        self.ls1 = LayerScale(dimension)
        self.norm2 = nn.LayerNorm(dimension, eps=1e-6)
        self.mlp = (SwiGlu if architecture.swiglu else Mlp)(dimension)
        self.ls2 = LayerScale(dimension)

    def forward(self, tokens: Tensor, wanted: int | None = None) -> Tensor:
        """Tokens [B, T, D] -> tokens [B, T, D]; only the first `wanted`, [B, wanted, D], where that is a number."""
        tokens = tokens[:, :wanted] + self.ls1(self.attn(self.norm1(tokens), wanted))
        scaled: Tensor = self.ls2(self.mlp(self.norm2(tokens)))
        return tokens + scaled


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017)."""

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dimension, 3 * dimension)
        self.proj = nn.Linear(dimension, dimension)

    def forward(self, tokens: Tensor, wanted: int | None = None) -> Tensor:
        """Tokens [B, T, D] -> tokens [B, T, D], or [B, wanted, D]."""
        queries, keys, values = self._projected(tokens, wanted)
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        projected: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return projected

    def _projected(self, tokens: Tensor, wanted: int | None) -> Iterable[Tensor]:
        """Queries of the wanted tokens, keys and values of all, each [B, heads, tokens, D / heads]."""
        if wanted is None:
            return torch.unflatten(self.qkv(tokens), -1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dimension = tokens.shape[-1]
        weights = torch.split(self.qkv.weight, [dimension, 2 * dimension])
        biases = torch.split(self.qkv.bias, [dimension, 2 * dimension])
        queries = functional.linear(tokens[:, :wanted], weights[0], biases[0])
        pairs = torch.unflatten(functional.linear(tokens, weights[1], biases[1]), -1, (2, self.heads, -1))
        return torch.unflatten(queries, -1, (self.heads, -1)).transpose(1, 2), *pairs.permute(2, 0, 3, 1, 4)


class LayerScale(nn.Module):
    """One learned factor per channel (Touvron et al. 2021)."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dimension))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [B, T, D] -> tokens [B, T, D]."""
        return tokens * self.gamma


class Mlp(nn.Module):
    """Two linear layers around a GELU."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dimension, 4 * dimension)
        self.fc2 = nn.Linear(4 * dimension, dimension)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [B, T, D] -> tokens [B, T, D]."""
        tokens = self.fc2(functional.gelu(self.fc1(tokens)))
        return tokens


class SwiGlu(nn.Module):
    """A gated feed-forward network (Shazeer 2020), two thirds as wide to cost the same, rounded up to eights."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        hidden = -(-(4 * dimension * 2 // 3) // 8) * 8
        self.w12 = nn.Linear(dimension, 2 * hidden)
        self.w3 = nn.Linear(hidden, dimension)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [B, T, D] -> tokens [B, T, D]."""
        gate, value = self.w12(tokens).chunk(2, dim=-1)
        tokens = self.w3(functional.silu(gate) * value)
        return tokens
