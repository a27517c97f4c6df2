"""Whatever happens to its jobs, a run on the cluster completes, and its results are those of an undisturbed one."""

import os
import signal
import time

import pytest

from tests.slurm.conftest import ON_CPUS, wait
from tests.workflow.conftest import Run, products

DESCRIBING = ("extract_features", "pool_embedding", "gather_shard")
HUNGRY = """

class Hungry(Seeing):
    '''Needs more memory than its job asks for at first.'''

    def encode(self, images):
        held = b"x" * 1_400_000_000
        time.sleep(20)  # the controller, which ends the job, may be away
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


def running(work, group):
    """The jobs of a group that run."""
    return [job.id for job in work.jobs() if job.group == group and job.state == "RUNNING"]


def described_by(work, number):
    """Job and process of the extraction that is the number-th to have described a specimen."""
    jobs = list(dict.fromkeys((job, int(process)) for job, _, process in work.seen()))
    return [pair for pair in jobs[number:] if pair[0] in running(work, "describe")][:1]


@pytest.fixture(scope="module")
def single(undisturbed, place):
    """Starts runs on one specimen with an encoder of their own; gives work and process of each."""
    processes = []

    def start(name, encoder, *arguments, settings=()):
        work = place(name, "shards=1", "warm=false", *settings)
        for mesh in sorted((work.folder / "data/meshes").rglob("*.*"))[1:]:
            mesh.unlink()
        with open(work.folder / "seeing.py", "a") as file:
            file.write(encoder)
        processes.append(work.start(*arguments))
        return work, processes[-1]

    yield start
    for process in processes:
        process.kill()


@pytest.fixture(scope="module")
def slow(single):
    """A run whose job takes more than the minute that it asks for."""
    short = ["extract_features:runtime=attempt", "pool_embedding:runtime=0", "gather_shard:runtime=0"]
    return single("slow", SLOW, "--set-resources", *short, settings=[ON_CPUS])


@pytest.fixture(scope="module")
def hungry(single):
    """A run whose job takes more memory than it asks for."""
    more = "extract_features:mem_mb=1000*attempt"
    return single("hungry", HUNGRY, "--set-resources", more, settings=[ON_CPUS])


def state(cluster, job):
    """What a job that is known to the cluster does."""
    return cluster.call("squeue", "--noheader", "--format=%T", f"--jobs={job}").stdout.strip()


@pytest.fixture(scope="module")
def disturbed(slow, hungry, place, cluster):
    """A run with a job canceled, a worker killed, a job preempted, the node drained and the controller restarted."""
    work = place("disturbed", "shards=6")
    process = work.start(SEEING_SECONDS="1")
    try:
        wait(lambda: list(work.folder.glob("data/renders/*/*/render.json")))
        canceled = running(work, "render")[0]
        cluster.call("scancel", canceled)
        ((bereft, worker),) = wait(lambda: described_by(work, 0))
        os.kill(worker, signal.SIGKILL)
        ((preempted, _),) = wait(lambda: described_by(work, 1))
        cluster.call("scontrol", "update", f"NodeName={cluster.host}", "State=DRAIN", "Reason=test")
        cluster.call("scontrol", "requeue", preempted)  # what a job with more right to the node does
        # a controller that restarts while a job is being ended never gives the GPU of that job away again
        wait(lambda: state(cluster, preempted) == "PENDING")
        cluster.end("slurmctld")
        time.sleep(5)
        cluster.launch("slurmctld", "-D")
        cluster.until(lambda: cluster.call("scontrol", "ping").returncode == 0)
        wait(lambda: "drain" in cluster.call("sinfo", "--noheader", "--format=%T").stdout)
        cluster.call("scontrol", "update", f"NodeName={cluster.host}", "State=RESUME")
        return work, Run(process.wait(600), work.output()), canceled, bereft
    finally:
        process.kill()


def test_the_run_completes_and_its_results_are_the_same(disturbed, undisturbed):
    work, run, *_ = disturbed
    assert run.code == 0, run.output
    assert products(work.folder) == undisturbed


def test_every_disturbance_took_place(disturbed):
    work, run, canceled, bereft = disturbed
    states = {job.id: job.state for job in work.jobs()}
    assert states[canceled] == "CANCELLED" and "Error in group render" in run.output
    assert len({process for job, _, process in work.seen() if job == bereft}) > 1
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


def test_jobs_go_to_the_default_partition_where_none_is_set(disturbed):
    assert {job.partition for job in disturbed[0].jobs() if job.group} == {"main"}


def test_a_job_canceled_in_favor_of_another_is_queued_again_where_the_site_asks_for_it(single, cluster):
    asked = ["extract_features:gpu_model=small", *(f"{rule}:constraint=fossils" for rule in DESCRIBING)]
    spare = ["--default-resources", "slurm_partition=spare"]
    work, process = single("canceled", SLOW, *spare, "--set-resources", *asked)
    wait((work.folder / "begun").exists)
    cluster.call("sbatch", "--exclusive", "--output=/dev/null", "--wrap=true")
    assert process.wait(600) == 0, work.output()
    (job,) = [job for job in work.jobs() if job.group == "describe"]
    assert (job.state, job.restarts, job.gpus) == ("COMPLETED", 1, "gres:gpu:small:1")
    assert {job.partition for job in work.jobs() if job.group} == {"spare"}
    assert "canceled in favor of another" in work.output()


def test_ctrl_c_cancels_the_jobs_and_the_same_command_goes_on(single):
    work, process = single("interrupted", SLOW)
    wait((work.folder / "begun").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) != 0
    (canceled,) = [job for job in work.jobs() if job.group == "describe"]
    assert canceled.state == "CANCELLED", work.output()
    assert work.run().code == 0, work.output()
    assert [job.group for job in work.jobs()] == ["render", "describe", "describe", "collect"]
