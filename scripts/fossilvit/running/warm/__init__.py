"""Stages that stay warm between the jobs of a run, like the persistent workers of Bazel.

Out: the folder of a run, in which clients and workers meet.

The command of a rule is scripts/warm.py, the client. It hands its arguments to worker.py, a process of its stage that
has everything imported and its model loaded, and ends with the exit code that comes back. They meet at a socket in the
folder of their run:

    client  connects to STAGE.SLOT, the first slot that no other client holds; starts a worker where there is none
    client  sends the file descriptors of its log, and the job
    worker  answers with its process ID when it takes the job, and with the exit code when the job is done

A worker ends when it is idle, when a job was made for other code or another environment, after a job that did not end
well, after a number of jobs, and at once when its client or the owner of the folder has ended.
"""

import atexit
import os
import tempfile
from contextlib import suppress

FOLDER = "FOSSILVIT_WARM"
"""The environment variable that names the folder of a run."""
MEMORY = "FOSSILVIT_MEM_MB"
"""The environment variable that holds the MB that a job may take, as in scripts/warm.py."""
ALIVE = "alive"
"""The named pipe in that folder, which the owner holds open as long as it lives."""


def open_folder() -> str:
    """Make the folder where the jobs of this process meet their workers. It lasts as long as the process."""
    folder = tempfile.mkdtemp(prefix="fossilvit-")  # only this user can open it
    pipe = os.path.join(folder, ALIVE)
    os.mkfifo(pipe, 0o600)
    alive = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    atexit.register(_close_folder, folder, alive, os.getpid())
    return folder


def clear(folder: str) -> None:
    """Remove the folder of a run that has ended. Its workers may do so at the same time."""
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def _close_folder(folder: str, alive: int, owner: int) -> None:
    if os.getpid() == owner:
        os.close(alive)
        clear(folder)
