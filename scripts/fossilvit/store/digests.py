"""SHA-256 digests of files, bytes and values. A file that has not changed since it was last read is not read again.

In: paths, bytes or values. Out: digests of 64 hexadecimal digits. Standard library only: Snakemake reads this at every
start.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from fossilvit.store import files
from fossilvit.store.files import PathLike

Digest = Callable[[str], str | None]
"""A function that returns the SHA-256 of the file at a path, or None if there is no file."""


def of_file(path: PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal digits. The last few digests are remembered while their files are the same.

    Raises
    ------
    OSError
    """
    return read_digest(os.fspath(path), *_facts(path))


def of_bytes(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def of_value(value: Any) -> str:
    """The SHA-256 of a value as JSON. The order of keys does not matter."""
    return of_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


class Digests:
    """The digests of files, remembered from run to run.

    As in the index of git, a file counts as unchanged while its size, its modification time, the time of the last
    change of its state (ctime) and its inode are the same. Only the system sets the ctime. It shows when two files of
    equal size and date swap their names.

    Parameters
    ----------
    memory : path or None
        File that keeps the digests. If it is missing or broken, it is made again, and only time is lost.
    """

    def __init__(self, memory: PathLike | None = None) -> None:
        self.memory = Path(memory) if memory else None
        self._remembered: dict[str, Any] = files.read_object(memory) if memory else {}
        self._seen: dict[str, tuple[list[int], str | None]] = {}

    def of(self, path: PathLike) -> str | None:
        """The SHA-256 of a file; None if it does not exist or may not be read."""
        path = os.fspath(path)
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path][1]

    def look(self, paths: Iterable[PathLike]) -> None:
        """Find the digests of several files. Those that must be read are read in parallel."""
        unread = [path for path in paths if not self._is_remembered(os.fspath(path))]
        if unread:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self.of, unread))

    def save(self) -> None:
        """Keep the digests found in this run for the next. If the memory cannot be written, none are kept."""
        seen = {path: [*facts, digest] for path, (facts, digest) in self._seen.items() if digest}
        if self.memory and seen != self._remembered:
            with suppress(OSError), files.atomic(self.memory, "w") as file:
                json.dump(seen, file, separators=(",", ":"))

    def _is_remembered(self, path: str) -> bool:
        try:
            return self._known(path, _facts(path)) is not None
        except (OSError, ValueError):
            return False

    def _known(self, path: str, facts: list[int]) -> str | None:
        """The remembered digest of a file; None if there is none, or the file has changed."""
        known = self._remembered.get(path)
        return known[-1] if isinstance(known, list) and known[:-1] == facts else None

    def _look(self, path: str) -> tuple[list[int], str | None]:
        """The facts and the digest of a file."""
        try:
            facts = _facts(path)
            if not os.access(path, os.R_OK):
                return facts, None
            return facts, self._known(path, facts) or of_file(path)
        except (OSError, ValueError):  # no such file, or no valid name of a file
            return [], None


def _facts(path: PathLike) -> list[int]:
    """The facts that show whether a file has changed: size in bytes, mtime and ctime in nanoseconds, inode."""
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


@lru_cache(maxsize=8)
def read_digest(path: str, *facts: int) -> str:
    """The SHA-256 of a file with these facts. The last few are remembered as long as this process lasts.

    Raises
    ------
    OSError
        It is no file. A pipe that has taken its place is not waited for.
    """
    with files.open_content(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
