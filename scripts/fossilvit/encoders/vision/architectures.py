"""The sizes of DINOv2's vision transformers (Oquab et al. 2023; registers: Darcet et al. 2023), without torch.

In: the name of a model. Out: its Architecture.
"""

from typing import NamedTuple

TOKENS = ("cls", "patch_mean", "patch_mean_foreground", "cls+patch_mean_foreground")
"""The tokens of a vision transformer that can describe a view; tokens.py explains them."""
PATCH = 14
"""Width and height in pixels of the square patches that the network divides an image into."""


class Architecture(NamedTuple):
    """The sizes in which the vision transformers of the family differ."""

    dimension: int
    """D, the length of a token."""
    depth: int
    """Number of blocks."""
    heads: int
    """Number of attention heads."""
    registers: int = 0
    """Number of register tokens."""
    swiglu: bool = False
    """Whether the feed-forward networks are gated."""
    trained_size: int = 518
    """Width and height in pixels of the images that the position embedding was trained for."""


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
