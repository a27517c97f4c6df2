"""What went wrong, in one sentence. Standard library only.

In: an error. Out: the sentence for a mistake of the user or a fault of the machine; none for a bug.
"""

import errno
import os
import pwd
import sys
from collections.abc import Iterable
from typing import NoReturn

from fossilvit.errors import UserError

NO_THREAD = ("can't start new thread", os.strerror(errno.EAGAIN))
"""What Python and compiled code say in a RuntimeError if a thread cannot be started."""
NO_CACHE = "no locator available"
"""What numba says in a RuntimeError if it may write neither beside the code nor in the user's cache."""
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space there"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "change its permissions"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files (ulimit -n)"),
    errno.EFBIG: "allow larger files there (ulimit -f)",
    errno.ELOOP: "remove the links that lead in a circle",
}


def describe(error: BaseException) -> str | None:
    """The sentence that reports an error to the user; None if it is a bug, whose traceback is needed."""
    if isinstance(error, UserError):
        return str(error)
    code = error.errno if isinstance(error, OSError) else None
    said = next(iter(str(error).splitlines()), type(error).__name__)
    if isinstance(error, MemoryError) or code == errno.ENOMEM:
        return (
            f"There is too little memory ({said}); close other programs, or give the rule "
            "more: --set-resources RULE:mem_mb=MB."
        )
    if code == errno.EAGAIN or (isinstance(error, RuntimeError) and any(words in said for words in NO_THREAD)):
        return (
            f"You may start no more processes or threads here ({said}); end other programs, take fewer cores, or ask "
            "for more (ulimit -u)."
        )
    if isinstance(error, RuntimeError) and NO_CACHE in said:
        return "There is no folder where compiled code may be kept; name one: export XDG_CACHE_HOME=FOLDER."
    if not isinstance(error, OSError):
        return None
    if code in (errno.EACCES, errno.EPERM, errno.EROFS) and (sentence := _denied(error.filename)):
        return sentence
    if code is None:
        return f"{said}; nothing half-written was left."
    place = f"{error.filename}: " if error.filename else ""
    remedy = REMEDIES.get(code, "remove the cause")
    return f"{place}{error.strerror}; {remedy} and run again; nothing half-written was left."


def end(error: Exception) -> NoReturn:
    """End this process with the sentence that reports an error. A bug is raised again."""
    sentence = describe(error)
    if sentence is None:
        raise error
    sys.exit(f"Error: {sentence}")


def unwritable(paths: Iterable[str]) -> str | None:
    """The sentence about the first path that may not be written, with the reason and what to do; None if all may be.

    Of a path that does not exist, the nearest folder above it is meant.
    """
    for path in map(os.path.abspath, paths):
        while not os.path.exists(path):
            path = os.path.dirname(path)
        if not os.access(path, os.W_OK | os.X_OK if os.path.isdir(path) else os.W_OK):
            return f"{path} may not be written{_because(path)}, or work elsewhere: --directory FOLDER."
    return None


def _denied(path: object) -> str | None:
    """The sentence about a file that was to be written, or its folder; None if that is not why an access was denied."""
    if not isinstance(path, str) or (os.path.exists(path) and not os.access(path, os.R_OK)):
        return None
    return unwritable([path, os.path.dirname(os.path.abspath(path))])


def _because(path: str) -> str:
    """The reason why a path may not be written, and what to do, as the continuation of a sentence."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return ", because its file system is read-only; mount it so that it can be written"
    made_by = os.stat(path).st_uid
    if made_by == os.geteuid():
        return "; change its permissions"
    try:
        owner = pwd.getpwuid(made_by).pw_name
    except KeyError:
        owner = f"the user {made_by}"
    return (
        f", because it belongs to {owner}; to share it, let {owner} give it to a group of you both (chgrp -R GROUP .; "
        "chmod -R g+rwX .; find . -type d -exec chmod g+s {} +) and let both of you set umask 002"
    )
