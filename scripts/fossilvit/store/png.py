"""RGB pictures, uint8 [H, W, 3], to PNG and back. Writing is ten times as fast as with Pillow, and files are no larger.

Rows are stored as differences from the row above (the filter `up` of the PNG specification, 2nd edition), compressed by
Intel's ISA-L.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from math import isqrt
from pathlib import Path

import numpy as np
from isal import isal_zlib

from fossilvit.store.files import PathLike, atomic, readable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
UP = 2
LEVEL = 1


def encode(image: np.ndarray) -> bytes:
    """The PNG of a picture, uint8 [H, W, 3]."""
    height, width, _ = image.shape
    rows = image.reshape(height, 3 * width)
    filtered = np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, *EIGHT_BIT_RGB)
    pixels = isal_zlib.compress(filtered, LEVEL)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def decode(data: bytes) -> np.ndarray:
    """The picture in a PNG, uint8 [H, W, 3]. A PNG of encode() takes a third of Pillow's time; Pillow reads any other.

    Raises
    ------
    OSError, SyntaxError, ValueError
        The data are no PNG, or damaged.
    """
    kinds, contents = zip(*_chunks(data), strict=True)
    if kinds == (b"IHDR", b"IDAT", b"IEND") and contents[0][8:] == bytes(EIGHT_BIT_RGB):
        width, height = struct.unpack(">II", contents[0][:8])
        filtered = _inflated(contents[1], height * (1 + 3 * width)).reshape(height, 1 + 3 * width)
        if height and (filtered[:, 0] == UP).all():
            return _summed(filtered[:, 1:]).reshape(height, width, 3)
    return _by_pillow(data)


def _inflated(pixels: bytes, size: int) -> np.ndarray:
    """Decompressed pixels, uint8 [size]; if the PNG is damaged, of another length."""
    try:
        return np.frombuffer(isal_zlib.decompress(pixels, bufsize=size), np.uint8)
    except isal_zlib.error as error:  # type: ignore[misc]  # the stubs of isal declare this class as an instance
        raise ValueError(f"its pixels cannot be decompressed: {error}") from None


def _summed(differences: np.ndarray) -> np.ndarray:
    """Sum the differences from the row above to values, uint8 [H, 3 W] both.

    Sums are taken within blocks of rows, in all blocks at once, then from block to block. These are few calls of numpy,
    so that parallel threads seldom wait for the interpreter.
    """
    height, width = differences.shape
    block = isqrt(height - 1) + 1
    rows = np.zeros((block * block, width), np.uint8)
    rows[:height] = differences
    blocks = rows.reshape(block, block, width)
    for row in range(1, block):
        blocks[:, row] += blocks[:, row - 1]
    for below in range(1, block):
        blocks[below] += blocks[below - 1, -1]
    return rows[:height]


def _by_pillow(data: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG as (kind, content). Each is checked, as Pillow accepts damaged pixels and a missing end."""
    if not data.startswith(SIGNATURE):
        raise ValueError("it is not a PNG")
    position, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length = int.from_bytes(data[position : position + 4])
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if data[position : position + 12 + length] != _chunk(kind, content):
            raise ValueError("it is damaged or cut short")
        yield kind, content
        position += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_image(path: PathLike, image: np.ndarray) -> None:
    """Write a picture, uint8 [H, W, 3], as PNG."""
    with atomic(path, synced=True) as file:
        file.write(encode(image))


def read_image(path: PathLike) -> np.ndarray:
    """Read a picture, uint8 [H, W, 3], from a PNG."""
    with readable(path):
        return decode(Path(path).read_bytes())
