import faulthandler
import os
import signal
from contextlib import closing, contextmanager

import numba
import numpy as np
import pytest

from fossilvit.errors import SpecimenError, UserError
from fossilvit.running import isolation, warm

linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="only Linux tells how much memory a process has"
)


@contextmanager
def workshop():
    faulthandler.disable()
    started = os.getpid()

    def work(what, value=None):
        match what:
            case "give":
                return value
            case "pid":
                return started
            case "raise":
                raise value
            case "signal":
                os.kill(os.getpid(), value)
            case "write beyond an array":
                write(np.zeros(1), value)
            case "exit":
                os._exit(value)

    yield work


@numba.njit
def write(array, times):
    for i in range(times):
        array[1_000_000 * i] = i


@pytest.fixture
def call():
    with closing(isolation.Child(workshop)) as call:
        yield call


def test_what_a_function_returns_comes_back(call):
    assert call("give", {"a": [1, 2]}) == {"a": [1, 2]}


def test_one_child_serves_call_after_call_and_is_not_this_process(call):
    assert call("pid") == call("pid") != os.getpid()


def test_a_child_is_replaced_after_so_many_calls():
    with closing(isolation.Child(workshop, most_calls=2)) as call:
        children = [call("pid") for _ in range(5)]
        assert children[0] == children[1] != children[2] == children[3] != children[4]
        with pytest.raises(ProcessLookupError):
            os.kill(children[0], 0)
        assert [call("give", value) for value in range(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "error", [SpecimenError("bad data"), UserError("no renderer"), OSError(28, "disk full"), KeyError("x")]
)
def test_what_it_raises_is_raised_here(call, error):
    with pytest.raises(type(error)) as told:
        call("raise", error)
    assert told.value.args == error.args
    assert call("give", 1) == 1


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGSEGV, "segmentation fault"), (signal.SIGABRT, "abort"), (signal.SIGBUS, "bus error")],
)
def test_a_crash_is_told_and_the_next_call_has_a_new_child(call, number, told):
    first = call("pid")
    with pytest.raises(isolation.Crash, match=told):
        call("signal", number)
    assert call("pid") != first


def test_compiled_code_that_leaves_its_array_is_a_crash(call):
    with pytest.raises(isolation.Crash, match="segmentation fault"):
        call("write beyond an array", 100_000)
    assert call("give", 1) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_that_somebody_kills_is_a_fault_of_the_machine(call, number):
    with pytest.raises(OSError, match="ended"):
        call("signal", number)
    assert call("give", 1) == 1


def test_a_child_that_the_kernel_kills_for_lack_of_memory_is_a_crash(call, monkeypatch):
    kills = iter([0, 1])
    monkeypatch.setattr(isolation, "killed_for_memory", lambda: next(kills))
    with pytest.raises(isolation.OutOfMemory, match="lack of memory"):
        call("signal", signal.SIGKILL)


def test_a_child_that_leaves_is_a_fault_of_the_machine(call):
    with pytest.raises(OSError, match="exit code 7"):
        call("exit", 7)


def test_a_workshop_that_cannot_be_entered_is_told_at_every_call():
    @contextmanager
    def closed():
        raise UserError("no driver")
        yield

    with closing(isolation.Child(closed)) as call:
        for _ in range(2):
            with pytest.raises(UserError, match="no driver"):
                call()


def test_no_child_is_left_behind():
    with closing(isolation.Child(workshop)) as call:
        child = call("pid")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_child_ends_with_its_parent():
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        with closing(isolation.Child(workshop)) as call:
            os.write(writer, str(call("pid")).encode())
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(parent, 0)
    child = int(os.read(reader, 20))
    for _ in range(500):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        signal.sigtimedwait([], 0.01)
    pytest.fail("the child goes on without its parent")


@linux
def test_memory_beyond_the_bound_is_refused_and_what_is_within_it_is_not():
    with isolation.memory_bound(200 << 20):
        assert np.ones(10 << 20, np.uint8).all()
        with pytest.raises(MemoryError):
            np.ones(400 << 20, np.uint8)
    assert np.ones(400 << 20, np.uint8).all()


@linux
@pytest.mark.parametrize(("outer", "inner"), [(200, 1000), (1000, 200)])
def test_of_two_bounds_on_memory_the_tighter_counts(outer, inner):
    with isolation.memory_bound(outer << 20):
        with isolation.memory_bound(inner << 20), pytest.raises(MemoryError):
            np.ones(400 << 20, np.uint8)
        if outer > inner:
            assert np.ones(400 << 20, np.uint8).all()


@pytest.mark.parametrize(("said", "megabytes"), [("1200", 1200), ("", None), (None, None)])
def test_a_job_is_told_its_memory(monkeypatch, said, megabytes):
    monkeypatch.delenv(warm.MEMORY, raising=False)
    if said is not None:
        monkeypatch.setenv(warm.MEMORY, said)
    assert isolation.memory_of_job() == megabytes


@linux
def test_what_a_job_leaves_is_less_by_what_this_process_and_its_parent_take():
    before = isolation.memory_left(10_000)
    taken = np.ones(300 << 20, np.uint8)
    after = isolation.memory_left(10_000)
    assert before < 10_000 << 20 and before - after > 0.9 * taken.nbytes
