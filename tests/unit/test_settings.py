import copy

import pytest
import yaml

from fossilvit.answers import clustering, neighbors
from fossilvit.collection import pooling, whitening
from fossilvit.errors import UserError
from fossilvit.running import settings
from fossilvit.views import cameras, poses, rendering, studio

INFINITY, NAN = float("inf"), float("nan")


@pytest.fixture(scope="module")
def schema(repository):
    return repository / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def config(repository):
    return yaml.safe_load((repository / "config" / "config.yaml").read_text(encoding="utf-8"))


def put(config, dotted, value):
    *groups, key = dotted.split(".")
    changed = copy.deepcopy(config)
    inner = changed
    for group in groups:
        inner = inner[group]
    inner[key] = value
    return changed


def refusal(config, schema):
    with pytest.raises(UserError) as error:
        settings.checked(config, schema)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_configuration_that_comes_with_it_is_right_and_comes_back_unchanged(config, schema):
    assert settings.checked(config, schema) == config


def test_the_demo_configuration_is_right(config, schema, repository):
    demo = yaml.safe_load((repository / "config" / "demo.yaml").read_text(encoding="utf-8"))
    for key, value in demo.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    settings.checked(config, schema)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("shard", "shards"), ("render.view", "render.views"), ("extract.modell", "extract.model"), ("seeed", "seed")],
)
def test_an_unknown_setting_is_named_with_the_nearest_known_one(config, schema, wrong, meant):
    sentence = refusal(put(config, wrong, 1), schema)
    assert repr(wrong) in sentence and repr(meant) in sentence


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("render.views", 0, "at least 1"),
        ("render.views", "twelve", "a whole number"),
        ("render.size", 5000, "at most 4096"),
        ("render.renderer", "opengl", "raster, offscreen"),
        ("render.appearance", "grey", "gray, whitened, color, normals, depth"),
        ("render.elevation", 95, "a number of at least -90 and of at most 90"),
        ("render.elevation", "up", "a number"),
        ("render.antialias", 5, "at most 4"),
        ("extract.image_size", 0, "at least 1"),
        ("extract.weights", 3, "null"),
        ("pool", "median", "mean, max, concat"),
        ("keep_renders", "some", "true or false"),
        ("warm", 1, "true or false"),
        ("collection.whiten", "pca", "none, views"),
        ("cluster.min_cluster_size", 1, "'auto' or a whole number"),
        ("cluster.min_cluster_size", "some", "'auto' or a whole number"),
        ("search.queries", 1, "a list"),
        ("search.topk", -1, "at least 1"),
        ("render", None, "a group of settings"),
        ("specimens", ["a.csv"], "null"),
        ("cluster.method", "ward", "upgma, hdbscan, kmeans, agglomerative"),
        ("seed", True, "a whole number"),
        ("render.views", 2.5, "a whole number"),
        ("render.views", "2.5", "a whole number"),
        ("render.views", INFINITY, "a whole number"),
        ("render.size", NAN, "a whole number"),
        ("shards", ".inf", "'auto' or a whole number"),
        ("shards", 10**30, "at most 10000"),
        ("search.topk", "1.0e+400", "a whole number"),
        ("cluster.pca", "9" * 5000, "a whole number"),
        ("cluster.clusters", NAN, "'auto' or a whole number"),
        ("render.elevation", NAN, "a number of at least -90"),
        ("render.elevation", -INFINITY, "a number of at least -90"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_may_be(config, schema, name, value, allowed):
    sentence = refusal(put(config, name, value), schema)
    assert name in sentence and repr(value) in sentence and allowed in sentence


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("render.views", "6", 6),
        ("render.elevation", "-35.5", -35.5),
        ("render.elevation", "30", 30),
        ("extract.weights", "null", None),
        ("cluster.clusters", "3", 3),
        ("cluster.clusters", "auto", "auto"),
        ("warm", "false", False),
        ("keep_renders", "True", True),
        ("meshes", "2026", "2026"),
        ("search.queries", ["1234"], ["1234"]),
        ("search.queries", "1234", ["1234"]),
        ("prefer", "stl", ["stl"]),
        ("prefer", [False, "ply"], ["off", "ply"]),
        ("shards", "40", 40),
        ("shards", 2.0, 2),
        ("shards", "2.0", 2),
        ("render.views", 6.0, 6),
        ("render.views", "6.0", 6),
        ("render.size", 64.0, 64),
        ("render.elevation", 30.0, 30.0),
        ("search.topk", 3.0, 3),
        ("cluster.pca", -0.0, 0),
        ("cluster.clusters", 3.0, 3),
        ("cluster.min_cluster_size", "3.0", 3),
        ("seed", 7.0, 7),
    ],
)
def test_numbers_become_what_the_schema_says_and_texts_stay_texts(config, schema, name, text, value):
    found = settings.checked(put(config, name, text), schema)
    for key in name.split("."):
        found = found[key]
    assert found == value and type(found) is type(value)


def test_a_wrong_item_of_a_list_is_named_with_its_place(config, schema):
    sentence = refusal(put(config, "prefer", ["ply", "glb"]), schema)
    assert sentence == "prefer.1 is 'glb', but must be one of ply, obj, stl, off."


def test_the_home_folder_may_be_written_as_a_tilde(config, schema, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.pth").touch()
    for name, value in [("meshes", "~/s"), ("extract.weights", "~/w.pth")]:
        config = put(config, name, value)
    found = settings.checked(config, schema)
    assert found["meshes"] == f"{tmp_path}/s" and found["extract"]["weights"] == f"{tmp_path}/w.pth"


def test_a_missing_setting_is_named(config, schema):
    del config["cluster"]["pca"]
    sentence = refusal(config, schema)
    assert "cluster" in sentence and "'pca'" in sentence


def test_a_sheet_that_is_not_there_is_named_and_the_home_folder_may_be_a_tilde(config, schema, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path / "o.csv") in refusal(put(config, "specimens", "~/o.csv"), schema)
    (tmp_path / "o.csv").touch()
    assert settings.checked(put(config, "specimens", "~/o.csv"), schema)["specimens"] == f"{tmp_path}/o.csv"


@pytest.mark.parametrize(
    ("name", "value"), [("object", "animal"), ("category", "family"), ("select", "age > 3"), ("restrict", "part")]
)
def test_a_column_of_a_sheet_is_refused_without_a_sheet(config, schema, name, value):
    sentence = refusal(put(config, name, value), schema)
    assert f"{name} is {value!r}" in sentence and "there is no sheet" in sentence


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ('part == "femur', 'part == "femur"'),
        ("part == 'femur", "part == 'femur'"),
        ('a == "it\'s" and b == "x', 'a == "it\'s" and b == "x"'),
        ('`my "part` == "x"', '`my "part` == "x"'),
        ("age > 3", "age > 3"),
        (None, None),
    ],
)
def test_the_last_quote_of_a_condition_which_snakemake_takes_off_is_put_back(config, schema, tmp_path, given, meant):
    (tmp_path / "s.csv").touch()
    config = put(put(config, "specimens", str(tmp_path / "s.csv")), "select", given)
    assert settings.checked(config, schema)["select"] == meant


def test_weights_that_are_not_there_are_named(config, schema, tmp_path):
    assert str(tmp_path / "gone.pth") in refusal(put(config, "extract.weights", str(tmp_path / "gone.pth")), schema)
    (tmp_path / "here.pth").touch()
    settings.checked(put(config, "extract.weights", str(tmp_path / "here.pth")), schema)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("pool", "concat", "pool concat"), ("pool", "max", "pool max"), ("render.views", 1, "views")],
)
def test_what_cannot_be_whitened_is_named(config, schema, name, value, word):
    changed = put(put(config, "render.align", "none"), name, value)
    settings.checked(changed, schema)
    sentence = refusal(put(changed, "collection.whiten", "views"), schema)
    assert sentence.startswith("collection.whiten: ") and word in sentence


@pytest.mark.parametrize(("name", "value"), [("render.align", "principal"), ("render.mirror", "ignore")])
def test_views_that_have_no_order_are_not_concatenated(config, schema, name, value):
    one_pose = put(put(config, "render.align", "none"), "pool", "concat")
    settings.checked(one_pose, schema)
    sentence = refusal(put(one_pose, name, value), schema)
    assert sentence.startswith("pool: concat ") and name in sentence


def test_the_schema_allows_just_what_the_library_can(schema):
    groups = yaml.safe_load(schema.read_text(encoding="utf-8"))["properties"]
    extract = {key: rule.get("enum") for key, rule in groups["extract"]["properties"].items()}
    assert extract["token"] is None and extract["image_size"] is None, "which each encoder checks itself"
    render = {key: rule.get("enum") for key, rule in groups["render"]["properties"].items()}
    assert tuple(render["renderer"]) == rendering.RENDERERS
    assert tuple(render["appearance"]) == rendering.APPEARANCES
    assert tuple(render["viewpoints"]) == cameras.VIEWPOINTS
    assert tuple(render["framing"]) == cameras.FRAMINGS
    assert tuple(render["align"]) == poses.ALIGNMENTS
    assert tuple(render["mirror"]) == cameras.MIRRORS
    assert tuple(render["strays"]) == studio.STRAYS
    assert tuple(render["picture"]) == studio.PICTURES
    assert tuple(groups["pool"]["enum"]) == pooling.METHODS
    assert tuple(groups["collection"]["properties"]["whiten"]["enum"]) == whitening.METHODS
    assert tuple(groups["cluster"]["properties"]["method"]["enum"]) == clustering.METHODS
    assert tuple(groups["search"]["properties"]["metric"]["enum"]) == neighbors.METRICS
