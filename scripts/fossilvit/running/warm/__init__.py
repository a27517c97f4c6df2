"""Stages that stay warm between the jobs of a run, as Bazel's persistent workers do.

A rule's command is scripts/warm.py, the client. It hands its arguments to a process of its stage that has everything
imported and its model loaded, worker.py, and ends with the exit code that comes back. They meet at a socket in a folder
of their run:

    client  connects to STAGE.SLOT, the first slot that no other client holds; starts a worker where there is none
    client  sends its log's file descriptors and the job
    worker  answers with its process ID once it takes the job, and with the exit code once it is done

A worker leaves when it is idle, when a job was made for other code or another environment, after a number of jobs, and
at once when the client that waits for it or the owner of the folder has gone.
"""

import atexit
import os
import tempfile
from contextlib import suppress

FOLDER = "FOSSILVIT_WARM"
"""The environment variable that names the folder of a run."""
ALIVE = "alive"
"""A named pipe in it, which the owner reads as long as it lives."""


def open_folder() -> str:
    """Make the folder where the jobs of this process meet their workers; it lasts as long as the process does."""
    folder = tempfile.mkdtemp(prefix="fossilvit-")  # the user's alone
    pipe = os.path.join(folder, ALIVE)
    os.mkfifo(pipe, 0o600)
    alive = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    atexit.register(_close_folder, folder, alive, os.getpid())
    return folder


def clear(folder):
    """Remove the folder of a run that has ended, which its workers may do at the same time."""
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def _close_folder(folder, alive, owner):
    if os.getpid() == owner:
        os.close(alive)
        clear(folder)
