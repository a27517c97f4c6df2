"""Makes golden/tokens.npz: what Meta's own code gives for tiny networks of the same architecture.

    python -m tests.unit.golden_tokens path/to/a/checkout/of/facebookresearch/dinov2

Weights are whole numbers, so that they take little room; WEIGHT is what one of them is worth.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from fossilvit.encoders.vision.architectures import PATCH, Architecture

FILE = Path(__file__).with_name("golden") / "tokens.npz"
WEIGHT = 1 / 512
PIXEL = 1 / 64
PLAIN = Architecture(dimension=16, depth=2, heads=2, trained_size=56)
TINY = {"plain": PLAIN, "registers": PLAIN._replace(registers=4), "swiglu": PLAIN._replace(swiglu=True)}
SIZES = (56, 84)
"""As trained, and with the position embedding resampled."""


def images(numbers):
    """Normalized images of whole numbers, float32 [B, 3, S, S]."""
    return torch.from_numpy(numbers.astype(np.float32) * PIXEL)


def state(numbers):
    """The state dict of whole numbers by key; norms and layer scales are around one."""
    return {
        key: torch.from_numpy(value.astype(np.float32) * WEIGHT + (1.0 if _around_one(key) else 0.0))
        for key, value in numbers.items()
    }


def _around_one(key):
    return key.endswith("gamma") or ("norm" in key and key.endswith("weight"))


def _metas(architecture):
    from dinov2.models.vision_transformer import DinoVisionTransformer

    registers = architecture.registers
    return DinoVisionTransformer(
        img_size=architecture.trained_size,
        patch_size=PATCH,
        embed_dim=architecture.dimension,
        depth=architecture.depth,
        num_heads=architecture.heads,
        init_values=1.0,
        ffn_layer="swiglufused" if architecture.swiglu else "mlp",
        block_chunks=0,
        num_register_tokens=registers,
        interpolate_antialias=bool(registers),
        interpolate_offset=0.0 if registers else 0.1,
    ).eval()


def main(checkout):
    sys.path.insert(0, checkout)
    random = np.random.default_rng(0)
    golden = {f"image_{size}": random.integers(-120, 121, (1, 3, size, size)).astype(np.int8) for size in SIZES}
    for name, architecture in TINY.items():
        network = _metas(architecture)
        numbers = {
            key: random.integers(-100, 101, tensor.shape).astype(np.int8)
            for key, tensor in network.state_dict().items()
        }
        network.load_state_dict(state(numbers))
        golden |= {f"{name}/{key}": value for key, value in numbers.items()}
        for size in SIZES:
            with torch.inference_mode():
                found = network.forward_features(images(golden[f"image_{size}"]))
            golden[f"{name}_classes_{size}"] = found["x_norm_clstoken"].numpy()
            golden[f"{name}_patches_{size}"] = found["x_norm_patchtokens"].numpy()
    np.savez_compressed(FILE, **golden)


if __name__ == "__main__":
    main(sys.argv[1])
