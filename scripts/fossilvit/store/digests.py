"""What files hold, by SHA-256. A file that has not changed since it was last read is not read again.

Standard library only: this is read at every start of Snakemake.
"""

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from fossilvit.store import files

Digest = Callable[[str], str | None]
"""A function that returns the SHA-256 of the file at a path; None where there is none."""


def of_file(path) -> str:
    """The SHA-256 of a file, in hexadecimal digits; of one that was just asked for and has not changed, as it was."""
    return _read(os.fspath(path), *_facts(path))


def of_bytes(content) -> str:
    """The SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def of_value(value) -> str:
    """The SHA-256 of a value as JSON; the order of keys does not matter."""
    return of_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


class Digests:
    """The digests of files, remembered from run to run.

    As in the index of git, a file is taken for unchanged while its size, its time of change, the time at which its
    state changed and its inode are the same. The third is set by the system alone, so that two files of equal size and
    date that swap their names are seen.

    Parameters
    ----------
    memory : path or None
        File to remember in; one that is missing or broken is made anew, and nothing is lost but time.
    """

    def __init__(self, memory=None):
        self.memory = memory and Path(memory)
        self._remembered, self._seen = files.read_object(memory) if memory else {}, {}

    def of(self, path) -> str | None:
        """The SHA-256 of a file; None where there is none, or it may not be read."""
        path = os.fspath(path)
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path][-1]

    def look(self, paths):
        """Find the digests of several files, those of files that are to be read at the same time."""
        unread = [path for path in paths if not self._is_remembered(os.fspath(path))]
        if unread:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self.of, unread))

    def save(self):
        """Remember the files that were asked for; where nothing can be written, nothing is remembered."""
        seen = {path: facts for path, facts in self._seen.items() if facts[-1]}
        if self.memory and seen != self._remembered:
            with suppress(OSError), files.atomic(self.memory, "w") as file:
                json.dump(seen, file, separators=(",", ":"))

    def _is_remembered(self, path):
        try:
            return self._remembered.get(path, [None])[:-1] == _facts(path)
        except (OSError, ValueError, TypeError):
            return False

    def _look(self, path):
        """Size, times, inode and digest of a file."""
        try:
            facts = _facts(path)
            if not os.access(path, os.R_OK):
                return [None]
            known = self._remembered.get(path)
            digest = known[-1] if isinstance(known, list) and known[:-1] == facts else of_file(path)
        except (OSError, ValueError):  # no such file, or no name of a file
            return [None]
        return [*facts, digest]


def _facts(path):
    """What tells whether a file has changed: size, time of change, time of change of its state, inode."""
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


@lru_cache(maxsize=8)
def _read(path, *facts):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
