"""Files that appear whole or not at all, and JSON.

In: a path, and what to write. Out: a whole file, or what one holds. Standard library only: Snakemake reads this at
every start.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

from fossilvit.errors import UserError

PathLike = str | os.PathLike[str]
"""A path, as text or as a Path."""
WRITING = ".writing-"
"""Prefix of the names of unfinished files."""


@contextmanager
def atomic(path: PathLike, mode: str = "wb", synced: bool = False) -> Iterator[IO[Any]]:
    """Open a file that gets its name only when it is complete. After an error, nothing of it is left.

    If a process is killed while it writes, the next process that writes the same file overwrites what is left.

    Parameters
    ----------
    path : path
    mode : str
    synced : bool
        Whether the content reaches the disk before the name, so that a power cut leaves no empty file. This costs half
        a millisecond or more. JSON, and files that have their digest in a record, are made again anyway if they are
        broken.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
    temporary = path.with_name(WRITING + blake2b(os.fsencode(path.name), digest_size=8).hexdigest())
    try:
        with open(temporary, mode, encoding=encoding, newline=newline) as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _named(error, temporary, path) from error
        raise


def _named(error: OSError, temporary: Path, path: Path) -> OSError:
    """An error in writing a file that names this file, and not the unfinished one."""
    if error.errno is None:  # from numpy, if only a part of an array could be written
        return OSError(errno.ENOSPC, f"it could not be written whole ({error})", str(path))
    if error.filename in (None, str(temporary)):
        return OSError(error.errno, error.strerror, str(path))
    return error


def write_json(path: PathLike, value: Any) -> None:
    """Write a value as indented UTF-8 JSON."""
    with atomic(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def read_json(path: PathLike) -> Any:
    """Read a JSON file.

    Raises
    ------
    UserError
        It is missing or broken.
    """
    with readable(path), open(path, encoding="utf-8") as file:
        return json.load(file)


def read_object(path: PathLike) -> dict[str, Any]:
    """Read a JSON file that holds an object. If it is missing or broken, the result is an empty dict."""
    return parsed(read_bytes(path))


def read_bytes(path: PathLike) -> bytes:
    """The content of a file; no bytes if it is missing or may not be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def parsed(content: str | bytes) -> dict[str, Any]:
    """The object in a JSON text; an empty dict if there is none."""
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def read_shard_record(path: PathLike) -> dict[str, Any]:
    """The JSON object `record` of an .npz: how the shard was made and from what."""
    with ZipFile(path) as shard:
        content = shard.read("record.npy")
    header = 10 + int.from_bytes(content[8:10], "little")  # as in version 1 of the format .npy
    record: dict[str, Any] = json.loads(content[header:])
    return record


class NoFile(OSError):
    """A folder, pipe, socket or device is in the place of a file."""


def open_content(path: PathLike) -> BufferedReader:
    """Open a file with content to read. Neither this nor reading it ever waits for somebody else.

    Raises
    ------
    NoFile
        It is a folder, pipe, socket or device, which may have no end.
    OSError
    """
    if stat.S_ISREG(os.stat(path).st_mode):  # to open a device may set it to work
        file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise NoFile(errno.EINVAL, "is no file", os.fspath(path))


@contextmanager
def readable(path: PathLike, *errors: type[Exception]) -> Iterator[None]:
    """Turn any error in reading one of our files into a UserError. `errors` are further types of errors to expect."""
    expected: tuple[type[Exception], ...] = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, *errors)
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the stage that makes it first.") from None
    except expected as error:
        raise UserError(f"{path} cannot be read ({error}); delete it and run again.") from None


def existing(folder: PathLike) -> Path:
    """The path of a folder that must exist.

    Raises
    ------
    UserError
        It does not exist.
    """
    if not Path(folder).is_dir():
        raise UserError(f"The folder {folder} does not exist; run the stage before this one, or name another folder.")
    return Path(folder)
