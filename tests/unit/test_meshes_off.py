"""Every trouble of OFF, in files small enough to count by hand."""

import numpy as np
import pytest

from fossilvit import meshes

from .readings import is_cube, refusal
from .writers import BEAM, BEAM_SIDES, CUBE, QUADS, TETRAHEDRON, off, stored

pytestmark = pytest.mark.filterwarnings("error")

WHOLE = off(CUBE, QUADS)
TRIANGLE = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"


def read(folder, data, name="x.off"):
    return meshes.read(stored(folder, name, data))


def refused(folder, data):
    return refusal(stored(folder, "x.off", data))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_cube_is_read_with_every_line_end(tmp_path, newline):
    mesh = read(tmp_path, off(CUBE, QUADS, newline=newline))
    assert is_cube(mesh) and (mesh.format, mesh.notes, mesh.cleaned) == ("OFF", (), {})


@pytest.mark.parametrize(
    ("keyword", "columns"),
    [
        ("COFF", "0.25 0.5 1 1"),
        ("COFF", "255 0 9"),
        ("NOFF", "0 0 1"),
        ("CNOFF", "0 0 1 0.25 0.5 1 1"),
        ("STOFF", "0.5 0.5"),
        ("STCNOFF", "0 0 1 0.25 0.5 1 1 0.5 0.5"),
        ("4OFF", "1"),
        ("C4OFF", "1 0.25 0.5 1 1"),
    ],
)
def test_a_cube_is_read_with_the_columns_of_every_variant(tmp_path, keyword, columns):
    assert is_cube(read(tmp_path, off([(*v, columns) for v in CUBE], QUADS, keyword)))


def test_homogeneous_coordinates_are_divided_by_their_last(tmp_path):
    assert is_cube(read(tmp_path, off([(2 * x, 2 * y, 2 * z, 2) for x, y, z in CUBE], QUADS, "4OFF")))


def test_a_homogeneous_point_at_infinity_drops_just_its_faces(tmp_path):
    mesh = read(tmp_path, off([*((*v, 1) for v in CUBE), (1, 1, 1, 0)], [*QUADS, (0, 1, 8)], "4OFF"))
    assert is_cube(mesh) and mesh.cleaned["faces with vertices that are no numbers"] == 1


@pytest.mark.parametrize("values", ["0.0 0.2 1.0 1.0", "0 51 255 255", "0 0.2 1", "0 51 255"])
def test_colors_of_vertices_are_read(tmp_path, values):
    mesh = read(tmp_path, off([(*v, values) for v in CUBE], QUADS, "COFF"))
    assert mesh.colors.tolist() == [[0, 51, 255]] * 8


def test_the_normals_of_a_point_cloud_are_taken_from_its_file(tmp_path):
    mesh = read(tmp_path, off([(0, 0, 0, 0, 0, 2), (1, 0, 0, 3, 0, 0)], [], "NOFF"))
    assert mesh.is_points and mesh.normals.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        TRIANGLE.replace("OFF\n", "OFF"),
        TRIANGLE.replace("OFF\n", "OFF "),
        TRIANGLE.replace("OFF\n", ""),
        TRIANGLE.replace("3 1 0", "3 1"),
        TRIANGLE.replace("3 1 0", "3\n1\n0"),
        TRIANGLE.replace("3 1 0", " 3\t 1   99 "),
        TRIANGLE.replace("\n", " # 7 7 7\n"),
        "# one\n#two\n" + TRIANGLE.replace("\n", "\n#\n\n# 7 7 7\n"),
        TRIANGLE.replace("3 0 1 2", "3 0 1 2 255 0 0"),
        TRIANGLE.replace("3 0 1 2", "3 0 1 2 0.5 0.5 0.5 1.0 # gray"),
        TRIANGLE.replace("3 0 1 2", "3 0\n1\n2\n255 0 0"),
        TRIANGLE.replace("1 0 0", "1\n0\n0"),
        TRIANGLE.replace(" ", " \t ").replace("\n", "\n\n  "),
        TRIANGLE.rstrip(),
        TRIANGLE.replace("1 0 0", "1e0 +0.0 .0"),
        TRIANGLE + "0 0 0 anything",
        "\n\n" + TRIANGLE,
        "\ufeff" + TRIANGLE,
    ],
)
def test_comments_blanks_and_line_ends_change_nothing(tmp_path, text):
    mesh = read(tmp_path, text)
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]] and mesh.faces.tolist() == [[0, 1, 2]]


def test_colors_after_faces_of_several_sizes_are_passed_over(tmp_path):
    lines = WHOLE.decode().splitlines()
    lines[-6:] = [
        line + color for line, color in zip(lines[-6:], ["", " 7", " 1 2 3", " 1 2 3 4", " .5 .5 .5", ""], strict=True)
    ]
    assert is_cube(read(tmp_path, "\n".join(lines)))


def test_concave_polygons_cover_no_more_than_they_do(tmp_path):
    found = meshes.facts(read(tmp_path, off(BEAM, BEAM_SIDES)))
    assert (found["vertices"], found["faces"], found["watertight"]) == (12, 20, True)
    assert (found["area"], found["volume"]) == (pytest.approx(14), pytest.approx(3))


@pytest.mark.parametrize("index", [3, -1, 10**12])
def test_a_face_with_a_vertex_that_does_not_exist_is_dropped_and_counted(tmp_path, index):
    mesh = read(tmp_path, off(TETRAHEDRON[:3], [(0, 1, 2), (0, 1, index)]))
    assert len(mesh.faces) == 1 and mesh.cleaned == {"faces with vertices that do not exist": 1}


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_a_face_with_a_vertex_that_is_no_number_is_dropped_and_counted(tmp_path, bad):
    mesh = read(tmp_path, off([*TETRAHEDRON[:3], (1, bad, 1)], [(0, 1, 2), (0, 1, 3)]))
    assert len(mesh.faces) == 1 and np.isfinite(mesh.vertices).all()
    assert mesh.cleaned["faces with vertices that are no numbers"] == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"OFF BINARY\n" + b"\0\0\0\3" * 50, "binary"),
        (b"OFF\nBINARY\n" + b"\0\0\0\3" * 50, "binary"),
        (b"nOFF\n3\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", "dimensions"),
        (b"4nOFF\n3\n3 1 0\n0 0 0 1\n1 0 0 1\n0 1 0 1\n3 0 1 2\n", "dimensions"),
        (b"OFF\n0 0 0\n", "empty"),
        (b"OFF\n", "where a number should be"),
        (b"OFF\n3\n", "where a number should be"),
        (b"OFF\n-3 1 0\n0 0 0\n", "-3"),
        (b"OFF\n1000000000000 1 0\n0 0 0\n", "breaks off"),
        (b"OFF\n3 1000000000000 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", "breaks off"),
        (TRIANGLE.replace("3 0 1 2", "9000000000 0 1 2").encode(), "x.off"),
        (TRIANGLE.replace("3 0 1 2", "-3 0 1 2").encode(), "x.off"),
        (TRIANGLE.replace("1 0 0", "1,5 0 0").encode(), "'1,5' in line 4 "),
        (TRIANGLE.replace("3 1 0", "3 2 0").encode(), "breaks off"),
        (TRIANGLE.replace("3 1 0", "4 1 0").encode(), "x.off"),
        (TRIANGLE.replace("3 1 0", "3 none 0").encode(), "'none' in line 2 "),
        (b"no mesh at all", "'no' in line 1 "),
    ],
)
def test_a_file_that_is_no_sound_off_is_refused_with_the_cause(tmp_path, data, told):
    assert told in refused(tmp_path, data)
