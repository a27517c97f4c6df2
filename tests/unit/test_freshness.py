"""What is stale, on records written here; the workflow's tests see it on those of real stages."""

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import hypothesis
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fossilvit import encoders
from fossilvit.errors import UserError
from fossilvit.provenance import backends, freshness, recipes
from fossilvit.provenance.freshness import Atlas
from fossilvit.scans import inventory, specimens
from fossilvit.store import digests, files, layout

from ..conftest import REPOSITORY
from . import renders

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@pytest.fixture
def settings():
    """The settings of every day, with the encoder that needs no weights."""
    chosen = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
    chosen["extract"]["model"] = "hog"
    chosen["render"]["views"] = 2
    return chosen


@pytest.fixture
def described(tmp_path, monkeypatch, settings):
    """A specimen whose views, features and embedding are up to date."""
    monkeypatch.chdir(tmp_path)
    Path("data/meshes").mkdir(parents=True)
    Path("data/meshes/a.stl").write_bytes(b"scan")
    folder = Path("data/renders/a")
    folder.mkdir(parents=True)
    for view in range(2):
        layout.view_path(layout.RENDERS, "a", view).write_bytes(b"view")
    (folder / "views.txt").write_text("a_view00.png\na_view01.png\n")
    scan = {"name": "a.stl", "bytes": 4, "sha256": digests.of_bytes(b"scan")}
    record = {
        "status": "ok",
        **recipes.views(settings["render"]),
        "file": scan,
        "companions": {},
        "views": renders.views(0.5, 0.25),
    }
    files.write_json(folder / "render.json", {**record, "seconds": 1})
    encoder = encoders.choose("hog").recipe()
    features = write_array(layout.FEATURES, recipes.features((folder / "render.json").read_bytes(), encoder))
    write_array(layout.EMBEDDINGS, recipes.embedding(features, "mean"))
    return tmp_path


def write_array(folder, made_from):
    """A file that stands for an array, and its record; returns its digest."""
    path = layout.array_path(folder, "a")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(folder.encode())
    digest = digests.of_file(path)
    files.write_json(layout.record_path(path), {"made_from": made_from, "sha256": {path.name: digest}})
    return digest


class Gone:
    """An encoder whose files are not here."""

    def __init__(self, choice):
        self.recipe, self.fetch_recipe, self.device = choice.recipe, choice.fetch_recipe, choice.device

    def is_here(self):
        return False


def find(settings, here=True, atlas=None):
    options = {name: settings["extract"][name] for name in encoders.Options._fields if name in settings["extract"]}
    choice = encoders.choose(settings["extract"]["model"], encoders.Options(**options))
    found = inventory.take(settings["meshes"], settings["prefer"])
    shards = specimens.members(found.specimens, settings["shards"])
    encoder = choice if here else Gone(choice)
    return freshness.find(found, shards, settings, encoder, digests.Digests(), None, labeled=False, atlas=atlas)


def test_before_the_first_run_nothing_is_there_to_be_made_again(tmp_path, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    Path("data/meshes").mkdir(parents=True)
    Path("data/meshes/a.stl").write_bytes(b"scan")
    assert find(settings) == freshness.Stale(frozenset(), frozenset("a"), frozenset("a"), True, Counter())


def test_a_specimen_that_is_up_to_date_is_left_alone(described, settings):
    found = find(settings)
    assert not found.rendered and not found.described and not found.reasons
    assert not [path for path in found.again if "/a" in path]


def test_dates_mean_nothing(described, settings):
    for number, path in enumerate(sorted(described.rglob("*"))):
        os.utime(path, (4_000_000_000 - number, 4_000_000_000 - 10**9 * (number % 3)))
    assert not find(settings).reasons


def put(settings, name, value):
    group, _, key = name.rpartition(".")
    (settings[group] if group else settings)[key] = value


RENDER, FEATURES, EMBEDDING = "data/renders/a/render.json", "data/features/a.npy", "data/embeddings/a.npy"


@pytest.mark.parametrize(
    ("change", "again", "reason"),
    [
        (lambda settings: Path("data/meshes/a.stl").write_bytes(b"nacs"), [RENDER, FEATURES, EMBEDDING], "scans"),
        (lambda settings: os.rename("data/meshes/a.stl", "data/meshes/a.ply"), [RENDER, FEATURES, EMBEDDING], "scans"),
        (lambda settings: put(settings, "render.size", 64), [RENDER, FEATURES, EMBEDDING], "settings of render"),
        (lambda settings: put(settings, "render.views", 3), [RENDER, FEATURES, EMBEDDING], "settings of render"),
        (
            lambda settings: put(settings, "render.mirror", "ignore"),
            [RENDER, FEATURES, EMBEDDING],
            "settings of render",
        ),
        (lambda settings: put(settings, "render.picture", "file"), [RENDER, FEATURES, EMBEDDING], "settings of render"),
        (lambda settings: os.unlink("data/renders/a/a_view01.png"), [RENDER, FEATURES, EMBEDDING], freshness.LOST),
        (lambda settings: os.truncate("data/renders/a/a_view01.png", 0), [RENDER, FEATURES, EMBEDDING], freshness.LOST),
        (lambda settings: os.unlink("data/renders/a/views.txt"), [RENDER, FEATURES, EMBEDDING], freshness.LOST),
        (
            lambda settings: put(settings, "extract.model", f"custom:{__file__}:make"),
            [FEATURES, EMBEDDING],
            "settings of extract",
        ),
        (lambda settings: os.truncate("data/features/a.npy", 0), [FEATURES, EMBEDDING], freshness.LOST),
        (lambda settings: os.unlink("data/features/a.json"), [FEATURES, EMBEDDING], freshness.LOST),
        (lambda settings: put(settings, "pool", "max"), [EMBEDDING], "pool"),
        (lambda settings: Path("data/embeddings/a.npy").write_bytes(b"x"), [EMBEDDING], freshness.LOST),
    ],
)
def test_a_change_makes_stale_what_depends_on_it_and_is_named(described, settings, change, again, reason):
    change(settings)
    found = find(settings)
    assert sorted(path for path in found.again if "/a" in path) == sorted(again)
    assert found.reasons == Counter({reason: 1})
    assert (found.rendered == {"a"}) == (RENDER in again) and (found.described == {"a"}) == (FEATURES in again)


def test_what_was_left_of_a_run_stopped_between_two_stages_is_named(described, settings):
    """The view is newer than the features, which know what they were made from."""
    record = files.read_json(RENDER)
    settings["render"]["size"] = record["size"] = 64
    files.write_json(RENDER, record)
    found = find(settings)
    assert not found.rendered and found.described == {"a"} and found.reasons == Counter({freshness.STOPPED: 1})


def test_views_that_are_not_kept_are_rendered_again_where_they_are_described_again(described, settings):
    settings["keep_renders"] = False
    os.unlink("data/renders/a/views.txt"), os.unlink("data/renders/a/a_view01.png")
    assert not find(settings).reasons
    os.unlink("data/features/a.npy")
    found = find(settings)
    assert found.rendered == found.described == {"a"} and RENDER not in found.again


def test_an_encoder_that_has_gone_is_fetched_before_anything_is_described(described, settings):
    files.write_json(layout.ENCODER, {"made_from": encoders.choose("hog").fetch_recipe()})
    assert not find(settings).encoder
    assert not find(settings, here=False).encoder, "nothing is to be described"
    os.unlink("data/features/a.npy")
    assert find(settings, here=False).encoder


@pytest.mark.parametrize(
    "change", [{"token": "patch_mean"}, {"image_size": 256}, {"engine": "torch"}, {"precision": "fp32"}]
)
def test_a_setting_that_the_encoder_does_not_use_makes_nothing_stale(described, settings, change):
    settings["extract"] |= change
    assert not find(settings).reasons


@pytest.mark.parametrize(
    ("device", "stale"),
    [("auto", False), ("cuda", False), ("cpu", True)],
)
def test_features_of_another_device_than_the_one_asked_for_are_described_again(described, settings, device, stale):
    """The record says what was used, also where the settings had left it open."""
    settings["extract"] |= {"model": "dinov2_vits14", "weights": "w.pth"}
    Path("w.pth").write_bytes(b"weights")
    options = encoders.Options(
        **{name: settings["extract"][name] for name in encoders.Options._fields if name in settings["extract"]}
    )
    recipe = encoders.choose("dinov2_vits14", options).recipe()
    path = layout.record_path(layout.array_path(layout.FEATURES, "a"))
    backend = {"engine": "torch", "device": "cuda", "precision": "fp16"}
    record = files.read_json(path)
    record["made_from"]["encoder"] = recipe
    files.write_json(path, {"backend": backend, **record})
    settings["extract"]["device"] = device
    found = find(settings)
    assert found.described == ({"a"} if stale else set())
    assert (found.reasons["settings of extract"] > 0) is stale


def test_a_device_that_is_asked_for_makes_features_of_an_unknown_one_stale():
    assert backends.elsewhere({}, "cpu") and not backends.elsewhere({}, "auto")
    own = {"backend": {"engine": "custom", "device": None, "precision": None}}
    assert not backends.elsewhere(own, "cuda"), "an encoder of the user decides by itself where it runs"


def test_a_view_that_could_not_be_read_is_rendered_again_until_it_was_described(described, settings):
    content = Path(RENDER).read_bytes()
    record = Path("data/features/a.json").read_bytes()
    files.write_json("data/features/a.json", recipes.broken(content, "a_view01.png"))
    found = find(settings)
    assert found.rendered == found.described == {"a"} and RENDER in found.again
    Path("data/features/a.json").write_bytes(record)
    assert not find(settings).reasons


def test_a_note_on_a_view_of_an_earlier_rendering_means_nothing(described, settings):
    files.write_json("data/features/a.json", recipes.broken(b"an earlier record", "a_view01.png"))
    assert RENDER not in find(settings).again


def test_without_the_view_that_figures_show_a_specimen_is_rendered_again(described, settings):
    settings["keep_renders"] = False
    os.unlink("data/renders/a/views.txt")
    os.unlink("data/renders/a/a_view00.png")
    assert find(settings).rendered == {"a"}


@pytest.mark.parametrize("path", [RENDER, "data/features/a.json", "data/embeddings/a.json"])
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(value=JSON)
@example({"file": []})
@example({"sha256": {"a.npy": 1}, "made_from": 1})
@example({"status": "ok", "views": 3})
def test_a_record_of_any_other_content_is_made_again(described, settings, path, value):
    shutil.copy(path, "kept")
    try:
        Path(path).write_text(json.dumps(value))
        found = find(settings)
        assert found.described == {"a"} or path == "data/embeddings/a.json"
        assert EMBEDDING in found.again
    finally:
        shutil.copy("kept", path)


@pytest.fixture
def exhibited(described):
    """A specimen whose exhibit is up to date too."""
    made = layout.exhibit_path(layout.EXHIBITS, "a")
    made.parent.mkdir(parents=True)
    made.write_text("thumbnail\nexhibit\n")
    write_exhibit_record(made)
    return made


def write_exhibit_record(made):
    content = Path(RENDER).read_bytes()
    record = {"made_from": recipes.exhibit(content), "sha256": {made.name: digests.of_file(made)}}
    files.write_json(layout.record_path(made), record)


def test_an_exhibit_that_is_up_to_date_is_left_alone(exhibited, settings):
    found = find(settings, atlas=Atlas(None))
    assert not found.rendered and not found.reasons and not found.again


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.write_text("another\nexhibit\n"),
        lambda made: layout.record_path(made).unlink(),
        lambda made: files.write_json(
            layout.record_path(made), {"made_from": {"render": "of another scan"}, "sha256": {}}
        ),
    ],
)
def test_a_stale_exhibit_is_made_again_from_the_views_that_are_there(exhibited, settings, change):
    change(exhibited)
    found = find(settings, atlas=Atlas(None))
    assert found.again == {str(exhibited)} and not found.rendered and not found.described


def test_without_its_views_a_specimen_is_rendered_again_for_its_exhibit(exhibited, settings):
    settings["keep_renders"] = False
    Path("data/renders/a/views.txt").unlink()
    assert not find(settings, atlas=Atlas(None)).rendered
    exhibited.unlink()
    assert find(settings, atlas=Atlas(None)).rendered == {"a"}
    assert not find(settings).rendered, "no atlas needs an exhibit"


def test_a_view_that_an_exhibit_could_not_read_is_rendered_again(exhibited, settings):
    files.write_json(layout.record_path(exhibited), recipes.broken(Path(RENDER).read_bytes(), "a_view01.png"))
    assert find(settings, atlas=Atlas(None)).rendered == {"a"}


def test_a_changed_exhibit_makes_the_chunk_of_its_shard_stale(exhibited, settings):
    shard = specimens.shard("a", 1)
    chunks = [Path(path) for path in layout.chunks(shard)]
    chunks[0].parent.mkdir(parents=True)
    for chunk in chunks:
        chunk.write_text("chunk")
    made = {"a": digests.of_file(exhibited)}
    record = {"made_from": recipes.chunk(made), "sha256": {chunk.name: digests.of_file(chunk) for chunk in chunks}}
    files.write_json(layout.record_path(chunks[0]), record)
    assert not find(settings, atlas=Atlas(1)).again
    exhibited.write_text("another\nexhibit\n")
    write_exhibit_record(exhibited)
    assert set(map(str, chunks)) < find(settings, atlas=Atlas(1)).again


def test_a_query_for_nobody_is_refused(described, settings):
    settings["search"]["queries"] = ["nobody"]
    with pytest.raises(UserError, match="nobody"):
        find(settings)


@pytest.mark.parametrize("whiten", ["none", "views"])
def test_the_features_of_a_shard_are_part_of_its_recipe_however_it_is_whitened(whiten):
    """The collection is whitened, and else its clusters are found, by how their views scatter."""
    one, other = (recipes.shard({}, {"a": "1"}, {"a": digest}, whiten) for digest in "12")
    assert one["features"] != other["features"]
