"""Features, float32 [V, D], and embeddings, float32 [D].

In: an array and its recipe. Out: one .npy per specimen and its record beside it, and the array again. What is read is
checked: it is real, finite numbers, and every row has an ID of its own.
"""

from collections.abc import Sequence
from tokenize import TokenError
from typing import Any

import numpy as np

from fossilvit.store import layout
from fossilvit.store.files import PathLike, atomic, existing, readable
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded

OTHERS = {"b": "truth values", "c": "complex numbers", "S": "text", "U": "text", "O": "Python objects"}
"""What an array can hold beside real numbers, by the kind of its dtype."""


def write_array(path: PathLike, array: np.ndarray) -> None:
    """Write one array as .npy."""
    with atomic(path) as file:
        np.save(file, array, allow_pickle=False)


def read_array(path: PathLike, axes: int, names: Sequence[str] = ()) -> np.ndarray:
    """Read one .npy array of finite numbers, float32; see checked().

    Raises
    ------
    UserError
        It is missing or broken, or holds anything else.
    """
    with readable(path, TokenError), open(path, "rb") as file:
        return checked(np.lib.format.read_array(file, allow_pickle=False), axes, names)


def checked(array: np.ndarray, axes: int, names: Sequence[str] = ()) -> np.ndarray:
    """Finite numbers as float32.

    Parameters
    ----------
    array : array of any dtype
    axes : int
        The number of axes that it must have.
    names : sequence of str
        What the rows are called in a message. Rows without names are numbered from 0.

    Raises
    ------
    ValueError
        It holds anything else. The message says what.
    """
    numbers = as_float32(array)
    if numbers.ndim != axes:
        raise ValueError(f"its shape is {list(numbers.shape)}, but it needs {axes} axes")
    if axes > 1 and len(numbers) and not numbers.size:
        raise ValueError("its rows are empty")
    row = not_finite(np.atleast_2d(numbers))
    if row is not None:
        where = "it" if axes == 1 else repr(names[row]) if len(names) == len(numbers) else f"row {row}"
        raise ValueError(f"{where} holds NaN, infinity or a number too large for float32")
    return numbers


def as_float32(array: np.ndarray) -> np.ndarray:
    """Real numbers as float32. Those that are too large for it become infinite.

    Raises
    ------
    ValueError
        It holds anything else. The message says what.
    """
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{OTHERS.get(array.dtype.kind, f'values of type {array.dtype}')} instead of real numbers")
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def not_finite(rows: np.ndarray) -> int | None:
    """The number of the first row, of float [N, D], that holds NaN or infinity; None if there is none."""
    finite = np.isfinite(rows).all(axis=1)
    return None if finite.all() else int(finite.argmin())


def unique(identities: list[str]) -> list[str]:
    """IDs of rows, which must all be different.

    Raises
    ------
    ValueError
        One is empty or there twice. The message says which.
    """
    seen: set[str] = set()
    for identity in identities:
        if not identity or identity in seen:
            raise ValueError(f"{identity!r} is there twice" if identity else "an ID is empty")
        seen.add(identity)
    return identities


def write_result(path: PathLike, array: np.ndarray, made_from: dict[str, Any], **facts: Any) -> None:
    """Write an array as .npy, and its record beside it: further facts, what it was made from, and its digest."""
    with recorded(record_path(path), made_from, path, **facts):
        write_array(path, array)


def array_ids(folder: PathLike) -> list[str]:
    """The IDs of all specimens that have an array under a folder, sorted."""
    found = (path.relative_to(folder).as_posix().removesuffix(".npy") for path in existing(folder).rglob("*.npy"))
    return sorted(layout.decode(path) for path in found if not path.rpartition("/")[2].startswith("."))
