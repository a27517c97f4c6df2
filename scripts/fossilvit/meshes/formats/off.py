"""OFF and its variants, uint8 [B] -> Geometry: vertices and polygons.

Source: Geomview manual, OFF file format: [ST][C][N][4][n]OFF, three counts, one vertex per line, one polygon per line.
`4` means homogeneous coordinates. Whatever follows the corners of a polygon on its line is a color.
"""

import re

import numpy as np

from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats import colors
from fossilvit.meshes.formats.source import OFF_KEYWORD
from fossilvit.meshes.formats.text import after_line, after_space, integer, rows
from fossilvit.meshes.geometry import Geometry, indices
from fossilvit.store.files import PathLike

HEAD = 4096
"""Bytes in which the keyword is looked for."""
HOMOGENEOUS, N_DIMENSIONAL = b"4", b"n"


def parse(data: np.ndarray, path: PathLike | None = None) -> Geometry:
    """Parse an OFF.

    Parameters
    ----------
    data : uint8 [B]
    path : path, optional
        Not used, because an OFF names no other file.

    Raises
    ------
    Unreadable
    """
    keyword, at = _keyword(data)
    (vertex_count, face_count), at = _counts(data, at)
    columns = 4 if HOMOGENEOUS in keyword else 3
    normal_columns, color_columns = 3 * (b"N" in keyword), 3 * (b"C" in keyword)
    lists = [False] * (columns + normal_columns + color_columns)
    scalars, _, _, at = rows(data, at, vertex_count, lists, "vertices", comments=True)
    _, sizes, corners, _ = rows(data, at, face_count, [True], "faces", comments=True)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # points at infinity become NaN or inf
        vertices = scalars[:, :3] / scalars[:, 3:4] if columns == 4 else scalars[:, :3]
    normals = scalars[:, columns : columns + 3] if normal_columns else None
    return Geometry(
        np.ascontiguousarray(vertices),
        sizes[:, 0],
        indices(corners),
        keyword.decode(),
        normals=normals,
        colors=colors.from_text(scalars[:, -3:]) if color_columns else None,
    )


def _keyword(data: np.ndarray) -> tuple[bytes, int]:
    """Keyword of the file, OFF if it is missing, and the position after it."""
    head = bytes(data[:HEAD])
    match = OFF_KEYWORD.match(head)
    if not match:
        return b"OFF", 0
    keyword, at = match[1], match.end()
    if re.match(rb"\s*BINARY", head[at:]):
        raise Unreadable("is binary OFF, which is not read here", "export it as text or as PLY")
    if N_DIMENSIONAL in keyword:
        raise Unreadable("is OFF of any number of dimensions, which is not read here", "export it as PLY")
    return keyword, at


def _counts(data: np.ndarray, at: int) -> tuple[list[int], int]:
    """The numbers of vertices and faces, and the position after their line."""
    counts = []
    for _ in range(2):
        at = after_space(data, at)
        value, end = integer(data, at)
        if end == at:
            raise Unreadable.no_number(data, at)
        if value < 0:
            raise Unreadable(f"promises {value} vertices or faces")
        counts.append(value)
        at = end
    return counts, after_line(data, at)
