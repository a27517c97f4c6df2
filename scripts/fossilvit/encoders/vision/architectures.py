"""The vision transformers of DINOv2 (Oquab et al. 2023; registers: Darcet et al. 2023): their sizes, without torch."""

from typing import NamedTuple

TOKENS = ("cls", "patch_mean", "patch_mean_foreground", "cls+patch_mean_foreground")
"""What of a vision transformer can describe a view."""
PATCH = 14
"""Pixels of the square patches that the network sees an image in."""


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
