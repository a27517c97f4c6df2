import hashlib
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fossilvit import encoders
from fossilvit.encoders import Options
from fossilvit.errors import UserError

SIZE = 56
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


def views(count=3, size=SIZE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.fixture
def network(seeded):
    """Patches of 14 px, pooled to 8 features."""
    made = nn.Sequential(nn.Conv2d(3, 8, 14, 14), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    seeded(made)
    return made


def traced(network):
    return torch.jit.trace(network, torch.zeros(2, 3, SIZE, SIZE))


def frozen(network):
    """Without parameters: they became constants."""
    return torch.jit.freeze(torch.jit.script(network))


def saved(folder, network, make=torch.jit.script):
    make(network.eval()).save(folder / "network.pt")
    return folder / "network.pt"


def create(path, size=SIZE):
    return encoders.create(f"torchscript:{path}", Options(image_size=size, device="cpu"))


def refusal(action, *arguments):
    with pytest.raises(UserError) as error:
        action(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


class Network(nn.Module):
    """One that computes the given function; it has a weight that does not count."""

    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.function = function

    def forward(self, images):
        return self.function(images)


@pytest.mark.parametrize("make", [torch.jit.script, traced, frozen])
def test_features_are_those_of_the_network_of_normalized_images(tmp_path, network, make):
    encoder = create(saved(tmp_path, network, make))
    normalized = ((views() / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        expected = network(torch.from_numpy(normalized).float()).numpy()
    features = encoder.encode(views())
    assert features.dtype == np.float32 and features.shape == (3, 8)
    assert np.abs(features - expected).max() < 1e-5 < np.abs(expected[0] - expected[1]).max()


def test_the_dimension_is_found(tmp_path, network):
    path = saved(tmp_path, network)
    encoder = create(path)
    assert (encoder.dimension, encoder.name) == (8, f"torchscript:{path}")
    assert encoder.version == encoders.choose(encoder.name).kind.version


def test_views_are_reduced_to_the_size_that_the_network_sees(tmp_path, network):
    encoder = create(saved(tmp_path, network))
    larger = views().repeat(2, axis=1).repeat(2, axis=2)
    assert encoder.prepare(larger[0]).shape == (SIZE, SIZE, 3)
    plain = np.broadcast_to(views(3, 1), (3, 100, 100, 3))
    assert np.allclose(encoder.encode(plain), encoder.encode(plain[:, :SIZE, :SIZE]), atol=1e-6)


def test_a_saved_network_in_half_precision_runs_in_full(tmp_path, network):
    expected = create(saved(tmp_path, network)).encode(views())
    found = create(saved(tmp_path, network.half())).encode(views())
    assert found.dtype == np.float32 and np.allclose(found, expected, atol=1e-3)


def test_many_views_at_once_are_described_as_few(tmp_path, network):
    """More than go through the network at once."""
    encoder = create(saved(tmp_path, network))
    together = encoder.encode(views(70))
    assert together.shape == (70, 8)
    assert np.allclose(together[66:], encoder.encode(views(70)[66:]), atol=1e-6)


def test_no_views_have_no_features(tmp_path, network):
    features = create(saved(tmp_path, network)).encode(np.zeros((0, 0, 0, 3), np.uint8))
    assert features.shape == (0, 8) and features.dtype == np.float32


def test_of_several_outputs_the_first_counts(tmp_path):
    path = saved(tmp_path, Network(lambda images: (images.mean((2, 3)), images)), traced)
    assert create(path).encode(views()).shape == (3, 3)


def test_dropout_is_off(tmp_path, network):
    class Dropping(nn.Module):
        def __init__(self):
            super().__init__()
            self.network, self.dropout = network, nn.Dropout(0.5)

        def forward(self, images):
            return self.dropout(self.network(images))

    torch.jit.script(Dropping().train()).save(tmp_path / "network.pt")
    encoder = create(tmp_path / "network.pt")
    assert np.array_equal(encoder.encode(views()), create(saved(tmp_path, network)).encode(views()))


def test_what_a_network_is_made_of_is_recorded(tmp_path, network):
    path = saved(tmp_path, network)
    assert encoders.choose(f"torchscript:{path}", Options(image_size=SIZE, device="cpu")).fetch() == {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "dimension": 8,
    }


def test_the_library_warns_of_nothing(tmp_path, network):
    """Torch deprecates TorchScript, and there is nothing that a user could do about it here."""
    path = saved(tmp_path, network)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create(path).encode(views())


class Checked(nn.Module):
    def forward(self, images):
        assert images.shape[2] == 28, "28 pixels please"
        return images.mean((2, 3))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, 8)), "shapes cannot be multiplied"),
        (nn.Sequential(nn.Conv2d(1, 8, 14), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "1 channels"),
        (Checked(), "28 pixels please"),
    ],
    ids=["size", "channels", "assertion"],
)
def test_a_network_that_fails_at_this_size_is_told_with_the_cause(tmp_path, network, said):
    path = saved(tmp_path, network)
    sentence = refusal(create, path)
    assert sentence.startswith(f"{path} fails on views of 56 px") and said in sentence


def test_a_network_of_one_size_runs_at_it(tmp_path):
    path = saved(tmp_path, nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, 8)))
    assert create(path, 28).encode(views()).shape == (3, 8)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (nn.Conv2d(3, 8, 14, 14), [1, 8, 4, 4]),
        (nn.Sequential(nn.Conv2d(3, 8, 14, 14), nn.Flatten(2)), [1, 8, 16]),
        (Network(lambda images: images.mean((0, 2, 3))), [3]),
        (Network(lambda images: images.mean((2, 3)).reshape(-1, 1)), [3, 1]),
        (Network(lambda images: images.mean((2, 3))[:, :0]), [1, 0]),
    ],
    ids=["maps", "tokens", "without views", "turned", "empty"],
)
def test_a_network_that_gives_something_else_is_told(tmp_path, network, shape):
    path = saved(tmp_path, network, traced)
    sentence = refusal(create, path)
    assert sentence.startswith(f"{path} gives {shape} ") and "[views, features]" in sentence


def test_a_network_that_mixes_its_views_up_is_told_though_one_alone_goes_well(tmp_path):
    path = saved(tmp_path, Network(lambda images: images.mean((0, 2, 3))[None]), traced)
    encoder = create(path)
    assert encoder.dimension == 3
    sentence = refusal(encoder.encode, views())
    assert sentence.startswith(f"{path} gives [1, 3] for 3 views")


class Named(nn.Module):
    def forward(self, images) -> dict[str, torch.Tensor]:
        return {"features": images.mean((2, 3))}


class Listed(nn.Module):
    def forward(self, images) -> list[torch.Tensor]:
        return [images.mean((2, 3))]


class Single(nn.Module):
    def forward(self, images):
        return images.mean()


@pytest.mark.parametrize("network", [Named(), Listed(), Single()])
def test_a_network_that_gives_no_table_of_numbers_is_told(tmp_path, network):
    path = saved(tmp_path, network)
    assert refusal(create, path).startswith(f"{path} fails on views of 56 px")


class Code:
    """A pickle that makes a file when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize(
    "save",
    [
        lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2)),
        torch.save,
        lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    ],
    ids=["pickle", "torch.save", "torch.save of old"],
)
def test_a_file_of_unknown_origin_is_refused_and_its_code_does_not_run(tmp_path, save):
    path = tmp_path / "network.pt"
    save({"weights": torch.zeros(3), "code": Code(tmp_path / "ran")}, path)
    assert refusal(create, path).startswith(f"{path} is not TorchScript that torch can read")
    assert not (tmp_path / "ran").exists()


def contents(folder):
    """What is no TorchScript, or a part of one."""
    whole = saved(folder, nn.Flatten()).read_bytes()
    return {"empty": b"", "text": b"no network", "page": b"<html>Log in</html>", "cut short": whole[: len(whole) // 2]}


@pytest.mark.parametrize("what", ["empty", "text", "page", "cut short"])
def test_a_file_that_is_no_torchscript_is_refused(tmp_path, what):
    path = tmp_path / "network.pt"
    path.write_bytes(contents(tmp_path)[what])
    assert refusal(create, path).startswith(f"{path} is not TorchScript that torch can read")


def test_the_weights_of_a_network_without_it_are_refused(tmp_path, network):
    torch.save(network.state_dict(), tmp_path / "network.pt")
    assert "is not TorchScript" in refusal(create, tmp_path / "network.pt")


def test_a_network_saved_as_a_whole_but_not_as_torchscript_is_refused(tmp_path, network):
    torch.save(network, tmp_path / "network.pt")
    assert "is not TorchScript" in refusal(create, tmp_path / "network.pt")


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert f"{tmp_path}/gone.pt" in refusal(create, tmp_path / "gone.pt")


def test_a_folder_is_refused(tmp_path):
    assert str(tmp_path) in refusal(create, tmp_path)
