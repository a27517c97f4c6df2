"""STL, binary or text, uint8 [B] -> Geometry: facets.

Source: 3D Systems, StereoLithography Interface Specification (1988). A file is binary if its size fits its number of
facets, because many binary files begin with "solid", as text files do.
"""

import numpy as np
from numba import njit

from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats.source import STL_FACET, STL_HEADER, fits_binary_stl, promised_facets
from fossilvit.meshes.formats.text import after_line, after_space, after_word, is_word, number
from fossilvit.meshes.geometry import Geometry
from fossilvit.store.files import PathLike

FACET = np.dtype([("normal", "<f4", 3), ("vertices", "<f4", (3, 3)), ("attribute", "<u2")])
TEXT = frozenset(range(9, 14)) | frozenset(range(32, 256))
SHORTEST_VERTEX, SHORTEST_FACET = len("vertex 0 0 0"), len("endfacet")
OTHER, SOLID, VERTEX, END_FACET, END_SOLID = range(5)


def parse(data: np.ndarray, path: PathLike | None = None) -> Geometry:
    """Parse an STL.

    Parameters
    ----------
    data : uint8 [B]
    path : path, optional
        Not used, because an STL names no other file.

    Raises
    ------
    Unreadable
    """
    if fits_binary_stl(data) or not _is_text(data):
        return _binary(data)
    return _text(data)


def _is_text(data: np.ndarray) -> bool:
    return TEXT.issuperset(data[: 4 * STL_HEADER].tolist())


def _binary(data: np.ndarray) -> Geometry:
    if len(data) < STL_HEADER:
        raise Unreadable("is no STL: it is not text, and too short for the header of a binary STL")
    promised, room = promised_facets(data), (len(data) - STL_HEADER) // STL_FACET
    beyond = len(data) - STL_HEADER - STL_FACET * promised
    if beyond < 0:
        raise Unreadable(f"breaks off: its header promises {promised} facets, but it has room for {room}")
    notes = [f"what follows its last facet was not read ({beyond} B)"] if beyond else []
    if promised == 0 and beyond and beyond % STL_FACET == 0:
        promised, notes = room, ["its header promises no facets; all that it holds were read"]
    facets = np.frombuffer(data[STL_HEADER:], FACET, promised)
    return Geometry.of_triangles(facets["vertices"].reshape(-1, 3).astype(np.float64), "binary STL", notes)


def _text(data: np.ndarray) -> Geometry:
    vertices = np.empty((len(data) // SHORTEST_VERTEX + 1, 3))
    sizes = np.empty(len(data) // SHORTEST_FACET + 1, np.int32)
    count, facets, ended, at, fault = _read_facets(data, vertices, sizes)
    if fault:
        raise Unreadable.no_number(data, at)
    if not ended and not count:
        raise Unreadable("is no STL: it holds no facets")
    if not ended:
        raise Unreadable(f"breaks off: no `endsolid` follows its {facets} facets")
    return Geometry(vertices[:count].copy(), sizes[:facets].copy(), np.arange(count, dtype=np.int32), "text STL")


@njit(cache=True)
def _word(text: np.ndarray, at: int, end: int) -> int:
    """Which keyword text[at:end] is; OTHER if it is none that is needed."""
    if is_word(text, at, end, b"vertex"):
        return VERTEX
    if is_word(text, at, end, b"endfacet"):
        return END_FACET
    if is_word(text, at, end, b"solid"):
        return SOLID
    if is_word(text, at, end, b"endsolid"):
        return END_SOLID
    return OTHER


@njit(cache=True)
def _read_facets(text: np.ndarray, vertices: np.ndarray, sizes: np.ndarray) -> tuple[int, int, bool, int, bool]:
    """Fill vertices [V, 3] and the corners of each facet.

    Returns (V, number of facets, whether `endsolid` follows, position, whether a fault is there).
    """
    count = facets = began = 0
    ended = False
    at = after_space(text, 0)
    while at < len(text):
        end = after_word(text, at)
        word = _word(text, at, end)
        if word == VERTEX:
            for axis in range(3):
                at = after_space(text, end)
                vertices[count, axis], end = number(text, at)
                if end == at:
                    return count, facets, ended, at, True
            count += 1
            ended = False
        elif word == END_FACET:
            sizes[facets], began = count - began, count
            facets += 1
        elif word in (SOLID, END_SOLID):
            ended = word == END_SOLID
            end = after_line(text, end)
        at = after_space(text, end)
    return count, facets, ended and began == count, at, False
