import hashlib
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
MEAN = {"pool": "mean", "whiten": "none"}
"""What the passport of embeddings says that lie among the views."""


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
    root = gathering.scatter(found, tmp_path / "features", "views")
    assert root.dtype == np.float32
    assert np.allclose(root.T @ root, [[spread, -spread], [-spread, spread]])


def test_what_is_not_whitened_has_no_scatter_and_its_features_are_not_read(tmp_path):
    place(tmp_path, a=[1, 2])
    root = gathering.scatter(gather(tmp_path, ["a"]), tmp_path / "features", "none")
    assert root.shape == (0, 2) and root.dtype == np.float32


def test_features_that_are_missing_are_named(tmp_path):
    place(tmp_path, a=[1, 2])
    found = gather(tmp_path, ["a"])
    with pytest.raises(UserError, match="a.npy does not exist"):
        gathering.scatter(found, tmp_path / "features", "views")


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
        gathering.scatter(gather(tmp_path, ["a"]), tmp_path, "views")
    with pytest.raises(UserError, match="a.npy cannot be read .row 1 holds NaN, infinity"):
        gathering.sampled_scatter(["a"], 2, MEAN, tmp_path)


def views_of(folder, identities, dimension=100):
    """Six views a specimen that lie along their own directions, by ID, as they are in a folder of features."""
    views = {
        identity: np.random.default_rng(list(identity.encode())).normal(size=(6, dimension)).astype(np.float32)
        for identity in identities
    }
    for identity, features in views.items():
        write_array(layout.array_path(folder, identity), features)
    return views


MANY = [f"shells/標本 {number}" for number in range(16)]


def test_the_scatter_for_clusters_is_the_sketch_of_that_of_the_specimens_that_are_given(tmp_path):
    views = views_of(tmp_path, [*MANY, "other"])
    found = gathering.sampled_scatter(MANY, 100, MEAN, tmp_path)
    expected = whitening.sketch(whitening.scatter([views[identity] for identity in MANY], 100))
    assert found.dtype == np.float32 and found.shape == (whitening.SKETCH, 100)
    assert np.allclose(found.T @ found, expected.T @ expected, atol=1e-5)


@pytest.mark.parametrize("most", [5, 500])
def test_the_order_of_specimens_does_not_change_the_scatter_for_clusters(tmp_path, monkeypatch, most):
    monkeypatch.setattr(gathering, "SAMPLE", most)
    views_of(tmp_path, MANY)
    found = gathering.sampled_scatter(MANY, 100, MEAN, tmp_path)
    for order in (MANY[::-1], sorted(MANY), [*MANY[5:], *MANY[:5]]):
        assert np.array_equal(gathering.sampled_scatter(order, 100, MEAN, tmp_path), found)


def sampled(identities, most):
    """The specimens whose IDs have the smallest SHA-256."""
    return sorted(identities, key=lambda identity: hashlib.sha256(identity.encode()).digest())[:most]


def test_of_many_specimens_the_scatter_for_clusters_is_that_of_a_sample_whose_digests_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "SAMPLE", 5)
    views_of(tmp_path, sampled(MANY, 5))
    found = gathering.sampled_scatter(MANY, 100, MEAN, tmp_path)
    assert len(found) == 5 * 6
    assert np.array_equal(found, gathering.sampled_scatter(sampled(MANY, 5), 100, MEAN, tmp_path))


def test_added_specimens_change_the_scatter_for_clusters_only_where_their_digests_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "SAMPLE", 5)
    added = [f"new {number}" for number in range(30)]
    views_of(tmp_path, MANY)
    before = gathering.sampled_scatter(MANY, 100, MEAN, tmp_path)
    views_of(tmp_path, added)
    assert np.array_equal(gathering.sampled_scatter(MANY, 100, MEAN, tmp_path), before)
    seen = set()
    for one in added:
        enters = one in sampled([*MANY, one], 5)
        found = gathering.sampled_scatter([*MANY, one], 100, MEAN, tmp_path)
        assert np.array_equal(found, before) != enters
        seen.add(enters)
    assert seen == {True, False}


@pytest.mark.parametrize(
    "passport",
    [
        {"pool": "max", "whiten": "none"},
        {"pool": "concat", "whiten": "none"},
        {"pool": None, "whiten": "none"},
        {"pool": "mean", "whiten": "views"},
        {"pool": "mean"},
        {"whiten": "none"},
        {"sha256": {"embeddings.npy": "1"}},
    ],
    ids=str,
)
def test_embeddings_that_do_not_lie_among_the_views_have_no_scatter_for_clusters(tmp_path, passport):
    views_of(tmp_path, ["a"])
    assert gathering.sampled_scatter(["a"], 100, MEAN, tmp_path) is not None
    assert gathering.sampled_scatter(["a"], 100, passport, tmp_path) is None


def test_without_features_there_is_no_scatter_for_clusters(tmp_path):
    views_of(tmp_path, ["a", "b"])
    assert gathering.sampled_scatter(["a", "b", "c"], 100, MEAN, tmp_path) is None
    assert gathering.sampled_scatter(["a", "b"], 100, MEAN, tmp_path / "elsewhere") is None


@pytest.mark.parametrize("dimension", [0, 3])
def test_of_no_specimens_the_scatter_for_clusters_is_empty(tmp_path, dimension):
    assert gathering.sampled_scatter([], dimension, MEAN, tmp_path).shape == (0, dimension)


@pytest.mark.parametrize("views", [1, 2])
def test_features_of_another_dimension_than_the_embedding_are_named(tmp_path, views):
    for identity, dimension in (("a", 2), ("b", 3)):
        write_array(layout.array_path(tmp_path, identity), np.ones((views, dimension), np.float32))
    with pytest.raises(UserError, match="b.npy has 3 numbers per view, but the embedding of 'b' has 2"):
        gathering.sampled_scatter(["a", "b"], 2, MEAN, tmp_path)


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
