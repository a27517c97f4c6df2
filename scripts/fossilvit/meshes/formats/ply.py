"""PLY, text or binary of both byte orders, uint8 [B] -> Geometry: vertices and polygons.

Source: Greg Turk, The PLY Polygon File Format (1994), and the additions of other programs: elements in any order, other
names of types and lists, triangle strips, textures.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats import colors, pictures
from fossilvit.meshes.formats.text import rows
from fossilvit.meshes.geometry import Geometry, indices
from fossilvit.store.files import PathLike

HEADER_MOST = 1 << 20
"""Largest size of a header, in bytes."""
MOST_DIGITS = 18
"""Largest number of digits of a count."""
END = re.compile(rb"(?:^|[\r\n])[ \t]*end_header[ \t]*(\r\n|\n|\r|$)")
TYPES = {
    name: type
    for type, names in {
        "i1": ("char", "int8"),
        "u1": ("uchar", "uint8"),
        "i2": ("short", "int16"),
        "u2": ("ushort", "uint16"),
        "i4": ("int", "int32"),
        "u4": ("uint", "uint32"),
        "i8": ("int64", "long"),
        "u8": ("uint64", "ulong"),
        "f4": ("float", "float32"),
        "f8": ("double", "float64"),
        "f2": ("half", "float16"),
    }.items()
    for name in names
}
FORMATS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
VERTEX_NAMES, FACE_NAMES = ("vertex", "vertices"), ("face", "faces")
INDEX_LISTS = ("vertex_indices", "vertex_index", "vertex_indexes")
COLOR_NAMES = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
UV_NAMES = (("texture_u", "texture_v"), ("s", "t"), ("u", "v"))
RESTART = -1
"""Index that begins a new strip in the vertices of `tristrips`."""


class Property(NamedTuple):
    """Declaration of a property."""

    name: str
    type: str
    """numpy type of the values, e.g. `f4`"""
    length: str = ""
    """numpy type of the length of a list, empty for a single value"""


class Element(NamedTuple):
    """Declaration of an element."""

    name: str
    rows: int
    properties: list[Property]

    @property
    def plural(self) -> str:
        """Name of the rows in messages."""
        return {"vertex": "vertices", "face": "faces"}.get(self.name, f"rows of {self.name!r}")


class Header(NamedTuple):
    """Declarations of a header."""

    order: str
    """byte order as in numpy, empty for text"""
    elements: list[Element]
    texture: str | None
    """file name"""
    size: int
    """bytes"""


class Lists(NamedTuple):
    """Values of a list property."""

    sizes: np.ndarray
    """int32 [R], length of the list of each row"""
    items: np.ndarray
    """[I], the list of the first row, then that of the next"""


Columns = dict[str, np.ndarray | Lists]
"""The properties of an element by name; a single value per row is an array [R]."""


def parse(data: np.ndarray, path: PathLike | None = None) -> Geometry:
    """Parse a PLY.

    Parameters
    ----------
    data : uint8 [B]
    path : path, optional
        Path of the file; the texture that its header names lies beside it.

    Raises
    ------
    Unreadable
    """
    header = _header(data)
    elements, beyond = _elements(data, header)
    vertex = next((elements[name] for name in VERTEX_NAMES if name in elements), None)
    if vertex is None:
        raise Unreadable("has no vertices")
    vertices = _stacked(vertex, ("x", "y", "z"))
    if vertices is None:
        raise Unreadable("has vertices without x, y and z")
    polygons = _polygons(elements)
    notes = [f"what follows its last element was not read ({beyond} B)"] if beyond else []
    uv = _corner_uv(vertex, elements, polygons)
    images: tuple[np.ndarray, ...] = ()
    if uv is not None and header.texture and path is not None:
        images, missing = pictures.texture(path, header.texture)
        notes += missing
    return Geometry(
        vertices,
        polygons.sizes,
        polygons.items,
        f"{'binary' if header.order else 'text'} PLY",
        tuple(notes),
        normals=_stacked(vertex, ("nx", "ny", "nz")),
        colors=_colors(vertex, header),
        uv=uv if images else None,
        images=images,
        image=np.zeros(len(polygons.sizes), np.int32) if images else None,
    )


def _header(data: np.ndarray) -> Header:
    end = END.search(data[:HEADER_MOST].data)
    if not end:
        raise Unreadable("has no complete PLY header")
    order: str | None = None
    elements: list[Element] = []
    texture: str | None = None
    for line in re.split(r"[\r\n]+", bytes(data[: end.start()]).decode("utf-8", "replace")):
        match line.split():
            case ["format", name, *_]:
                order = FORMATS.get(name.lower())
            case ["element", name, count, *_]:
                elements.append(Element(name, _count(count, line), []))
            case ["property", "list", count, type, name, *_] if elements:
                elements[-1].properties.append(Property(name, _type(type), _count_type(count)))
            case ["property", type, name, *_] if elements:
                elements[-1].properties.append(Property(name, _type(type)))
            case ["comment", word, *name] if word.lower() == "texturefile" and not texture:
                texture = " ".join(name)
    for element in elements:
        names = [property.name for property in element.properties]
        if len(set(names)) < len(names):
            raise Unreadable(f"has two properties of one name in its element {element.name!r}")
    if order is None:
        raise Unreadable("has no known format in its PLY header (ascii, binary_little_endian, ...)")
    return Header(order, elements, texture, end.end())


def _count(text: str, line: str) -> int:
    """Number of rows in a line of the header."""
    if not (text.isdecimal() and text.isascii() and len(text) <= MOST_DIGITS):
        raise Unreadable(f"has no count in the line {line.strip()[:60]!r} of its header")
    return int(text)


def _type(name: str) -> str:
    """The numpy type of a type of PLY."""
    if name.lower() not in TYPES:
        raise Unreadable(f"has an unknown type {name!r} in its header")
    return TYPES[name.lower()]


def _count_type(name: str) -> str:
    """The numpy type of the lengths of lists."""
    if _type(name).startswith("f"):
        raise Unreadable(f"has lists whose lengths are of the type {name!r}, which is not a whole number")
    return _type(name)


def _elements(data: np.ndarray, header: Header) -> tuple[dict[str, Columns], int]:
    """Columns of each element by name, and the number of bytes after the last."""
    read = _binary_columns if header.order else _text_columns
    elements: dict[str, Columns] = {}
    at = header.size
    for element in header.elements:
        if element.properties:
            columns, at = read(data, at, element, header.order)
            elements.setdefault(element.name, columns)
    beyond = len(data) - at
    return elements, 0 if not header.order and not bytes(data[at:]).strip() else beyond


def _text_columns(data: np.ndarray, at: int, element: Element, _: str) -> tuple[Columns, int]:
    """Columns of an element in text, and the position after it."""
    lists = [bool(property.length) for property in element.properties]
    scalars, sizes, items, at = rows(data, at, element.rows, lists, element.plural)
    columns: Columns = {}
    scalar = column = 0
    owners = np.repeat(np.tile(np.arange(sizes.shape[1], dtype=np.int32), len(sizes)), sizes.reshape(-1))
    for property in element.properties:
        if property.length:
            own = items if sizes.shape[1] == 1 else items[owners == column]
            columns[property.name] = Lists(sizes[:, column], own)
            column += 1
        else:
            columns[property.name] = scalars[:, scalar]
            scalar += 1
    return columns, at


def _binary_columns(data: np.ndarray, at: int, element: Element, order: str) -> tuple[Columns, int]:
    """Columns of a binary element, and the position after it."""
    least = sum(np.dtype(property.length or property.type).itemsize for property in element.properties)
    left = len(data) - at
    if element.rows * least > left:
        raise Unreadable(
            f"breaks off: its header promises {element.rows} {element.plural}, for which {left} bytes are left"
        )
    if not element.rows:
        return {property.name: _empty(property) for property in element.properties}, at
    table = _uniform(data, at, element, order)
    if table is not None:
        columns: Columns = {
            property.name: _uniform_lists(table[str(i)]) if property.length else table[str(i)]
            for i, property in enumerate(element.properties)
        }
        return columns, at + table.nbytes
    return _mixed_columns(data, at, element, order)


def _empty(property: Property) -> np.ndarray | Lists:
    """Column of an element without rows."""
    values = np.zeros(0, property.type)
    return Lists(np.zeros(0, np.int32), values) if property.length else values


def _uniform(data: np.ndarray, at: int, element: Element, order: str) -> np.ndarray | None:
    """The rows as one structured array [R] if all lists are as long as those of the first row, else None."""
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
    size = 0
    for i, property in enumerate(element.properties):
        if property.length:
            count = np.frombuffer(data[at + size :][:8].tobytes().ljust(8, b"\0"), order + property.length, 1)[0]
            size += np.dtype(property.length).itemsize + int(count) * np.dtype(property.type).itemsize
            if count < 0 or size > len(data) - at:
                return None
            fields += [(f"count {i}", order + property.length), (str(i), order + property.type, (int(count),))]
        else:
            size += np.dtype(property.type).itemsize
            fields.append((str(i), order + property.type))
    if size * element.rows > len(data) - at:
        return None
    table = np.frombuffer(data[at:], np.dtype(fields), element.rows)
    counts = (table[name] for name, *_ in fields if name.startswith("count"))
    return table if all((count == count[0]).all() for count in counts) else None


def _uniform_lists(values: np.ndarray) -> Lists:
    """Lists of equal length, [R, length]."""
    return Lists(np.full(len(values), values.shape[1], np.int32), values.reshape(-1))


def _mixed_columns(data: np.ndarray, at: int, element: Element, order: str) -> tuple[Columns, int]:
    """Columns of an element whose lists differ in length."""
    widths = np.array([np.dtype(property.type).itemsize for property in element.properties])
    counts = np.array([np.dtype(property.length or "V0").itemsize for property in element.properties])
    signed = np.array([property.length.startswith("i") for property in element.properties])
    offsets = np.empty((element.rows, len(widths)), np.int64)
    sizes = np.empty((element.rows, len(widths)), np.int32)
    done, at = _walk(data, at, order == ">", widths, counts, signed, offsets, sizes)
    if done < element.rows:
        raise Unreadable(f"breaks off: its header promises {element.rows} {element.plural}, but {done} can be read")
    columns: Columns = {}
    for i, property in enumerate(element.properties):
        items = _gathered(data, offsets[:, i], sizes[:, i], order + property.type)
        columns[property.name] = Lists(sizes[:, i], items) if property.length else items
    return columns, at


@njit(cache=True)
def _walk(
    data: np.ndarray,
    at: int,
    big: bool,
    widths: np.ndarray,
    counts: np.ndarray,
    signed: np.ndarray,
    offsets: np.ndarray,
    sizes: np.ndarray,
) -> tuple[int, int]:
    """Find the offset of each value and the length of each list; returns (rows found, position after them).

    Per property: widths and counts are the bytes of a value and of the length of a list (0 for a single value), and
    signed says whether that length has a sign. offsets and sizes, [R, properties], are filled.
    """
    for row in range(len(offsets)):
        for i in range(len(widths)):
            size = 1
            if counts[i]:
                if at + counts[i] > len(data):
                    return row, at
                size = 0
                for byte in range(counts[i]):
                    place = byte if big else counts[i] - 1 - byte
                    size = (size << 8) | data[at + place]
                if size < 0 or (signed[i] and size >> (8 * counts[i] - 1)):
                    return row, at
                at += counts[i]
            if size > (len(data) - at) // widths[i]:
                return row, at
            offsets[row, i], sizes[row, i] = at, size
            at += size * widths[i]
    return len(offsets), at


def _gathered(data: np.ndarray, offsets: np.ndarray, sizes: np.ndarray, type: str) -> np.ndarray:
    """Values of a type, one after the other: sizes[i] values from offsets[i] on, for each row i."""
    width = np.dtype(type).itemsize
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    items = np.empty(int(sizes.sum()), type)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        places = offsets[rows, None] + np.arange(size * width)
        items[starts[rows, None] + np.arange(size)] = data[places].view(type)
    return items


def _stacked(columns: Columns, names: Sequence[str]) -> np.ndarray | None:
    """Columns of single values side by side, float64 [R, len(names)]; None if one is missing."""
    values = [column for name in names if isinstance(column := columns.get(name), np.ndarray)]
    if len(values) < len(names):
        return None
    stacked = np.empty((len(values[0]), len(values)))
    for i, value in enumerate(values):
        stacked[:, i] = value
    return stacked


def _polygons(elements: dict[str, Columns]) -> Lists:
    """Polygons, or the triangles of strips, as lists of vertices."""
    face: Columns = next((elements[name] for name in FACE_NAMES if name in elements), {})
    lists = {name: column for name, column in face.items() if isinstance(column, Lists)}
    for name in (*INDEX_LISTS, *(lists if len(lists) == 1 else ())):
        if name in lists:
            return Lists(lists[name].sizes, indices(lists[name].items))
    if lists or (face and len(next(iter(face.values())))):
        raise Unreadable("has faces without a list of their vertices")
    strips = elements.get("tristrips", {}).get("vertex_indices")
    if isinstance(strips, Lists):
        return _strips(strips)
    return Lists(np.zeros(0, np.int32), np.zeros(0, np.int32))


def _strips(strips: Lists) -> Lists:
    """Triangles of strips; every second triangle of a strip is turned around."""
    vertices = indices(strips.items)
    vertices = np.where(vertices == np.iinfo(np.uint32).max, RESTART, vertices)
    ends = np.zeros(len(vertices) + 1, bool)
    ends[np.cumsum(strips.sizes)] = True
    windows = np.stack([vertices[:-2], vertices[1:-1], vertices[2:]], axis=1)
    place = np.arange(len(vertices))
    begins = np.maximum.accumulate(np.where((vertices == RESTART), place + 1, np.where(ends[:-1], place, 0)))
    whole = (windows != RESTART).all(axis=1) & ~ends[1:-2] & ~ends[2:-1]
    turned = ((place[:-2] - begins[:-2]) % 2 == 1)[:, None]
    triangles = np.where(turned, windows[:, [1, 0, 2]], windows)[whole]
    return Lists(np.full(len(triangles), 3, np.int32), triangles.reshape(-1))


def _colors(vertex: Columns, header: Header) -> np.ndarray | None:
    """Colors of the vertices, uint8 [V, 3]."""
    element = next(element for element in header.elements if element.name in VERTEX_NAMES and element.properties)
    types = {property.name: property.type for property in element.properties}
    for names in COLOR_NAMES:
        values = _stacked(vertex, names)
        if values is not None:
            return colors.from_type(values, types[names[0]])
    return None


def _corner_uv(vertex: Columns, elements: dict[str, Columns], polygons: Lists) -> np.ndarray | None:
    """Texture coordinates of each corner, float [C, 2]; None if there are none."""
    texcoord = elements.get("face", {}).get("texcoord")
    if isinstance(texcoord, Lists) and np.array_equal(texcoord.sizes, 2 * polygons.sizes):
        return texcoord.items.reshape(-1, 2)
    for names in UV_NAMES:
        values = _stacked(vertex, names)
        if values is not None and len(values):
            uv: np.ndarray = values[np.clip(polygons.items, 0, len(values) - 1)]
            return uv
    return None
