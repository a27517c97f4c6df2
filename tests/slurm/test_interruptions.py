"""Whatever happens to its jobs, a run on the cluster completes, and its results are those of an undisturbed one."""

import os
import shutil
import signal
import time

import pytest

from tests.slurm.conftest import Work
from tests.workflow.conftest import Run, products

PATIENCE = 120
SPECIMEN_RULES = ("render_views", "gather_records", "extract_features", "pool_embedding", "gather_shard")
ON_CPUS = "extract={model: 'custom:seeing.py:create', device: cpu}"
HUNGRY = """

class Hungry(Seeing):
    '''Needs more memory than its job asks for at first.'''

    def encode(self, images):
        held = b"x" * 1_400_000_000
        time.sleep(5)
        return super().encode(images) * bool(held)


def create(options):
    return Hungry()
"""
SLOW = """

class Slow(Seeing):
    '''Takes longer at first than its job asks for.'''

    def encode(self, images):
        if not os.path.exists("begun"):
            open("begun", "w").close()
            time.sleep(300)
        return super().encode(images)


def create(options):
    return Slow()
"""


@pytest.fixture(scope="module")
def place(cluster, fossils, tmp_path_factory):
    """Gives folders of the same few fossils to run in."""
    meshes = fossils("few", 3) / "data/meshes"

    def made(name, *settings):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(meshes, folder / "data/meshes")
        return Work(folder, cluster, *settings)

    return made


@pytest.fixture(scope="module")
def undisturbed(place):
    """What a run on this machine makes; it comes first, and compiles for all what is compiled once."""
    work = place("undisturbed", "shards=6")
    run = work.run_here()
    assert run.code == 0, run.output
    return products(work.folder)


def wait(find):
    """What a function finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.2)
    return found


def running(work, group):
    """The jobs of a group that run."""
    return [job.id for job in work.jobs() if job.group == group and job.state == "RUNNING"]


def described_by(work, number):
    """Job and process of the extraction that is the number-th to have described a specimen."""
    jobs = list(dict.fromkeys((job, int(process)) for job, _, process, *_ in work.seen()))
    return [pair for pair in jobs[number:] if pair[0] in running(work, "describe")][:1]


@pytest.fixture(scope="module")
def single(undisturbed, place):
    """Starts runs on one specimen with an encoder on CPUs, which nothing preempts; gives work and process of each."""
    processes = []

    def start(name, encoder, *arguments):
        work = place(name, "shards=1", ON_CPUS, "warm=false")
        for mesh in sorted((work.folder / "data/meshes").rglob("*.*"))[1:]:
            mesh.unlink()
        with open(work.folder / "seeing.py", "a") as file:
            file.write(encoder)
        processes.append(work.start("--default-resources", "slurm_partition=urgent", "--set-resources", *arguments))
        return work, processes[-1]

    yield start
    for process in processes:
        process.kill()


@pytest.fixture(scope="module")
def slow(single):
    """A run whose job takes more than the minute that it asks for."""
    return single(
        "slow", SLOW, "extract_features:runtime=attempt", "pool_embedding:runtime=0", "gather_shard:runtime=0"
    )


@pytest.fixture(scope="module")
def hungry(single):
    """A run whose job takes more memory than it asks for."""
    return single("hungry", HUNGRY, "extract_features:mem_mb=1000*attempt")


@pytest.fixture(scope="module")
def disturbed(slow, hungry, place, cluster):
    """A run with a job cancelled, a worker killed, a job preempted, the node drained and the controller restarted."""
    work = place("disturbed", "shards=6")
    process = work.start(SEEING_SECONDS="1")
    try:
        wait(lambda: list(work.folder.glob("data/renders/*/*/render.json")))
        cancelled = running(work, "render")[0]
        cluster.call("scancel", cancelled)
        ((bereft, worker),) = wait(lambda: described_by(work, 0))
        os.kill(worker, signal.SIGKILL)
        ((preempted, _),) = wait(lambda: described_by(work, 1))
        cluster.call("scontrol", "requeue", preempted)  # what a job with more right to the node does
        cluster.call("scontrol", "update", f"NodeName={cluster.host}", "State=DRAIN", "Reason=test")
        cluster.end("slurmctld")
        time.sleep(5)
        cluster.launch("slurmctld", "-D")
        cluster.until(lambda: cluster.call("scontrol", "ping").returncode == 0)
        wait(lambda: "drain" in cluster.call("sinfo", "--noheader", "--format=%T").stdout)
        cluster.call("scontrol", "update", f"NodeName={cluster.host}", "State=RESUME")
        return work, Run(process.wait(600), work.output()), cancelled, bereft
    finally:
        process.kill()


def test_the_run_completes_and_its_results_are_the_same(disturbed, undisturbed):
    work, run, *_ = disturbed
    assert run.code == 0, run.output
    assert products(work.folder) == undisturbed


def test_every_disturbance_took_place(disturbed):
    work, run, cancelled, bereft = disturbed
    states = {job.id: job.state for job in work.jobs()}
    assert states[cancelled] == "CANCELLED" and "Error in group render" in run.output
    assert len({process for job, _, process, *_ in work.seen() if job == bereft}) > 1
    assert any(job.restarts for job in work.jobs())


def test_nothing_unfinished_is_left_and_nothing_to_do(disturbed):
    work, *_ = disturbed
    assert not list(work.folder.rglob(".writing-*"))
    again = work.run()
    assert again.code == 0 and not again.jobs


def test_a_job_that_lacks_memory_is_done_again_with_more(hungry):
    work, process = hungry
    assert process.wait(600) == 0, work.output()
    first, second = [job for job in work.jobs() if job.group == "describe"]
    assert (first.mb, second.mb) == (1000, 2000) and (first.state, second.state) == ("FAILED", "COMPLETED")
    (log,) = (work.folder / ".snakemake/slurm_logs").rglob(f"{first.id}.log")
    assert "exceeded memory limit" in log.read_text()


def test_a_job_that_lacks_time_is_done_again_with_more(slow):
    work, process = slow
    assert process.wait(600) == 0, work.output()
    first, second = [job for job in work.jobs() if job.group == "describe"]
    assert (first.minutes, second.minutes) == (1, 2) and (first.state, second.state) == ("TIMEOUT", "COMPLETED")


def test_jobs_go_to_the_partition_that_is_set(slow, disturbed):
    partitions = [{job.partition for job in work.jobs() if job.group} for work in (slow[0], disturbed[0])]
    assert partitions == [{"urgent"}, {"main"}]


def test_one_job_may_render_and_describe_a_shard_without_a_gpu(place, undisturbed):
    work = place("joined", "shards=6", ON_CPUS)
    run = work.run("--groups", *(f"{rule}=shard" for rule in SPECIMEN_RULES))
    assert run.code == 0, run.output
    assert [job.group for job in work.jobs()] == ["shard"] * 6 + ["collect"]
    assert not any(job.gpus for job in work.jobs())
    assert products(work.folder) == undisturbed


def test_the_pilot_does_everything_in_one_job(place, cluster, undisturbed, repository):
    work = place("pilot", "shards=6")
    snakemake = [f"--snakefile={repository / 'Snakefile'}", "--config", *work.settings]
    asked = (
        "--parsable",
        "--export=ALL,SEEING_SECONDS=.5",
        "--gpus=2",
        "--cpus-per-task=4",
        "--mem=8000M",
        f"--chdir={work.folder}",
    )
    pilot = cluster.call("sbatch", *asked, repository / "profiles/slurm/pilot.sbatch", *snakemake).stdout.strip()
    (job,) = wait(lambda: [job for job in work.jobs() if job.state in ("COMPLETED", "FAILED")])
    assert job.state == "COMPLETED", (work.folder / f"fossilvit-{pilot}.log").read_text()
    assert {job for job, *_ in work.seen()} == {pilot} and {gpu for _, gpu, *_ in work.seen()} == {"0", "1"}
    assert products(work.folder) == undisturbed
