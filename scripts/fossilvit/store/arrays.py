"""Features, float32 [V, D], and embeddings, float32 [D].

In: an array and its recipe. Out: one .npy per specimen and its record beside it, and the array again.
"""

from typing import Any
from zipfile import BadZipFile

import numpy as np

from fossilvit.store import layout
from fossilvit.store.files import PathLike, atomic, existing, readable
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded


def write_array(path: PathLike, array: np.ndarray) -> None:
    """Write one array as .npy."""
    with atomic(path) as file:
        np.save(file, array, allow_pickle=False)


def read_array(path: PathLike) -> np.ndarray:
    """Read one .npy array. An array of Python objects is refused."""
    with readable(path, BadZipFile):
        array: np.ndarray = np.load(path, allow_pickle=False)
    return array


def write_result(path: PathLike, array: np.ndarray, made_from: dict[str, Any]) -> None:
    """Write an array as .npy, and its record beside it: what it was made from, and its digest."""
    with recorded(record_path(path), made_from, path):
        write_array(path, array)


def array_ids(folder: PathLike) -> list[str]:
    """The IDs of all specimens that have an array under a folder, sorted."""
    found = (path.relative_to(folder).as_posix().removesuffix(".npy") for path in existing(folder).rglob("*.npy"))
    return sorted(layout.decode(path) for path in found if not path.rpartition("/")[2].startswith("."))
