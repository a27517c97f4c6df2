"""Work in a child process, so that what crashes there is told here.

Readers and renderers run compiled code: a segmentation fault or a lack of memory in it ends its process, whatever
Python would do. The child is forked, which costs milliseconds, and serves call after call until it dies.
"""

import ctypes
import multiprocessing
import resource
import signal
import sys
import traceback
from contextlib import ExitStack, contextmanager
from pathlib import Path

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux."""


class Crash(Exception):
    """The child died of its own fault. The message says of what, e.g. `a segmentation fault`."""


@contextmanager
def child(workshop, most_calls=None):
    """Run a function in a child process.

    Parameters
    ----------
    workshop : function that returns a context manager
        Is entered in the child, and gives the function. A child that died is replaced at the next call.
    most_calls : int or None
        A child that has answered so many is replaced too.

    Yields
    ------
    call : function
        Takes what the function takes and returns what it returns; what it raises is raised here.

    Raises
    ------
    Crash
        By a call: the child died of a fault in compiled code, or the kernel killed it for lack of memory.
    OSError
        By a call: somebody else killed the child.
    """
    current = None

    def call(*arguments):
        nonlocal current
        if current is not None and current.calls == most_calls:
            current.close()
        if current is None or not current.process.is_alive():
            current = _Child(workshop)
        return current.call(arguments)

    try:
        yield call
    finally:
        if current is not None:
            current.close()


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
            except EOFError:
                return
            pipe.send((None, failure) if failure else _outcome(function, arguments))


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
