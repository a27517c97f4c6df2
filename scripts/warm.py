"""Run a stage in a process that stays warm for the next job; in a process of its own where the run keeps none.

`python -I -S warm.py MEM_MB MINUTES STAGE ARGUMENT ...`, by the Python of the rule's environment. MEM_MB is what a warm
process may take for the job, MINUTES its share of what many jobs take; see fossilvit/running/warm for how the two talk.

Every job starts this: 10 ms with the compiled parts of the standard library, another 8 with `socket`.
"""

import _signal
import _socket
import os
import sys
from fcntl import LOCK_EX, LOCK_NB, flock
from itertools import count
from select import POLLIN, poll
from time import monotonic

FOLDER = "FOSSILVIT_WARM"
SCRIPTS = os.path.dirname(os.path.abspath(__file__))
PASSING = ("_", "SHLVL", "PWD", "OLDPWD")
"""Environment variables that differ from job to job and mean nothing to it."""
PATIENCE = 60
"""Seconds that a worker may take to answer at all."""
SHARES = 20
"""Shares of time that a single job may take."""
GLANCE = 500
"""Milliseconds between two looks at what a worker takes."""

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # Ctrl-C ends it without a word


def main():
    memory, minutes, stage, *arguments = sys.argv[1:]
    environment = {name: value for name, value in os.environ.items() if name not in PASSING}
    folder = environment.pop(FOLDER, None)
    if folder is None:
        os.execve(sys.executable, [sys.executable, f"{SCRIPTS}/{stage}.py", *arguments], environment)
    job = request(arguments, environment)
    try:
        os.chdir(folder)  # the path of a socket may have no more than 100 characters
    except OSError:
        sys.exit("Error: the run that this job belongs to has ended; run again.")
    connection, worker = take(free_slot(stage), stage, job, environment)
    return wait(connection, worker, int(memory), float(minutes))


def request(arguments, environment) -> bytes:
    """A job and what it was made for: folder and arguments, then code and environment."""
    variables = sorted(f"{name}={value}" for name, value in environment.items())
    fields = [os.getcwd(), str(len(arguments)), *arguments, sys.executable, *code(SCRIPTS), *variables]
    return b"\0".join(map(os.fsencode, fields))


def code(folder):
    """Path and time of change of every file of code under a folder."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            yield f"{entry.path} {entry.stat().st_mtime_ns}"
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from code(entry.path)


def free_slot(stage):
    """The first slot of a stage that no other job holds; it is held until this process ends."""
    for number in count():
        lock = os.open(f"{stage}.{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            flock(lock, LOCK_EX | LOCK_NB)
            return f"{stage}.{number}"
        except BlockingIOError:
            os.close(lock)


def take(slot, stage, job, environment):
    """Let the worker of a slot take a job; where there is none, or it just leaves, a new one."""
    for new in (False, True):
        if new:
            start(slot, stage, environment)
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(slot)
            send(connection, job)
            worker = connection.recv(8)
        except OSError:
            continue
        if worker:
            connection.settimeout(None)
            return connection, int.from_bytes(worker, "big")
    sys.exit(f"Error: no process of {stage} could be started; run again, or with --config warm=false.")


def start(slot, stage, environment):
    """Start a worker, which inherits a socket that already listens, and outlives this process."""
    if os.path.exists(slot):
        os.unlink(slot)
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    listener.bind(slot)
    listener.listen()
    command = [sys.executable, f"{SCRIPTS}/warm_worker.py", stage, slot]
    given = [(os.POSIX_SPAWN_DUP2, listener.fileno(), 0)]
    os.posix_spawn(sys.executable, command, environment, file_actions=given, setsid=True)
    listener.close()


def send(connection, job):
    """Send a job, and where its output goes."""
    streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in (1, 2))
    connection.sendmsg([len(job).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(job)


def wait(connection, worker, memory, minutes) -> int:
    """Wait for the exit code of a job; a worker that takes more than it may is killed."""
    events = poll()
    events.register(connection, POLLIN)
    limit = SHARES * minutes
    end = monotonic() + 60 * limit
    while not events.poll(GLANCE):
        if monotonic() > end:
            kill(worker, f"took longer than {limit:g} minutes", "runtime=MINUTES")
        if (used := memory_of(worker)) > memory:
            kill(worker, f"took {used} MB of memory, and may take {memory}", "mem_mb=MB")
    try:
        code = connection.recv(1)
    except OSError:
        code = b""
    if not code:
        sys.exit("Error: the process at work crashed or was killed; its job is to be done again.")
    return code[0]


def kill(worker, reason, remedy):
    """Kill a worker and the processes that it started."""
    try:  # noqa: SIM105  the import of contextlib takes 4 ms
        os.killpg(worker, 9)
    except ProcessLookupError:
        pass
    sys.exit(f"Error: the process at work {reason} and was ended; give its rule more: --set-resources RULE:{remedy}")


def memory_of(process) -> int:
    """MB that a process and its children take, shared pages counted once; 0 where only Linux would say."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            family = [process, *file.read().split()]
        return sum(map(_memory_of_one, family)) >> 10
    except OSError:
        return 0


def _memory_of_one(process):
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


if __name__ == "__main__":
    sys.exit(main())
