"""Locks that the processes of one user share. Standard library only.

In: names. Out: whether this process holds the lock of that name, until it ends. The folder of the locks may lie where
other users can write, so nothing in it is trusted before it is checked.
"""

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW


def open_folder() -> int:
    """Open the folder of the locks: in $XDG_RUNTIME_DIR if that is this user's alone, else among temporary files.

    Returns
    -------
    int, a file descriptor: whoever renames or replaces the folder later does not change which one is meant

    Raises
    ------
    OSError
        It cannot be made, or is no folder that only this user may open.
    """
    try:
        path = os.environ.get("XDG_RUNTIME_DIR", "")
        runtime = os.open(path, FOLDER)
        try:
            _check(path, runtime, stat.S_ISDIR, others=0o022)
            return _private_folder("fossilvit", runtime)
        finally:
            os.close(runtime)
    except OSError:
        return _private_folder(os.path.join(tempfile.gettempdir(), f"fossilvit-{os.geteuid()}"))


def take(name: str, folder: int) -> bool:
    """Lock a name as long as this process lasts; False where another process has locked it.

    Raises
    ------
    OSError
        The file of the lock cannot be made, or is not this user's alone.
    """
    path = name.replace("/", "_")
    file = os.open(path, FILE, 0o600, dir_fd=folder)
    try:
        _check(path, file, stat.S_ISREG, others=0o077)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            return False
        raise
    return True


def _private_folder(path: str, parent: int | None = None) -> int:
    with suppress(FileExistsError):
        os.mkdir(path, 0o700, dir_fd=parent)
    folder = os.open(path, FOLDER, dir_fd=parent)
    try:
        _check(path, folder, stat.S_ISDIR, others=0o077)
    except OSError:
        os.close(folder)
        raise
    return folder


def _check(path: str, file: int, is_expected: Callable[[int], bool], others: int) -> None:
    """Raise an OSError unless an open file is of a kind, is this user's, and grants others none of these rights.

    A file with a second name could be one that matters elsewhere.
    """
    facts = os.fstat(file)
    linked = stat.S_ISREG(facts.st_mode) and facts.st_nlink != 1
    if not is_expected(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & others or linked:
        raise PermissionError(errno.EPERM, "it is not yours alone", path)
