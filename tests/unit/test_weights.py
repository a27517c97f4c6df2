import hashlib
import io
import os
import pickle
import shutil
import socket
import urllib.error
from pathlib import Path

import pytest
import torch

from fossilvit.encoders import dinov2, vit, weights
from fossilvit.errors import UserError

TINY = dinov2.Architecture(dimension=32, depth=2, heads=2, trained_size=56)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of torch.hub."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hub" / "checkpoints"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    monkeypatch.setattr(torch.hub, "load", refuse)


def refusal(action, *arguments):
    with pytest.raises(UserError) as error:
        action(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("dinov2_vits14", "dinov2_vits14/dinov2_vits14_pretrain.pth"),
        ("dinov2_vitb14_reg", "dinov2_vitb14/dinov2_vitb14_reg4_pretrain.pth"),
        ("dinov2_vitg14", "dinov2_vitg14/dinov2_vitg14_pretrain.pth"),
    ],
)
def test_the_address_is_the_one_that_meta_published(name, file):
    assert weights.url(name) == f"https://dl.fbaipublicfiles.com/dinov2/{file}"


def test_weights_lie_where_torch_hub_keeps_them(cache):
    assert weights.cached("dinov2_vits14_reg") == cache / "dinov2_vits14_reg4_pretrain.pth"


def test_weights_that_are_nowhere_are_told_with_the_place_and_the_remedies(cache):
    sentence = refusal(weights.locate, "dinov2_vits14")
    assert str(cache / "dinov2_vits14_pretrain.pth") in sentence
    assert "python -m scripts.fetch_weights --model dinov2_vits14" in sentence and "hog" in sentence


def test_a_named_file_that_is_not_there_is_told(tmp_path):
    sentence = refusal(weights.locate, "dinov2_vits14", tmp_path / "mine.pth")
    assert str(tmp_path / "mine.pth") in sentence and "path" in sentence and "hog" in sentence


def test_a_named_file_comes_before_the_cache(tmp_path, cache):
    cache.mkdir(parents=True)
    for file in (cache / "dinov2_vits14_pretrain.pth", tmp_path / "mine.pth"):
        file.touch()
    assert weights.locate("dinov2_vits14", tmp_path / "mine.pth") == tmp_path / "mine.pth"
    assert weights.locate("dinov2_vits14") == cache / "dinov2_vits14_pretrain.pth"


def test_without_a_network_the_address_the_place_and_the_remedies_are_told(cache, no_network):
    sentence = refusal(weights.fetch, "dinov2_vits14")
    assert weights.url("dinov2_vits14") in sentence and str(cache / "dinov2_vits14_pretrain.pth") in sentence
    assert "hog" in sentence and "extract.weights" in sentence


def test_without_a_network_metas_code_is_told_with_its_place(cache, no_network):
    sentence = refusal(weights.fetch_code, "dinov2_vits14")
    assert weights.HUB_COMMIT in sentence and str(cache.parent) in sentence and "source: builtin" in sentence


def test_weights_in_the_cache_need_no_network(cache, no_network):
    cache.mkdir(parents=True)
    (cache / "dinov2_vits14_pretrain.pth").touch()
    assert weights.fetch("dinov2_vits14") == cache / "dinov2_vits14_pretrain.pth"


def test_the_time_to_wait_for_the_network_is_bounded_and_then_as_before(monkeypatch):
    seen = []
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_: seen.append(socket.getdefaulttimeout()))
    weights.fetch("dinov2_vits14")
    assert seen == [weights.PATIENCE] and socket.getdefaulttimeout() is None


def test_fetched_weights_stay_in_the_cache(tmp_path, monkeypatch, cache, vits14_weights):
    source = tmp_path / "meta" / "dinov2_vits14"
    source.mkdir(parents=True)
    os.link(vits14_weights, source / "dinov2_vits14_pretrain.pth")
    monkeypatch.setattr(weights, "BASE_URL", (tmp_path / "meta").as_uri())
    fetched = weights.fetch("dinov2_vits14")
    assert fetched == cache / "dinov2_vits14_pretrain.pth" and weights.digest(fetched) == weights.digest(vits14_weights)
    shutil.rmtree(tmp_path / "meta")
    assert weights.fetch("dinov2_vits14") == weights.locate("dinov2_vits14") == fetched


def test_a_fetch_that_fails_leaves_nothing(tmp_path, monkeypatch, cache):
    monkeypatch.setattr(weights, "BASE_URL", (tmp_path / "nowhere").as_uri())
    refusal(weights.fetch, "dinov2_vits14")
    assert not cache.exists() or os.listdir(cache) == []


def test_a_network_takes_every_weight_of_its_file(tmp_path, seeded):
    network, other = vit.VisionTransformer(TINY), vit.VisionTransformer(TINY)
    state = seeded(network)
    torch.save(state, tmp_path / "x.pth")
    weights.load(other, tmp_path / "x.pth", "tiny")
    assert all(torch.equal(tensor, state[key]) for key, tensor in other.state_dict().items())


class Code:
    """A pickle that makes a file when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def whole():
    buffer = io.BytesIO()
    torch.save(vit.VisionTransformer(TINY).state_dict(), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"no weights", b"<html>Log in</html>", whole()[:5000], whole()[:-100]])
def test_a_file_that_is_none_of_weights_is_refused(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    sentence = refusal(weights.load, vit.VisionTransformer(TINY), tmp_path / "x.pth", "tiny")
    assert str(tmp_path / "x.pth") in sentence


@pytest.mark.parametrize("save", [lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2)), torch.save])
def test_code_in_a_file_of_weights_is_refused_and_does_not_run(tmp_path, save):
    save({"cls_token": Code(tmp_path / "ran")}, tmp_path / "x.pth")
    assert str(tmp_path / "x.pth") in refusal(weights.load, vit.VisionTransformer(TINY), tmp_path / "x.pth", "tiny")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value",
    [
        vit.VisionTransformer(TINY._replace(dimension=64)).state_dict(),
        vit.VisionTransformer(TINY._replace(registers=4)).state_dict(),
        vit.VisionTransformer(TINY._replace(depth=1)).state_dict(),
        {"model": vit.VisionTransformer(TINY).state_dict()},
        {},
        [1, 2],
        torch.zeros(3),
        None,
    ],
    ids=["wider", "registers", "shallower", "nested", "empty", "list", "tensor", "nothing"],
)
def test_weights_of_another_model_are_refused(tmp_path, value):
    torch.save(value, tmp_path / "x.pth")
    sentence = refusal(weights.load, vit.VisionTransformer(TINY), tmp_path / "x.pth", "tiny")
    assert str(tmp_path / "x.pth") in sentence and "tiny" in sentence


def test_the_digest_is_the_sha256_of_the_file(tmp_path):
    """Of the text abc, the example of FIPS 180-2."""
    (tmp_path / "x").write_bytes(b"abc")
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert weights.digest(tmp_path / "x") == published == hashlib.sha256(b"abc").hexdigest()
