import multiprocessing
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from fossilvit.errors import UserError
from fossilvit.running import devices

from . import renders

pytestmark = pytest.mark.slow

VISIBLE = "CUDA_VISIBLE_DEVICES"
PATIENCE = 60
"""Seconds after which what never comes is given up."""


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No GPU was told before, and what is held does not stay in the environment."""
    monkeypatch.setenv(VISIBLE, "")
    devices.gpus.cache_clear()
    yield
    devices.gpus.cache_clear()


@pytest.mark.parametrize(
    ("visible", "told"),
    [
        ("", ()),
        ("-1", ()),
        ("0,-1,1", ("0",)),
        ("0, 1", ("0", "1")),
        ("0", ("0",)),
        ("0,1", ("0", "1")),
        ("3,1", ("3", "1")),
        ("GPU-8932f937-d72c,GPU-1aa3", ("GPU-8932f937-d72c", "GPU-1aa3")),
        ("MIG-41b35ec5-44a7", ("MIG-41b35ec5-44a7",)),
    ],
)
def test_the_gpus_are_those_that_the_environment_names(monkeypatch, visible, told):
    monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == told


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts a stand-in for nvidia-smi, a script of sh, on the PATH and nothing else; None puts none."""

    def install(script):
        monkeypatch.delenv(VISIBLE)
        monkeypatch.setenv("PATH", str(tmp_path))
        if script is not None:
            (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "nvidia-smi").chmod(0o755)

    return install


def test_without_a_word_in_the_environment_the_driver_is_asked(driver):
    driver('[ "$*" = "--query-gpu=index --format=csv,noheader" ] && echo 0 && echo 1')
    assert devices.gpus() == ("0", "1")


@pytest.mark.parametrize(("visible", "told"), [("1", ("1",)), ("", ())])
def test_the_environment_comes_before_the_driver(driver, monkeypatch, visible, told):
    driver("echo 0; echo 1")
    monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == told


def test_a_driver_that_fails_has_no_gpus(driver):
    driver("echo NVIDIA-SMI has failed because it cannot communicate with the driver; exit 9")
    assert devices.gpus() == ()


def test_without_a_driver_there_are_no_gpus(driver):
    driver(None)
    assert devices.gpus() == ()


def test_the_driver_is_asked_once(driver, tmp_path):
    driver(f"echo asked >> '{tmp_path}/log'; echo 0")
    assert devices.gpus() == devices.gpus() == ("0",)
    assert (tmp_path / "log").read_text() == "asked\n"


@pytest.mark.parametrize("names", [(), ("0",)])
def test_of_one_gpu_or_none_nothing_is_claimed(names, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(VISIBLE, "as before")
    devices.claim(names)
    assert os.environ[VISIBLE] == "as before"
    assert os.listdir(tmp_path) == []


HOLDER = f"""
import os, sys
from fossilvit.running import devices

for _ in range(3):
    devices.claim(tuple(sys.argv[1:]))
print(os.environ["{VISIBLE}"], flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Starts a process that claims one of some GPUs until it ends, and says which."""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    started = []

    def start(*names):
        command = [sys.executable, "-c", HOLDER, *names]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_processes_get_different_gpus_and_one_too_many_shares(holder):
    names = ("0", "GPU-1aa3", "MIG-41b3/2")
    assert {holder(*names)[1] for _ in names} == set(names)
    assert holder(*names)[1] in names


def test_the_first_gpu_that_nobody_claimed_is_taken(holder):
    assert [holder("0", "1")[1], holder("2", "0", "1")[1], holder("0", "1")[1]] == ["0", "2", "1"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_gpu_of_a_process_that_ended_is_free_again(holder, end):
    (first, freed), (_, other) = holder("0", "1"), holder("0", "1")
    assert freed != other
    first.send_signal(end)
    first.wait()
    assert holder("0", "1")[1] == freed


def note(folder, name, meeting):
    """A share: notes which GPU it sees, once the others are at work too."""
    meeting.wait(PATIENCE)
    (folder / name).write_text(f"{os.environ[VISIBLE]} {devices.gpus()} {os.getpid()}")
    sys.exit(0)


def fail(how):
    match how:
        case "exit code":
            sys.exit(3)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "error":
            raise KeyError("a bug")


def test_each_share_is_done_in_a_process_that_sees_its_gpu_alone_all_at_the_same_time(tmp_path, monkeypatch):
    names = ("0", "GPU-1aa3", "2")
    monkeypatch.setenv(VISIBLE, ",".join(names))
    meeting = multiprocessing.get_context("spawn").Barrier(3)
    devices.on_each(names, note, [(tmp_path, f"share {name}", meeting) for name in names])
    noted = {path.name: path.read_text().rsplit(" ", 1) for path in tmp_path.iterdir()}
    assert {name: seen for name, (seen, _) in noted.items()} == {
        f"share {name}": f"{name} ('{name}',)" for name in names
    }
    assert len({os.getpid(), *(int(process) for _, process in noted.values())}) == 4
    assert os.environ[VISIBLE] == ",".join(names)


@pytest.mark.parametrize("how", ["exit code", "killed", "error"])
def test_the_gpu_whose_share_failed_is_named(how):
    with pytest.raises(UserError, match=r"^[^\n]* GPU 1, 2 failed[^\n]*$"):
        devices.on_each(("0", "1", "2"), fail, [("not at all",), (how,), (how,)])


MEANS = """
class Means:
    name, dimension, version = "means", 3, 1

    def encode(self, images):
        return images.mean(axis=(1, 2))


def create(options):
    return Means()
"""
COUNTS = {"a": 3, "b": 1, "標本/c d": 2, "e": 0, "f": 2}


@pytest.fixture
def rendered(tmp_path):
    """A folder of renders, that of `e` failed."""
    for identity, count in COUNTS.items():
        images = np.random.default_rng(count).integers(0, 256, (count, 40, 40, 3), np.uint8)
        facts = {"status": "ok", "views": [{}] * count} if count else {"status": "failed", "reason": "x"}
        renders.write(tmp_path / "renders", identity, images, facts)
    return tmp_path / "renders"


@pytest.fixture
def extract(command, tmp_path):
    """Describes a folder of renders where so many GPUs are visible: what it said, and the files it left."""
    (tmp_path / "means.py").write_text(MEANS)

    def run(folder, gpus, *arguments):
        out = tmp_path / f"features of {gpus} {arguments}"
        places = ("--renders", folder, "--out", out, "--model", f"custom:{tmp_path / 'means.py'}:create")
        done = command("extract_features", *places, *arguments, **{VISIBLE: gpus, "TMPDIR": str(tmp_path)})
        return done, {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    return run


def test_a_folder_shared_among_gpus_gives_the_same_files_as_without(rendered, extract):
    shared, files = extract(rendered, "0,1")
    alone, expected = extract(rendered, "")
    assert shared.returncode == alone.returncode == 0, shared.stderr
    assert files == expected and sorted(files) == sorted(f"{one}.{kind}" for one in COUNTS for kind in ("npy", "json"))
    assert "extract: 2 done, 1 skipped." in shared.stderr and "extract: 2 done, 0 skipped." in shared.stderr
    assert "extract: 4 done, 1 skipped." in alone.stderr


@pytest.mark.parametrize(
    ("gpus", "arguments"),
    [("0,1", ("--device", "cpu")), ("0,1", ("--engine", "openvino")), ("0,1", ("--model", "hog")), ("0", ())],
)
def test_on_the_cpu_or_one_gpu_a_folder_is_not_shared(rendered, extract, gpus, arguments):
    done, files = extract(rendered, gpus, *arguments)
    assert done.returncode == 0, done.stderr
    assert "extract: 4 done, 1 skipped." in done.stderr and len(files) == 10


def test_a_share_that_fails_is_told_and_the_other_is_done(rendered, extract):
    (rendered / "b" / "b_view00.png").write_bytes(b"no picture")
    done, files = extract(rendered, "0,GPU-1aa3")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "Error: " + str(rendered / "b" / "b_view00.png") in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("Error: The work on GPU GPU-1aa3 failed")
    assert set(files) >= {"a.npy", "e.npy", "標本/c d.npy"} and "b.npy" not in files
