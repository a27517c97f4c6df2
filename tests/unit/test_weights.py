import hashlib
import io
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest
import torch

from fossilvit.encoders.vision import architectures, vit, weights
from fossilvit.errors import UserError
from fossilvit.store import digests

pytestmark = pytest.mark.slow

TINY = architectures.Architecture(dimension=32, depth=2, heads=2, trained_size=56)


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


@pytest.fixture
def pinned(monkeypatch, vits14_weights):
    """The generated weights pass for Meta's."""
    monkeypatch.setitem(weights.SHA256, "dinov2_vits14", digests.of_file(vits14_weights))
    return vits14_weights


@pytest.fixture
def meta(tmp_path, monkeypatch, vits14_weights):
    """A folder that serves the generated weights as Meta does."""
    served = tmp_path / "meta" / "dinov2_vits14" / "dinov2_vits14_pretrain.pth"
    served.parent.mkdir(parents=True)
    os.link(vits14_weights, served)
    monkeypatch.setattr(weights, "BASE_URL", (tmp_path / "meta").as_uri())
    return served


def put(source, cache):
    cache.mkdir(parents=True)
    return shutil.copy(source, cache / "dinov2_vits14_pretrain.pth")


def left(cache):
    """What lies in the cache, beside the lock."""
    return [name for name in os.listdir(cache) if name != weights.LOCK]


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


def test_a_named_file_comes_before_the_cache(tmp_path, cache, pinned):
    put(pinned, cache)
    (tmp_path / "mine.pth").write_bytes(b"abc")
    assert weights.locate("dinov2_vits14", tmp_path / "mine.pth").path == tmp_path / "mine.pth"
    assert weights.locate("dinov2_vits14").path == cache / "dinov2_vits14_pretrain.pth"


def test_every_model_has_the_sha256_of_its_file():
    assert list(weights.SHA256) == list(architectures.ARCHITECTURES)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in weights.SHA256.values())
    assert len(set(weights.SHA256.values())) == len(weights.SHA256)


def test_a_file_in_the_cache_that_is_not_metas_is_refused(cache, vits14_weights):
    put(vits14_weights, cache)
    sentence = refusal(weights.locate, "dinov2_vits14")
    for part in [cache / "dinov2_vits14_pretrain.pth", digests.of_file(vits14_weights), "delete it", "extract.weights"]:
        assert str(part) in sentence


@pytest.mark.parametrize("variables", [{}, {"TORCH_HOME": "/there"}, {"XDG_CACHE_HOME": "/other"}])
def test_the_cache_is_that_of_torch_hub(monkeypatch, variables):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(weights.cache()) == torch.hub.get_dir()


def test_without_a_network_the_address_the_place_and_the_remedies_are_told(cache, no_network):
    sentence = refusal(weights.fetch, "dinov2_vits14")
    assert weights.url("dinov2_vits14") in sentence and str(cache / "dinov2_vits14_pretrain.pth") in sentence
    assert "hog" in sentence and "extract.weights" in sentence


def test_without_a_network_metas_code_is_told_with_its_place(cache, no_network):
    sentence = refusal(weights.fetch_code, "dinov2_vits14")
    assert weights.HUB_COMMIT in sentence and str(cache.parent) in sentence and "source: builtin" in sentence


def test_weights_in_the_cache_need_no_network(cache, no_network, pinned):
    file = put(pinned, cache)
    assert weights.fetch("dinov2_vits14").path == file


def test_the_time_to_wait_for_the_network_is_bounded_and_then_as_before(monkeypatch, cache, pinned):
    seen = []

    def download(address, file, **_):
        seen.append(socket.getdefaulttimeout())
        shutil.copy(pinned, file)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    weights.fetch("dinov2_vits14")
    assert seen == [weights.PATIENCE] and socket.getdefaulttimeout() is None


def test_fetched_weights_stay_in_the_cache(cache, meta, pinned):
    fetched = weights.fetch("dinov2_vits14")
    assert fetched == (cache / "dinov2_vits14_pretrain.pth", digests.of_file(pinned))
    meta.unlink()
    assert weights.fetch("dinov2_vits14") == weights.locate("dinov2_vits14") == fetched


def test_a_download_that_is_not_metas_is_not_kept(cache, meta):
    sentence = refusal(weights.fetch, "dinov2_vits14")
    assert weights.url("dinov2_vits14") in sentence and "SHA-256" in sentence and str(cache) in sentence
    assert left(cache) == []


def test_a_fetch_that_fails_leaves_nothing(tmp_path, monkeypatch, cache):
    monkeypatch.setattr(weights, "BASE_URL", (tmp_path / "nowhere").as_uri())
    refusal(weights.fetch, "dinov2_vits14")
    assert left(cache) == []


def test_two_processes_that_fetch_at_once_fetch_once(cache, meta, pinned):
    """Slowly, so that both want to; the second finds what the first has brought."""
    program = f"""
import shutil, time, torch
from fossilvit.encoders.vision import weights
weights.SHA256["dinov2_vits14"] = {digests.of_file(pinned)!r}
def slowly(address, file, **_):
    print("fetching", flush=True)
    time.sleep(1)
    shutil.copy({str(meta)!r}, file)
torch.hub.download_url_to_file = slowly
print(weights.fetch("dinov2_vits14").path)
"""
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120)[0].split() for process in both]
    path = str(cache / "dinov2_vits14_pretrain.pth")
    assert sorted(told) == [[path], ["fetching", path]] or sorted(told) == [["fetching", path], [path]]
    assert left(cache) == ["dinov2_vits14_pretrain.pth"]


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    for action in (weights.fetch, weights.fetch_code):
        sentence = refusal(action, "dinov2_vits14")
        assert str(tmp_path / "file/hub") in sentence and "TORCH_HOME" in sentence


def test_a_cache_without_permission_is_told(cache, monkeypatch):
    """Without taking permissions away, which do not hold for root."""
    cache.mkdir(parents=True)

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)
    sentence = refusal(weights.fetch, "dinov2_vits14")
    assert f"Nothing can be written to {cache} (Permission denied); set TORCH_HOME" in sentence


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
    assert digests.of_file(tmp_path / "x") == published == hashlib.sha256(b"abc").hexdigest()
