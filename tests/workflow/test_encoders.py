"""Networks in the workflow: no network needed, nothing rendered again, and any encoder of one's own."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch

from fossilvit.encoders.vision import architectures, vit
from fossilvit.store import files
from fossilvit.store.tables import EVALUATION_COLUMNS, read_table
from tests.workflow.conftest import snakemake, write_mesh

OFFLINE = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
DINOV2 = "extract={{model: dinov2_vits14, image_size: 28, weights: {}}}"
CUSTOM = "extract={model: 'custom:mine.py:create'}"
RENDERED = "render={views: 12, size: 768}"
FOLLOWS = {
    *("extract_features", "pool_embedding", "gather_shard", "collect_embeddings", "list_files", "find_duplicates"),
    *("cluster_specimens", "search_neighbors", "evaluate", "find_suspects", "export_embeddings", "draw_figures"),
}
MINE = """
class Mean:
    name, dimension, version = "mean", 12, 1

    def encode(self, images):
        return images.reshape(len(images), 12, -1).mean(axis=2)


def create(options):
    return Mean()
"""
STAND_IN = """
import sys

import numpy as np
from PIL import Image

sys.path.append({folder!r})
from mobilenetv2 import MobileNetV2


class StandIn:
    name, dimension, version = "mobilenet_v2", 1280, 1

    def __init__(self):
        self.network = MobileNetV2()

    def encode(self, images):
        return self.network(np.stack([Image.fromarray(image).resize((224, 224)) for image in images]))


def create(options):
    return StandIn()
"""


@pytest.fixture(scope="module")
def finished_description(finished, vits14_weights, tmp_path_factory):
    """A finished collection, described by dinov2. Copy it; do not run in it."""
    work = shutil.copytree(finished[0], tmp_path_factory.mktemp("described") / "work")
    run = snakemake(work, config=[DINOV2.format(vits14_weights)])
    assert run.code == 0, run.output
    return work


@pytest.fixture
def described(finished_description, tmp_path):
    return shutil.copytree(finished_description, tmp_path / "described")


def embeddings(work):
    return np.load(work / "data/embeddings/embeddings.npy")


@pytest.fixture
def molars(tmp_path, real_meshes):
    shutil.copytree(real_meshes / "molars", tmp_path / "data/meshes")
    return tmp_path


@pytest.fixture
def stand_in(tmp_path, real_meshes):
    """A file with a small real network, which lies beside the real meshes."""
    folder = real_meshes.parent / "standin"
    (tmp_path / "mine.py").write_text(STAND_IN.format(folder=str(folder)))


def test_without_weights_and_network_it_stops_before_rendering(tmp_path):
    write_mesh(tmp_path / "data/meshes/a.ply", 1)
    environment = {**OFFLINE, "TORCH_HOME": str(tmp_path / "torch")}
    run = snakemake(tmp_path, config=["extract={model: dinov2_vits14}"], environment=environment)
    assert run.code != 0 and set(run.jobs) == {"fetch_weights"}
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    for part in ["dinov2_vits14_pretrain.pth", str(tmp_path / "torch/hub/checkpoints"), "extract.weights", "hog"]:
        assert part in told
    assert not (tmp_path / "data/renders").exists()


def test_another_model_renders_nothing_again_and_other_weights_extract_again(work, vits14_weights, seeded, tmp_path):
    environment = {**OFFLINE, "TORCH_HOME": str(tmp_path / "torch")}
    config = [DINOV2.format(vits14_weights)]
    run = snakemake(work, config=config, environment=environment)
    assert run.code == 0, run.output
    assert "render_views" not in run.jobs and run.jobs["extract_features"] == 6
    assert np.load(work / "data/embeddings/embeddings.npy").shape == (5, 384)
    digest = hashlib.sha256(vits14_weights.read_bytes()).hexdigest()
    assert files.read_json(work / "data/encoder.json")["sha256"] == digest
    assert not snakemake(work, config=config, environment=environment).jobs

    same = shutil.copy(vits14_weights, tmp_path / "same.pth")
    copied = snakemake(work, config=[DINOV2.format(same)], environment=environment)
    assert set(copied.jobs) == {"fetch_weights"}, "the same weights in another file"

    network = vit.VisionTransformer(architectures.ARCHITECTURES["dinov2_vits14"])
    torch.save(seeded(network, seed=1), same)
    changed = snakemake(work, config=[DINOV2.format(same)], environment=environment)
    assert set(changed.jobs) == {"fetch_weights"} | FOLLOWS and changed.jobs["extract_features"] == 6


def test_molars_are_described_without_a_network(molars, vits14_weights):
    environment = {**OFFLINE, "TORCH_HOME": str(molars / "torch")}
    config = [RENDERED, f"extract={{model: dinov2_vits14, image_size: 224, weights: {vits14_weights}}}"]
    run = snakemake(molars, config=config, environment=environment)
    assert run.code == 0, run.output
    assert embeddings(molars).shape == (8, 384)
    assert not snakemake(molars, config=config, environment=environment).jobs


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("token: patch_mean_foreground", {"fetch_weights"} | FOLLOWS),
        ("image_size: 42", {"fetch_weights"} | FOLLOWS),
        ("engine: torch", {"fetch_weights"} | FOLLOWS),
        ("precision: fp32", FOLLOWS),
        ("device: cpu", set()),
    ],
)
def test_a_changed_setting_of_the_network_renders_nothing_again(described, vits14_weights, setting, rules):
    config = DINOV2.format(vits14_weights).replace("image_size: 28, " if "size" in setting else "@", "")
    run = snakemake(described, config=[config.replace("}", f", {setting}}}")])
    assert run.code == 0, run.output
    assert set(run.jobs) == rules


def test_an_encoder_of_ones_own(work):
    (work / "mine.py").write_text(MINE)
    run = snakemake(work, config=[CUSTOM])
    assert run.code == 0, run.output
    assert "render_views" not in run.jobs and embeddings(work).shape == (5, 12)
    assert not snakemake(work, config=[CUSTOM]).jobs

    (work / "mine.py").write_text(MINE.replace("mean(axis=2)", "max(axis=2)"))
    changed = snakemake(work, config=[CUSTOM])
    assert changed.code == 0 and set(changed.jobs) == {"fetch_weights"} | FOLLOWS


def test_a_mistake_in_an_encoder_of_ones_own_stops_the_run_with_its_line(work):
    (work / "mine.py").write_text(MINE.replace("return Mean()", "return Maen()"))
    run = snakemake(work, config=[CUSTOM])
    assert run.code != 0 and set(run.jobs) == {"fetch_weights"}
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    assert told == "Error: mine.py, line 10: NameError: name 'Maen' is not defined"


def test_molars_are_described_by_a_real_network(molars, stand_in):
    config = [RENDERED, CUSTOM]
    run = snakemake(molars, config=config)
    assert run.code == 0, run.output
    assert embeddings(molars).shape == (8, 1280)
    assert not snakemake(molars, config=config).jobs


def test_a_real_network_finds_bones_of_the_same_kind(tmp_path, real_meshes, stand_in):
    shutil.copytree(real_meshes / "leg_bones", tmp_path / "data/meshes")
    run = snakemake(tmp_path, config=[RENDERED, CUSTOM])
    assert run.code == 0, run.output
    scores = read_table(tmp_path / "results/evaluation.csv", EVALUATION_COLUMNS)
    assert float({row["metric"]: row["value"] for row in scores}["nearest_neighbor"]) >= 0.95


def test_the_wrong_weights_stop_the_run_at_once_in_one_sentence(work, vits14_weights, tmp_path):
    cut = tmp_path / "cut.pth"
    cut.write_bytes(vits14_weights.read_bytes()[:100_000])
    run = snakemake(work, config=[DINOV2.format(cut)])
    assert run.code != 0 and set(run.jobs) == {"fetch_weights"}
    (told,) = [line for line in run.output.splitlines() if line.startswith("Error: ")]
    assert "cut.pth is not a file of weights that torch can read" in told and "Traceback" not in run.output


def test_features_of_two_backends_are_said_at_the_end_and_forced_to_one(described, vits14_weights):
    network = DINOV2.format(vits14_weights)
    path = described / "data/features/round/a.json"
    record = files.read_json(path)
    assert record["backend"]["device"] == "cpu"
    path.write_text(json.dumps({**record, "backend": {"engine": "torch", "device": "cuda", "precision": "fp16"}}))
    for shard in (described / "data/shards").glob("*.npz"):
        shard.unlink()
    passport = described / "data/embeddings/embeddings.json"
    run = snakemake(described, config=[network])
    assert run.code == 0, run.output
    here = " on cpu in ".join(record["backend"][part] for part in ("engine", "precision"))
    assert f"not all computed in one way: 4 by {here}, 1 by torch on cuda in fp16." in run.output
    assert [entry["specimens"] for entry in files.read_json(passport)["backends"]] == [4, 1]
    run = snakemake(described, config=[network.replace("{", "{device: cpu, ")])
    assert run.code == 0 and run.of("extract_features") == {"round/a"}, run.output
    assert files.read_json(passport)["backends"] == [{**record["backend"], "specimens": 5}]
    assert "in one way" not in run.output


FRAGILE = """
import random

class Fragile:
    name, dimension, version = "fragile", 12, 1
    broken = False

    def encode(self, images):
        with open("tries", "a") as tries:
            tries.write("x")
            chance = random.Random(f"7 {tries.tell()}").random()
        if self.broken:
            raise RuntimeError("broken before")
        if chance < 0.4:
            self.broken = True
            raise RuntimeError("broken now")
        return images.reshape(len(images), 12, -1).mean(axis=2)


def create(options):
    return Fragile()
"""


@pytest.mark.parametrize("warm", [True, False])
def test_an_encoder_that_breaks_fails_the_job_in_which_it_broke_and_no_other(work, warm):
    """A process that is broken does not serve on, so that warm processes end with the same as others."""
    (work / "mine.py").write_text(FRAGILE)
    output = ""
    for _ in range(20):
        run = snakemake(work, "--keep-going", "--until", "extract_features", config=[CUSTOM, f"warm={warm}"])
        output += run.output
        if run.code == 0:
            break
    assert run.code == 0, run.output
    assert "broken now" in output and "broken before" not in output
    (work / "mine.py").write_text(MINE)
    found = {path.name: path.read_bytes() for path in (work / "data/features").rglob("*.npy")}
    assert snakemake(work, "--until", "extract_features", config=[CUSTOM]).code == 0
    assert found == {path.name: path.read_bytes() for path in (work / "data/features").rglob("*.npy")}
