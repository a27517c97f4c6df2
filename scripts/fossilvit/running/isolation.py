"""Work in a child process, so that a crash there is reported here.

In: a function and the arguments of its calls. Out: what it returns, what it raises, or a Crash.

Readers and renderers run compiled code, in which a segmentation fault or a lack of memory ends the process, and Python
cannot prevent it. The child is forked, which takes milliseconds, and serves call after call until it dies.
"""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fossilvit.running import warm

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
"""The signals that end a process after a fault in compiled code."""
OUTPUTS = (1, 2)
"""File descriptors of standard output and standard error."""
PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux."""
RESERVE = 100 << 20
"""Bytes left to what a bound does not count: memory that a child shares with its parent until it writes there."""

Workshop = Callable[[], AbstractContextManager[Callable[..., Any]]]
"""A function that returns a context manager, which is entered in the child and gives the function to call."""


class Crash(Exception):
    """The child died of its own fault. The message says of which, e.g. `segmentation fault`."""


class OutOfMemory(Crash):
    """The kernel killed the child for lack of memory."""


class Child:
    """A function that runs in a child process, which is replaced when it has died.

    Parameters
    ----------
    workshop : Workshop
    most_calls : int or None
        A child is also replaced after this number of calls.
    """

    def __init__(self, workshop: Workshop, most_calls: int | None = None) -> None:
        self._workshop, self._most_calls = workshop, most_calls
        self._current: _Child | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Call the function. What it returns is returned, what it raises is raised, and what it prints is printed here.

        Raises
        ------
        Crash
            The child died of a fault in compiled code, or the kernel killed it for lack of memory.
        OSError
            The child was killed by someone else, or ended by itself.
        """
        if self._current is not None and self._current.calls == self._most_calls:
            self._current.close()
        if self._current is None or not self._current.process.is_alive():
            self._current = _Child(self._workshop)
        return self._current.call(arguments)

    def close(self) -> None:
        """End the child. It also ends when this process does."""
        if self._current is not None:
            self._current.close()


class _Child:
    """A process that answers calls over a pipe."""

    def __init__(self, workshop: Workshop) -> None:
        context = multiprocessing.get_context("fork")
        self.calls = 0
        self.killed_before = killed_for_memory()
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(workshop, theirs, self.pipe), daemon=True)
        self.process.start()
        theirs.close()

    def call(self, arguments: tuple[Any, ...]) -> Any:
        self.calls += 1
        try:
            self.pipe.send(arguments)
            for stream in OUTPUTS:
                reduction.send_handle(self.pipe, stream, self.process.pid)
            result, error = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            raise self._cause_of_death() from None
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        self.pipe.close()
        self.process.join()

    def _cause_of_death(self) -> Exception:
        code = self.process.exitcode
        died_of = -code if code else 0
        if died_of in CRASHES:
            return Crash((signal.strsignal(died_of) or f"signal {died_of}").lower())
        if died_of == signal.SIGKILL and killed_for_memory() > self.killed_before:
            return OutOfMemory("lack of memory")
        return OSError(f"the process at work ended with exit code {code}; run again")


def _serve(workshop: Workshop, pipe: Connection, theirs: Connection) -> None:
    """Answer calls until the other end of the pipe is closed."""
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    with ExitStack() as stack:
        function, failure = _outcome(stack.enter_context, (workshop(),))
        while True:
            try:
                arguments = pipe.recv()
                _redirect(pipe)
            except EOFError:
                return
            pipe.send((None, failure) if failure else _outcome(function, arguments))


def _redirect(pipe: Connection) -> None:
    """Let this process print where the parent prints now."""
    for stream in OUTPUTS:
        descriptor = reduction.recv_handle(pipe)
        os.dup2(descriptor, stream)
        os.close(descriptor)


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """What a function returns, and what it raises."""
    try:
        return function(*arguments), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error


def killed_for_memory() -> int:
    """The number of processes that the kernel has killed for lack of memory since it started; 0 where it is unknown.

    Tests may replace this.
    """
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def memory_of_job() -> int | None:
    """MB that this process and its children may take; None where nobody has said so."""
    said = os.environ.get(warm.MEMORY, "")
    return int(said) if said.isdecimal() else None


def memory_left(megabytes: int) -> int:
    """Bytes that this child may take more before it and its parent take this number of MB; negative if they do."""
    return (megabytes << 20) - _memory_of(os.getpid()) - _memory_of(os.getppid()) - RESERVE


def _memory_of(process: int) -> int:
    """Bytes that a process takes, its part of shared pages among them; 0 on systems other than Linux."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


@contextmanager
def memory_bound(most: int) -> Iterator[None]:
    """Let this process take at most `most` bytes more than it has now; beyond that, a MemoryError is raised.

    A bound within another never exceeds it. It has an effect only on Linux, which reports the memory of a process.
    """
    outer, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        yield
        return
    bound = pages * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (bound if outer == resource.RLIM_INFINITY else min(bound, outer), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (outer, hard))
