"""Jobs and the processes that stay warm for them, with a stage that does as its arguments say."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from fossilvit.running import warm
from tests.conftest import heed_interrupts

pytestmark = pytest.mark.slow

STAGE = '''
"""Does as told, and says in which process."""

import atexit
import multiprocessing
import os
import sys
import time

from fossilvit.errors import UserError

VERSION = 1


def main():
    print(os.getpid(), VERSION, os.environ.get("FLAVOR"), os.getcwd(), sys.argv[1:], flush=True)
    match sys.argv[1:]:
        case ["exit", code]:
            sys.exit(int(code) if code.isdecimal() else code or None)
        case ["mistake"]:
            raise UserError("there is no such fossil.")
        case ["bug"]:
            raise KeyError("a bug")
        case ["die"]:
            os._exit(7)
        case ["crash"]:
            os.kill(os.getpid(), 11)
        case ["sleep", seconds]:
            time.sleep(float(seconds))
        case ["wait", path]:
            while not os.path.exists(path):
                time.sleep(0.02)
        case ["ignore"]:
            while True:
                try:
                    time.sleep(1)
                except BaseException:
                    continue
        case ["eat", megabytes]:
            eaten = bytearray(int(megabytes) << 20)
            eaten[::4096] = b"x" * len(eaten[::4096])
            time.sleep(30)
        case ["memory"]:
            print(os.environ["FOSSILVIT_MEM_MB"], flush=True)
        case ["child"]:
            child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(100,), daemon=True)
            child.start()
            print(child.pid, flush=True)
            time.sleep(100)
        case ["fail", path]:
            atexit.register(lambda: open(path, "x"))
            atexit.register(time.sleep, 0.3)
            sys.exit(7)
        case ["write", path]:
            from fossilvit.store import files

            with files.atomic(path) as file:
                file.write(b"half")
                print("half", flush=True)
                time.sleep(100)


if __name__ == "__main__":
    from fossilvit.running import commands

    sys.exit(commands.run(main))
'''
PATIENCE = 60
linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/smaps_rollup"), reason="only Linux tells what a process takes"
)


@pytest.fixture
def repository(repository, tmp_path):
    """A copy of the library with the stage `play` beside it."""
    copy = tmp_path / "repo 標本"
    shutil.copytree(repository / "scripts", copy / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "scripts/play.py").write_text(STAGE)
    return copy


@pytest.fixture
def run(repository):
    """A process that owns a run as long as the test goes on, and the folder of the run. Nothing of it is left."""
    owner = subprocess.Popen(
        [sys.executable, "-c", "from fossilvit.running import warm; print(warm.open_folder(), flush=True); input()"],
        env={**os.environ, "PYTHONPATH": str(Path(warm.__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = owner.stdout.readline().strip()
    yield owner, Path(folder)
    owner.kill()
    owner.wait()
    assert gone(lambda: not workers_of(repository))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(repository, run, tmp_path):
    """Starts a job."""
    logs = []

    def job(*arguments, memory=1000, minutes=1, folder=tmp_path, kept_warm=True, **environment):
        logs.append(tmp_path / f"{len(logs)}.log")
        client = repository / "scripts/warm.py"
        with open(logs[-1], "w") as log:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", client, str(memory), str(minutes), "play", *arguments],
                cwd=folder,
                env={**os.environ, **({warm.FOLDER: str(run[1])} if kept_warm else {}), **environment},
                stdout=log,
                stderr=log,
                preexec_fn=heed_interrupts,
            )
        process.log = logs[-1]
        return process

    return job


@pytest.fixture
def do(start):
    """Does a job: its exit code, the process it ran in, and all it printed."""

    def job(*arguments, **options):
        process = start(*arguments, **options)
        code = process.wait(PATIENCE)
        printed = process.log.read_text()
        return code, int(printed.split()[0]) if printed[:1].isdigit() else None, printed

    return job


def workers_of(repository):
    """The processes that stay warm for a copy of the library."""
    return [process for process in psutil.process_iter() if str(repository) in place(process)]


def place(process):
    with suppress(psutil.Error):
        return next((word for word in process.cmdline() if word.endswith("/warm_worker.py")), "")
    return ""


def gone(condition):
    """Whether something comes true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def ended(process):
    """Whether a process ends in time; one that nobody has waited for yet has ended too."""

    def has():
        try:
            return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return gone(has)


def printed(job, lines=1):
    """What a job has printed, once it is so many lines."""
    assert gone(lambda: len(job.log.read_text().splitlines()) >= lines), job.log.read_text()
    return job.log.read_text().splitlines()


def test_one_process_does_job_after_job_where_each_was_asked(do, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    _, first, told = do("a", "it's  標本", "")
    assert told.endswith(f"{tmp_path} {['a', chr(39).join(['it', 's  標本']), '']}\n")
    _, second, told = do("line\nbreak", folder=tmp_path / "elsewhere")
    assert first == second and f"{tmp_path}/elsewhere" in told and "line\\nbreak" in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["well"], 0, ""),
        (["exit", ""], 0, ""),
        (["exit", "0"], 0, ""),
        (["exit", "7"], 7, ""),
        (["exit", "no way"], 1, "no way\n"),
        (["mistake"], 1, "Error: there is no such fossil.\n"),
        (["bug"], 1, "KeyError: 'a bug'\n"),
    ],
)
def test_exit_code_and_output_are_those_of_a_process_of_its_own(do, arguments, code, told):
    _, worker, _ = do("before")
    ended_with, process, printed = do(*arguments)
    assert (ended_with, process) == (code, worker) and printed.endswith(told)
    ended_with, process, printed_alone = do(*arguments, kept_warm=False)
    assert ended_with == code and process != worker
    if "Traceback" not in printed:
        assert printed_alone.split(maxsplit=1)[1] == printed.split(maxsplit=1)[1]


@pytest.mark.parametrize(("arguments", "stays"), [(["exit", "0"], True), (["exit", "7"], False), (["bug"], False)])
def test_a_process_is_replaced_after_a_job_that_did_not_end_well(do, arguments, stays):
    _, worker, _ = do("before")
    assert do(*arguments)[1] == worker
    code, next_worker, _ = do("after")
    assert code == 0 and (next_worker == worker) is stays


def test_a_process_that_is_replaced_has_ended_before_its_client(do, tmp_path):
    """The next one then has its memory, and the GPU that it had claimed."""
    assert do("fail", tmp_path / "ended")[0] == 7 and (tmp_path / "ended").exists()


def test_without_a_run_every_job_has_a_process_of_its_own(do):
    processes = [do("a", kept_warm=False)[1] for _ in range(3)]
    assert len(set(processes)) == 3 and all(map(ended, processes))


def test_jobs_at_the_same_time_have_a_process_each_and_no_more(start, tmp_path):
    def together(name):
        jobs = [start("wait", name) for _ in range(6)]
        workers = {printed(job)[0].split()[0] for job in jobs}
        (tmp_path / name).touch()
        assert [job.wait(PATIENCE) for job in jobs] == [0] * 6
        return workers

    workers = together("one")
    assert len(workers) == 6 and together("two") == workers


def test_jobs_that_come_all_at_once_are_all_done(start):
    jobs = [start(str(number)) for number in range(40)]
    assert [job.wait(PATIENCE) for job in jobs] == [0] * 40
    assert all(f"['{number}']" in job.log.read_text() for number, job in enumerate(jobs))


@pytest.mark.parametrize("how", ["die", "crash"])
def test_a_process_that_crashes_fails_its_job_alone_and_is_replaced(do, how):
    _, before, _ = do("before")
    code, crashed, told = do(how)
    assert code == 1 and crashed == before and "crashed or was killed" in told.splitlines()[-1]
    code, after, _ = do("after")
    assert code == 0 and after != before


def test_a_process_that_hangs_is_ended(do):
    code, hanging, told = do("ignore", minutes=0.001)
    assert code == 1 and "took longer than 0.02 minutes" in told
    assert ended(hanging) and do("after")[0] == 0


@linux
def test_a_process_that_outgrows_its_memory_is_ended_and_one_that_does_not_is_not(start, do):
    within = start("eat", "100", memory=1000)
    code, glutton, told = do("eat", "400", memory=300)
    assert code == 1 and "MB of memory, and may take 300" in told
    assert ended(glutton) and within.poll() is None and do("after")[0] == 0


@pytest.mark.parametrize("kept_warm", [True, False])
def test_a_job_is_told_the_memory_that_it_may_take_and_goes_to_the_same_process(do, kept_warm):
    jobs = [do("memory", memory=memory, kept_warm=kept_warm) for memory in (1000, 2345)]
    assert [printed.splitlines()[-1] for _, _, printed in jobs] == ["1000", "2345"]
    assert (jobs[0][1] == jobs[1][1]) == kept_warm


def test_changed_code_is_not_served_by_an_old_process(repository, do):
    _, before, told = do("before")
    assert told.split()[1] == "1"
    (repository / "scripts/play.py").write_text(STAGE.replace("VERSION = 1", "VERSION = 22"))
    code, after, told = do("after")
    assert code == 0 and after != before and told.split()[1] == "22" and ended(before)


def test_another_environment_is_not_served_by_an_old_process(do):
    _, before, _ = do("before", FLAVOR="salt")
    code, after, told = do("after", FLAVOR="sugar")
    assert code == 0 and after != before and told.split()[2] == "sugar" and ended(before)
    assert do("again", FLAVOR="sugar")[1] == after


def test_an_idle_process_leaves_and_another_takes_its_place(repository, do):
    limit(repository, idle=0.3)
    _, first, _ = do("one")
    assert ended(first)
    code, second, _ = do("two")
    assert code == 0 and second != first


def test_a_process_is_renewed_after_so_many_jobs(repository, do):
    limit(repository, most_jobs=3)
    workers = [do(str(number))[1] for number in range(7)]
    assert workers[0] == workers[1] == workers[2] != workers[3] == workers[5] != workers[6]


def limit(repository, **limits):
    """Let the processes that stay warm for a copy of the library have other limits."""
    (repository / "scripts/warm_worker.py").write_text(
        f"from fossilvit.running.warm import worker\n\nworker.main(**{limits})\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_job_whose_client_is_ended_is_abandoned_and_cleared_away(start, tmp_path, number):
    job = start("write", "file")
    worker = int(printed(job, 2)[0].split()[0])
    job.send_signal(number)
    assert job.wait(PATIENCE) != 0 and "Traceback" not in job.log.read_text()
    assert ended(worker)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".writing", "file"))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_the_run_ends(start, do, run, number):
    owner, folder = run
    _, idle, _ = do("idle")
    busy, stubborn, parent = start("sleep", "100"), start("ignore"), start("child")
    at_work = [int(printed(job)[0].split()[0]) for job in (busy, stubborn, parent)]
    child = int(printed(parent, 2)[1])
    owner.send_signal(number)
    for process in [idle, *at_work, child]:
        assert ended(process)
    assert all(job.wait(PATIENCE) for job in (busy, stubborn, parent))
    assert gone(lambda: not folder.exists())


def test_an_idle_process_leaves_nothing_when_the_run_ends_well(do, run):
    owner, folder = run
    _, idle, _ = do("idle")
    owner.communicate("\n")
    assert ended(idle) and not folder.exists()


@linux
def test_a_process_holds_no_log_of_a_job_that_is_done(do, tmp_path):
    _, worker, _ = do("a")
    held = [os.readlink(descriptor) for descriptor in Path(f"/proc/{worker}/fd").iterdir()]
    assert held and not [path for path in held if path.startswith(str(tmp_path))]


def test_nobody_else_may_reach_the_sockets(do, run):
    do("a")
    assert stat.S_IMODE(run[1].stat().st_mode) == 0o700 and run[1].stat().st_uid == os.getuid()


def test_a_job_whose_run_has_ended_is_told_so(start, run):
    owner, folder = run
    owner.communicate("\n")
    job = start("late")
    assert job.wait(PATIENCE) == 1
    assert job.log.read_text() == "Error: the run that this job belongs to has ended; run again.\n"


def test_a_client_that_can_start_no_process_says_why(do, run):
    (run[1] / "play.0.lock").mkdir()
    code, _, told = do("a")
    assert code == 1
    assert told == "Error: no process of play can be started (Is a directory); remove the cause and run again.\n"


def test_a_client_imports_next_to_nothing(repository):
    command = [sys.executable, "-I", "-S", "-X", "importtime", repository / "scripts/warm.py"]
    told = subprocess.run(command, capture_output=True, text=True).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    assert "select" in imported and not imported & {"socket", "enum", "re", "subprocess", "site", "signal", "json"}
