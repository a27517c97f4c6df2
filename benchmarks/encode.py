"""How fast views are described on this machine, against its own limit and against a plain loop in the same run.

`python -m benchmarks.encode [--checkout DIR] [--models S B] [--sizes 224 518]`; the weights are generated.

The limit is how fast the machine multiplies large matrices, measured with torch in bf16 and fp32. The share of it that
a network reaches is what its own multiplications would take at that rate, by what they took; what the last block leaves
out is not counted. The rival is a loop over single images in fp32: Meta's own code through torch.hub, where a checkout
of facebookresearch/dinov2 is named, else our own network in torch, which is told.

Everything is measured in a process of its own, so that no threads of another wait beside it. A time is the best of as
many rounds as fit into some seconds. `views` are images/s of the network on twelve views at hand, `files` those of
whole specimens, twelve PNGs of 768 px each, read, resized and described in folder mode. `first` is the time from the
start of a process to the first features on disk, the network having been converted before.
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import scripts  # noqa: F401  puts the library on the path

from benchmarks import best
from fossilvit import commands, encoders, extraction, store
from fossilvit.encoders import Options, dinov2

VIEWS = 12
SPECIMENS = 3
SECONDS = 6
"""For which a loop is repeated."""
MODELS = {letter: f"dinov2_vit{letter.lower()}14" for letter in "SBL"}


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_renders(folder)
        rates = alone(matrix_rates)
        print(f"{commands.cores()} cores; matrices: bf16 {rates['bf16']:.0f}, fp32 {rates['fp32']:.0f} GFLOP/s")
        print(f"rival: {'torch.hub' if arguments.checkout else 'our network in torch'}, fp32, single images\n")
        print("model size engine   precision  views/s GFLOP/s  share  files/s first s  rival/s ratio    cosine")
        for model in arguments.models:
            weights = folder / f"{MODELS[model]}.pth"
            alone(write_weights, MODELS[model], weights)
            for size in arguments.sizes:
                compare(MODELS[model], size, weights, folder, rates, arguments.checkout)


def compare(name, size, weights, folder, rates, checkout):
    """Print a line for each engine and precision."""
    rival = alone(rival_rate, name, size, weights, checkout)
    exact = None
    for engine, precision in [("torch", "fp32"), ("openvino", "fp32"), ("torch", "bf16"), ("openvino", "bf16")]:
        options = Options(size, weights=weights, device="cpu", engine=engine, precision=precision)
        options = options._replace(threads=commands.cores())
        views = alone(views_rate, name, options)
        files, features = alone(files_rate, name, options, folder / "renders")
        exact = features if exact is None else exact
        rate = flops(dinov2.ARCHITECTURES[name], size) * views / 1e9
        first = first_features(name, options, folder)
        print(
            f"{name[10].upper():5} {size:4} {engine:8} {precision:9}"
            f" {views:8.1f} {rate:7.0f} {rate / rates[precision]:6.0%}"
            f" {files:8.1f} {first:7.2f} {rival:8.2f} {views / rival:5.1f} {cosine(features, exact):9.6f}",
            flush=True,
        )


def matrix_rates():
    """GFLOP/s of the best square product, by precision."""
    import torch

    def rate(dtype, side):
        left, right = (torch.randn(side, side).to(dtype) for _ in range(2))
        return 2 * side**3 / best(lambda: left @ right, 12) / 1e9

    kinds = {"bf16": torch.bfloat16, "fp32": torch.float32}
    return {name: max(rate(dtype, side) for side in (1024, 2048, 4096)) for name, dtype in kinds.items()}


def flops(architecture, size):
    """Floating point operations of the matrix products for one image's class token."""
    width, patches = architecture.dimension, (size // dinov2.PATCH) ** 2
    tokens = 1 + architecture.registers + patches
    embedding = patches * 3 * dinov2.PATCH**2 * width
    block = 12 * width**2 * tokens + 2 * width * tokens**2
    last = 2 * width**2 * tokens + 10 * width**2 + 2 * width * tokens
    return 2 * (embedding + (architecture.depth - 1) * block + last)


def views_rate(name, options):
    """Images/s of the network alone."""
    encoder = encoders.create(name, options)
    pixels = np.random.default_rng(0).integers(0, 256, (VIEWS, options.image_size, options.image_size, 3), np.uint8)
    encoder.engine(pixels)
    return VIEWS / repeated(lambda: encoder.engine(pixels))


def files_rate(name, options, renders):
    """Images/s of whole specimens from disk, and their features."""
    encoder = encoders.create(name, options)
    identities = store.rendered(renders)
    features = []

    def describe():
        features[:] = extraction.describe(encoder, renders, identities, options.threads)

    seconds = repeated(describe)
    return sum(map(len, features)) / seconds, np.concatenate(features)


def rival_rate(name, size, weights, checkout):
    """Images/s of a plain loop over single images."""
    import torch

    if checkout:
        network = torch.hub.load(checkout, name, source="local", pretrained=False).eval()
    else:
        from fossilvit.encoders.vision.vit import VisionTransformer

        network = VisionTransformer(dinov2.ARCHITECTURES[name]).eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    image = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        network(image)
        return 1 / repeated(lambda: network(image))


def first_features(name, options, folder):
    """Seconds from the start of a process to the features of one specimen."""
    command = [sys.executable, "-m", "scripts.extract_features", "--renders", folder / "renders", "--specimen", "0"]
    command += ["--out", folder / "features", "--model", name]
    for key in ("image_size", "weights", "device", "engine", "precision", "threads"):
        command += [f"--{key.replace('_', '-')}", getattr(options, key)]
    return repeated(lambda: subprocess.run([str(word) for word in command], check=True, capture_output=True))


def repeated(work):
    """The shortest time of a piece of work within some seconds."""
    begin, times = time.perf_counter(), []
    while time.perf_counter() - begin < SECONDS:
        times.append(best(work, 1))
    return min(times)


def cosine(features, exact):
    """The least cosine between rows."""
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(exact, axis=1)
    return ((features * exact).sum(axis=1) / lengths).min()


def write_weights(name, path):
    """Generated weights, all of one size, norms and layer scales around one."""
    import torch

    from fossilvit.encoders.vision.vit import VisionTransformer

    generator = torch.Generator().manual_seed(0)
    state = VisionTransformer(dinov2.ARCHITECTURES[name]).state_dict()
    for key, tensor in state.items():
        around = 1.0 if key.endswith("gamma") or ("norm" in key and key.endswith("weight")) else 0.0
        state[key] = around + 0.03 * torch.randn(tensor.shape, generator=generator)
    torch.save(state, path)


def write_renders(folder):
    """The folders meshes and renders: views of generated fossils at the default settings."""
    from fossilvit import fossils
    from fossilvit.fossils.collection import specimen

    meshes = folder / "meshes"
    meshes.mkdir()
    for index, category in enumerate(list(fossils.CATEGORIES)[:SPECIMENS]):
        specimen(category, index, seed=0).export(meshes / f"{index}.ply")
    command = [sys.executable, "-m", "scripts.render_multiview", "--in", meshes, "--out", folder / "renders"]
    subprocess.run(command, check=True, capture_output=True)


def alone(work, *arguments):
    """What a piece of work gives in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", help="folder of a checkout of facebookresearch/dinov2")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["S", "B"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[224, 518])
    return parser.parse_args()


if __name__ == "__main__":
    main()
