import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fossilvit.errors import UserError
from fossilvit.running import devices, nvidia

from . import renders

pytestmark = pytest.mark.slow

VISIBLE = "CUDA_VISIBLE_DEVICES"
PATIENCE = 60
"""Seconds after which what never comes is given up."""


LISTING = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5b-01)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-5d77-02)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-c6d4-03)
  MIG 3g.20gb     Device  0: (UUID: MIG-41b3-04)
  MIG 3g.20gb     Device  1: (UUID: MIG-41b9-05)
GPU 4: NVIDIA A100-SXM4-40GB (UUID: GPU-eeee-06)
"""


def listing(*uuids):
    """What nvidia-smi -L prints about some GPUs."""
    return "".join(f"GPU {index}: NVIDIA H100 (UUID: {uuid})\n" for index, uuid in enumerate(uuids))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No GPU was told before, and what is held does not stay in the environment."""
    monkeypatch.setenv(VISIBLE, "")
    for known in (devices.gpus, nvidia.cards):
        known.cache_clear()
    yield
    for known in (devices.gpus, nvidia.cards):
        known.cache_clear()


def put_driver(folder, script):
    """Write a stand-in for nvidia-smi, a script of sh, into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nvidia-smi").chmod(0o755)


def printing(text):
    """A script that answers `nvidia-smi -L`."""
    return f"[ \"$*\" = -L ] && cat <<'END'\n{text}END"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts a stand-in for nvidia-smi before the PATH; without a script, there is none."""
    monkeypatch.delenv(VISIBLE)
    monkeypatch.setattr(nvidia, "DRIVER", tmp_path / "proc")

    def install(script=None):
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin" if script else str(tmp_path))
        if script:
            put_driver(tmp_path / "bin", script)

    return install


@pytest.mark.parametrize(
    ("visible", "told"),
    [
        ("0", ("0",)),
        ("0, 1", ("0", "1")),
        ("4,1", ("4", "1")),
        ("2", ("2",)),  # its first MIG device
        ("GPU-c6d4-03", ("GPU-c6d4-03",)),
        ("GPU-5d77,GPU-5d5b-01", ("GPU-5d77", "GPU-5d5b-01")),
        ("MIG-41b9-05,MIG-41b3-04", ("MIG-41b9-05", "MIG-41b3-04")),
        *((nothing, ()) for nothing in ("", "-1", "NoDevFiles", "void", "none", "all", "MIG-", "3", "5", "GPU-00")),
        ("GPU-5d", ()),  # of two
        *((f"0,{nothing},1", ("0",)) for nothing in ("", "-1", "NoDevFiles", "3", "GPU-eeee", "0.5", "²")),
        ("GPU-eeee,1", ("GPU-eeee",)),
        *((repeated, ()) for repeated in ("0,0", "1,0,1", "GPU-eeee,GPU-eeee-06", "2,1,2")),
    ],
)
def test_the_gpus_are_those_that_the_environment_names_as_cuda_reads_it(driver, monkeypatch, visible, told):
    driver(printing(LISTING))
    monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == told


def test_without_a_word_in_the_environment_all_gpus_and_parts_of_gpus_are_taken_by_their_uuid(driver):
    driver(printing(LISTING))
    assert devices.gpus() == ("GPU-5d5b-01", "GPU-5d77-02", "MIG-41b3-04", "MIG-41b9-05", "GPU-eeee-06")


@pytest.mark.parametrize("visible", ["", "-1", "NoDevFiles"])
def test_the_driver_is_not_asked_where_no_gpu_is_wanted(driver, monkeypatch, tmp_path, visible):
    driver(f"touch '{tmp_path}/asked'")
    monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == () and not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo NVIDIA-SMI has failed; echo see elsewhere; exit 9", "nvidia-smi says: NVIDIA-SMI has failed"),
        (printing(listing("GPU-1")) + "\necho GPU 1 is lost >&2; exit 15", "nvidia-smi says: GPU 1 is lost"),
        (printing(listing("GPU-1")) + "\nexit 3", "nvidia-smi says: exit code 3"),
        ("echo No devices were found", "nvidia-smi says: No devices were found"),
        ("printf '\\377\\000'", "nvidia-smi says: "),
        ("exit 0", "nvidia-smi says: exit code 0"),
    ],
)
@pytest.mark.parametrize("visible", [None, "0,1"])
def test_a_driver_that_fails_has_no_gpus_and_this_is_said_once(driver, monkeypatch, caplog, script, reason, visible):
    driver(script)
    if visible:
        monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == devices.gpus() == ()
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith(f"No GPU is used, because {reason}")


@pytest.mark.parametrize("script", ["sleep 50", "trap '' TERM; sleep 50 & wait"])
def test_a_driver_that_hangs_is_not_waited_for(driver, monkeypatch, caplog, script):
    driver(script)
    monkeypatch.setattr(nvidia, "PATIENCE", 0.3)
    began = time.monotonic()
    assert devices.gpus() == () and time.monotonic() - began < 30
    assert "did not answer within 0.3 seconds" in caplog.text


def test_an_nvidia_smi_that_cannot_be_started_is_said(driver, tmp_path, caplog):
    driver("exit 0")
    (tmp_path / "bin/nvidia-smi").write_text("#!/of/another/machine\n")
    assert devices.gpus() == () and "nvidia-smi cannot be started" in caplog.text


@pytest.mark.parametrize(
    ("visible", "told"), [(None, ("GPU-0a", "GPU-0b")), ("1", ("1",)), ("2", ()), ("GPU-0a", ("GPU-0a",))]
)
def test_without_nvidia_smi_the_files_of_the_driver_tell_the_gpus(driver, monkeypatch, tmp_path, visible, told):
    driver()
    for place, uuid in [("0000:b1:00.0", "GPU-0b"), ("0000:3b:00.0", "GPU-0a")]:
        (tmp_path / "proc" / place).mkdir(parents=True)
        (tmp_path / "proc" / place / "information").write_text(f"Model: \t\t H100\nGPU UUID: \t {uuid}\nIRQ: 1\n")
    if visible:
        monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == told


@pytest.mark.parametrize("visible", [None, "0", "GPU-5d5b-01"])
def test_without_a_driver_there_are_no_gpus(driver, monkeypatch, visible):
    driver()
    if visible:
        monkeypatch.setenv(VISIBLE, visible)
    assert devices.gpus() == ()


def test_the_driver_is_asked_once(driver, tmp_path):
    driver(f"echo asked >> '{tmp_path}/log'\n" + printing(listing("GPU-1")))
    assert devices.gpus() == devices.gpus() == ("GPU-1",)
    assert (tmp_path / "log").read_text() == "asked\n"


@pytest.mark.parametrize("names", [(), ("0",)])
def test_of_one_gpu_or_none_nothing_is_claimed(names, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv(VISIBLE, "as before")
    devices.claim(names)
    assert os.environ[VISIBLE] == "as before"
    assert os.listdir(tmp_path) == []


HOLDER = f"""
import os, sys
from fossilvit.running import devices, nvidia

devices.PATIENCE = float(sys.argv[1])
for _ in range(3):
    devices.claim(devices.gpus())
print(os.environ["{VISIBLE}"], flush=True)
sys.stdin.readline()
"""


class Holders:
    """Processes that claim one of the GPUs that they see, and hold it until they end."""

    def __init__(self, folder):
        self.folder, self.bin, self.started = folder, folder / "bin", []
        self.environment = {**os.environ, "TMPDIR": str(folder), "PATH": f"{self.bin}:/usr/bin:/bin"}
        for name in (VISIBLE, "XDG_RUNTIME_DIR"):
            self.environment.pop(name, None)

    def begin(self, *uuids, patience=0, **environment):
        """Start a process on a machine with these GPUs."""
        put_driver(self.bin, printing(listing(*uuids)))
        command = [sys.executable, "-c", HOLDER, str(patience)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command, env={**self.environment, **environment}, text=True, bufsize=1, **pipes)
        self.started.append(process)
        return process

    def __call__(self, *uuids, **options):
        """Start a process and wait for its claim: which GPU it took."""
        return self.begin(*uuids, **options).stdout.readline().strip()

    def said(self):
        """What the last process said, which ends."""
        self.started[-1].stdin.close()
        self.started[-1].wait()
        return self.started[-1].stderr.read()

    def end(self):
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def holder(tmp_path):
    holders = Holders(tmp_path)
    yield holders
    holders.end()


def own_folder(tmp_path):
    return tmp_path / f"fossilvit-{os.geteuid()}"


def test_processes_get_different_gpus_and_one_too_many_shares_and_says_so(holder):
    names = ("GPU-1", "GPU-2", "GPU-3")
    assert {holder(*names) for _ in names} == set(names) and holder.said() == ""
    holder(*names)
    shared = holder(*names)
    assert shared in names and holder.said() == (
        f"GPU {shared} may be shared with another process, because others are at work on all of them.\n"
    )


def test_the_first_gpu_that_nobody_claimed_is_taken(holder):
    assert [holder("GPU-1", "GPU-2"), holder("GPU-3", "GPU-1"), holder("GPU-1", "GPU-2")] == ["GPU-1", "GPU-3", "GPU-2"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_gpu_of_a_process_that_ended_is_free_again(holder, end):
    freed, other = holder("GPU-1", "GPU-2"), holder("GPU-1", "GPU-2")
    assert freed != other
    holder.started[0].send_signal(end)
    holder.started[0].wait()
    assert holder("GPU-1", "GPU-2") == freed


def test_the_same_index_in_two_jobs_is_not_the_same_gpu(holder):
    assert [holder("GPU-1", "GPU-2", **{VISIBLE: "0,1"}), holder("GPU-3", "GPU-4", **{VISIBLE: "0,1"})] == ["0", "0"]


def test_two_names_of_one_gpu_are_the_same_gpu(holder):
    assert holder("GPU-1", "GPU-2", **{VISIBLE: "0,1"}) == "0" and holder("GPU-1", "GPU-2") == "GPU-2"


def test_a_process_waits_for_the_one_that_it_replaces(holder):
    assert holder("GPU-1", "GPU-2") == "GPU-1" and holder("GPU-1", "GPU-2") == "GPU-2"
    renewed = holder.begin("GPU-1", "GPU-2", patience=PATIENCE)
    time.sleep(1)
    assert renewed.poll() is None
    holder.started[0].kill()
    assert renewed.stdout.readline().strip() == "GPU-1" and holder.said() == ""


def plant_link(folder, elsewhere):
    folder.symlink_to(elsewhere)


def plant_file(folder, elsewhere):
    folder.write_text("")


def plant_open_folder(folder, elsewhere):
    folder.mkdir()
    folder.chmod(0o777)


def plant_link_of_a_lock(folder, elsewhere):
    folder.mkdir(0o700)
    (folder / "GPU-1").symlink_to(elsewhere / "made")


def plant_second_name_of_a_file(folder, elsewhere):
    folder.mkdir(0o700)
    (elsewhere / "precious").touch(0o600)
    os.link(elsewhere / "precious", folder / "GPU-1")


def plant_pipe(folder, elsewhere):
    folder.mkdir(0o700)
    os.mkfifo(folder / "GPU-1", 0o600)


@pytest.mark.parametrize(
    "plant",
    [plant_link, plant_file, plant_open_folder, plant_link_of_a_lock, plant_second_name_of_a_file, plant_pipe],
)
def test_what_another_user_planted_is_not_touched_and_work_goes_on(holder, tmp_path, plant):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    plant(own_folder(tmp_path), elsewhere)
    before = sorted(elsewhere.iterdir())
    taken = holder("GPU-1", "GPU-2")
    assert taken in ("GPU-1", "GPU-2") and sorted(elsewhere.iterdir()) == before
    (said,) = holder.said().splitlines()
    assert said.startswith(f"GPU {taken} may be shared with another process, because none can be claimed (")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
@pytest.mark.parametrize("planted", ["folder", "lock"])
def test_a_folder_or_lock_of_another_user_is_not_taken(holder, tmp_path, planted):
    own_folder(tmp_path).mkdir(0o700)
    (own_folder(tmp_path) / "GPU-1").touch(0o600)
    os.chown(own_folder(tmp_path) if planted == "folder" else own_folder(tmp_path) / "GPU-1", 65534, 65534)
    assert holder("GPU-1", "GPU-2") and "it is not yours alone" in holder.said()


def test_claims_are_noted_in_the_folder_of_the_session_if_there_is_one(holder, tmp_path):
    session = tmp_path / "session"
    session.mkdir(0o700)
    assert holder("GPU-1", "GPU-2", XDG_RUNTIME_DIR=str(session)) == "GPU-1"
    assert os.listdir(session / "fossilvit") == ["GPU-1"] and not own_folder(tmp_path).exists()


@pytest.mark.parametrize("session", ["open to others", "a link", "a file", "missing"])
def test_a_folder_of_the_session_that_cannot_be_trusted_is_left_alone(holder, tmp_path, session):
    path = tmp_path / "session"
    if session == "open to others":
        path.mkdir()
        path.chmod(0o777)
    elif session == "a link":
        (tmp_path / "elsewhere").mkdir(0o700)
        path.symlink_to(tmp_path / "elsewhere")
    elif session == "a file":
        path.touch()
    assert holder("GPU-1", "GPU-2", XDG_RUNTIME_DIR=str(path)) == "GPU-1" and holder.said() == ""
    assert os.listdir(own_folder(tmp_path)) == ["GPU-1"] and not (path.is_dir() and os.listdir(path))


def note(folder, name, meeting):
    """A share: notes which GPU it sees, once the others are at work too."""
    meeting.wait(PATIENCE)
    (folder / name).write_text(f"{os.environ[VISIBLE]} {os.getpid()}")
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
    assert {name: seen for name, (seen, _) in noted.items()} == {f"share {name}": name for name in names}
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
    put_driver(tmp_path / "bin", printing(listing("GPU-0bb2", "GPU-1aa3")))

    def run(folder, gpus, *arguments):
        out = tmp_path / f"features of {gpus} {arguments}"
        places = ("--renders", folder, "--out", out, "--model", f"custom:{tmp_path / 'means.py'}:create")
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        done = command(
            "extract_features", *places, *arguments, **{VISIBLE: gpus, "TMPDIR": str(tmp_path), "PATH": path}
        )
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
    done, files = extract(rendered, "GPU-0bb2,GPU-1aa3")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "Error: " + str(rendered / "b" / "b_view00.png") in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("Error: The work on GPU GPU-1aa3 failed")
    assert set(files) >= {"a.npy", "e.npy", "標本/c d.npy"} and "b.npy" not in files
