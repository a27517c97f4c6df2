"""What holds for every mesh, every number and every polygon."""

import math
import re
import struct

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.meshes.formats import text
from fossilvit.meshes.polygons import triangulate

from . import writers
from .writers import facets, stored

pytestmark = pytest.mark.filterwarnings("error")

few = settings(max_examples=40)
many = settings(max_examples=1500)

POLYGONS = {
    "text.ply": lambda *mesh: writers.ply_mesh(*mesh, type="double"),
    "CRLF.ply": lambda *mesh: writers.ply_mesh(*mesh, count="int", newline="\r\n"),
    **{
        f"{form}-{type}-{count}.ply": lambda *mesh, form=form, type=type, count=count: writers.ply_mesh(
            *mesh, form=form, type=type, count=count
        )
        for form in ("binary_little_endian", "binary_big_endian")
        for type in ("float", "double")
        for count in ("uchar", "int")
    },
    "plain.obj": writers.obj,
    "CRLF.obj": lambda *mesh: writers.obj(*mesh, "{v}/{v}/{v}", newline="\r\n"),
    "negative.obj": lambda *mesh: writers.obj(*mesh, "{v}//{v}", negative=True),
    "plain.off": writers.off,
    "CRLF.off": lambda *mesh: writers.off(*mesh, newline="\r\n"),
    "homogeneous.off": lambda vertices, polygons: writers.off([(*v, 1) for v in vertices], polygons, "4OFF"),
}
FACETS = {"text.stl": writers.stl_text, "binary.stl": writers.stl_binary}
NARROW = re.compile("float|binary.stl")
"""Variants of float32."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("meshes")


@st.composite
def prisms(draw):
    """A closed body over a convex polygon of 3 to 6 corners, which lie on a parabola.

    All coordinates are small multiples of 1/8, so float32 holds them exactly.
    """
    count = draw(st.integers(3, 6))
    scale, axis = draw(st.sampled_from((0.125, 1.0, 4.0))), draw(st.integers(0, 2))
    shift = draw(st.tuples(*[st.integers(-800, 800).map(lambda eighths: eighths / 8)] * 3))
    base = [(float(i), float(i * i)) for i in range(count)]
    vertices = [(x, y, z) for z in (0.0, 1.0) for x, y in base]
    vertices = [tuple(scale * v[(i + axis) % 3] + shift[i] for i in range(3)) for v in vertices]
    first = draw(st.integers(0, count - 1))
    bottom = [(first + i) % count for i in range(count)]
    sides = [(i, (i + 1) % count, count + (i + 1) % count, count + i) for i in range(count)]
    return vertices, [tuple(bottom[::-1]), tuple(count + v for v in bottom), *sides]


@st.composite
def bodies(draw):
    """Several prisms, among vertices that no face uses."""
    vertices, polygons = [], []
    for own, faces in draw(st.lists(prisms(), min_size=1, max_size=3)):
        vertices += draw(st.sampled_from(([], [(500.0, -500.0, 0.5)])))
        polygons += [tuple(len(vertices) + v for v in face) for face in faces]
        vertices += own
    return vertices, polygons


@st.composite
def triangles_of_any_numbers(draw):
    """Triangles whose coordinates use every digit of a float64; near a curve of which no three points are in line."""
    count = draw(st.integers(3, 9))
    near = st.floats(0.001, 0.0625)
    scale = 10.0 ** draw(st.integers(-30, 30))
    vertices = [tuple((i**power + draw(near)) * scale for power in (1, 2, 3)) for i in range(count)]
    corner = st.integers(0, count - 1)
    triples = st.lists(corner, min_size=3, max_size=3, unique=True).map(tuple)
    return vertices, draw(st.lists(triples, min_size=1, max_size=12))


def narrowed(vertices, name):
    """The vertices that a file of this variant holds."""
    if not NARROW.search(name):
        return vertices
    return [tuple(map(float, vertex)) for vertex in np.array(vertices, np.float32)]


def cut(polygons):
    """The triangles around the first corner of each, which convex polygons become."""
    return [(p[0], p[i], p[i + 1]) for p in polygons for i in range(1, len(p) - 1)]


def as_set(shapes):
    """Triangles by the coordinates of their corners, in whatever order."""
    return {frozenset(map(tuple, corners)) for corners in shapes}


def read_back(folder, name, vertices, polygons, compressed=False):
    """The triangles of a mesh that was written and read."""
    data = FACETS[name](facets(vertices, cut(polygons))) if name in FACETS else POLYGONS[name](vertices, polygons)
    mesh = meshes.read(stored(folder, name, writers.packed(data) if compressed else data))
    return as_set(mesh.vertices[mesh.faces].tolist())


@pytest.mark.parametrize("name", [*POLYGONS, *FACETS])
@few
@given(body=bodies(), compressed=st.booleans())
def test_polygons_are_read_as_they_were_written(folder, name, body, compressed):
    vertices, polygons = body
    assert read_back(folder, name, vertices, polygons, compressed) == as_set(facets(vertices, cut(polygons)))


@pytest.mark.parametrize("name", [*POLYGONS, *FACETS])
@few
@given(body=triangles_of_any_numbers())
def test_every_digit_of_a_triangle_is_read(folder, name, body):
    vertices = narrowed(body[0], name)
    assert read_back(folder, name, vertices, body[1]) == as_set(facets(vertices, body[1]))


@pytest.mark.parametrize("name", ["text.ply", "binary_little_endian-double-int.ply", "binary_big_endian-float-int.ply"])
@few
@given(body=bodies())
def test_a_polygon_that_is_written_again_changes_nothing(folder, name, body):
    vertices, polygons = body
    assert read_back(folder, name, vertices, polygons + polygons[::-1]) == read_back(folder, name, vertices, polygons)


COORDINATES = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-30)


@pytest.mark.parametrize("name", POLYGONS)
@few
@given(points=st.lists(st.tuples(*[COORDINATES] * 3), min_size=1, max_size=20))
def test_points_are_read_as_they_were_written_and_in_order(folder, name, points):
    points = narrowed(points, name)
    mesh = meshes.read(stored(folder, name, POLYGONS[name](points, [])))
    assert mesh.is_points and mesh.vertices.tolist() == [list(point) for point in points]
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1, abs=1e-5)


def number(word):
    """The number that a word is, or None: the reader says how far it came."""
    value, end = text.number(np.frombuffer(word.encode(), np.uint8), 0)
    assert end in (0, len(word))
    return value if end else None


def bits(value):
    return struct.pack("<d", value)


WRITTEN = st.sampled_from(["{!r}", "{:.9g}", "{:.17g}", "{:e}", "{:.18e}", "{:+.3f}", "{:.0f}", "{:G}"])
USUAL = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value == 0 or 1e-240 < abs(value) < 1e280)


@many
@given(USUAL, WRITTEN)
@example(9007199254740993.0, "{:.0f}")
@example(-0.0, "{!r}")
def test_a_number_of_up_to_19_digits_is_read_to_the_last_bit(value, written):
    word = written.format(value)
    digits = len(re.sub("[eE].*|[^0-9]", "", word).lstrip("0"))
    assume(digits <= 19 and (float(word) == 0 or abs(float(word)) > 1e-240))
    assert bits(number(word)) == bits(float(word))


@many
@given(st.integers(0, 10**19 - 1), st.integers(-30, 30))
@example(9007199254740993, 0)
@example(10**19 - 1, 0)
def test_nineteen_digits_with_any_power_of_ten_are_read_to_the_last_bit(mantissa, power):
    word = f"{mantissa}e{power}"
    assert bits(number(word)) == bits(float(word))


@many
@given(st.from_regex(r"[1-9][0-9]{0,40}\.[0-9]{0,40}", fullmatch=True))
def test_a_number_of_more_digits_is_read_within_a_bit(word):
    assert abs(number(word) - float(word)) <= math.ulp(float(word))


@many
@given(st.integers(1, 10**17), st.integers(-400, 400))
def test_numbers_of_any_size_are_read_nearly(mantissa, power):
    """Beyond what any scan holds, where the reader promises less."""
    wanted = float(f"{mantissa}e{power}")
    assert number(f"{mantissa}e{power}") == pytest.approx(wanted, rel=4e-15, abs=1e-307)


@many
@given(st.text("0123456789+-.eE", min_size=1, max_size=8))
def test_a_word_is_a_number_where_python_says_so(word):
    try:
        wanted = float(word)
    except ValueError:
        assert number(word) is None
    else:
        assert bits(number(word)) == bits(wanted) if wanted < 1e280 else number(word) is not None


@pytest.mark.parametrize(("word", "value"), [("1.5d3", 1500.0), ("-2D-2", -0.02), ("1.d0", 1.0)])
def test_the_exponents_of_fortran_are_read(word, value):
    assert number(word) == value


@pytest.mark.parametrize(
    "word", ["nan", "NAN", "-nan", "+NaN", "-nan(ind)", "inf", "-inf", "Infinity", "1.#IND", "-1.#QNAN0", "1.#INF00"]
)
def test_words_for_no_number_are_not_finite(word):
    assert not math.isfinite(number(word))


@pytest.mark.parametrize("word", ["none", "n", "i", "x", "1,5", "0x10", "1_000", "1f", "--1", "١", "1e5e5", "1.5.5"])
def test_words_that_are_no_numbers_are_told_from_them(word):
    assert number(word) is None


@st.composite
def stars(draw):
    """A simple polygon seen from its middle, mostly concave, in a plane of space; with its area."""
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(0.1, 10), min_size=count, max_size=count))
    angles = [2 * math.pi * i / count for i in range(count)]
    flat = np.array([(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)])
    x, y = flat.T
    area = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    turn, _ = np.linalg.qr(np.random.default_rng(draw(st.integers(0, 1000))).normal(size=(3, 3)))
    shift = draw(st.sampled_from((0.0, 100.0)))
    return flat @ turn[:2] + shift, area


@many
@given(st.lists(stars(), min_size=1, max_size=4))
def test_the_triangles_of_a_polygon_cover_just_that(shapes):
    sizes = np.array([len(shape) for shape, _ in shapes], np.int32)
    vertices = np.concatenate([shape for shape, _ in shapes])
    places = triangulate(sizes, np.arange(len(vertices)), vertices)
    a, b, c = (vertices[places[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    owners = np.repeat(np.arange(len(sizes)), sizes - 2)
    assert np.bincount(owners, areas).tolist() == pytest.approx([area for _, area in shapes], rel=1e-9)
    firsts = np.cumsum(sizes) - sizes
    assert (places >= firsts[owners, None]).all() and (places < (firsts + sizes)[owners, None]).all()


SHAPE = (
    [(0.5, 0.0, 0.0), (2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 4.0)],
    [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)],
)
CUT = {
    **{name: write(*SHAPE) for name, write in POLYGONS.items() if not name.endswith(".obj")},
    **{name: write(facets(*SHAPE)) for name, write in FACETS.items()},
    "quads.ply": writers.ply_mesh(writers.CUBE, writers.QUADS),
    "mixed.ply": writers.ply_mesh(
        writers.BEAM, writers.BEAM_SIDES[1:] + writers.BEAM_SIDES[:1], form="binary_big_endian"
    ),
    "quads.off": writers.off(writers.CUBE, writers.QUADS),
    "solid.stl": writers.stl_binary(facets(*SHAPE), b"solid"),
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", CUT)
def test_a_file_cut_anywhere_is_refused_or_whole(folder, name, compressed):
    """An OBJ says nowhere how long it is, so none is here."""
    data = writers.packed(CUT[name]) if compressed else CUT[name]
    whole = meshes.read(stored(folder, name, data))
    read = 0
    for end in range(len(data)):
        try:
            mesh = meshes.read(stored(folder, name, data[:end]))
        except SpecimenError as error:
            assert name in str(error)
        else:
            assert np.array_equal(mesh.vertices[mesh.faces], whole.vertices[whole.faces]), f"cut at {end}"
            assert not CUT[name][end:].strip() or b"endsolid" in CUT[name][:end]
            read += 1
    assert read < len("\nendsolid shape\n")
