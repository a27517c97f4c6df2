"""What a run is made of and what its jobs ask for: the Python that the rules look things up in."""

import copy

import pytest
import yaml

from fossilvit import encoders
from fossilvit.errors import UserError
from fossilvit.provenance import freshness
from fossilvit.running import devices
from fossilvit.scans.specimens import Specimen
from fossilvit.store import layout
from tests.conftest import REPOSITORY

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
SMALL, LARGE = Specimen("a", "a.ply", 10**6), Specimen("b", "b.ply", 10**9)


@pytest.fixture
def plan(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import plan

    return plan


@pytest.fixture
def demands(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "workflow")
    import demands

    return demands


@pytest.fixture
def config():
    settings = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
    settings["extract"]["model"] = "hog"
    return settings


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with three scans, one of them in no folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("kind/a.ply", "kind/b {x}.ply", "c.ply"):
        path = tmp_path / "data/meshes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_a_plan_knows_specimens_shards_and_queries_by_the_names_in_their_paths(plan, config, work):
    config["search"]["queries"] = ["b {x}"]
    found = plan.make(config, SCHEMA, remote=False, main=True)
    assert found.labeled and found.encoder.name == "hog"
    assert found.queries == {"kind__b %7Bx%7D": "kind/b {x}"}
    assert found.specimen("kind/b %7Bx%7D").path == "data/meshes/kind/b {x}.ply"
    ((shard, members),) = found.shards.items()
    assert members == ["c", "kind/a", "kind/b {x}"]
    assert [str(path) for path in found.render_records(shard)][-1] == "data/renders/kind/b %7Bx%7D/render.json"
    assert [str(path) for path in found.embeddings(shard)][0] == "data/embeddings/c.npy"


def test_a_wrong_sheet_is_reported_before_anything_runs(plan, config, work):
    config["specimens"] = "sheet.csv"
    (work / "sheet.csv").write_text("specimen_id,object\nc,x\nc,y\n")
    with pytest.raises(UserError, match="sheet.csv"):
        plan.make(copy.deepcopy(config), SCHEMA, remote=False, main=True)


@pytest.mark.parametrize("main", [True, False])
def test_what_is_not_selected_is_not_computed_and_leaves_the_others_in_their_shards(plan, config, work, main):
    whole = plan.make(copy.deepcopy({**config, "shards": 2}), SCHEMA, remote=False, main=main)
    (work / "sheet.csv").write_text("specimen_id,part\nkind/a,femur\nc,femur\nkind/b {x},tibia\n")
    config |= {"specimens": "sheet.csv", "select": 'part == "femur"', "category": "part", "shards": 2}
    found = plan.make(config, SCHEMA, remote=False, main=main)
    assert list(found.inventory.specimens) == ["c", "kind/a"] and found.labeled
    shard_of = {identity: shard for shard, members in whole.shards.items() for identity in members}
    assert {identity: shard for shard, members in found.shards.items() for identity in members} == {
        identity: shard_of[identity] for identity in ("c", "kind/a")
    }


def test_only_the_main_process_decides_what_is_stale_and_the_weights_come_first_where_they_are_needed(
    plan, config, work
):
    main, job = (plan.make(copy.deepcopy(config), SCHEMA, remote=False, main=main) for main in (True, False))
    assert main.stale.rendered == {"c", "kind/a", "kind/b {x}"} and job.stale == freshness.NOTHING
    assert main.weights_for_rendering("c") == main.weights_for_describing("c") == [layout.ENCODER]
    assert job.weights_for_rendering("c") == job.weights_for_describing("c") == []


def test_a_plan_tells_what_changed_and_what_is_passed_over(plan, config, work):
    (work / "data/meshes/notes.txt").touch()
    found = plan.make(config, SCHEMA, remote=False, main=True)
    assert found.sentences() == ["Passed over 1, as results/passed_over.csv says: other files (1)."]
    changed = found._replace(stale=found.stale._replace(reasons=freshness.Counter({"scans": 2, "pool": 1})))
    assert changed.sentences()[0] == "Changed since the last run: scans (2), pool (1)."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "dinov2_vits14", "image_size": 225}, "needs a multiple of 14; take 224 or 238"),
        ({"model": "dinov2_vits14", "token": "sum"}, "token is 'sum', but must be one of cls, patch_mean"),
        ({"token": "sum"}, "token is 'sum', but must be one of cls, patch_mean"),
        ({"model": "resnet"}, "There is no model 'resnet'"),
    ],
)
def test_an_encoder_that_does_not_fit_its_options_is_refused(plan, config, work, change, sentence):
    config["extract"] |= change
    with pytest.raises(UserError, match=sentence):
        plan.make(config, SCHEMA, remote=False, main=True)


def test_an_encoder_says_itself_which_sizes_it_takes(plan, config, work):
    (work / "net.pt").touch()
    config["extract"] |= {"model": "torchscript:net.pt", "image_size": 256}
    assert plan.make(config, SCHEMA, remote=False, main=True).encoder.options.image_size == 256


def test_arguments_are_quoted_and_leave_out_what_is_not_set(demands, config):
    config["extract"]["model"] = "custom:my file.py:make"
    arguments = demands.encoder_arguments(config)
    assert arguments == "--model='custom:my file.py:make' --image-size=224 --token=cls --engine=auto --source=builtin"
    assert demands.render_arguments(config).startswith("--views=12 --viewpoints=sphere --elevation=20 ")


def test_larger_files_and_larger_views_are_given_more(demands, config):
    small, large = (demands.rendering_memory(config, specimen) for specimen in (SMALL, LARGE))
    assert small == 1000 + 20 + 61 * 768**2 // 10**6 and large == small + 19980
    assert [demands.rendering_minutes(config, specimen) for specimen in (SMALL, LARGE)] == [1, 21]
    config["render"]["appearance"] = "color"
    assert demands.rendering_memory(config, SMALL) == small + 1000
    config["render"] |= {"size": 4096, "antialias": 4}
    assert demands.rendering_memory(config, SMALL) > 16000 and demands.rendering_minutes(config, SMALL) > 3


def test_describing_takes_minutes_where_there_is_no_gpu(demands, config):
    assert [demands.describing_minutes(config, gpus) for gpus in (0, 1, 8)] == [4, 1, 1]


@pytest.mark.parametrize(("gpus", "cores", "threads"), [(0, 16, 4), (1, 16, 4), (8, 16, 2), (8, 4, 1), (8, None, 4)])
def test_gpus_share_the_cores(demands, gpus, cores, threads):
    assert demands.describing_threads(encoders.choose("dinov2_vits14"), gpus, cores) == threads


@pytest.mark.parametrize(
    ("model", "options", "submits", "expected"),
    [
        ("hog", {}, True, 0),
        ("hog", {}, False, 0),
        ("dinov2_vits14", {}, True, 1),
        ("dinov2_vits14", {}, False, 3),
        ("dinov2_vits14", {"device": "cpu"}, False, 0),
        ("dinov2_vits14", {"engine": "openvino"}, True, 0),
    ],
)
def test_the_gpus_are_those_of_this_machine_or_one_for_a_job_elsewhere(
    demands, monkeypatch, model, options, submits, expected
):
    monkeypatch.setattr(devices, "gpus", lambda: ("0", "1", "2"))
    choice = encoders.choose(model, encoders.Options(**options))
    assert demands.gpus(choice, submits) == expected
