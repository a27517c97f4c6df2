import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from fossilvit import encoders
from fossilvit.encoders import Options
from fossilvit.encoders.kinds import dinov2
from fossilvit.encoders.vision import architectures, openvino_engine, weights
from fossilvit.encoders.vision.architectures import TOKENS
from fossilvit.errors import UserError
from fossilvit.store import digests
from fossilvit.store.files import WRITING
from fossilvit.store.renders import write_record, write_view

pytestmark = pytest.mark.slow

NAME = "dinov2_vits14"


@pytest.fixture(scope="module")
def options(vits14_weights):
    return Options(image_size=56, device="cpu", precision="fp32", weights=vits14_weights)


@pytest.fixture(scope="module")
def encoder(options):
    return encoders.create(NAME, options)


def views(count, size=64, seed=0):
    """Random views with a white margin, uint8 [count, size, size, 3]."""
    images = np.random.default_rng(seed).integers(0, 251, (count, size, size, 3), np.uint8)
    images[:, : size // 4] = 255
    return images


def by_torch(options, **changed):
    return encoders.create(NAME, options._replace(engine="torch", **changed))


def test_views_become_rows_of_float32(encoder):
    features = encoder.encode(views(3))
    assert features.shape == (3, 384) and features.dtype == np.float32 and np.isfinite(features).all()
    assert len(np.unique(features.round(4), axis=0)) == 3


def test_no_views_become_no_rows(encoder):
    assert encoder.encode(np.zeros((0, 0, 0, 3), np.uint8)).shape == (0, 384)


def test_encoding_twice_gives_the_same(encoder):
    assert np.array_equal(encoder.encode(views(3)), encoder.encode(views(3)))


@pytest.mark.parametrize("token", TOKENS)
def test_both_engines_give_the_same_features(options, token):
    found = encoders.create(NAME, options._replace(token=token))
    wanted = by_torch(options, token=token)
    assert type(found.engine).__name__ == "OpenVino" and type(wanted.engine).__name__ == "Torch"
    features = found.encode(views(3))
    assert features.shape == (3, found.dimension) == (3, 768 if "+" in token else 384)
    assert np.abs(features - wanted.encode(views(3))).max() < 1e-4


def test_patches_of_the_background_do_not_count(options):
    """The white quarter above is the first row of 4 x 4 patches."""
    everything = by_torch(options, token="patch_mean")
    network = everything.engine.network
    prepared = [everything.prepare(image) for image in views(2)]
    with torch.inference_mode():
        _, patches = network(torch.from_numpy(np.stack([view.pixels for view in prepared])))
    assert np.allclose(everything.describe(prepared), patches.mean(dim=1).numpy(), atol=1e-6)
    foreground = by_torch(options, token="patch_mean_foreground")
    assert np.allclose(foreground.encode(views(2)), patches[:, 4:].mean(dim=1).numpy(), atol=1e-5)


def test_an_image_size_that_is_no_multiple_of_the_patches_is_refused():
    with pytest.raises(UserError, match="225.*multiple of 14"):
        encoders.create(NAME, Options(image_size=225))


def test_without_a_gpu_cuda_is_refused_and_auto_takes_the_cpu(monkeypatch, options):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no GPU"):
        encoders.create(NAME, options._replace(device="cuda"))
    assert by_torch(options, device="auto").engine.device.type == "cpu"


def test_dimensions_are_the_published_ones():
    dimensions = {"s": 384, "b": 768, "l": 1024, "g": 1536}
    assert {name: form.dimension for name, form in architectures.ARCHITECTURES.items()} == {
        f"dinov2_vit{size}14{registers}": dimension
        for registers in ("", "_reg")
        for size, dimension in dimensions.items()
    }


HUBCONF = """
from fossilvit.encoders.vision import architectures, vit


class Network(vit.VisionTransformer):
    def forward_features(self, images):
        classes, patches = super().forward(images)
        return {"x_norm_clstoken": classes, "x_norm_patchtokens": patches}


def dinov2_vits14(pretrained=True):
    assert not pretrained
    return Network(architectures.ARCHITECTURES["dinov2_vits14"])
"""


@pytest.mark.parametrize("token", ["cls", "patch_mean_foreground"])
def test_the_code_in_the_hubs_cache_runs_with_the_same_weights(tmp_path, monkeypatch, options, token):
    """A stand-in for Meta's code, with its outputs."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / f"facebookresearch_dinov2_{weights.HUB_COMMIT}"
    folder.mkdir(parents=True)
    (folder / "hubconf.py").write_text(HUBCONF)
    hub = encoders.create(NAME, options._replace(source="hub", token=token))
    assert type(hub.engine.network.network).__name__ == "Network"
    assert np.allclose(hub.encode(views(2)), by_torch(options, token=token).encode(views(2)), atol=1e-5)


def test_the_hub_without_its_code_says_how_to_get_it(tmp_path, monkeypatch, options):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match="scripts.fetch_weights --model dinov2_vits14 --source hub.*source: builtin"):
        encoders.create(NAME, options._replace(source="hub"))


@pytest.fixture
def own(tmp_path, vits14_weights):
    """A folder of one's own with the weights alone."""
    folder = tmp_path / "own"
    folder.mkdir()
    os.link(vits14_weights, folder / "mine.pth")
    return folder


def test_the_network_is_converted_once_beside_its_weights(own, options, monkeypatch):
    chosen = options._replace(weights=own / "mine.pth")
    record = encoders.choose(NAME, chosen).fetch()
    model = f"{NAME}_{record['sha256'][:16]}_56_class_v{dinov2.DinoV2.version}"
    files = [f"{model}.{ending}" for ending in ("bin", "json", "xml")]
    assert {*os.listdir(own)} == {weights.LOCK, *files, "mine.pth"}
    monkeypatch.setattr(openvino_engine, "convert", None)
    assert encoders.create(NAME, chosen).encode(views(1)).shape == (1, 384)


def zeroed(path):
    """Zero the second half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


@pytest.mark.parametrize("damage", [zeroed, os.unlink])
@pytest.mark.parametrize("part", ["bin", "xml", "json"])
def test_a_converted_network_that_something_has_changed_is_made_again(own, options, damage, part):
    chosen = options._replace(weights=own / "mine.pth")
    wanted = encoders.create(NAME, chosen).encode(views(1))
    damage(next(own.glob(f"*.{part}")))
    assert np.array_equal(encoders.create(NAME, chosen).encode(views(1)), wanted)


def test_what_a_killed_conversion_has_left_is_overwritten(own, options):
    code = f"""
import os
import openvino
from fossilvit import encoders
from fossilvit.encoders.vision import openvino_engine
def killed(model, path, **_):
    path.write_bytes(b"half"), path.with_suffix(".bin").write_bytes(b"half")
    os._exit(9)
openvino.save_model = killed
encoders.create({NAME!r}, encoders.Options(**{ {**options._asdict(), "weights": str(own / "mine.pth")}!r}))
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert len(list(own.glob(f"{WRITING}*"))) == 2
    assert encoders.create(NAME, options._replace(weights=own / "mine.pth")).encode(views(1)).shape == (1, 384)
    assert not list(own.glob(f"{WRITING}*"))


def test_other_sizes_and_tokens_are_converted_by_themselves(own, options):
    for changed in ({}, {"image_size": 28}, {"token": "patch_mean"}, {"token": "cls+patch_mean_foreground"}):
        encoders.create(NAME, options._replace(weights=own / "mine.pth", **changed))
    kinds = sorted(name.split("_", 3)[3].removesuffix(".xml") for name in os.listdir(own) if name.endswith("xml"))
    version = dinov2.DinoV2.version
    assert kinds == [f"28_class_v{version}", f"56_class_v{version}", f"56_tokens_v{version}"]


def test_weights_that_nothing_can_be_written_beside_are_converted_into_the_cache(own, options, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    usual = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(own) and usual(path, mode))
    encoders.create(NAME, options._replace(weights=own / "mine.pth"))
    assert os.listdir(own) == ["mine.pth"]
    assert len(list((tmp_path / "cache/hub/checkpoints").glob("*.xml"))) == 1


def test_other_weights_under_the_same_name_are_converted_anew(own, options, seeded):
    from fossilvit.encoders.vision.vit import VisionTransformer

    chosen = options._replace(weights=own / "mine.pth")
    before = encoders.create(NAME, chosen).encode(views(1))
    (own / "mine.pth").unlink()
    torch.save(seeded(VisionTransformer(architectures.ARCHITECTURES[NAME]), seed=1), own / "mine.pth")
    after = encoders.create(NAME, chosen).encode(views(1))
    assert np.abs(after - before).max() > 0.1 and len(list(own.glob("*.xml"))) == 2


def test_what_is_fetched_is_recorded(own, options):
    record = encoders.choose(NAME, options._replace(weights=own / "mine.pth")).fetch()
    assert record == {
        "source": "builtin",
        "weights": str(own / "mine.pth"),
        "sha256": digests.of_file(own / "mine.pth"),
    }


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_wrong_weights_are_told_when_they_are_fetched(own, options, engine):
    cut = own / "cut.pth"
    cut.write_bytes((own / "mine.pth").read_bytes()[:100_000])
    with pytest.raises(UserError, match="cut.pth is not a file of weights"):
        encoders.choose(NAME, options._replace(weights=cut, engine=engine)).fetch()
    with pytest.raises(UserError, match="mine.pth does not hold the weights of dinov2_vitb14"):
        encoders.choose("dinov2_vitb14", options._replace(weights=own / "mine.pth", engine=engine)).fetch()
    assert {*os.listdir(own)} - {weights.LOCK} == {"cut.pth", "mine.pth"}


def test_torch_is_not_imported_once_the_network_is_converted(own, options, command, tmp_path):
    """Its import takes longer than describing a specimen."""

    encoders.choose(NAME, options._replace(weights=own / "mine.pth")).fetch()
    write_view(tmp_path / "renders", "a", 0, views(1)[0])
    write_record(tmp_path / "renders", "a", {"status": "ok", "views": [{}]})
    hidden = tmp_path / "hidden" / "torch"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise SystemExit('torch was imported')")
    arguments = ["--renders", tmp_path / "renders", "--out", tmp_path, "--image-size", 56, "--device", "cpu"]
    done = command("extract_features", *arguments, "--weights", own / "mine.pth", PYTHONPATH=str(hidden.parent))
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "a.npy").shape == (1, 384)
