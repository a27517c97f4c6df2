"""Files that appear whole or not at all, and JSON.

Standard library only: this is read at every start of Snakemake.
"""

import json
import os
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from zipfile import ZipFile

from fossilvit.errors import UserError

PathLike = str | os.PathLike[str]
"""A path, as text or as a Path."""
WRITING = ".writing-"
"""What the names of unfinished files begin with."""


@contextmanager
def atomic(path, mode="wb", synced=False):
    """Open a file that takes its name only once it is complete; after an error nothing is left of it.

    What a killed process left is overwritten by the next that writes the same file.

    Parameters
    ----------
    path : path
    mode : str
    synced : bool
        Whether the content is on the disk before the name is, so that a power cut leaves no empty file. It costs half a
        millisecond and more; what has its digest in a record, or is JSON, is made again anyway if it is broken.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    temporary = path.with_name(WRITING + blake2b(os.fsencode(path.name), digest_size=8).hexdigest())
    try:
        with open(temporary, mode, **options) as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path, value):
    """Write a value as indented UTF-8 JSON."""
    with atomic(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def read_json(path):
    """Read a JSON file.

    Raises
    ------
    UserError
        It is missing or broken.
    """
    with readable(path), open(path, encoding="utf-8") as file:
        return json.load(file)


def read_object(path) -> dict:
    """Read a JSON file that holds an object; an empty dict where it is missing or broken."""
    return parsed(read_bytes(path))


def read_bytes(path) -> bytes:
    """The content of a file; nothing where it is missing or may not be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def parsed(content) -> dict:
    """The object in a text of JSON; an empty dict where there is none."""
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def read_shard_record(path) -> dict:
    """The text `record` of an .npz, as JSON: how and from what the shard was made."""
    with ZipFile(path) as shard:
        content = shard.read("record.npy")
    header = 10 + int.from_bytes(content[8:10], "little")  # of the format .npy, version 1
    return json.loads(content[header:])


@contextmanager
def readable(path, *errors):
    """Turn what goes wrong with reading a file of ours, further kinds of errors too, into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the stage that makes it first.") from None
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, *errors) as error:
        raise UserError(f"{path} cannot be read ({error}); delete it and run again.") from None


def existing(folder) -> Path:
    """A folder that must exist, or a UserError that says which stage makes it."""
    if not Path(folder).is_dir():
        raise UserError(f"The folder {folder} does not exist; run the stage before this one, or name another folder.")
    return Path(folder)
