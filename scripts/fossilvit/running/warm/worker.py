"""The process of a stage that stays warm: it does one job after another, each as `python scripts/STAGE.py` would.

In: jobs from clients. Out: their exit codes; fossilvit/running/warm says how the two talk.

scripts/warm.py starts `python scripts/warm_worker.py STAGE SLOT` in the folder of its run, with the socket of the slot
as its standard input. The stage is a module beside warm_worker.py.
"""

import importlib
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from fossilvit.running import commands, warm

MOST_JOBS = 1000
"""Number of jobs after which a worker ends and another takes its place."""
IDLE = 60
"""Seconds without a job after which a worker ends."""
GRACE = 2
"""Seconds in which a worker can delete unfinished files, when its client or its run has ended."""


class Deserted(BaseException):
    """The client or the run of this process has ended."""


class Job(NamedTuple):
    """A job that a client sends."""

    folder: str
    """The working directory."""
    memory: str
    """MB that the job may take."""
    arguments: list[str]
    made_for: list[str]
    """Code and environment that the job needs, as the client found them."""


def main(idle: float = IDLE, most_jobs: int = MOST_JOBS) -> None:
    """Do the jobs of the stage and slot in sys.argv.

    Parameters
    ----------
    idle : float
        Seconds without a job after which this process ends.
    most_jobs : int
        Number of jobs after which this process ends.
    """
    stage, slot = sys.argv[1:]
    signal.signal(signal.SIGTERM, _desert)
    listener = socket.socket(fileno=os.dup(0))
    os.register_at_fork(after_in_child=listener.close)  # or a client might wait for a child, which never answers
    redirect(os.open(os.devnull, os.O_RDWR), 0, 1, 2)
    try:
        alive = os.open(warm.ALIVE, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # the run has already ended
    folder = os.getcwd()
    with suppress(Deserted):
        serve(stage, os.path.join(folder, slot), listener, alive, idle, most_jobs)
    if ended(alive):
        warm.clear(folder)


def serve(stage: str, slot: str, listener: socket.socket, alive: int, idle: float, most_jobs: int) -> None:
    """Do job after job, until one of the reasons to end that fossilvit/running/warm lists."""
    made_for = None
    for number in range(1, most_jobs + 1):
        if not called(listener, alive, idle):
            return
        connection, _ = listener.accept()
        job, streams = receive(connection)
        if made_for not in (None, job.made_for):
            return
        made_for = job.made_for
        connection.sendall(os.getpid().to_bytes(8, "big"))
        with outputs(streams), watched(connection, alive):
            code = do(stage, job)
        leaving = code != 0 or number == most_jobs
        if leaving:
            os.unlink(slot)
            listener.close()
        connection.sendall(bytes([code & 255]))
        if leaving:
            connection.detach()  # open until this process has ended, which the client waits for
            return
        connection.close()


def called(listener: socket.socket, alive: int, idle: float) -> bool:
    """Wait for a client; False when none came for `idle` seconds, or the run has ended."""
    events = select.poll()
    events.register(listener, select.POLLIN)
    events.register(alive, 0)
    return list(dict(events.poll(1000 * idle))) == [listener.fileno()]


def ended(alive: int) -> bool:
    """Whether the run has ended."""
    events = select.poll()
    events.register(alive, 0)
    return bool(events.poll(0))


def receive(connection: socket.socket) -> tuple[Job, list[int]]:
    """The job that a client sends, and the file descriptors that its output goes to."""
    size, streams, _, _ = socket.recv_fds(connection, 8, 2)
    with connection.makefile("rb") as file:
        fields = file.read(int.from_bytes(size, "big")).split(b"\0")
    folder, memory, number, *rest = map(os.fsdecode, fields)
    return Job(folder, memory, rest[: int(number)], rest[int(number) :]), streams


@contextmanager
def outputs(streams: Sequence[int]) -> Iterator[None]:
    """Print to these file descriptors for a while, and close them then."""
    for stream, own in zip(streams, (1, 2), strict=True):
        redirect(stream, own)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        redirect(os.open(os.devnull, os.O_WRONLY), 1, 2)


def redirect(stream: int, *own: int) -> None:
    """Replace some standard streams of this process by a file."""
    for descriptor in own:
        os.dup2(stream, descriptor)
    os.close(stream)


@contextmanager
def watched(connection: socket.socket, alive: int) -> Iterator[None]:
    """Watch the client and the run for a while, and end this process if one of them ends."""
    done, finish = os.pipe()
    arguments = (connection.fileno(), alive, done, threading.get_ident())
    watch = threading.Thread(target=_watch, args=arguments, daemon=True)
    watch.start()
    yield
    os.write(finish, b".")  # closing it would not be noticed, because children may have inherited it
    watch.join()
    os.close(done)
    os.close(finish)


def _watch(connection: int, alive: int, done: int, main_thread: int) -> None:
    events = select.poll()
    for descriptor, awaited in ((connection, select.POLLIN), (alive, 0), (done, select.POLLIN)):
        events.register(descriptor, awaited)
    if done not in dict(events.poll()):
        signal.pthread_kill(main_thread, signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)


def _desert(*_: object) -> None:
    redirect(os.open(os.devnull, os.O_WRONLY), 1, 2)  # an interrupted import would be printed as a bug
    raise Deserted


def do(stage: str, job: Job) -> int:
    """Do a job as a separate process would, and return its exit code."""
    os.chdir(job.folder)
    os.environ[warm.MEMORY] = job.memory
    sys.argv = [stage, *job.arguments]
    try:
        return commands.run(lambda: importlib.import_module(stage).main())
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
