import hashlib
import json
import os

import pytest

from fossilvit.store import digests


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def look(tmp_path):
    """The digests of files as one run after another sees them, and how many files it read."""

    def looked(*names):
        known = digests.Digests(tmp_path / "memory/digests.json")
        digests.read_digest.cache_clear()
        known.look([tmp_path / name for name in names])
        known.save()
        return [known.of(tmp_path / name) for name in names], digests.read_digest.cache_info().misses

    return looked


def test_the_digest_is_the_sha256_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digests.of_bytes(b"abc") == published
    assert digests.of_file(tmp_path / "x") == digests.Digests().of(tmp_path / "x") == published


def test_a_value_has_one_digest_whatever_the_order_of_its_keys():
    assert digests.of_value({"a": 1, "b": [1.5, None]}) == digests.of_value({"b": [1.5, None], "a": 1})
    assert digests.of_value({"a": 1}) != digests.of_value({"a": "1"})


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path, look):
    (tmp_path / "a").write_bytes(b"one"), (tmp_path / "b").write_bytes(b"two")
    assert look("a", "b") == ([sha256(b"one"), sha256(b"two")], 2)
    assert look("a", "b") == ([sha256(b"one"), sha256(b"two")], 0)


def test_files_of_one_size_and_date_that_swap_their_names_are_seen(tmp_path, look):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (1_600_000_000, 1_600_000_000))
    look("a", "b")
    os.rename(tmp_path / "a", tmp_path / "c"), os.rename(tmp_path / "b", tmp_path / "a")
    os.rename(tmp_path / "c", tmp_path / "b")
    assert look("a", "b")[0] == [sha256(b"b"), sha256(b"a")]


@pytest.mark.parametrize("content", [b"new", b"longer"])
def test_another_content_of_the_same_date_is_seen(tmp_path, look, content):
    (tmp_path / "a").write_bytes(b"old")
    status = (tmp_path / "a").stat()
    look("a")
    (tmp_path / "a").write_bytes(content)
    os.utime(tmp_path / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert look("a")[0] == [sha256(content)]


def test_a_restored_file_of_the_same_content_is_read_once_more_and_has_the_same_digest(tmp_path, look):
    (tmp_path / "a").write_bytes(b"one")
    look("a")
    (tmp_path / "a").unlink()
    (tmp_path / "a").write_bytes(b"one")
    assert look("a") == ([sha256(b"one")], 1)
    assert look("a") == ([sha256(b"one")], 0)


def test_what_is_missing_no_file_or_may_not_be_read_has_no_digest(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"one")
    known = digests.Digests()
    assert known.of(tmp_path / "gone") is None and known.of(tmp_path / "a\0") is None and known.of(tmp_path) is None
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert known.of(tmp_path / "a") is None


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is no file"):
        digests.of_file(tmp_path / "pipe")
    assert digests.Digests().of(tmp_path / "pipe") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b'{"a": 1}', b"\xff", b'{"A": [1, 2]}', b'{"A": 3}'])
def test_a_broken_memory_is_made_anew(tmp_path, look, content):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/digests.json").write_bytes(content.replace(b"A", bytes(tmp_path / "a")))
    (tmp_path / "a").write_bytes(b"one")
    assert look("a")[0] == [sha256(b"one")]
    assert list(json.loads((tmp_path / "memory/digests.json").read_text())) == [str(tmp_path / "a")]


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    known = digests.Digests(tmp_path / "a/digests.json")
    assert known.of(tmp_path / "a") == sha256(b"one")
    known.save()
