"""Work in a child process, so that what crashes there is told here.

Readers and renderers run compiled code: a segmentation fault or a lack of memory in it ends its process, whatever
Python would do. The child is forked, which costs milliseconds, and serves call after call until it dies.
"""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import traceback
from contextlib import ExitStack, contextmanager
from multiprocessing import reduction
from pathlib import Path

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
OUTPUTS = (1, 2)
"""File descriptors of what a process prints."""
PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux."""


class Crash(Exception):
    """The child died of its own fault. The message says of what, e.g. `a segmentation fault`."""


class Child:
    """A function at work in a child process, which is replaced when it has died.

    Parameters
    ----------
    workshop : function that returns a context manager
        Is entered in the child, and gives the function.
    most_calls : int or None
        A child that has answered so many is replaced too.
    """

    def __init__(self, workshop, most_calls=None):
        self._workshop, self._most_calls, self._current = workshop, most_calls, None

    def __call__(self, *arguments):
        """Call the function: what it returns is returned, what it raises is raised, what it prints is printed here.

        Raises
        ------
        Crash
            The child died of a fault in compiled code, or the kernel killed it for lack of memory.
        OSError
            Somebody else killed the child.
        """
        if self._current is not None and self._current.calls == self._most_calls:
            self._current.close()
        if self._current is None or not self._current.process.is_alive():
            self._current = _Child(self._workshop)
        return self._current.call(arguments)

    def close(self):
        """End the child; that of a process which ends is ended too."""
        if self._current is not None:
            self._current.close()


class _Child:
    """A process that answers calls over a pipe."""

    def __init__(self, workshop):
        context = multiprocessing.get_context("fork")
        self.calls = 0
        self.killed_before = _killed_for_memory()
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(workshop, theirs, self.pipe), daemon=True)
        self.process.start()
        theirs.close()

    def call(self, arguments):
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

    def close(self):
        self.pipe.close()
        self.process.join()

    def _cause_of_death(self):
        died_of = -self.process.exitcode
        if died_of in CRASHES:
            return Crash(signal.strsignal(died_of).lower())
        if died_of == signal.SIGKILL and _killed_for_memory() > self.killed_before:
            return Crash("lack of memory")
        return OSError(f"the process at work ended with exit code {self.process.exitcode}; run again")


def _serve(workshop, pipe, theirs):
    """Answer calls until the other end is closed."""
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


def _redirect(pipe):
    """Print where the parent prints now."""
    for stream in OUTPUTS:
        descriptor = reduction.recv_handle(pipe)
        os.dup2(descriptor, stream)
        os.close(descriptor)


def _outcome(function, arguments):
    """What a function returns, or what it raises."""
    try:
        return function(*arguments), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error


def _killed_for_memory():
    """How many processes the kernel has killed for lack of memory since it started; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


@contextmanager
def memory_bound(most):
    """Let this process take at most so many bytes more than it has; beyond that it meets a MemoryError.

    Only Linux counts them.
    """
    unlimited, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        yield
        return
    bound = pages * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (unlimited, hard))
