"""Texts that carry values and arrays into the page, where web/src/pack.ts unpacks them.

In: a tree of dicts, lists, texts, numbers and arrays. Out: base64 of gzip of

- the length of the JSON in bytes, uint32;
- the tree as JSON in UTF-8, in which an array is {"$": [type, offset, length]}, its offset in bytes from the start;
- the elements of the arrays, each array at a multiple of 8 bytes.

All numbers are little-endian.
"""

import base64
import gzip
import json
import struct
import zlib
from typing import Any

import numpy as np

TYPES = ("uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")
ALIGNMENT = 8
"""Bytes. JavaScript takes an array of numbers only at a multiple of their size."""
HEAD = struct.Struct("<I")
LONGEST_OFFSET = 10
"""Digits of an offset; the JSON tells its length in 32 bits, and no array lies farther in either."""
LEVEL, GZIP = 6, 31
"""Level of zlib (9 takes four times as long and saves .5 % of an exhibit; ISA-L makes it 8 % larger), and its window
bits, which mean gzip whose header holds no date."""


def pack(tree: Any) -> str:
    """Pack a tree into ASCII text. Equal trees give equal texts.

    Parameters
    ----------
    tree : dict, list, str, int, float, bool, None, bytes or array
        Arrays are of TYPES; their elements are laid out row by row. Bytes become uint8. No key is `$`.

    Raises
    ------
    TypeError
        A value is of another type.
    ValueError
        A number outside arrays is not finite, which JSON cannot hold.
    """
    text, arrays = _written(tree, 0)
    start = _aligned(HEAD.size + len(text) + LONGEST_OFFSET * len(arrays))
    text, arrays = _written(tree, start)
    content = b"".join([(HEAD.pack(len(text)) + text).ljust(start, b"\0"), *arrays])
    compressor = zlib.compressobj(LEVEL, wbits=GZIP)
    return base64.b64encode(compressor.compress(content) + compressor.flush()).decode()


def unpack(text: str) -> Any:
    """The tree in a text of pack(). Arrays have one dimension, and bytes are arrays of uint8."""
    content = gzip.decompress(base64.b64decode(text))
    (length,) = HEAD.unpack_from(content)

    def revived(value: dict[str, Any]) -> Any:
        if "$" not in value:
            return value
        kind, offset, count = value["$"]
        return np.frombuffer(content, _little(kind), count, offset)

    return json.loads(content[HEAD.size : HEAD.size + length], object_hook=revived)


def _written(tree: Any, start: int) -> tuple[bytes, list[bytes]]:
    """The JSON of a tree whose arrays begin at `start`, and the elements of the arrays, padded to ALIGNMENT."""
    arrays: list[bytes] = []
    end = start

    def place(value: Any) -> dict[str, Any]:
        nonlocal end
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        if not isinstance(array, np.ndarray) or array.dtype.name not in TYPES:
            raise TypeError(f"{getattr(array, 'dtype', type(array))} cannot be packed")
        elements = array.astype(_little(array.dtype.name), copy=False).tobytes()
        arrays.append(elements.ljust(_aligned(len(elements)), b"\0"))
        placed = {"$": [array.dtype.name, end, array.size]}
        end += len(arrays[-1])
        return placed

    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=place)
    return text.encode(), arrays


def _little(kind: str) -> np.dtype[Any]:
    return np.dtype(kind).newbyteorder("<")


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
