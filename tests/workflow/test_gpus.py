"""How many extractions run at once, and on which GPU each: with stand-ins for the driver and for the encoder."""

import os
import shutil

import pytest

from tests.workflow.conftest import snakemake

ENCODER = '''
import os
import time


class Seeing:
    """Notes which GPU it sees, and when."""

    name, dimension, version = "seeing", 3, 1

    def encode(self, images):
        begin = time.time()
        time.sleep(1.5)
        with open("seen.txt", "a") as file:
            file.write(f"{os.environ.get('CUDA_VISIBLE_DEVICES')} {os.getpid()} {begin} {time.time()}\\n")
        return images.mean(axis=(1, 2))


def create(options):
    return Seeing()
'''


@pytest.fixture
def extract(finished, tmp_path):
    """Runs the workflow with so many GPUs: for every extraction its GPU, process, beginning and end."""
    shutil.copytree(finished[0] / "data", tmp_path / "work/data")
    (tmp_path / "work/seeing.py").write_text(ENCODER)
    driver = tmp_path / "bin/nvidia-smi"
    driver.parent.mkdir()

    def run(gpus, *arguments):
        lines = [f"echo 'GPU {gpu}: NVIDIA H100 (UUID: GPU-{gpu})'\n" for gpu in range(gpus)]
        driver.write_text("".join(["#!/bin/sh\n", *lines]))
        driver.chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
        done = snakemake(
            tmp_path / "work",
            *arguments,
            config=["extract={model: 'custom:seeing.py:create'}"],
            environment={"PATH": f"{driver.parent}:{environment['PATH']}", "TMPDIR": str(tmp_path)},
        )
        assert done.code == 0, done.output
        lines = [line.split() for line in (tmp_path / "work/seen.txt").read_text().splitlines()]
        assert len(lines) == 5
        return [(gpu, process, float(begin), float(end)) for gpu, process, begin, end in lines]

    return run


def at_once(seen):
    """The most extractions that ran at the same time."""
    return max(sum(begin <= moment < end for _, _, begin, end in seen) for _, _, moment, _ in seen)


@pytest.mark.parametrize("cores", [2, 16])
def test_each_gpu_serves_one_extraction_at_a_time(extract, cores):
    seen = extract(2, "--cores", cores)
    assert {gpu for gpu, *_ in seen} == {"GPU-0", "GPU-1"} and at_once(seen) == 2
    for gpu in ("GPU-0", "GPU-1"):
        assert at_once([one for one in seen if one[0] == gpu]) == 1
        assert len({process for seen_by, process, *_ in seen if seen_by == gpu}) == 1


def test_a_single_gpu_serves_one_after_another(extract):
    seen = extract(1, "--cores", 16)
    assert at_once(seen) == 1 and len({process for _, process, *_ in seen}) == 1


def test_fewer_gpus_than_there_are_may_be_used(extract):
    assert at_once(extract(2, "--cores", 16, "--resources", "gpu=1")) == 1


@pytest.mark.parametrize("arguments", [(), ("--resources", "gpu=1")])
def test_without_a_gpu_all_cores_are_busy(extract, arguments):
    assert at_once(extract(0, "--cores", 16, *arguments)) == 4
