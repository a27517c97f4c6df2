import pytest

from fossilvit import gaps

SHARDS = [f"data/shards/{shard}.{kind}" for shard in ("0000", "0001") for kind in ("json", "npz")]
SPECIMENS = {"0000": ["a", "標本/b"], "0001": ["c"]}


def files(identity):
    return [
        f"data/renders/{identity}/render.json",
        f"data/renders/{identity}/views.txt",
        f"data/features/{identity}.npy",
        f"data/embeddings/{identity}.npy",
    ]


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """An empty file for every one of a finished run."""
    monkeypatch.chdir(tmp_path)
    collection = ["data/encoder.json", *SHARDS, "data/embeddings/embeddings.npy"]
    for file in [*collection, *(file for members in SPECIMENS.values() for one in members for file in files(one))]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def test_a_finished_run_has_none(finished):
    assert gaps.find(SPECIMENS, keep_renders=True) == []


@pytest.mark.parametrize("file", [*files("標本/b"), "data/encoder.json", *SHARDS])
def test_a_deleted_file_is_one(finished, file):
    (finished / file).unlink()
    assert gaps.find(SPECIMENS, keep_renders=True) == [file]


def test_several_are_all_told(finished):
    gone = {files("a")[0], *files("標本/b")[:3], files("c")[3]}
    for file in gone:
        (finished / file).unlink()
    assert set(gaps.find(SPECIMENS, keep_renders=True)) == gone


def test_views_that_are_not_kept_are_none(finished):
    for identity in ("a", "標本/b", "c"):
        (finished / files(identity)[1]).unlink()
    assert gaps.find(SPECIMENS, keep_renders=False) == []
    assert len(gaps.find(SPECIMENS, keep_renders=True)) == 3


def test_a_specimen_that_is_new_or_half_done_has_none(finished):
    for file in (*files("a"), *files("c")[2:], "data/shards/0001.npz", "data/embeddings/embeddings.npy"):
        (finished / file).unlink()
    assert gaps.find(SPECIMENS, keep_renders=True) == []


def test_before_the_first_run_there_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gaps.find(SPECIMENS, keep_renders=True) == []
