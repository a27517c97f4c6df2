"""RGB pictures as PNG, ten times as fast as Pillow writes them and no larger.

Rows are stored as what differs from the row above (the filter `up` of the PNG specification, 2nd edition), compressed
by Intel's ISA-L.
"""

import io
import struct
import zlib
from math import isqrt
from pathlib import Path

import numpy as np
from isal import isal_zlib

from fossilvit.store.files import atomic, readable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
UP = 2
LEVEL = 1


def encode(image) -> bytes:
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


def decode(data):
    """The picture in a PNG, uint8 [H, W, 3]; one of encode() in a third of Pillow's time, any other by Pillow.

    Raises
    ------
    OSError, SyntaxError, ValueError
        It is none, or damaged.
    """
    kinds, contents = zip(*_chunks(data), strict=True)
    if kinds == (b"IHDR", b"IDAT", b"IEND") and contents[0][8:] == bytes(EIGHT_BIT_RGB):
        width, height = struct.unpack(">II", contents[0][:8])
        filtered = _inflated(contents[1], height * (1 + 3 * width)).reshape(height, 1 + 3 * width)
        if height and (filtered[:, 0] == UP).all():
            return _summed(filtered[:, 1:]).reshape(height, width, 3)
    return _by_pillow(data)


def _inflated(pixels, size):
    """What was compressed, uint8."""
    try:
        return np.frombuffer(isal_zlib.decompress(pixels, bufsize=size), np.uint8)
    except isal_zlib.error as error:
        raise ValueError(f"its pixels do not unpack: {error}") from None


def _summed(differences):
    """Rows of differences from the row above to rows of values.

    Summed within blocks of rows, all blocks at once, then from block to block: few calls, so that threads that read
    side by side seldom wait for the interpreter.
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


def _by_pillow(data):
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _chunks(data):
    """The chunks of a PNG, (kind, data), each of them whole: Pillow shows damaged pixels and forgives a lost end."""
    if not data.startswith(SIGNATURE):
        raise ValueError("it is no PNG")
    position, kind = len(SIGNATURE), None
    while kind != b"IEND":
        length = int.from_bytes(data[position : position + 4])
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if data[position : position + 12 + length] != _chunk(kind, content):
            raise ValueError("it is damaged or cut short")
        yield kind, content
        position += 12 + length


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_image(path, image):
    """Write a picture, uint8 [H, W, 3], as PNG."""
    with atomic(path, synced=True) as file:
        file.write(encode(image))


def read_image(path):
    """Read a PNG, uint8 [H, W, 3]."""
    with readable(path):
        return decode(Path(path).read_bytes())
