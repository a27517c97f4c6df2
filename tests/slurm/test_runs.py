"""A collection on the cluster ends as on a workstation, in as few jobs as can be."""

import shutil
from itertools import permutations

import pytest

from fossilvit.scans import inventory, specimens
from fossilvit.store.tables import FAILED_COLUMNS, read_table, write_table
from tests.slurm.conftest import ON_CPUS, Work
from tests.workflow.conftest import products

SHARDS = 8
SPECIMEN_RULES = ("render_views", "make_exhibit", "pack_exhibits", "gather_records")
SPECIMEN_RULES += ("extract_features", "pool_embedding", "gather_shard")
SHEET = [
    "specimens=sheet.csv",
    "category=taxon",
    "restrict=part",
    """select=note == "it's 標本" and part == "whole\"""",
]
LARGE = [f"shards={SHARDS}", "atlas=folder", *SHEET]
ODD_NAMES = ["it's #1 (標本) & co", '$HOME `date` "x"; y']


@pytest.fixture(scope="module")
def large(cluster, fossils):
    """A collection of some 200 specimens in 8 shards on the cluster, one of them broken, and its first run."""
    folder = fossils("large", 25)
    for name in ODD_NAMES:
        shutil.copy(folder / "data/meshes/ammonoid/ammonoid_01.ply", folder / f"data/meshes/{name}.ply")
    write_sheet(folder)
    work = Work(folder, cluster, *LARGE)
    return work, work.run()


def write_sheet(folder):
    """A sheet with a row for every scan."""
    found = inventory.take(folder / "data/meshes").specimens
    rows = [(identity, identity[:6], "whole", "it's 標本") for identity in found]
    write_table(folder / "sheet.csv", ("specimen_id", "taxon", "part", "note"), rows)


@pytest.fixture(scope="module")
def local(large, tmp_path_factory):
    """The same collection on this machine."""
    folder = tmp_path_factory.mktemp("local")
    shutil.copytree(large[0].folder / "data/meshes", folder / "data/meshes")
    shutil.copy(large[0].folder / "sheet.csv", folder)
    work = Work(folder, large[0].cluster, *LARGE)
    run = work.run_here()
    assert run.code == 0, run.output
    return folder


def test_the_results_are_those_of_a_run_on_one_machine(large, local):
    work, run = large
    assert run.code == 0, run.output
    assert products(work.folder) == products(local)


def test_a_shard_is_two_jobs_and_the_collection_one(large):
    work, _ = large
    jobs = work.jobs()
    assert [job.group for job in jobs].count("render") == [job.group for job in jobs].count("describe") == SHARDS
    assert len(jobs) == 2 * SHARDS + 1 and {job.state for job in jobs} == {"COMPLETED"}


def gpus(work):
    """The GPUs that each job saw."""
    seen = work.seen()
    return {job: {gpu for other, gpu, _ in seen if other == job} for job, _, _ in seen}


def test_a_job_that_describes_asks_for_one_gpu_and_sees_it(large):
    work, _ = large
    assert {(job.group == "describe", job.gpus) for job in work.jobs()} == {(True, "gres:gpu:1"), (False, "")}
    seen = gpus(work)
    assert seen.keys() == {job.id for job in work.jobs() if job.group == "describe"}
    assert all(len(ones) == 1 for ones in seen.values()) and set().union(*seen.values()) == {"0", "1"}


def test_two_shards_are_described_at_the_same_time_on_two_gpus(large):
    work, _ = large
    seen, describing = gpus(work), [job for job in work.jobs() if job.group == "describe"]
    together = [(one, other) for one, other in permutations(describing, 2) if one.begin <= other.begin < one.end]
    assert together and all(seen[one.id] != seen[other.id] for one, other in together)


def test_a_shard_loads_its_encoder_once(large):
    work, _ = large
    logs = [path.read_text() for path in (work.folder / "logs/extract_features").rglob("*.log")]
    assert sum(log.count("The encoder is loaded.") for log in logs) == SHARDS
    assert len({(job, process) for job, _, process in work.seen()}) == SHARDS


def test_what_needs_a_network_is_done_before_anything_is_submitted(large):
    output = large[1].output
    assert output.index("localrule fetch_weights") < output.index("has been submitted with SLURM jobid")


def test_more_specimens_are_more_time(large):
    members = specimens.members(inventory.take(large[0].folder / "data/meshes").specimens, SHARDS).values()
    minutes = sorted(job.minutes for job in large[0].jobs() if job.group == "describe")
    assert minutes == sorted(20 + len(ids) + -(-len(ids) // 4) for ids in members)


def test_a_second_run_submits_nothing_and_one_more_mesh_its_own_shard(large):
    work, _ = large
    before = len(work.jobs())
    again = work.run()
    assert again.code == 0 and not again.jobs and "submitted" not in again.output

    shutil.copy(work.folder / "data/meshes/trilobite/trilobite_03.ply", work.folder / "data/meshes/new find.ply")
    (work.folder / "data/meshes/Smith, 1990.ply").touch()
    write_sheet(work.folder)
    added = work.run()
    assert added.code == 0, added.output
    assert [job.group for job in work.jobs()[before:]] == ["render", "describe", "collect"]
    for rule in ("render_views", "extract_features", "pool_embedding"):
        assert added.of(rule) == {"new find"}
    for rule in ("gather_records", "gather_shard"):
        assert added.of(rule) == {specimens.shard("new find", SHARDS)}
    assert added.jobs["collect_embeddings"] == 1 and "fetch_weights" not in added.jobs
    failed = read_table(work.folder / "results/failed.csv", FAILED_COLUMNS)
    assert [row["specimen_id"] for row in failed if "gets lost on the way" in row["reason"]] == ["Smith, 1990"]


def test_one_job_may_render_and_describe_a_shard_without_a_gpu(place, undisturbed):
    work = place("joined", "shards=6", ON_CPUS)
    run = work.run("--groups", *(f"{rule}=shard" for rule in SPECIMEN_RULES))
    assert run.code == 0, run.output
    assert [job.group for job in work.jobs()] == ["shard"] * 6 + ["collect"]
    assert not any(job.gpus for job in work.jobs())
    assert products(work.folder) == undisturbed
