"""What SLURM costs beyond the work itself, against the same workflow run without it.

`python -m benchmarks.slurm [--specimens N] [--shards N]`

The benchmark starts a SLURM of one node on this machine, with its number of CPUs and two pretended GPUs. The rival is
`snakemake --cores` on the same cores. Both render 4 views of 256 pixels and describe them by a ViT-S/14 with generated
weights on the CPU. On SLURM two jobs run at once, each on half of the cores. The overhead is the seconds per shard
beyond those of the rival, which runs before and after, because the speed of a machine varies.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks import collection, encode
from tests.slurm import cluster

REPOSITORY = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0))
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
MODEL = "dinov2_vits14"
LOADED = f"{MODEL} runs in"
LINE = "{:28} {:>8} {:>10} {:>14} {:>12}"


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder, cluster.running(CORES) as slurm:
        weights = Path(folder, "weights.pth")
        encode.write_weights(MODEL, weights)
        settings = [
            f"extract={{model: {MODEL}, weights: {weights}}}",
            "render={views: 4, size: 256}",
            f"shards={arguments.shards}",
        ]
        compiled = collection.folder_with(Path(folder, "compiled"), 2)
        there, before, after = (
            collection.folder_with(Path(folder, name), arguments.specimens) for name in ("there", "before", "after")
        )
        locally = ["--cores", CORES]
        profile = ["--profile", REPOSITORY / "profiles/slurm", "--cores", CORES // 2]
        run(compiled, locally, settings)
        print(LINE.format("run", "s", "SLURM jobs", "loads a shard", "s/shard"))
        first = report("snakemake --cores", run(before, locally, settings))
        taken = run(there, profile, settings, slurm)
        last = report("snakemake --cores", run(after, locally, settings))
        jobs, overhead = slurm.jobs(), (taken - (first + last) / 2) / arguments.shards
        report("SLURM", taken, len(jobs), loads(there) / arguments.shards, overhead)
        print_jobs(jobs)
        report("  again", run(there, profile, settings, slurm), len(slurm.jobs()) - len(jobs))
        collection.folder_with(there, arguments.specimens + 1)
        report("  one more mesh", run(there, profile, settings, slurm), len(slurm.jobs()) - len(jobs))


def run(work, options, settings, slurm=None):
    """Run the workflow in a folder, and return its seconds. If it fails, print its output and exit."""
    command = [*SNAKEMAKE, "--directory", work, *options, "--config", *settings]
    begin = time.perf_counter()
    environment = slurm.environment if slurm else None
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - begin


def loads(work):
    """The number of times that a model was loaded."""
    return sum(log.read_text().count(LOADED) for log in (work / "logs/extract_features").rglob("*.log"))


def print_jobs(jobs):
    """Print how long the jobs of each kind took from start to end."""
    for group in ("render", "describe", "collect"):
        spans = [seconds(job) for job in jobs if f"/group_{group}_" in job["StdOut"]]
        print(f"  {group}: {len(spans)} jobs, median {statistics.median(spans):.0f} s")


def seconds(job):
    begin, end = (datetime.fromisoformat(job[time]) for time in ("StartTime", "EndTime"))
    return (end - begin).total_seconds()


def report(name, taken, jobs="", loaded="", overhead=""):
    """Print a line, and return the seconds."""
    cells = [f"{value:.2f}" if isinstance(value, float) else value for value in (loaded, overhead)]
    print(LINE.format(name, f"{taken:.1f}", jobs, *cells), flush=True)
    return taken


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specimens", type=int, default=200)
    parser.add_argument("--shards", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    main()
