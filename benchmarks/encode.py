"""How fast this machine describes views, against its own limit and against a plain loop in the same run.

`python -m benchmarks.encode [--device cuda] [--checkout DIR] [--models S B] [--sizes 224 518]`; the weights are
generated.

The limit is the rate at which the machine multiplies large matrices in each precision, measured with torch. `share` is
the time that the multiplications of a network would take at that rate, divided by its measured time; those that the
last block omits are not counted. The rival is a loop over single images in fp32: Meta's own code through torch.hub if
`--checkout` names a checkout of facebookresearch/dinov2, else our own network in torch. The output says which.

Each measurement has its own process, without the waiting threads of another. A time is the best of the rounds that
fit into a few seconds. `views/s` are images/s of the network on views in memory: twelve, or a full batch of a GPU.
`files/s` are images/s of whole specimens, twelve PNGs of 768 px each, which are read, resized and described in folder
mode. `first s` is the time from the start of a process to the first features on disk, with the network converted
before.
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from math import ceil
from pathlib import Path

import numpy as np

from benchmarks import best
from fossilvit import encoders
from fossilvit.encoders import Options, extraction
from fossilvit.encoders.vision import architectures
from fossilvit.running import devices
from fossilvit.store.renders import rendered_ids

VIEWS = 12
SPECIMENS = 3
SECONDS = 6
"""Seconds for which a loop is repeated."""
GROUPS = 4
"""Number of groups of specimens that are described together, in folder mode on a GPU."""
MODELS = {letter: f"dinov2_vit{letter.lower()}14" for letter in "SBL"}
RUNS = {
    "cpu": [("torch", "fp32"), ("openvino", "fp32"), ("torch", "bf16"), ("openvino", "bf16")],
    "cuda": [("torch", "fp32"), ("torch", "bf16"), ("torch", "fp16")],
}
"""Engines and precisions per device, the exact one first."""
SIDES = {"cpu": (1024, 2048, 4096), "cuda": (4096, 8192, 16384)}
"""Sides of the square matrices whose products give the limit."""


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_renders(folder)
        rates = alone(matrix_rates, arguments.device)
        told = ", ".join(f"{precision} {rate:.0f}" for precision, rate in rates.items())
        print(f"{arguments.device}, {devices.cores()} cores; matrices: {told} GFLOP/s")
        print(f"rival: {'torch.hub' if arguments.checkout else 'our network in torch'}, fp32, single images\n")
        print("model size engine   precision  views/s GFLOP/s  share  files/s first s  rival/s ratio    cosine")
        for model in arguments.models:
            weights = folder / f"{MODELS[model]}.pth"
            alone(write_weights, MODELS[model], weights)
            for size in arguments.sizes:
                options = Options(size, weights=weights, device=arguments.device, threads=devices.cores())
                compare(MODELS[model], options, folder, rates, arguments.checkout)


def compare(name, usual, folder, rates, checkout):
    """Print one line per engine and precision."""
    rival = alone(rival_rate, name, usual, checkout)
    exact = None
    for engine, precision in RUNS[usual.device]:
        options = usual._replace(engine=engine, precision=precision)
        views = alone(views_rate, name, options)
        files, features = alone(files_rate, name, options, folder / "renders")
        exact = features if exact is None else exact
        rate = flops(architectures.ARCHITECTURES[name], options.image_size) * views / 1e9
        first = first_features(name, options, folder)
        print(
            f"{name[10].upper():5} {options.image_size:4} {engine:8} {precision:9}"
            f" {views:8.1f} {rate:7.0f} {rate / rates[precision]:6.0%}"
            f" {files:8.1f} {first:7.2f} {rival:8.2f} {views / rival:5.1f} {cosine(features, exact):9.6f}",
            flush=True,
        )


def matrix_rates(device):
    """GFLOP/s of the fastest product, by precision. On CPUs oneDNN computes all, also fp32, unlike torch by default."""
    import torch
    from torch.utils.mkldnn import to_mkldnn

    def rate(dtype, side):
        layer = torch.nn.Linear(side, side, bias=False, device=device, dtype=dtype)
        rows = torch.randn(side, side, device=device).to(dtype)
        if device == "cpu" and dtype == torch.float32:
            layer, rows = to_mkldnn(layer), rows.to_mkldnn()

        def product():
            layer(rows)
            if device == "cuda":
                torch.cuda.synchronize()

        return 2 * side**3 / best(product, 12) / 1e9

    kinds = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    wanted = sorted({precision for _, precision in RUNS[device]})
    with torch.inference_mode():
        return {name: max(rate(kinds[name], side) for side in SIDES[device]) for name in wanted}


def flops(architecture, size):
    """Floating point operations of the matrix products for one image's class token."""
    width, patches = architecture.dimension, (size // architectures.PATCH) ** 2
    tokens = 1 + architecture.registers + patches
    embedding = patches * 3 * architectures.PATCH**2 * width
    block = 12 * width**2 * tokens + 2 * width * tokens**2
    last = 2 * width**2 * tokens + 10 * width**2 + 2 * width * tokens
    return 2 * (embedding + (architecture.depth - 1) * block + last)


def views_rate(name, options):
    """Images/s of the network alone."""
    encoder = encoders.create(name, options)
    shape = (encoder.batch or VIEWS, options.image_size, options.image_size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    encoder.engine(pixels)
    return len(pixels) / repeated(lambda: encoder.engine(pixels))


def files_rate(name, options, renders):
    """Images/s of whole specimens from disk, and their features, float32 [views, D]."""
    encoder = encoders.create(name, options)
    identities = rendered_ids(renders)
    identities *= ceil(GROUPS * (encoder.batch or 1) / (VIEWS * len(identities)))
    features = []

    def describe():
        features[:] = extraction.describe(encoder, renders, identities, options.threads)

    seconds = repeated(describe)
    return sum(map(len, features)) / seconds, np.concatenate(features)


def rival_rate(name, options, checkout):
    """Images/s of a plain loop over single images."""
    import torch

    if checkout:
        warnings.filterwarnings("ignore", "xFormers")
        network = torch.hub.load(checkout, name, source="local", pretrained=False).eval()
    else:
        from fossilvit.encoders.vision.vit import VisionTransformer

        network = VisionTransformer(architectures.ARCHITECTURES[name]).eval()
    network.load_state_dict(torch.load(options.weights, weights_only=True))
    network.to(options.device)
    image = torch.randn(1, 3, options.image_size, options.image_size)
    with torch.inference_mode():
        network(image.to(options.device))
        return 1 / repeated(lambda: network(image.to(options.device))[0].cpu())


def first_features(name, options, folder):
    """Seconds from the start of a process to the features of one specimen."""
    command = [sys.executable, "-m", "scripts.extract_features", "--renders", folder / "renders", "--specimen", "0"]
    command += ["--out", folder / "features", "--model", name]
    for key in ("image_size", "weights", "device", "engine", "precision", "threads"):
        command += [f"--{key.replace('_', '-')}", getattr(options, key)]
    return repeated(lambda: subprocess.run([str(word) for word in command], check=True, capture_output=True))


def repeated(work):
    """The time of the fastest round within SECONDS, in seconds."""
    begin, times = time.perf_counter(), []
    while time.perf_counter() - begin < SECONDS:
        times.append(best(work, 1))
    return min(times)


def cosine(features, exact):
    """The lowest cosine between corresponding rows of two arrays [N, D]."""
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(exact, axis=1)
    return ((features * exact).sum(axis=1) / lengths).min()


def write_weights(name, path):
    """Write random weights with a deviation of 0.03: norms and layer scales around one, all others around zero."""
    import torch

    from fossilvit.encoders.vision.vit import VisionTransformer

    generator = torch.Generator().manual_seed(0)
    state = VisionTransformer(architectures.ARCHITECTURES[name]).state_dict()
    for key, tensor in state.items():
        around = 1.0 if key.endswith("gamma") or ("norm" in key and key.endswith("weight")) else 0.0
        state[key] = around + 0.03 * torch.randn(tensor.shape, generator=generator)
    torch.save(state, path)


def write_renders(folder):
    """Write the folders meshes and renders: generated fossils, and their views at the default settings."""
    from fossilvit import examples
    from fossilvit.examples.collection import specimen

    meshes = folder / "meshes"
    meshes.mkdir()
    for index, category in enumerate(list(examples.CATEGORIES)[:SPECIMENS]):
        specimen(category, index, seed=0).export(meshes / f"{index}.ply")
    command = [sys.executable, "-m", "scripts.render_multiview", "--in", meshes, "--out", folder / "renders"]
    subprocess.run(command, check=True, capture_output=True)


def alone(work, *arguments):
    """The result of a function that is called in its own process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=RUNS, default="cpu")
    parser.add_argument("--checkout", help="folder of a checkout of facebookresearch/dinov2")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["S", "B"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[224, 518])
    return parser.parse_args()


if __name__ == "__main__":
    main()
