import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import erf

from fossilvit.encoders.vision import architectures, vit
from tests.unit import golden_tokens

CHECKOUT = "FOSSILVIT_DINOV2_CHECKOUT"
TINY = architectures.Architecture(dimension=32, depth=2, heads=2, trained_size=56)
LAYOUT_S = {
    "cls_token": [1, 1, 384],
    "mask_token": [1, 384],
    "pos_embed": [1, 1370, 384],
    "patch_embed.proj.weight": [384, 3, 14, 14],
    "patch_embed.proj.bias": [384],
    "norm.weight": [384],
    "norm.bias": [384],
}
BLOCK_S = {
    "norm1.weight": [384],
    "norm1.bias": [384],
    "attn.qkv.weight": [1152, 384],
    "attn.qkv.bias": [1152],
    "attn.proj.weight": [384, 384],
    "attn.proj.bias": [384],
    "ls1.gamma": [384],
    "norm2.weight": [384],
    "norm2.bias": [384],
    "mlp.fc1.weight": [1536, 384],
    "mlp.fc1.bias": [1536],
    "mlp.fc2.weight": [384, 1536],
    "mlp.fc2.bias": [384],
    "ls2.gamma": [384],
}


def layout(name):
    with torch.device("meta"):
        network = vit.VisionTransformer(architectures.ARCHITECTURES[name])
    return {key: list(tensor.shape) for key, tensor in network.state_dict().items()}


def reference(state, images, architecture):
    """The network in plain numpy, float64: class tokens [B, D] and patch tokens [B, P, D]."""
    state = {key: tensor.double().numpy() for key, tensor in state.items()}

    def linear(name, x):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def normed(name, x):
        centered = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-6)
        return centered / deviation * state[f"{name}.weight"] + state[f"{name}.bias"]

    def attention(name, x):
        head = architecture.dimension // architecture.heads
        qkv = linear(f"{name}.qkv", x)
        joined = []
        for start in range(0, architecture.dimension, head):
            q, k, v = (qkv[:, part * architecture.dimension + start :][:, :head] for part in range(3))
            scores = np.exp(q @ k.T / np.sqrt(head))
            joined.append(scores / scores.sum(axis=1, keepdims=True) @ v)
        return linear(f"{name}.proj", np.concatenate(joined, axis=1))

    def feed_forward(name, x):
        if architecture.swiglu:
            gate, value = np.split(linear(f"{name}.w12", x), 2, axis=1)
            return linear(f"{name}.w3", gate / (1 + np.exp(-gate)) * value)
        hidden = linear(f"{name}.fc1", x)
        return linear(f"{name}.fc2", hidden * (1 + erf(hidden / np.sqrt(2))) / 2)

    classes, patches = [], []
    for image in images:
        side = image.shape[1] // 14
        cut = [image[:, 14 * r : 14 * r + 14, 14 * c : 14 * c + 14].ravel() for r in range(side) for c in range(side)]
        kernel = state["patch_embed.proj.weight"].reshape(architecture.dimension, -1)
        tokens = np.stack(cut) @ kernel.T + state["patch_embed.proj.bias"]
        tokens = np.concatenate([state["cls_token"][0], tokens]) + state["pos_embed"][0]
        if architecture.registers:
            tokens = np.concatenate([tokens[:1], state["register_tokens"][0], tokens[1:]])
        for block in range(architecture.depth):
            name = f"blocks.{block}"
            tokens = tokens + state[f"{name}.ls1.gamma"] * attention(f"{name}.attn", normed(f"{name}.norm1", tokens))
            tokens = tokens + state[f"{name}.ls2.gamma"] * feed_forward(f"{name}.mlp", normed(f"{name}.norm2", tokens))
        tokens = normed("norm", tokens)
        classes.append(tokens[0])
        patches.append(tokens[1 + architecture.registers :])
    return np.stack(classes), np.stack(patches)


def test_the_state_dict_of_the_small_model_has_metas_keys_and_shapes():
    blocks = {f"blocks.{block}.{key}": shape for block in range(12) for key, shape in BLOCK_S.items()}
    assert layout("dinov2_vits14") == {**LAYOUT_S, **blocks}
    assert layout("dinov2_vits14_reg") == {**LAYOUT_S, **blocks, "register_tokens": [1, 4, 384]}


@pytest.mark.parametrize(
    ("name", "blocks", "shapes"),
    [
        ("dinov2_vitb14", 12, {"pos_embed": [1, 1370, 768], "blocks.11.mlp.fc1.weight": [3072, 768]}),
        ("dinov2_vitl14", 24, {"pos_embed": [1, 1370, 1024], "blocks.23.attn.qkv.weight": [3072, 1024]}),
        ("dinov2_vitg14", 40, {"blocks.39.mlp.w12.weight": [8192, 1536], "blocks.39.mlp.w3.weight": [1536, 4096]}),
        ("dinov2_vitg14_reg", 40, {"register_tokens": [1, 4, 1536], "blocks.0.mlp.w12.bias": [8192]}),
    ],
)
def test_the_larger_models_have_metas_shapes(name, blocks, shapes):
    found = layout(name)
    assert {key: found.get(key) for key in shapes} == shapes
    assert len({key.split(".")[1] for key in found if key.startswith("blocks.")}) == blocks


@pytest.mark.parametrize(
    ("name", "millions"), [("dinov2_vits14", 22.1), ("dinov2_vitb14", 86.6), ("dinov2_vitl14", 304.4)]
)
def test_the_models_have_as_many_parameters_as_published(name, millions):
    """Meta's model card gives 21, 86 and 300 M; the exact sums are the well-known ones of timm at 518 px."""
    assert sum(np.prod(shape) for shape in layout(name).values()) / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize(
    "architecture",
    [TINY, TINY._replace(registers=4), TINY._replace(swiglu=True, heads=4)],
    ids=["plain", "registers", "swiglu"],
)
def test_the_network_computes_what_its_formulas_say(architecture, seeded):
    network = vit.VisionTransformer(architecture).eval()
    state = seeded(network)
    images = torch.randn(3, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        classes, patches = network(images)
    expected_classes, expected_patches = reference(state, images.double().numpy(), architecture)
    assert np.abs(classes.numpy() - expected_classes).max() < 1e-5
    assert np.abs(patches.numpy() - expected_patches).max() < 1e-5


@pytest.mark.parametrize("registers", [0, 4])
@pytest.mark.parametrize("size", [28, 56, 98])
def test_other_image_sizes_have_a_token_for_every_patch(registers, size, seeded):
    network = vit.VisionTransformer(TINY._replace(registers=registers)).eval()
    seeded(network)
    classes, patches = network(torch.zeros(2, 3, size, size))
    assert classes.shape == (2, 32) and patches.shape == (2, (size // 14) ** 2, 32)


@pytest.mark.parametrize("registers", [0, 4])
def test_a_position_embedding_that_is_constant_stays_so_at_every_size(registers):
    network = vit.VisionTransformer(TINY._replace(registers=registers))
    with torch.no_grad():
        network.pos_embed.fill_(0.7)
    assert torch.allclose(network.positions(7, 7), torch.tensor(0.7))


@pytest.mark.parametrize("registers", [0, 4])
def test_a_settled_network_gives_the_same(registers, seeded):
    network = vit.VisionTransformer(TINY._replace(registers=registers)).eval()
    seeded(network)
    images = torch.randn(2, 3, 84, 84, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        free = network(images)
        settled = network.settle(84)(images)
    assert network.pos_embed.shape == (1, 1 + 6 * 6, 32)
    assert torch.equal(free[0], settled[0]) and torch.equal(free[1], settled[1])


@pytest.mark.parametrize("architecture", [TINY, TINY._replace(registers=4), TINY._replace(swiglu=True, heads=4)])
def test_class_tokens_alone_are_those_that_come_with_the_patches(architecture, seeded):
    network = vit.VisionTransformer(architecture).eval()
    seeded(network)
    images = torch.randn(3, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert (network.classes(images) - network(images)[0]).abs().max() < 1e-5


@pytest.mark.parametrize("size", golden_tokens.SIZES)
@pytest.mark.parametrize("name", golden_tokens.TINY)
def test_tokens_are_those_that_metas_code_gave(name, size):
    """golden_tokens.py says how these were made."""
    golden = np.load(golden_tokens.FILE)
    network = vit.VisionTransformer(golden_tokens.TINY[name]).eval()
    network.load_state_dict(golden_tokens.state({key: golden[f"{name}/{key}"] for key in network.state_dict()}))
    with torch.inference_mode():
        classes, patches = network(golden_tokens.images(golden[f"image_{size}"]))
    assert np.abs(classes.numpy() - golden[f"{name}_classes_{size}"]).max() < 1e-5
    assert np.abs(patches.numpy() - golden[f"{name}_patches_{size}"]).max() < 1e-5


@pytest.mark.parametrize("size", [224, 336, 518, 644])
@pytest.mark.parametrize("name", ["dinov2_vits14", "dinov2_vits14_reg", "dinov2_vitb14", "dinov2_vitb14_reg"])
@pytest.mark.filterwarnings("ignore:xFormers")
def test_tokens_are_those_of_metas_own_code(name, size, seeded):
    folder = os.environ.get(CHECKOUT)
    if not folder:
        pytest.skip(f"{CHECKOUT} does not name a checkout of facebookresearch/dinov2")
    assert Path(folder, "hubconf.py").is_file(), f"{CHECKOUT}={folder} holds no hubconf.py"
    theirs = torch.hub.load(folder, name, source="local", pretrained=False).eval()
    mine = vit.VisionTransformer(architectures.ARCHITECTURES[name]).eval()
    theirs.load_state_dict(seeded(mine))
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted = theirs.forward_features(images)
        assert torch.equal(theirs(images), wanted["x_norm_clstoken"])
        mine.settle(size)
        classes, patches = mine(images)
        alone = mine.classes(images)
    for found in (classes, alone):
        assert (found - wanted["x_norm_clstoken"]).abs().max() < 1e-5
        assert torch.cosine_similarity(found, wanted["x_norm_clstoken"]).min() > 0.999999
    assert (patches - wanted["x_norm_patchtokens"]).abs().max() < 1e-5
