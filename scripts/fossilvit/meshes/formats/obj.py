"""Wavefront OBJ, uint8 [B] -> Geometry: vertices and polygons of all its objects and groups.

Source: Wavefront Technologies, Object Files (.obj), version 3.0 (1995). Colors follow the coordinates, as MeshLab
writes them.
"""

import re
from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats import colors, materials
from fossilvit.meshes.formats.text import (
    BACKSLASH,
    HASH,
    LARGEST_INTEGER,
    NEWLINE,
    RETURN,
    SPACE,
    after_blanks,
    after_line,
    continues,
    ends_line,
    integer,
    is_space,
    is_word,
    number,
)
from fossilvit.meshes.geometry import Geometry
from fossilvit.store.files import PathLike

SLASH = 47
NO_INDEX = -LARGEST_INTEGER
"""Texture index of a corner that has none."""
COLUMNS = 7
"""Numbers of a vertex: x y z, then nothing, a weight, a color, or both."""
OTHER, VERTEX, TEXTURE, FACE, MATERIAL, LIBRARY, FREE_FORM = range(7)
MESHLAB = re.compile(rb"^# (Vertices|Faces): (\d+)", re.MULTILINE)
"""Comments that MeshLab writes at the start of a file, with its counts."""
HEAD = 1024
"""Bytes in which those comments, or the name of a material, are looked for."""


class Lines(NamedTuple):
    """Content of the lines of an OBJ."""

    vertices: np.ndarray
    """float64 [V, 7], NaN if a line has fewer numbers"""
    textures: np.ndarray
    """float64 [T, 2]"""
    sizes: np.ndarray
    """int32 [P], corners of each polygon"""
    corners: np.ndarray
    """int64 [C, 2], indices of vertex and texture coordinates, from 0"""
    names: np.ndarray
    """int64 [M, 2], offset of the name of a material and the polygon it precedes; -1 if it names a library"""
    free_form: bool
    """whether there are free-form surfaces"""


def parse(data: np.ndarray, path: PathLike | None = None) -> Geometry:
    """Parse an OBJ.

    Parameters
    ----------
    data : uint8 [B]
    path : path, optional
        Path of the file; the materials it names lie beside it.

    Raises
    ------
    Unreadable
    """
    lines = _lines(data)
    if lines.free_form and not len(lines.sizes):
        raise Unreadable("holds free-form surfaces and no polygons", "convert it to a mesh")
    _require_promised(data, len(lines.vertices), len(lines.sizes))
    images, image, notes = _materials(data, lines, path)
    if not ends_line(data[-1]):
        notes = (*notes, "its last line has no end, as when a file breaks off; an OBJ does not say how long it is")
    return Geometry(
        np.ascontiguousarray(lines.vertices[:, :3]),
        lines.sizes,
        lines.corners[:, 0],
        "OBJ",
        notes,
        colors=_colors(lines.vertices),
        uv=_corner_uv(lines) if images else None,
        images=images,
        image=image,
    )


def _lines(data: np.ndarray) -> Lines:
    lines = np.count_nonzero((data == NEWLINE) | (data == RETURN)) + 1
    blanks = np.count_nonzero(data <= SPACE)
    vertices, textures = np.empty((lines, COLUMNS)), np.empty((lines, 2))
    sizes, corners = np.empty(lines, np.int32), np.empty((blanks, 2), np.int64)
    names = np.empty((lines, 2), np.int64)
    used, free_form, at, fault = _read_lines(data, vertices, textures, sizes, corners, names)
    if fault:
        raise Unreadable.no_number(data, at)
    arrays: tuple[np.ndarray, ...] = (vertices, textures, sizes, corners, names)
    used_parts = (array[:count].copy() for array, count in zip(arrays, used, strict=True))
    return Lines._make((*used_parts, free_form))


@njit(cache=True)
def _word(text: np.ndarray, at: int, end: int) -> int:
    """Kind of a line, by its first word."""
    if is_word(text, at, end, b"v"):
        return VERTEX
    if is_word(text, at, end, b"f") or is_word(text, at, end, b"fo"):
        return FACE
    if is_word(text, at, end, b"vt"):
        return TEXTURE
    if is_word(text, at, end, b"usemtl"):
        return MATERIAL
    if is_word(text, at, end, b"mtllib"):
        return LIBRARY
    if is_word(text, at, end, b"surf"):
        return FREE_FORM
    return OTHER


@njit(cache=True)
def _read_lines(
    text: np.ndarray,
    vertices: np.ndarray,
    textures: np.ndarray,
    sizes: np.ndarray,
    corners: np.ndarray,
    names: np.ndarray,
) -> tuple[tuple[int, int, int, int, int], bool, int, bool]:
    """Fill the arrays; returns (rows used of each, whether there are surfaces, position, whether a fault is there)."""
    vertex = texture = face = corner = name = at = 0
    free_form = False
    while at < len(text):
        at = after_blanks(text, at)
        if at < len(text) and not is_space(text[at]) and text[at] != HASH:
            end = _after_word(text, at)
            word = _word(text, at, end)
            at, fault = after_blanks(text, end), False
            if word == VERTEX:
                at, count, fault = _read_numbers(text, at, vertices[vertex])
                fault = fault or count < 3
                vertex += 1
            elif word == TEXTURE:
                at, count, fault = _read_numbers(text, at, textures[texture])
                texture += 1
            elif word == FACE:
                at, count, fault = _read_corners(text, at, corners[corner:], vertex, texture)
                sizes[face] = count
                face, corner = face + 1, corner + count
            elif word in (MATERIAL, LIBRARY):
                names[name] = at, (face if word == MATERIAL else -1)
                name += 1
            elif word == FREE_FORM:
                free_form = True
            if fault:
                return (vertex, texture, face, corner, name), free_form, at, True
        at = after_line(text, at)
    return (vertex, texture, face, corner, name), free_form, at, False


@njit(cache=True)
def _after_word(text: np.ndarray, at: int) -> int:
    """Position after a word; a backslash that continues the line is not part of it."""
    while at < len(text) and not is_space(text[at]) and not continues(text, at):
        at += 1
    return at


@njit(cache=True)
def _goes_on(text: np.ndarray, at: int) -> bool:
    """Whether the line contains anything more, except a comment."""
    return at < len(text) and not ends_line(text[at]) and text[at] != HASH


@njit(cache=True)
def _read_numbers(text: np.ndarray, at: int, values: np.ndarray) -> tuple[int, int, bool]:
    """Fill values with the numbers of a line, then NaN; returns (position, count, whether a fault is there)."""
    values[:] = np.nan
    count = 0
    while count < len(values) and _goes_on(text, at):
        value, end = number(text, at)
        if end == at:
            return at, count, True
        values[count] = value
        count += 1
        at = after_blanks(text, end)
    return at, count, False


@njit(cache=True)
def _read_corners(
    text: np.ndarray, at: int, corners: np.ndarray, vertices: int, textures: int
) -> tuple[int, int, bool]:
    """Fill the corners of a face: `v`, `v/t`, `v//n` or `v/t/n`; returns (position, count, whether a fault is there).

    Negative indices count back from the numbers of vertices and textures read so far.
    """
    count = 0
    while _goes_on(text, at):
        value, end = integer(text, at)
        if end == at:
            return at, count, True
        corners[count, 0] = value + vertices if value < 0 else value - 1
        corners[count, 1] = NO_INDEX
        if end < len(text) and text[end] == SLASH:
            value, after = integer(text, end + 1)
            if after > end + 1:
                corners[count, 1] = value + textures if value < 0 else value - 1
            end = after
            if end < len(text) and text[end] == SLASH:
                _, end = integer(text, end + 1)
        if end < len(text) and not is_space(text[end]) and text[end] not in (HASH, BACKSLASH):
            return at, count, True
        count += 1
        at = after_blanks(text, end)
    return at, count, False


def _require_promised(data: np.ndarray, vertices: int, faces: int) -> None:
    """Refuse a file that holds less than the comments of MeshLab promise."""
    promised = {what: int(count) for what, count in MESHLAB.findall(bytes(data[:HEAD]))}
    if vertices < promised.get(b"Vertices", 0) or faces < promised.get(b"Faces", 0):
        raise Unreadable(
            f"breaks off: it begins by promising {promised.get(b'Vertices', 0)} vertices and "
            f"{promised.get(b'Faces', 0)} faces, but {vertices} and {faces} can be read"
        )


def _colors(vertices: np.ndarray) -> np.ndarray | None:
    """Colors of vertices with six or seven numbers, uint8 [V, 3]; None unless all vertices have a color."""
    given = np.isfinite(vertices[:, 3:]).sum(axis=1)
    if not len(vertices) or (given < 3).any():
        return None
    return colors.from_text(np.where(given[:, None] == 3, vertices[:, 3:6], vertices[:, 4:7]))


def _materials(
    data: np.ndarray, lines: Lines, path: PathLike | None
) -> tuple[tuple[np.ndarray, ...], np.ndarray | None, tuple[str, ...]]:
    """Materials of the faces: (images, int32 [P] index of the image of each polygon or None, notes)."""
    named = [(_rest_of_line(data, at), face) for at, face in lines.names.tolist()]
    libraries = [name for name, face in named if face < 0]
    if path is None or not libraries:
        return (), None, ()
    used, begins = [name for name, face in named if face >= 0], [face for _, face in named if face >= 0]
    images, numbers, notes = materials.looks(path, libraries, used)
    image = np.repeat(
        np.array([-1, *(numbers.get(name, -1) for name in used)], np.int32), np.diff([0, *begins, len(lines.sizes)])
    )
    if (image < 0).all():
        return (), None, tuple(notes)
    return images, image, tuple(notes)


def _rest_of_line(data: np.ndarray, at: int) -> str:
    line = bytes(data[at : at + HEAD]).splitlines()[:1]
    return " ".join(line[0].decode("utf-8", "replace").split()) if line else ""


def _corner_uv(lines: Lines) -> np.ndarray:
    """Texture coordinates of each corner, float64 [C, 2]; NaN if there are none."""
    index = lines.corners[:, 1]
    known = (index >= 0) & (index < len(lines.textures))
    uv = np.full((len(index), 2), np.nan)
    uv[known] = lines.textures[index[known]]
    return uv
