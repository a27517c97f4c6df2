"""Run a stage in a process that stays warm for the next job, or in a separate process where the run keeps none.

In: `python -I -S warm.py MEM_MB MINUTES STAGE ARGUMENT ...`, by the Python of the rule's environment. MEM_MB is the
memory that a warm process may take for the job. MINUTES is the time that such jobs take on average; a single one may
take SHARES times as long. Out: the exit code of the stage. fossilvit/running/warm says how the two processes talk.

Every job starts this program. It takes 10 ms, because it imports only compiled parts of the standard library; `socket`
would take 8 ms more.
"""

import _signal  # type: ignore[import-not-found]  # mypy does not know it; `signal` would take longer to import
import _socket
import os
import sys
from fcntl import LOCK_EX, LOCK_NB, flock
from select import POLLIN, poll
from time import monotonic

TYPE_CHECKING = False  # mypy takes this for true; `typing` takes 2 ms to import
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "FOSSILVIT_WARM"
"""The environment variable that names the folder of a run, as in fossilvit/running/warm."""
MEMORY = "FOSSILVIT_MEM_MB"
"""The environment variable that tells a stage MEM_MB, as in fossilvit/running/warm."""
SCRIPTS = os.path.dirname(os.path.abspath(__file__))
PASSING = ("_", "SHLVL", "PWD", "OLDPWD")
"""Environment variables that differ from job to job and do not matter to it."""
PATIENCE = 60
"""Seconds that a worker may take to answer."""
SHARES = 20
"""A job is ended after this multiple of MINUTES."""
GLANCE = 500
"""Milliseconds between two checks of the memory and time of a worker."""

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # Ctrl-C ends this without a message


def main() -> int:
    """Run the job that the arguments name, and return its exit code."""
    memory, minutes, stage, *arguments = sys.argv[1:]
    environment = {name: value for name, value in os.environ.items() if name not in PASSING}
    folder = environment.pop(FOLDER, None)
    if folder is None:
        command = [sys.executable, f"{SCRIPTS}/{stage}.py", *arguments]
        os.execve(sys.executable, command, {**environment, MEMORY: memory})
    job = request(memory, arguments, environment)
    try:
        os.chdir(folder)  # because the path of a socket has at most 100 characters
    except OSError:
        sys.exit("Error: the run that this job belongs to has ended; run again.")
    try:
        connection, worker = take(free_slot(stage), stage, job, environment)
    except OSError as error:
        sys.exit(f"Error: no process of {stage} can be started ({error.strerror}); remove the cause and run again.")
    return wait(connection, worker, int(memory), float(minutes))


def request(memory: str, arguments: list[str], environment: dict[str, str]) -> bytes:
    """The job as the worker reads it: folder, memory and arguments, then the code and environment it is made for."""
    variables = sorted(f"{name}={value}" for name, value in environment.items())
    fields = [os.getcwd(), memory, str(len(arguments)), *arguments, sys.executable, *code(SCRIPTS), *variables]
    return b"\0".join(map(os.fsencode, fields))


def code(folder: str) -> "Iterator[str]":
    """Yield the path and the time of change of every Python file under a folder."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            yield f"{entry.path} {entry.stat().st_mtime_ns}"
        elif entry.is_dir() and entry.name not in ("__pycache__", "node_modules"):
            yield from code(entry.path)


def free_slot(stage: str) -> str:
    """Take the first slot of a stage that no other job holds, until this process ends."""
    number = 0
    while True:
        lock = os.open(f"{stage}.{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            flock(lock, LOCK_EX | LOCK_NB)
            return f"{stage}.{number}"
        except BlockingIOError:
            os.close(lock)
            number += 1


def take(slot: str, stage: str, job: bytes, environment: dict[str, str]) -> tuple[_socket.socket, int]:
    """Give a job to the worker of a slot, or to a new one where there is none or it is about to end.

    Returns
    -------
    connection : socket to the worker
    worker : int, its process ID
    """
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


def start(slot: str, stage: str, environment: dict[str, str]) -> None:
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


def send(connection: _socket.socket, job: bytes) -> None:
    """Send a job, and the file descriptors that its output goes to."""
    streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in (1, 2))
    connection.sendmsg([len(job).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(job)


def wait(connection: _socket.socket, worker: int, memory: int, minutes: float) -> int:
    """Wait for the exit code of a job. A worker that takes more memory (MB) or minutes than allowed is killed."""
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
        sys.exit("Error: the process at work crashed or was killed; run again.")
    if code[0]:
        see_off(connection)
    return code[0]


def see_off(connection: _socket.socket) -> None:
    """Wait until a worker has ended, which leaves after a job that failed. The next has its memory and GPU then."""
    connection.settimeout(PATIENCE)
    try:  # noqa: SIM105  the import of contextlib takes 4 ms
        connection.recv(1)
    except OSError:
        pass


def kill(worker: int, reason: str, remedy: str) -> None:
    """Kill a worker and the processes that it started, and end this process with a message."""
    try:  # noqa: SIM105  the import of contextlib takes 4 ms
        os.killpg(worker, 9)
    except ProcessLookupError:
        pass
    sys.exit(f"Error: the process at work {reason} and was ended; give its rule more: --set-resources RULE:{remedy}")


def memory_of(process: int) -> int:
    """MB that a process and its children take, with shared pages counted once; 0 on systems other than Linux."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            family = [str(process), *file.read().split()]
        return sum(map(_memory_of_one, family)) >> 10
    except OSError:
        return 0


def _memory_of_one(process: str) -> int:
    """KB that a process takes."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


if __name__ == "__main__":
    sys.exit(main())
