import shutil

import numpy as np
import pytest

from fossilvit.collection import gathering, whitening
from fossilvit.errors import UserError
from fossilvit.provenance import backends, recipes
from fossilvit.provenance.backends import Backend
from fossilvit.store import layout
from fossilvit.store.arrays import write_array, write_result

from . import renders

SETTINGS = {**dict.fromkeys(recipes.VIEW_SETTINGS, 1), "version": 1}


def place(folder, **embeddings):
    for identity, embedding in embeddings.items():
        write_result(layout.array_path(folder / "embeddings", identity), np.float32(embedding), {"pool": "mean"})
        failed = {"status": "failed", "reason": f"{identity} is broken"}
        record = {"status": "ok", "mesh": {"faces": 4}} if len(embedding) else failed
        renders.write(folder / "renders", identity, [], {**SETTINGS, "views": [], **record})


def gather(folder, identities):
    return gathering.gather(gathering.records(identities, folder / "renders")["records"], folder / "embeddings")


def test_gathering_keeps_embeddings_in_the_order_asked_for_and_what_records_tell_of_specimens(tmp_path):
    place(tmp_path, b=[1, 2], a=[3, 4], broken=[])
    found = gather(tmp_path, ["b", "broken", "a"])
    assert found.identities == ["b", "a"]
    assert found.embeddings.tolist() == [[1, 2], [3, 4]] and found.embeddings.dtype == np.float32
    ok = {"status": "ok", "mesh": {"faces": 4}}
    assert found.records == {"b": ok, "broken": {"status": "failed", "reason": "broken is broken"}, "a": ok}


def test_a_specimen_without_an_embedding_yet_is_left_to_the_next_run(tmp_path):
    place(tmp_path, a=[1])
    place(tmp_path / "later", rendered=[2])
    shutil.copytree(tmp_path / "later/renders", tmp_path / "renders", dirs_exist_ok=True)
    found = gather(tmp_path, ["a", "rendered"])
    assert found.identities == ["a"] and list(found.records) == ["a"]


def test_a_specimen_without_a_render_record_is_told(tmp_path):
    place(tmp_path, a=[1])
    with pytest.raises(UserError, match="new/render.json does not exist"):
        gathering.records(["a", "new"], tmp_path / "renders")


def test_gathering_nothing_gives_an_empty_matrix(tmp_path):
    place(tmp_path, broken=[])
    assert gather(tmp_path, ["broken"]).embeddings.shape == (0, 0)


def test_embeddings_of_different_dimensions_are_refused_with_an_example_of_each(tmp_path):
    place(tmp_path, a=[1, 2], b=[1, 2, 3])
    with pytest.raises(UserError, match="'a' has 2, 'b' has 3"):
        gather(tmp_path, ["a", "b"])


def test_the_scatter_is_that_of_the_features_of_what_was_gathered(tmp_path):
    place(tmp_path, a=[1, 2], broken=[], b=[3, 4])
    views = {"a": [[1, 0], [0, 1]], "b": [[1, 0], [1, 0], [0, 2]], "broken": np.zeros((0, 2))}
    for identity, features in views.items():
        write_array(layout.array_path(tmp_path / "features", identity), np.array(features, np.float32))
    found = gather(tmp_path, ["a", "broken", "b"])
    spread = 1 / 4 + 2 / 9
    for whiten in ("views", "none"):
        root = gathering.scatter(found, tmp_path / "features", "mean", whiten)
        assert root.dtype == np.float32
        assert np.allclose(root.T @ root, [[spread, -spread], [-spread, spread]])


def test_all_of_the_scatter_is_kept_only_to_whiten(tmp_path):
    views = np.random.default_rng(0).normal(size=(70, 100)).astype(np.float32)
    place(tmp_path, a=views.mean(axis=0))
    write_array(layout.array_path(tmp_path / "features", "a"), views)
    found = gather(tmp_path, ["a"])
    rows = {
        whiten: len(gathering.scatter(found, tmp_path / "features", "mean", whiten)) for whiten in ("views", "none")
    }
    assert rows == {"views": 70, "none": whitening.SKETCH}


@pytest.mark.parametrize("pool", ["max", "concat", None])
def test_embeddings_that_are_no_means_have_no_scatter_and_their_features_are_not_read(tmp_path, pool):
    place(tmp_path, a=[1, 2])
    root = gathering.scatter(gather(tmp_path, ["a"]), tmp_path / "features", pool, "none")
    assert root.shape == (0, 2) and root.dtype == np.float32


def test_features_that_are_missing_are_named(tmp_path):
    place(tmp_path, a=[1, 2])
    found = gather(tmp_path, ["a"])
    with pytest.raises(UserError, match="a.npy does not exist"):
        gathering.scatter(found, tmp_path / "features", "mean", "none")


@pytest.mark.parametrize("embedding", [[1, np.nan], [np.inf, 1]])
def test_an_embedding_that_is_not_finite_is_named(tmp_path, embedding):
    place(tmp_path, a=[1, 2], b=embedding)
    with pytest.raises(UserError, match="embeddings/b.npy cannot be read .it holds NaN, infinity"):
        gather(tmp_path, ["a", "b"])


@pytest.mark.parametrize("features", [[[1, 0], [np.nan, 1]], [[1, 0], [0, np.inf]]])
def test_features_that_are_not_finite_are_named(tmp_path, features):
    place(tmp_path, a=[1, 2])
    np.save(layout.array_path(tmp_path, "a"), np.float32(features))
    with pytest.raises(UserError, match="a.npy cannot be read .row 1 holds NaN, infinity"):
        gathering.scatter(gather(tmp_path, ["a"]), tmp_path, "mean", "none")


def test_features_of_another_dimension_than_the_embedding_are_named(tmp_path):
    place(tmp_path, a=[1, 2], b=[1, 2])
    for identity, dimension in (("a", 2), ("b", 3)):
        write_array(layout.array_path(tmp_path, identity), np.ones((1, dimension), np.float32))
    with pytest.raises(UserError, match="b.npy has 3 numbers per view, but the embedding of 'b' has 2"):
        gathering.scatter(gather(tmp_path, ["a", "b"]), tmp_path, "mean", "none")


def test_a_specimen_in_two_shards_is_refused():
    shard, failed = (["a"], np.ones((1, 2)), {"a": {}}), ([], np.zeros((0, 0)), {"broken": {}})
    with pytest.raises(UserError, match="'a' is in two shards"):
        gathering.join([shard, shard])
    with pytest.raises(UserError, match="'broken' is in two shards"):
        gathering.join([failed, shard, failed])


def test_joined_shards_are_sorted_by_id():
    first = (["c", "a"], np.float32([[3, 3], [1, 1]]), {"z": "why", "c": "ok", "a": "ok"})
    second = (["b"], np.float32([[2, 2]]), {"b": "ok"})
    found = gathering.join([first, second])
    assert found.identities == ["a", "b", "c"]
    assert found.embeddings.tolist() == [[1, 1], [2, 2], [3, 3]] and found.embeddings.dtype == np.float32
    assert list(found.records.items()) == [("a", "ok"), ("b", "ok"), ("c", "ok"), ("z", "why")]


def test_a_shard_without_embeddings_joins_any_other():
    empty = ([], np.zeros((0, 0), np.float32), {})
    found = gathering.join([empty, (["a"], np.float32([[1, 2]]), {}), empty])
    assert found.identities == ["a"] and found.embeddings.tolist() == [[1, 2]]
    assert gathering.join([empty]).embeddings.shape == (0, 0)


def test_shards_of_different_dimensions_are_refused():
    with pytest.raises(UserError, match="different settings"):
        gathering.join([(["a"], np.zeros((1, 2)), {}), (["b"], np.zeros((1, 3)), {})])


@pytest.mark.parametrize("render", [{"align": "principal", "mirror": "keep"}, {"align": "none", "mirror": "ignore"}])
def test_views_that_have_no_order_are_not_joined(render):
    record = {"encoder": {}, "render": {"align": "none", "mirror": "keep"}, "pool": "concat", "backends": []}
    assert gathering.joint_passport([record])["pool"] == "concat"
    assert gathering.joint_passport([{**record, "render": render, "pool": "max"}])["pool"] == "max"
    with pytest.raises(UserError, match="concat need views of --align none and --mirror keep"):
        gathering.joint_passport([{**record, "render": render}])


GPU, CPU = Backend("torch", "cuda", "fp16"), Backend("openvino", "cpu", "bf16")


def test_the_passport_counts_what_computed_the_features_of_specimens_that_have_an_embedding(tmp_path):
    place(tmp_path, a=[1], b=[2], c=[3], broken=[], old=[4])
    for identity, facts in {"a": CPU, "b": GPU, "c": GPU, "broken": CPU, "old": None}.items():
        backend = {"backend": facts._asdict()} if facts else {}
        path = layout.array_path(tmp_path / "features", identity)
        write_result(path, np.zeros((0, 1), np.float32), {"encoder": {"model": "x"}}, **backend)
    identities = ["a", "b", "c", "broken", "old"]
    made = gathering.passport(identities, "abc", tmp_path / "features", tmp_path / "embeddings")
    assert made["backends"] == [{**GPU._asdict(), "specimens": 2}, {**CPU._asdict(), "specimens": 1}]
    made = gathering.passport(identities, ["old"], tmp_path / "features", tmp_path / "embeddings")
    assert made["backends"] == [{"engine": None, "device": None, "precision": None, "specimens": 1}]


def test_shards_that_were_computed_in_different_ways_are_said_in_one_sentence():
    record = {"encoder": {}, "render": {}, "pool": "mean"}
    shards = [{**record, "backends": backends.counted(each)} for each in ([CPU, CPU], [GPU, CPU], [])]
    made = gathering.joint_passport(shards)["backends"]
    assert made == [{**CPU._asdict(), "specimens": 3}, {**GPU._asdict(), "specimens": 1}]
    assert backends.difference(made).startswith(
        "The features were not all computed in one way: 3 by openvino on cpu in bf16, 1 by torch on cuda in fp16."
    )
    assert backends.difference(made[:1]) is backends.difference([]) is None
