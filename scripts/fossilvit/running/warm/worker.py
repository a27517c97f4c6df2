"""The process of a stage that stays warm: it does one job after another, each as `python scripts/STAGE.py` would.

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
from contextlib import contextmanager, suppress
from typing import NamedTuple

from fossilvit.running import commands, warm

MOST_JOBS = 1000
"""Jobs after which a worker is renewed."""
IDLE = 60
"""Seconds without a job after which it leaves."""
GRACE = 2
"""Seconds to put things away in when its client or its run has gone."""


class Deserted(BaseException):
    """Nobody waits for this process any more."""


class Job(NamedTuple):
    """What a client asks for."""

    folder: str
    arguments: list
    made_for: list
    """Code and environment."""


def main():
    stage, slot = sys.argv[1:]
    signal.signal(signal.SIGTERM, _desert)
    listener = socket.socket(fileno=os.dup(0))
    os.register_at_fork(after_in_child=listener.close)  # or a client might wait for a child, which answers nobody
    redirect(os.open(os.devnull, os.O_RDWR), 0, 1, 2)
    try:
        alive = os.open(warm.ALIVE, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # the run has ended already
    folder = os.getcwd()
    with suppress(Deserted):
        serve(stage, os.path.join(folder, slot), listener, alive)
    if ended(alive):
        warm.clear(folder)


def serve(stage, slot, listener, alive):
    """Do job after job, until it is time to leave."""
    made_for = None
    for number in range(1, MOST_JOBS + 1):
        if not called(listener, alive):
            return
        connection, _ = listener.accept()
        job, streams = receive(connection)
        if made_for not in (None, job.made_for):
            return
        made_for = job.made_for
        if number == MOST_JOBS:
            os.unlink(slot)
            listener.close()
        connection.sendall(os.getpid().to_bytes(8, "big"))
        with outputs(streams), watched(connection, alive):
            code = do(stage, job)
        connection.sendall(bytes([code & 255]))
        connection.close()


def called(listener, alive) -> bool:
    """Wait for a client; False when none came for long, or the run has ended."""
    events = select.poll()
    events.register(listener, select.POLLIN)
    events.register(alive, 0)
    return list(dict(events.poll(1000 * IDLE))) == [listener.fileno()]


def ended(alive) -> bool:
    """Whether the run has."""
    events = select.poll()
    events.register(alive, 0)
    return bool(events.poll(0))


def receive(connection):
    """The job that a client sends, and the file descriptors that its output goes to."""
    size, streams, _, _ = socket.recv_fds(connection, 8, 2)
    with connection.makefile("rb") as file:
        fields = file.read(int.from_bytes(size, "big")).split(b"\0")
    folder, number, *rest = map(os.fsdecode, fields)
    return Job(folder, rest[: int(number)], rest[int(number) :]), streams


@contextmanager
def outputs(streams):
    """Let what is printed meanwhile go to these file descriptors, and hold on to them no longer."""
    for stream, own in zip(streams, (1, 2), strict=True):
        redirect(stream, own)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        redirect(os.open(os.devnull, os.O_WRONLY), 1, 2)


def redirect(stream, *own):
    """Put a file in place of some of this process's standard streams."""
    for descriptor in own:
        os.dup2(stream, descriptor)
    os.close(stream)


@contextmanager
def watched(connection, alive):
    """End this process should the client, or the run, be gone meanwhile."""
    done, finish = os.pipe()
    watch = threading.Thread(target=_watch, args=(connection.fileno(), alive, done), daemon=True)
    watch.start()
    yield
    os.write(finish, b".")  # closing it would tell nothing: children may have inherited it
    watch.join()
    os.close(done)
    os.close(finish)


def _watch(connection, alive, done):
    events = select.poll()
    for descriptor, awaited in ((connection, select.POLLIN), (alive, 0), (done, select.POLLIN)):
        events.register(descriptor, awaited)
    if done not in dict(events.poll()):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)


def _desert(*_):
    redirect(os.open(os.devnull, os.O_WRONLY), 1, 2)  # an import that is broken off would be told as a bug
    raise Deserted


def do(stage, job) -> int:
    """Do a job as a process of its own would; its exit code."""
    os.chdir(job.folder)
    sys.argv = [stage, *job.arguments]
    try:
        return commands.run(importlib.import_module(stage).main)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    main()
