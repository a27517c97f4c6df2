"""The whole workflow in one job of the cluster, which its time or another job may end at any moment."""

from tests.conftest import REPOSITORY
from tests.slurm.conftest import wait
from tests.workflow.conftest import products

ALLOCATION = ("--gpus=2", "--cpus-per-task=4", "--mem=8000M")


def submit(work, *options, seconds):
    """Submit the pilot with an encoder that takes so long for a specimen, and return the number of its job."""
    script = [REPOSITORY / "profiles/slurm/pilot.sbatch", f"--snakefile={REPOSITORY / 'Snakefile'}"]
    options = ["--parsable", f"--chdir={work.folder}", f"--export=ALL,SEEING_SECONDS={seconds}", *ALLOCATION, *options]
    return work.cluster.call("sbatch", *options, *script, "--config", *work.settings).stdout.strip()


def ended(work, number):
    """The job, as soon as it has ended."""
    ends = ("COMPLETED", "FAILED", "TIMEOUT")
    return wait(lambda: [job for job in work.jobs() if job.id == number and job.state in ends])[0]


def features(work):
    """The features there are, and when they were written."""
    return {path: path.stat().st_mtime_ns for path in (work.folder / "data/features").rglob("*.npy")}


def test_it_goes_on_after_its_time_was_over_and_after_a_preemption(place, undisturbed):
    work = place("pilot", "shards=6")
    stopped = submit(work, "--time=2", "--signal=INT@60", seconds=10)
    assert ended(work, stopped).state == "FAILED", "the time was over before it stopped"
    assert not list(work.folder.rglob(".writing-*"))

    before = len(features(work))
    again = submit(work, seconds=1)
    done = wait(lambda: len(found := features(work)) > before + 3 and found)
    work.cluster.call("scontrol", "requeue", again)
    job = ended(work, again)
    assert (job.state, job.restarts) == ("COMPLETED", 1), (work.folder / f"fossilvit-{again}.log").read_text()
    assert {path: features(work)[path] for path in done} == done
    assert {job for job, _, _ in work.seen()} <= {stopped, again} and {gpu for _, gpu, _ in work.seen()} == {"0", "1"}
    assert products(work.folder) == undisturbed
