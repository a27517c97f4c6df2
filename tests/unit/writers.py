"""Mesh files written by hand for the tests, from the specifications of the formats and nothing of the reader."""

import gzip
import struct

CODES = {
    **dict(zip(("char", "uchar", "short", "ushort", "int", "uint", "float", "double"), "bBhHiIfd", strict=True)),
    **dict(zip(("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"), "bBhHiIfd", strict=True)),
    "float16": "e",
}
XYZ = ("x", "y", "z")

CUBE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
QUADS = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
"""Of a cube of volume 1, facing outwards."""

TETRAHEDRON = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
SIDES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
"""Of a tetrahedron of volume 1/6, facing outwards."""

ANGLE = [(2, 0), (2, 1), (1, 1), (1, 2), (0, 2), (0, 0)]
"""A concave polygon of area 3; a fan around its first corner covers more."""
BEAM = [(x, y, 0) for x, y in ANGLE] + [(x, y, 1) for x, y in ANGLE]
BEAM_SIDES = [
    (5, 4, 3, 2, 1, 0),
    (6, 7, 8, 9, 10, 11),
    *((i, (i + 1) % 6, 6 + (i + 1) % 6, 6 + i) for i in range(6)),
]
"""Of a beam of volume 3 and area 14: 2 concave polygons and 6 squares."""


def stored(folder, name, data):
    """The path of a new file with these bytes, or this text."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def ply(*elements, form="ascii", newline="\n", extra=()) -> bytes:
    """A PLY.

    Parameters
    ----------
    elements : tuples of (name, declarations such as `float x` or `list uchar int vertex_indices`, rows)
        A row holds a value a declaration, a sequence for a list.
    form : `ascii`, `binary_little_endian` or `binary_big_endian`
    newline : str
        Of the header, and of the rows of a text.
    extra : sequence of str
        More lines of the header.
    """
    lines = ["ply", f"format {form} 1.0", *extra]
    for name, declarations, rows in elements:
        lines += [f"element {name} {len(rows)}", *(f"property {declared}" for declared in declarations)]
    header = newline.join([*lines, "end_header", ""]).encode()
    write = _text_row if form == "ascii" else _binary_row
    return header + b"".join(
        write(declarations, row, form, newline) for _, declarations, rows in elements for row in rows
    )


def _text_row(declarations, row, form, newline):
    values = []
    for declared, value in zip(declarations, row, strict=True):
        values += [len(value), *value] if declared.startswith("list") else [value]
    return (" ".join(map(str, values)) + newline).encode()


def _binary_row(declarations, row, form, newline):
    order, packed = "<" if form == "binary_little_endian" else ">", b""
    for declared, value in zip(declarations, row, strict=True):
        match declared.split():
            case ["list", count, type, _]:
                packed += struct.pack(f"{order}{CODES[count]}", len(value))
                packed += struct.pack(f"{order}{len(value)}{CODES[type]}", *value)
            case [type, _]:
                packed += struct.pack(order + CODES[type], value)
    return packed


def ply_mesh(vertices, polygons, type="float", count="uchar", **options) -> bytes:
    """The usual PLY: x y z, then lists of vertices where there are polygons."""
    elements = [("vertex", [f"{type} {axis}" for axis in XYZ], vertices)]
    if polygons:
        elements.append(("face", [f"list {count} int vertex_indices"], [(polygon,) for polygon in polygons]))
    return ply(*elements, **options)


def obj(vertices, polygons, corner="{v}", negative=False, newline="\n") -> bytes:
    """An OBJ; `corner` says how the corner of a face is written, e.g. `{v}/{v}` or `{v}//{v}`."""
    lines = ["v {} {} {}".format(*vertex) for vertex in vertices]
    if "/" in corner:
        lines += [f"vt {i} {i}" for i in range(len(vertices))] + ["vn 0 0 1"] * len(vertices)
    base = -len(vertices) if negative else 1
    lines += ["f " + " ".join(corner.format(v=base + v) for v in polygon) for polygon in polygons]
    return (newline.join(lines) + newline).encode()


def stl_text(facets, name="shape", newline="\n") -> bytes:
    """A text STL of facets of three corners each."""
    lines = [f"solid {name}".strip()]
    for facet in facets:
        lines += ["  facet normal 0 0 0", "    outer loop"]
        lines += ["      vertex {} {} {}".format(*corner) for corner in facet]
        lines += ["    endloop", "  endfacet"]
    return newline.join([*lines, f"endsolid {name}".strip(), ""]).encode()


def stl_binary(facets, header=b"", count=None) -> bytes:
    """A binary STL; its header may promise another count than there are."""
    return struct.pack("<80sI", header, len(facets) if count is None else count) + b"".join(
        struct.pack("<3f9fH", 0, 0, 0, *(value for corner in facet for value in corner), 0) for facet in facets
    )


def facets(vertices, triangles):
    """The corners of every triangle."""
    return [[vertices[v] for v in triangle] for triangle in triangles]


def off(vertices, polygons, keyword="OFF", newline="\n") -> bytes:
    lines = [keyword, f"{len(vertices)} {len(polygons)} 0"]
    lines += [" ".join(map(str, vertex)) for vertex in vertices]
    lines += [" ".join(map(str, (len(polygon), *polygon))) for polygon in polygons]
    return newline.join([*lines, ""]).encode()


def packed(data) -> bytes:
    return gzip.compress(data, mtime=0)
