"""A file -> Source: its bytes, uint8 [B], and its format.

The content decides the format, not the extension. Compressed files (gzip) are unpacked up to a limit.
"""

import gzip
import os
import re
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from fossilvit.meshes.errors import Unreadable
from fossilvit.store import digests, files
from fossilvit.store.files import NoFile, PathLike

GZIP = b"\x1f\x8b"
MOST_EXPANSION = 100
"""Largest unpacked size, in sizes of the compressed file. Meshes compress to a tenth or twentieth of their size."""
CHUNK = 1 << 20
MEMORY_BASE, MEMORY_SHARE = 2 << 30, 200
"""Largest memory for reading, in bytes: a base, and a share per byte of the file. Numbers of one digit need most."""
STL_HEADER, STL_FACET = 84, 50
"""Bytes of a binary STL."""
HEAD = 4096
"""Bytes by which the format is found."""
OFF_KEYWORD = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*+((?:ST)?C?N?4?n?OFF)(?=[\s\d#]|BINARY|$)")
OBJ_VERTEX = re.compile(rb"(?:^|[\r\n])[ \t]*v[ \t]+[-+.\d]")
# the first bytes of files that are no meshes: (cause, remedy)
STRANGERS = {
    b"version https://git-lfs": ("is only a pointer of Git LFS", "fetch the file itself with git lfs pull"),
    b"<!doctype html": ("is a web page and no mesh", "download the mesh itself"),
    b"<html": ("is a web page and no mesh", "download the mesh itself"),
    b"<?xml": ("is XML, which is not read here", "export it as PLY"),
    b"pk\x03\x04": ("is a ZIP archive", "unpack it"),
    b"\x89png": ("is a picture and no mesh", "put the mesh itself here"),
    b"\xff\xd8\xff": ("is a picture and no mesh", "put the mesh itself here"),
    b"%pdf": ("is a PDF and no mesh", "put the mesh itself here"),
    b"gltf": ("is glTF", "export it as PLY"),
}


class Source(NamedTuple):
    """Content of a file."""

    data: np.ndarray
    """uint8 [B], unpacked, text as UTF-8"""
    kind: str
    """`ply`, `obj`, `stl` or `off`, by content"""
    packing: str
    """` (gzip)` for a compressed file, else empty"""
    notes: tuple[str, ...]
    """what the user should know about the file, in plain words"""


def load(path: PathLike) -> Source:
    """Read the bytes of a file and find its format.

    Raises
    ------
    Unreadable
        The file is empty, is no mesh, or unpacks to more than MOST_EXPANSION times its size; or it is no file.
    OSError
        The machine could not read it.
    """
    with opened(path) as file:
        data = np.fromfile(file, np.uint8)
    named = Path(path).name.lower().removesuffix(".gz").rpartition(".")[2]
    packed = bytes(data[:2]) == GZIP
    if packed:
        data = _unpacked(path, MOST_EXPANSION * len(data))
    if fits_binary_stl(data):  # even if its header looks like another format
        kind = "stl"
    else:
        data = _without_mark(data)
        kind = _kind(data, named)
    other = (f"holds {kind.upper()}, though its name ends in .{named}",) if kind != named else ()
    return Source(data, kind, " (gzip)" if packed else "", other)


def opened(path: PathLike) -> IO[bytes]:
    """Open a file with content to read. Neither this nor reading it ever waits for somebody else.

    Raises
    ------
    Unreadable
        It is a folder, pipe, socket or device, which may have no end.
    OSError
    """
    try:
        return files.open_content(path)
    except NoFile:
        raise Unreadable("is no file, but a folder, pipe, socket or device", "put the scan itself here") from None


def file_facts(path: PathLike) -> dict[str, Any]:
    """Name, size in bytes and SHA-256 of a file; the last two are None if permission is missing, or it is no file."""
    digest = size = None
    with suppress(PermissionError, NoFile):
        size = os.stat(path).st_size
        digest = digests.of_file(path)
    return {"name": Path(path).name, "bytes": size, "sha256": digest}


def most_memory(path: PathLike) -> int:
    """Largest memory that reading a file may take, in bytes."""
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            packed = file.read(len(GZIP)) == GZIP
    except (PermissionError, Unreadable):
        return MEMORY_BASE
    return MEMORY_BASE + MEMORY_SHARE * size * (MOST_EXPANSION if packed else 1)


def _unpacked(path: PathLike, most: int) -> np.ndarray:
    """Content of a gzip file, uint8 [B], of at most `most` bytes."""
    content = bytearray()
    try:
        with opened(path) as packed, gzip.open(packed) as file:
            while block := file.read(CHUNK):
                content += block
                if len(content) > most:
                    raise Unreadable(f"unpacks to more than {MOST_EXPANSION} times its size, as no scan does")
    except EOFError:
        raise Unreadable("breaks off within its compressed data") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"cannot be unpacked ({error})") from None
    return np.frombuffer(content, np.uint8)


def _without_mark(data: np.ndarray) -> np.ndarray:
    """The data without a byte order mark; UTF-16 becomes UTF-8."""
    start = bytes(data[:3])
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return np.frombuffer(bytearray(bytes(data).decode("utf-16", "replace").encode()), np.uint8)
    return data[3:] if start == b"\xef\xbb\xbf" else data


def _kind(data: np.ndarray, named: str) -> str:
    """Format by content, or else by the extension."""
    if not len(data):
        raise Unreadable("is empty")
    head = bytes(data[:HEAD])
    plain = head.lstrip().lower()
    for signature, what in STRANGERS.items():
        if plain.startswith(signature):
            raise Unreadable(*what)
    if plain.startswith(b"ply") and plain[3:4].isspace():
        return "ply"
    if OFF_KEYWORD.match(head):
        return "off"
    if plain.startswith(b"solid") and (b"facet" in plain or b"endsolid" in plain):
        return "stl"
    if named != "obj" and OBJ_VERTEX.search(head) and b"\0" not in head:
        return "obj"
    return named


def fits_binary_stl(data: np.ndarray) -> bool:
    """Whether the data are as long as a binary STL with the number of facets that its header promises."""
    return len(data) >= STL_HEADER and len(data) == STL_HEADER + STL_FACET * promised_facets(data)


def promised_facets(data: np.ndarray) -> int:
    """The number of facets in the header of a binary STL."""
    return int(data[STL_HEADER - 4 : STL_HEADER].view("<u4")[0])
