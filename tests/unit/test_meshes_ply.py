"""Every trouble of PLY, in files small enough to count by hand."""

import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from fossilvit import meshes

from .readings import is_cube, refusal
from .writers import BEAM, BEAM_SIDES, CUBE, QUADS, SIDES, TETRAHEDRON, XYZ, ply, ply_mesh, stored

pytestmark = pytest.mark.filterwarnings("error")

FORMS = ("ascii", "binary_little_endian", "binary_big_endian")
POSITION = [f"float {axis}" for axis in XYZ]
FACES = ["list uchar int vertex_indices"]
VERTEX = ("vertex", POSITION, CUBE)
FACE = ("face", FACES, [(quad,) for quad in QUADS])
TRIANGLE = ("face", FACES, [((0, 1, 2),)])
CORNERS = ("vertex", POSITION, TETRAHEDRON[:3])


def read(folder, data, name="x.ply"):
    return meshes.read(stored(folder, name, data))


def refused(folder, data):
    return refusal(stored(folder, "x.ply", data))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_cube_is_read_in_every_form_and_with_every_line_end(tmp_path, form, newline):
    mesh = read(tmp_path, ply(VERTEX, FACE, form=form, newline=newline))
    assert is_cube(mesh) and mesh.format == ("text PLY" if form == "ascii" else "binary PLY") and mesh.notes == ()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("type", ["float", "float32", "double", "float64", "float16", "int8", "char", "short", "uint"])
def test_coordinates_of_every_type_are_read(tmp_path, form, type):
    assert is_cube(read(tmp_path, ply(("vertex", [f"{type} {axis}" for axis in XYZ], CUBE), FACE, form=form)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["vertex_indices", "vertex_index"])
@pytest.mark.parametrize("count", ["uchar", "int", "uint", "uint8", "ushort"])
@pytest.mark.parametrize("index", ["int", "uint", "uchar", "ushort", "float"])
def test_lists_of_every_type_are_read(tmp_path, form, name, count, index):
    faces = ("face", [f"list {count} {index} {name}"], FACE[2])
    assert is_cube(read(tmp_path, ply(VERTEX, faces, form=form)))


@pytest.mark.parametrize("form", FORMS)
def test_faces_may_come_before_vertices(tmp_path, form):
    assert is_cube(read(tmp_path, ply(FACE, VERTEX, form=form)))


@pytest.mark.parametrize("form", FORMS)
def test_polygons_of_several_sizes_are_read_and_concave_ones_cover_no_more_than_they_do(tmp_path, form):
    found = meshes.facts(read(tmp_path, ply_mesh(BEAM, BEAM_SIDES, form=form)))
    assert (found["vertices"], found["faces"], found["watertight"]) == (12, 20, True)
    assert (found["area"], found["volume"]) == (pytest.approx(14), pytest.approx(3))


@pytest.mark.parametrize("form", FORMS)
def test_comments_and_lines_that_nobody_knows_are_passed_over(tmp_path, form):
    data = ply(VERTEX, FACE, form=form, extra=["comment end_header is not here", "obj_info num_cols 512", "", "what"])
    data = data.replace(b"property float y\n", b"comment among\n\nobj_info more\n  property  float\ty \n")
    assert is_cube(read(tmp_path, b"ply \n" + data[4:]))


@pytest.mark.parametrize("form", FORMS)
def test_columns_that_nobody_needs_are_passed_over(tmp_path, form):
    vertices = ("vertex", ["double time", *POSITION, "uchar quality"], [(0.5, *v, 7) for v in CUBE])
    declared = ["uchar flags", *FACES, "list uchar float more", "float confidence"]
    faces = ("face", declared, [(1, quad, [0.25] * i, 0.5) for i, quad in enumerate(QUADS)])
    assert is_cube(read(tmp_path, ply(vertices, faces, form=form)))


@pytest.mark.parametrize("form", FORMS)
def test_other_elements_are_passed_over_before_between_and_after(tmp_path, form):
    camera = ("camera", ["float view_px", "int viewportx"], [(0.5, 640)])
    rings = ("ring", ["list uchar int lap", "list int double weights"], [([5, 6], [0.5]), ([], [0.5, 0.25])])
    edges = ("edge", ["int vertex1", "int vertex2"], [(0, 1), (1, 2)])
    nothing = ("material", ["int shine"], [])
    assert is_cube(read(tmp_path, ply(camera, VERTEX, rings, nothing, FACE, edges, form=form)))


def test_rows_of_a_text_may_be_spread_over_lines(tmp_path):
    header, body = ply(VERTEX, FACE).split(b"end_header\n")
    assert is_cube(read(tmp_path, header + b"end_header\n" + body.replace(b" ", b"\n\t ")))


def test_rows_of_a_text_may_stand_apart_or_hold_more_columns_than_the_header_says(tmp_path):
    header, body = ply(VERTEX, FACE).split(b"end_header\n")
    assert is_cube(read(tmp_path, header + b"end_header\n" + body.replace(b"\n", b" 9 9 9 \n\n  \n")))


@pytest.mark.parametrize("form", FORMS)
def test_the_triangles_of_strips_are_read_with_their_sides_in_order(tmp_path, form):
    """Two strips in one list, parted by -1, and a third in a list of its own: a cube of 6 pairs of triangles."""
    around = [0, 4, 1, 5, 2, 6, 3, 7, 0, 4]
    strips = [([*around, -1, 1, 2, 0, 3],), ([4, 7, 5, 6],)]
    mesh = read(tmp_path, ply(VERTEX, ("tristrips", ["list int int vertex_indices"], strips), form=form))
    assert is_cube(mesh) and "faces turned around" not in mesh.cleaned


@pytest.mark.parametrize("strip", [[], [0], [0, 1], [-1, -1, -1], [0, 1, -1, 2]])
def test_strips_of_no_triangle_make_a_point_cloud_or_are_refused(tmp_path, strip):
    data = ply(CORNERS, ("tristrips", ["list int int vertex_indices"], [(strip,)]))
    assert read(tmp_path, data).is_points


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("type", "red"), [("uchar", (255, 0, 51)), ("float", (1.0, 0.0, 0.2)), ("ushort", (65535, 0, 13107))]
)
@pytest.mark.parametrize("names", [("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue")])
def test_colors_of_vertices_are_read_from_every_type(tmp_path, form, type, red, names):
    rows = [(*v, *red) for v in TETRAHEDRON]
    vertices = ("vertex", POSITION + [f"{type} {name}" for name in names], rows)
    mesh = read(tmp_path, ply(vertices, ("face", FACES, [(side,) for side in SIDES]), form=form))
    assert mesh.colors.dtype == np.uint8 and mesh.colors.tolist() == [[255, 0, 51]] * 4
    assert meshes.facts(mesh)["color"] == "vertices"


def test_colors_stay_with_their_vertices(tmp_path):
    """Vertex 1 is used by no face, and vertices 0 and 4 are in the same place."""
    places = [(0, 0, 0), (9, 9, 9), (1, 0, 0), (0, 1, 0), (0, 0, 0), (1, 1, 1)]
    rows = [(*place, 10 * i, 0, 0) for i, place in enumerate(places)]
    vertices = ("vertex", [*POSITION, "uchar red", "uchar green", "uchar blue"], rows)
    mesh = read(tmp_path, ply(vertices, ("face", FACES, [((0, 2, 3),), ((4, 3, 5),)])))
    reds = {tuple(place): color[0] for place, color in zip(mesh.vertices.tolist(), mesh.colors.tolist(), strict=True)}
    assert reds == {(0, 0, 0): 0, (1, 0, 0): 20, (0, 1, 0): 30, (1, 1, 1): 50}


def picture(folder, name="skin.png"):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10
    Image.fromarray(pixels).save(folder / name)
    return pixels


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["skin.png", "my skin.png"])
def test_a_texture_of_corners_is_read(tmp_path, form, name):
    """The coordinates are x and y of the corners, so they say where each came to lie."""
    pixels = picture(tmp_path, name)
    rows = [(quad, [value for v in quad for value in CUBE[v][:2]]) for quad in QUADS]
    faces = ("face", [*FACES, "list uchar float texcoord"], rows)
    mesh = read(tmp_path, ply(VERTEX, faces, form=form, extra=[f"comment TextureFile {name}"]))
    assert is_cube(mesh) and meshes.facts(mesh)["color"] == "texture"
    assert len(mesh.texture.images) == 1 and np.array_equal(mesh.texture.images[0], pixels)
    assert np.array_equal(mesh.texture.uv, mesh.vertices[mesh.faces][:, :, :2])
    assert (mesh.texture.uv.dtype, mesh.texture.image.tolist()) == (np.float32, [0] * 12)


@pytest.mark.parametrize("names", [("texture_u", "texture_v"), ("s", "t"), ("u", "v")])
def test_a_texture_of_vertices_is_read_also_of_turned_faces(tmp_path, names):
    picture(tmp_path)
    vertices = ("vertex", POSITION + [f"float {name}" for name in names], [(*v, v[0], v[2]) for v in CUBE])
    turned = [(quad[::-1],) for quad in QUADS[:2]] + [(quad,) for quad in QUADS[2:]]
    mesh = read(tmp_path, ply(vertices, ("face", FACES, turned), extra=["comment TextureFile skin.png"]))
    assert is_cube(mesh) and mesh.cleaned["faces turned around"] == 4
    assert np.array_equal(mesh.texture.uv, mesh.vertices[mesh.faces][:, :, [0, 2]])


@pytest.mark.parametrize("name", ["gone.png", "../skin.png", "broken.png", "/etc/hostname"])
def test_a_texture_that_cannot_be_read_is_a_note(tmp_path, name):
    picture(tmp_path)
    (tmp_path / "in").mkdir()
    stored(tmp_path / "in", "broken.png", b"\x89PNG\r\n\x1a\n and no more")
    vertices = ("vertex", [*POSITION, "float s", "float t"], [(*v, 0, 0) for v in CUBE])
    mesh = read(tmp_path / "in", ply(vertices, FACE, extra=[f"comment TextureFile {name}"]))
    assert is_cube(mesh) and mesh.texture is None
    assert len(mesh.notes) == 1 and name in mesh.notes[0]


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("first", [b"\n", b"\r", b"\n\n", b"\r\n\n", b" "])
def test_data_that_begin_with_a_line_end_are_read_whole(tmp_path, form, first):
    """The header ends with one line end; the next byte is data, whatever it looks like."""
    types = {1: "uchar", 2: "ushort", 3: "uchar"}
    order = "little" if "little" in form else "big"
    value = int.from_bytes(first[:1] if len(first) == 3 else first, order)
    header = [f"{types[len(first)]} x", "uchar y", "uchar z"]
    corners = [(value, 0, 0), (0, 1, 0), (0, 0, 1)]
    mesh = read(tmp_path, ply(("vertex", header, corners), TRIANGLE, form=form))
    assert mesh.vertices.tolist() == [list(corner) for corner in corners]


@pytest.mark.parametrize("form", FORMS)
def test_bytes_after_the_last_element_are_a_note(tmp_path, form):
    mesh = read(tmp_path, ply(VERTEX, FACE, form=form) + b"stray")
    assert is_cube(mesh) and len(mesh.notes) == 1 and mesh.notes[0].endswith("not read (5 B)")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [((), ((0, 1, 2, 3),)), (CUBE[:5], ()), (CUBE, QUADS[:4])])
def test_a_file_that_breaks_off_is_refused(tmp_path, form, rows):
    whole = ply_mesh(CUBE, QUADS, form=form)
    header = whole[: whole.index(b"end_header\n") + len(b"end_header\n")]
    kept = ply_mesh(*rows, form=form) if rows[0] else b"end_header\n"
    body = kept[kept.index(b"end_header\n") + len(b"end_header\n") :]
    assert whole.startswith(header + body)
    assert "breaks off" in refused(tmp_path, header + body)


@pytest.mark.parametrize("size", [3, 10, 40, 100])
def test_a_header_that_breaks_off_is_refused(tmp_path, size):
    assert "header" in refused(tmp_path, ply(VERTEX, FACE)[:size] + b"\n" * (size == 3))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [10**6, 10**12, 2**31])
@pytest.mark.parametrize("element", ["vertex", "face"])
def test_a_count_that_the_file_cannot_hold_is_refused_without_memory_for_it(tmp_path, form, count, element):
    data = ply(VERTEX, FACE, form=form)
    data = data.replace(
        b"element vertex 8" if element == "vertex" else b"element face 6", f"element {element} {count}".encode()
    )
    assert "breaks off" in refused(tmp_path, data)  # what is loaded once does not count
    tracemalloc.start()
    try:
        refused(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [str(2**63), str(2**64), str(10**30), "9" * 5000])
@pytest.mark.parametrize("form", FORMS)
def test_a_count_beyond_all_numbers_of_the_machine_is_refused(tmp_path, form, count):
    refused(tmp_path, ply(VERTEX, FACE, form=form).replace(b"vertex 8", f"vertex {count}".encode()))


@pytest.mark.parametrize("count", ["-1", "1.5", "many", "0x8", "+8"])
def test_a_count_that_is_none_is_refused(tmp_path, count):
    assert "header" in refused(tmp_path, ply(VERTEX, FACE).replace(b"vertex 8", f"vertex {count}".encode()))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", [0, 3, 5])
@pytest.mark.parametrize("count", [10**9, -2, 2**31 - 1, -(2**31)])
def test_a_list_longer_than_the_file_or_shorter_than_nothing_is_refused(tmp_path, form, row, count):
    data = ply_mesh(CUBE, QUADS, form=form, count="int")
    start = data.index(b"end_header\n") + len(b"end_header\n")
    if form == "ascii":
        lines = data.split(b"\n")
        line = len(lines) - 7 + row
        lines[line] = str(count).encode() + lines[line][1:]
        data = b"\n".join(lines)
    else:
        place = start + 8 * 12 + 20 * row
        data = data[:place] + struct.pack(("<" if "little" in form else ">") + "i", count) + data[place + 4 :]
    refused(tmp_path, data)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("index", [3, -1, 2**31 - 1, -(2**31)])
def test_a_face_with_a_vertex_that_does_not_exist_is_dropped_and_counted(tmp_path, form, index):
    mesh = read(tmp_path, ply_mesh(TETRAHEDRON[:3], [(0, 1, 2), (0, 1, index)], form=form))
    assert len(mesh.faces) == 1 and mesh.cleaned == {"faces with vertices that do not exist": 1}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_face_with_a_vertex_that_is_no_number_is_dropped_and_counted(tmp_path, form, bad):
    vertices = [*TETRAHEDRON[:3], (bad, 1, 1)]
    mesh = read(tmp_path, ply_mesh(vertices, [(0, 1, 2), (1, 2, 3)], form=form))
    assert len(mesh.faces) == 1 and np.isfinite(mesh.vertices).all()
    assert mesh.cleaned == {"faces with vertices that are no numbers": 1, "vertices that are no numbers": 1}


@pytest.mark.parametrize("form", FORMS)
def test_lists_of_fewer_than_three_corners_are_no_faces(tmp_path, form):
    mesh = read(tmp_path, ply_mesh(TETRAHEDRON[:3], [(), (1,), (0, 1, 2), (0, 1)], form=form))
    assert len(mesh.faces) == 1 and mesh.cleaned == {"faces of fewer than three corners": 3}


@pytest.mark.parametrize("form", FORMS)
def test_the_normals_of_a_point_cloud_are_taken_from_its_file(tmp_path, form):
    declared = [*POSITION, *(f"float n{axis}" for axis in XYZ)]
    mesh = read(tmp_path, ply(("vertex", declared, [(0, 0, 0, 0, 0, 2), (1, 0, 0, 3, 0, 0)]), form=form))
    assert mesh.is_points and mesh.normals.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (ply(VERTEX, FACE).replace(b"ascii", b"binary_middle_endian"), "format"),
        (ply(VERTEX, FACE).replace(b"float y", b"quadruple y"), "quadruple"),
        (ply(VERTEX, FACE).replace(b"float y", b"float w"), "x, y and z"),
        (ply(("vertex", [*POSITION[:2], "list uchar float z"], [(0, 0, [0])])), "x, y and z"),
        (ply(FACE), "no vertices"),
        (ply(VERTEX, ("face", ["int a", "int b", "int c"], [(0, 1, 2)])), "without a list"),
        (ply(VERTEX, FACE).replace(b"\n1 0 0\n", b"\n1,0 0 0\n"), "'1,0' in line 11 "),
        (ply(VERTEX, ("face", FACES, [])).replace(b"\n1 0 0\n", b"\n1 here 0\n"), "'here'"),
    ],
)
def test_a_file_that_is_no_sound_ply_is_refused_with_the_cause(tmp_path, data, told):
    assert told in refused(tmp_path, data)
