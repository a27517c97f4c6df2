"""Features and embeddings: one .npy per specimen, and its record beside it."""

from zipfile import BadZipFile

import numpy as np

from fossilvit.store import layout
from fossilvit.store.files import atomic, existing, readable
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded


def write_array(path, array):
    """Write one array as .npy."""
    with atomic(path) as file:
        np.save(file, array, allow_pickle=False)


def read_array(path):
    """Read one .npy array; one that holds Python objects is refused."""
    with readable(path, BadZipFile):
        return np.load(path, allow_pickle=False)


def write_result(path, array, made_from):
    """Write an array as .npy, and its record beside it: what it was made from, and its digest."""
    with recorded(record_path(path), made_from, path):
        write_array(path, array)


def array_ids(folder) -> list[str]:
    """The IDs of all specimens with an array under a folder, sorted."""
    found = (path.relative_to(folder).as_posix().removesuffix(".npy") for path in existing(folder).rglob("*.npy"))
    return sorted(layout.decode(path) for path in found if not path.rpartition("/")[2].startswith("."))
