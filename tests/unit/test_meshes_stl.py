"""Every trouble of STL, in files small enough to count by hand."""

import signal

import numpy as np
import pytest

from fossilvit import meshes

from .readings import is_tetrahedron, refusal
from .writers import SIDES, TETRAHEDRON, facets, stl_binary, stl_text, stored

pytestmark = pytest.mark.filterwarnings("error")

FACETS = facets(TETRAHEDRON, SIDES)
TEXT, BINARY = stl_text(FACETS), stl_binary(FACETS)
FAR = [[(x + 5, y, z) for x, y, z in facet] for facet in FACETS]


def read(folder, data, name="x.stl"):
    return meshes.read(stored(folder, name, data))


def refused(folder, data):
    return refusal(stored(folder, "x.stl", data))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("name", ["", "shape", "two words", "Schädel", "solid", "facet", "endsolid", "vertex 1 2 3"])
def test_a_text_of_every_name_and_line_end_is_read(tmp_path, name, newline):
    mesh = read(tmp_path, stl_text(FACETS, name, newline))
    assert is_tetrahedron(mesh) and (mesh.format, mesh.notes) == ("text STL", ())
    assert mesh.cleaned == {}


@pytest.mark.parametrize(
    "data",
    [
        TEXT.upper(),
        TEXT.title(),
        TEXT.replace(b"\n", b"\n\n \t"),
        b" \n\n\t" + TEXT,
        TEXT.replace(b"\n      ", b" ").replace(b"\n    ", b" ").replace(b"\n  e", b" e"),
        TEXT.replace(b" ", b"\n").replace(b"solid\nshape", b"solid shape"),
        TEXT.rstrip(),
        TEXT.replace(b"endsolid shape", b"endsolid"),
        TEXT.replace(b"endsolid shape", b"endsolid another"),
        TEXT + b"\n\n \n",
        TEXT.replace(b"normal 0 0 0", b"normal nan nan nan"),
        TEXT.replace(b"normal 0 0 0", b"normal 0,0 0,0 1,0"),
        b"solid shape\n# made by hand\n" + TEXT.split(b"\n", 1)[1],
    ],
    ids=range(13),
)
def test_capitals_blanks_and_line_ends_of_a_text_do_not_matter(tmp_path, data):
    assert is_tetrahedron(read(tmp_path, data))


@pytest.mark.parametrize("second", [b"second", b"", b"shape"])
def test_all_solids_of_a_text_are_read(tmp_path, second):
    found = meshes.facts(read(tmp_path, TEXT + stl_text(FAR, second.decode())))
    assert (found["faces"], found["components"], found["volume"]) == (8, 2, pytest.approx(1 / 3))


def test_a_solid_without_facets_beside_another_does_not_matter(tmp_path):
    assert is_tetrahedron(read(tmp_path, stl_text([], "none") + TEXT))


@pytest.mark.parametrize(
    "header",
    [b"", b"solid", b"solid shape\nfacet normal", b"solid " + b"x" * 74, b"made by hand", b" " * 80, b"\xc3" * 80],
)
def test_a_binary_file_is_read_whatever_its_header_says(tmp_path, header):
    mesh = read(tmp_path, stl_binary(FACETS, header))
    assert is_tetrahedron(mesh) and (mesh.format, mesh.notes) == ("binary STL", ())


@pytest.mark.parametrize("header", [b"ply to stl", b"OFF to STL", b"\xff\xfe mark", b"\xef\xbb\xbf mark"])
def test_a_binary_file_is_read_even_if_its_header_begins_like_another_format(tmp_path, header):
    assert is_tetrahedron(read(tmp_path, stl_binary(FACETS, header)))


@pytest.mark.parametrize("header", [b"", b"solid shape"])
@pytest.mark.parametrize("stray", [b"\n", b"\0" * 7, b"\0" * 50, b"stray" * 20], ids=len)
def test_bytes_after_the_last_facet_are_a_note(tmp_path, header, stray):
    mesh = read(tmp_path, stl_binary(FACETS, header) + stray)
    assert is_tetrahedron(mesh) and len(mesh.notes) == 1 and mesh.notes[0].endswith(f"not read ({len(stray)} B)")


def test_facets_that_the_header_does_not_count_are_read_with_a_note(tmp_path):
    mesh = read(tmp_path, stl_binary(FACETS, count=0))
    assert is_tetrahedron(mesh) and len(mesh.notes) == 1 and "no facets" in mesh.notes[0]


@pytest.mark.parametrize("header", [b"", b"solid shape"])
@pytest.mark.parametrize("size", [80, 83, 84, 100, 134, 234, 283])
def test_a_binary_file_that_breaks_off_is_refused(tmp_path, header, size):
    refused(tmp_path, stl_binary(FACETS, header)[:size])


@pytest.mark.parametrize("count", [5, 10**6, 2**32 - 1])
def test_a_count_that_the_file_cannot_hold_is_refused(tmp_path, count):
    assert "breaks off" in refused(tmp_path, stl_binary(FACETS, count=count))


@pytest.mark.parametrize("word", [b"vertex", b"endloop", b"endfacet", b"facet", b"endsolid"])
@pytest.mark.parametrize("nth", [1, -1])
def test_a_text_that_breaks_off_is_refused(tmp_path, word, nth):
    """After the first facet, or after the last; before the word or within it."""
    places = [i for i in range(len(TEXT)) if TEXT.startswith(word, i) and TEXT[i - 1 : i].isspace()]
    for end in (places[nth % len(places)], places[nth % len(places)] + 3):
        refused(tmp_path, TEXT[:end])


def test_a_second_solid_that_breaks_off_is_refused(tmp_path):
    second = stl_text(FAR)
    refused(tmp_path, TEXT + second[: len(second) // 2])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("write", [stl_text, stl_binary])
def test_a_facet_with_a_corner_that_is_no_number_is_dropped_and_counted(tmp_path, bad, write):
    mesh = read(tmp_path, write([*FACETS, [(0, 0, 0), (1, 0, 0), (0, 0, bad)]]))
    assert is_tetrahedron(mesh)
    assert mesh.cleaned["faces with vertices that are no numbers"] == 1
    assert mesh.cleaned["vertices that are no numbers"] == 1


def test_a_facet_of_more_corners_is_a_polygon(tmp_path):
    corner = b"      vertex 1 1 0\n"
    square = stl_text([[(0, 0, 0), (1, 0, 0), (0, 1, 0)]]).replace(b"      vertex 0 1 0\n", corner + b"vertex 0 1 0\n")
    found = meshes.facts(read(tmp_path, square))
    assert (found["faces"], found["area"]) == (2, pytest.approx(1))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (stl_text([]), "empty"),
        (stl_binary([]), "empty"),
        (b"solid\n", "no facets"),
        (b"no mesh at all", "no facets"),
        (b"\0" * 50, "no STL"),
        (TEXT.replace(b"vertex 1 0 0", b"vertex 1,0 0 0", 1), "'1,0' in line 6 "),
        (TEXT.replace(b"vertex 1 0 0", b"vertex 1 0", 1), "line 7 "),
        (stl_text([FACETS[0][:1] * 3]), "no face with an area"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_sound_stl_is_refused_with_the_cause(tmp_path, data, told):
    assert told in refused(tmp_path, data)


def test_blank_lines_after_the_name_do_not_hold_the_reader_up(tmp_path):
    """A pattern that tries every way to part them goes on for ever: an alarm ends that."""

    def ring(*_):
        pytest.fail("the reader does not come to an end")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(20)
    try:
        refused(tmp_path, b"solid\n" + b"\n" * 2000 + b"no shape")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_coordinates_of_a_binary_file_are_its_float32(tmp_path):
    corners = [(0.1, 0, 0), (1 / 3, 1e-7, 0), (0, 1e7, 1)]
    mesh = read(tmp_path, stl_binary([corners]))
    assert np.array_equal(mesh.vertices, np.array(corners, np.float32).astype(np.float64))
