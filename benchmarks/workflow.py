"""What the workflow costs beyond the work itself, against a plain loop and against one process per job.

`python -m benchmarks.workflow [--specimens N ...] [--cold] [--again] [--graph]`

The loop runs every stage over the whole folder, in one process on one core. The workflow runs the same stages with one
job per specimen on two cores. Both use `hog` and 4 views of 128 pixels, so that the overhead shows. `overhead` is the
seconds per specimen beyond those of the loop, and `of cores` those beyond half of the loop, as if two cores shared it.
`--cold` adds `warm: false` under Snakemake's default settings. `--again` adds a run that finds nothing to do, and a run
after a mesh was added.

`--graph` runs nothing. Instead it times the graph of a first run over empty files: `snakemake --dry-run --quiet`.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import collection

REPOSITORY = Path(__file__).parents[1]
CORES = 2
VIEWS, SIZE = 4, 128
SETTINGS = ["extract={model: hog}", f"render={{views: {VIEWS}, size: {SIZE}}}"]
EMBEDDINGS = ("--emb", "data/embeddings/embeddings.npy", "--ids", "data/embeddings/ids.txt")
STAGES = [
    ("render_multiview", "--views", VIEWS, "--size", SIZE),
    ("make_exhibits",),
    ("extract_features", "--model", "hog", "--threads", 1),
    ("pool_embeddings",),
    ("gather_records", "--out", "data/shards/0000.json"),
    ("gather_shard", "--records", "data/shards/0000.json", "--out", "data/shards/0000.npz"),
    ("collect_embeddings", "data/shards/0000.npz"),
    ("list_files",),
    ("find_duplicates",),
    ("cluster", *EMBEDDINGS, "--out", "results"),
    ("search", *EMBEDDINGS, "--out", "results"),
    ("evaluate",),
    ("find_suspects",),
    ("export_embeddings",),
    ("map_specimens",),
    ("draw_atlas", "--suspects", "results/suspects.csv"),
    ("draw_figures", "--confusion", "results/confusion.csv", "--suspects", "results/suspects.csv"),
]
LINE = "{:>9} {:24} {:>8} {:>10} {:>9} {:>9} {:>6} {:>10}"
LOOP = """
import importlib, sys
for stage, *arguments in {stages!r}:
    sys.argv = [stage, *map(str, arguments)]
    importlib.import_module("scripts." + stage).main()
"""


class Cost(NamedTuple):
    """The time and memory of a run."""

    seconds: float
    snakemake: int
    """Peak memory of the process of Snakemake in MB."""
    workers: int
    """Peak memory of all warm processes together in MB; shared pages count once."""


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.graph:
            print(f"{'specimens':>9} {'s':>8} {'ms/specimen':>12} {'MB':>8}")
            for specimens in arguments.specimens:
                graph(Path(folder, f"graph_{specimens}"), specimens)
            return
        loop(collection.folder_with(Path(folder, "compiled"), 2))
        print(LINE.format("specimens", "run", "s", "s/specimen", "overhead", "of cores", "MB", "workers MB"))
        for specimens in arguments.specimens:
            compare(Path(folder), specimens, arguments)


def compare(folder, specimens, arguments):
    """Print what the loop and the workflow cost for the given number of specimens."""
    pure = loop(collection.folder_with(folder / f"loop_{specimens}", specimens))
    report("plain loop", specimens, pure, pure)
    work = collection.folder_with(folder / f"warm_{specimens}", specimens)
    report("workflow", specimens, snakemake(work), pure)
    if arguments.again:
        report("  second run", specimens, snakemake(work))
        collection.folder_with(work, specimens + 1)
        report("  after one more mesh", specimens, snakemake(work))
    if arguments.cold:
        cold = collection.folder_with(folder / f"cold_{specimens}", specimens)
        report(
            "  warm: false, defaults",
            specimens,
            snakemake(cold, "--workflow-profile", "none", settings=["warm=false"]),
            pure,
        )


def graph(work, specimens):
    """Print the time and memory of the graph of a first run."""
    for number in range(specimens):
        path = work / f"data/meshes/group_{number % 20:02d}/{number:06d}.ply"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    cost = snakemake(work, "--dry-run", "--quiet")
    times = f"{cost.seconds:8.1f} {1000 * cost.seconds / specimens:12.2f}"
    print(f"{specimens:>9} {times} {cost.snakemake:>8}", flush=True)


def loop(work) -> Cost:
    """Run every stage in one process on one core."""
    program = LOOP.format(stages=STAGES)
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
    return run([sys.executable, "-c", program], work, {"PYTHONPATH": str(REPOSITORY), **one})


def snakemake(work, *options, settings=()) -> Cost:
    """Run the workflow."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--cores", CORES, *options]
    return run([*map(str, command), "--config", *SETTINGS, *settings], work)


def run(command, work, environment=()) -> Cost:
    """Run a command and measure it. If it fails, print its output and exit."""
    begin = time.perf_counter()
    with open(work / "output.txt", "w+") as output:
        process = subprocess.Popen(
            command, cwd=work, stdout=output, stderr=output, env={**os.environ, **dict(environment)}
        )
        peaks = [0, 0]
        watch = threading.Thread(target=_watch, args=(process, peaks))
        watch.start()
        code = process.wait()
        seconds = time.perf_counter() - begin
        watch.join()
        if code:
            output.seek(0)
            sys.exit(output.read())
    return Cost(seconds, *peaks)


def _watch(process, peaks):
    """Record the peak memory of a process and of the warm processes, once per second."""
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            peaks[0] = max(peaks[0], psutil.Process(process.pid).memory_info().rss >> 20)
        peaks[1] = max(peaks[1], sum(map(_share, psutil.process_iter())) >> 20)
        time.sleep(1)


def _share(process):
    try:
        worker = any(word.endswith("/warm_worker.py") for word in process.cmdline())
        return process.memory_full_info().pss if worker else 0
    except psutil.Error:
        return 0


def report(name, specimens, cost, pure=None):
    """Print the line of a run."""
    over = ["", ""]
    if pure not in (None, cost):
        over = [f"{(cost.seconds - share * pure.seconds) / specimens:.4f}" for share in (1, 1 / CORES)]
    times = [f"{cost.seconds:.1f}", f"{cost.seconds / specimens:.4f}"]
    print(LINE.format(specimens, name, *times, *over, cost.snakemake or "", cost.workers or ""), flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--specimens", type=int, nargs="+", help="how many (200 1000 5000, and for the graph 10000 30000)"
    )
    parser.add_argument("--cold", action="store_true", help="also a process for every job, under default settings")
    parser.add_argument("--graph", action="store_true", help="only a dry run, for its graph")
    parser.add_argument("--again", action="store_true", help="also a second run, and one after a mesh was added")
    arguments = parser.parse_args()
    arguments.specimens = arguments.specimens or ([10000, 30000] if arguments.graph else [200, 1000, 5000])
    return arguments


if __name__ == "__main__":
    main()
