"""Every trouble of OBJ, in files small enough to count by hand."""

import os

import numpy as np
import pytest
from PIL import Image

from fossilvit import meshes

from .readings import is_cube, refusal
from .writers import BEAM, BEAM_SIDES, CUBE, QUADS, TETRAHEDRON, obj, stored

pytestmark = pytest.mark.filterwarnings("error")

CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
TRIANGLE = CORNERS + "f 1 2 3\n"
WHOLE = obj(CUBE, QUADS)


def read(folder, data, name="x.obj"):
    return meshes.read(stored(folder, name, data))


def is_triangle(mesh):
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]] and mesh.faces.tolist() == [[0, 1, 2]]
    return True


def triangles(mesh):
    """The corners of every face, in whatever order."""
    return {frozenset(map(tuple, face)) for face in mesh.vertices[mesh.faces].tolist()}


def refused(folder, data):
    return refusal(stored(folder, "x.obj", data))


@pytest.mark.parametrize("corner", ["{v}", "{v}/{v}", "{v}//{v}", "{v}/{v}/{v}", "{v}/", "{v}/{v}/"])
@pytest.mark.parametrize("negative", [False, True], ids=["from the first", "from the last"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_cube_is_read_with_every_kind_of_corner_and_line_end(tmp_path, corner, negative, newline):
    mesh = read(tmp_path, obj(CUBE, QUADS, corner, negative, newline))
    assert is_cube(mesh) and (mesh.format, mesh.notes, mesh.cleaned) == ("OBJ", (), {})


def test_negative_indices_count_from_the_line_that_they_stand_in(tmp_path):
    """Each object refers to the vertices just before it, and the last to those of both."""
    lines = ["o one", "v 0 0 0", "v 1 0 0", "v 0 1 0", "f -3 -2 -1", "o two", "v 0 0 5", "v 1 0 5", "v 0 1 5"]
    lines += ["f -3 -2 -1", "g both", "f -6/-1 -2//-1 -1", "v 9 9 9"]
    assert triangles(read(tmp_path, "\n".join(lines))) == {
        frozenset({(0, 0, 0), (1, 0, 0), (0, 1, 0)}),
        frozenset({(0, 0, 5), (1, 0, 5), (0, 1, 5)}),
        frozenset({(0, 0, 0), (1, 0, 5), (0, 1, 5)}),
    }


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    "lines", ["v 0 \\\n0 0\n", "v \\\n0 0 \\\n 0\n", "v\\\n 0 0 0\n", "v 0 0 0 \\\n\n", "v 0 0\\\n 0\n"]
)
def test_a_backslash_continues_a_line(tmp_path, lines, newline):
    text = lines + TRIANGLE.replace("v 0 0 0\n", "", 1).replace("f 1 2", "f 1 \\\n  2")
    assert is_triangle(read(tmp_path, text.replace("\n", newline).encode()))


@pytest.mark.parametrize("face", ["f 1\\\n 2 3\n", "f 1 2 3\\\n\n", "f\\\n 1 2 3\n", "f 1//1\\\n 2//1 3//1\n"])
def test_a_backslash_may_follow_a_corner_at_once(tmp_path, face):
    assert is_triangle(read(tmp_path, CORNERS + "vn 0 0 1\n" + face))


@pytest.mark.parametrize(
    "text",
    [
        TRIANGLE.replace(" ", "\t"),
        TRIANGLE.replace("\n", "\n \t "),
        TRIANGLE.replace("\n", "   \n"),
        TRIANGLE.replace("\n", " # v 7 7 7\n"),
        "# f 1 1 1\n\n\n" + TRIANGLE,
        "o v 1 2 3\ng f 1 2 3\nusemtl f 3 2 1\ns 1\n" + TRIANGLE,
        "vp 1 2 3\nvn 0 0 1\nl 1 2\np 1\ncstype bezier\n" + TRIANGLE,
        TRIANGLE.rstrip(),
        "f 1 2 3\n" + CORNERS,
        CORNERS + "fo 1 2 3\n",
        TRIANGLE.replace("0", "0.000e+00").replace("v 1", "v +1.0"),
        TRIANGLE.replace("v 1 0 0", "v 1 0 0 1.0"),
        CORNERS + "f 1 2 3 # the end",
        "vt 0.5\nvt 0.5 0.5 0.5\n" + TRIANGLE,
        CORNERS + "f 1//-7 2/99 3/0/0\n",
    ],
)
def test_blanks_comments_and_lines_of_other_matters_change_nothing(tmp_path, text):
    assert is_triangle(read(tmp_path, text))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.decode().encode("utf-16"),
        b"\xff\xfe" + WHOLE.decode().encode("utf-16-le"),
        b"\xfe\xff" + WHOLE.decode().encode("utf-16-be"),
        "# Schädel\ng Zähne\n".encode("latin-1") + WHOLE,
        "# アンモナイト\no 標本\n".encode() + WHOLE,
        b"# caf\xe9 \x85 \xa0\n" + WHOLE,
    ],
    ids=["UTF-8 mark", "UTF-16", "UTF-16 little", "UTF-16 big", "Latin-1", "UTF-8", "bytes that look like blanks"],
)
def test_text_of_every_encoding_is_read(tmp_path, data):
    assert is_cube(read(tmp_path, data))


def test_all_objects_groups_and_materials_are_read(tmp_path):
    parts = [
        f"o part {i}\ng side{i} left\nusemtl skin{i}\nf {' '.join(str(v + 1) for v in quad)}"
        for i, quad in enumerate(QUADS)
    ]
    vertices = "\n".join("v {} {} {}".format(*vertex) for vertex in CUBE)
    assert is_cube(read(tmp_path, vertices + "\n" + "\n".join(parts)))


def test_concave_polygons_cover_no_more_than_they_do(tmp_path):
    found = meshes.facts(read(tmp_path, obj(BEAM, BEAM_SIDES)))
    assert (found["vertices"], found["faces"], found["watertight"]) == (12, 20, True)
    assert (found["area"], found["volume"]) == (pytest.approx(14), pytest.approx(3))


@pytest.mark.parametrize("weight", ["", "1.0 "])
@pytest.mark.parametrize(("red", "blue"), [("1.0", "0.2"), ("255", "51")])
def test_colors_of_vertices_are_read_with_and_without_a_weight(tmp_path, weight, red, blue):
    text = TRIANGLE.replace(" 0\nf", f" 0 {weight}{red} 0 {blue}\nf")
    text = text.replace(" 0\nv", f" 0 {weight}{red} 0 {blue}\nv")
    mesh = read(tmp_path, text)
    assert is_triangle(mesh) and mesh.colors.tolist() == [[255, 0, 51]] * 3


@pytest.mark.parametrize("missing", ["", " nan nan nan", " 1 0"])
def test_colors_that_some_vertices_lack_are_left_out(tmp_path, missing):
    text = f"v 0 0 0 1 0 0\nv 1 0 0{missing}\nv 0 1 0 1 0 0\nf 1 2 3\n"
    mesh = read(tmp_path, text)
    assert is_triangle(mesh) and mesh.colors is None


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "-nan", "inf", "-Infinity", "1.#QNAN", "-1.#IND", "-nan(ind)", "1.#INF"]
)
def test_what_programs_write_for_no_number_drops_just_its_faces(tmp_path, word):
    mesh = read(tmp_path, TRIANGLE + f"v {word} 1 1\nf 2 3 4\n")
    assert is_triangle(mesh)
    assert mesh.cleaned == {"faces with vertices that are no numbers": 1, "vertices that are no numbers": 1}


@pytest.mark.parametrize("index", ["0", "4", "-4", "99999999999", "-99999999999", "99999999999999999999999"])
def test_a_face_with_a_vertex_that_does_not_exist_is_dropped_and_counted(tmp_path, index):
    mesh = read(tmp_path, TRIANGLE + f"f 1 2 {index}\n")
    assert is_triangle(mesh) and mesh.cleaned == {"faces with vertices that do not exist": 1}


def test_faces_of_fewer_than_three_corners_are_counted(tmp_path):
    mesh = read(tmp_path, TRIANGLE + "f 1 2\nf 3\nf\n")
    assert is_triangle(mesh) and mesh.cleaned == {"faces of fewer than three corners": 3}


@pytest.mark.parametrize("rest", ["", "p 1 2 3\n", "l 1 2 3\n", "g only f 1 2 3\n"])
def test_vertices_without_faces_are_a_point_cloud(tmp_path, rest):
    mesh = read(tmp_path, CORNERS + rest)
    assert mesh.is_points and mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CORNERS + "cstype bezier\ndeg 1 1\nsurf 0 1 0 1 1 2 3\nend\n", "free-form"),
        (CORNERS.replace("v 1 0 0", "v 1,5 0,25 0"), "'1,5' in line 2 "),
        (CORNERS.replace("v 1 0 0", "v 1 0"), "line 2 "),
        (CORNERS.replace("v 1 0 0", "v"), "line 2 "),
        (CORNERS + "f 1.0 2.0 3.0\n", "line 4 "),
        (CORNERS + "f 1 2 three\n", "'three' in line 4 "),
        (CORNERS + "f 1,2,3\n", "line 4 "),
        (CORNERS.replace("\n", "\r") + "f 1 2 x\r", "'x' in line 4 "),
        (CORNERS.replace("\n", "\r\n") + "f 1 2 x\r\n", "'x' in line 4 "),
        ("v nan nan nan\n", "empty"),
        ("# nothing\n", "empty"),
        (CORNERS + "f 1 1 2\n", "no face with an area"),
    ],
)
def test_a_file_that_is_no_sound_obj_is_refused_with_the_cause(tmp_path, text, told):
    assert told in refused(tmp_path, text)


def test_surfaces_beside_polygons_do_not_matter(tmp_path):
    assert is_triangle(read(tmp_path, TRIANGLE + "cstype bezier\nsurf 0 1 0 1 1 2 3\nend\n"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("vertices", "faces"), [(4, 1), (3, 2), (1000, 1000)])
def test_a_file_with_less_than_meshlab_promised_breaks_off(tmp_path, vertices, faces, newline):
    head = "####\n#\n# OBJ File Generated by Meshlab\n#\n####\n# Object x.obj\n#\n"
    head += f"# Vertices: {vertices}\n# Faces: {faces}\n#\n"
    assert "breaks off" in refused(tmp_path, (head + TRIANGLE).replace("\n", newline).encode())


def test_a_file_with_what_meshlab_promised_is_read(tmp_path):
    assert is_triangle(read(tmp_path, "####\n#\n# Vertices: 3\n# Faces: 1\n#\n####\n" + TRIANGLE))


def material(folder, name="skin.mtl", text="newmtl red\nKd 1 0 0.2\n"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def with_material(name):
    return f"mtllib {name}\nvt 0 0\nvt 1 0\nvt 0 1\n{CORNERS}usemtl red\nf 1/1 2/2 3/3\n"


@pytest.mark.parametrize("name", ["skin.mtl", "my skin.mtl", "below/skin.mtl", "below\\skin.mtl", "./skin.mtl"])
def test_the_color_of_a_material_is_read(tmp_path, name):
    """A plain color is a picture of one pixel."""
    material(tmp_path / "below")
    material(tmp_path)
    material(tmp_path, "my skin.mtl")
    mesh = read(tmp_path, with_material(name))
    assert is_triangle(mesh) and mesh.texture.images[mesh.texture.image[0]].tolist() == [[[255, 0, 51]]]
    assert mesh.notes == () and meshes.facts(mesh)["color"] == "texture"


def test_every_face_has_the_texture_of_its_material_and_its_own_coordinates(tmp_path):
    """The coordinates are x and y of the corners, so they say where each came to lie."""
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    (tmp_path / "maps").mkdir()
    Image.fromarray(pixels).save(tmp_path / "maps" / "my skin.png")
    material(
        tmp_path, text="# two\nnewmtl  fur \nKa 1 1 1\nKd 0 1 0\nmap_Kd maps/my skin.png\n\nnewmtl red bone\nKd 1 0 0\n"
    )
    lines = ["mtllib skin.mtl", *(f"v {x} {y} {z}" for x, y, z in CUBE), *(f"vt {x} {y}" for x, y, _ in CUBE)]
    for i, quad in enumerate(QUADS):
        lines.append(["usemtl fur", "usemtl red bone", "usemtl unknown"][i % 3])
        lines.append("f " + " ".join(f"{v + 1}/{v + 1}" for v in quad))
    mesh = read(tmp_path, "\n".join(lines))
    assert is_cube(mesh)
    assert np.array_equal(mesh.texture.uv, mesh.vertices[mesh.faces][:, :, :2])
    fur, bone = (mesh.texture.image[i] for i in (0, 2))
    assert np.array_equal(mesh.texture.images[fur], pixels) and mesh.texture.images[bone].tolist() == [[[255, 0, 0]]]
    assert mesh.texture.image.tolist() == [fur, fur, bone, bone, -1, -1] * 2


def test_a_corner_without_texture_coordinates_has_none(tmp_path):
    material(tmp_path)
    mesh = read(tmp_path, with_material("skin.mtl").replace("1/1 2/2 3/3", "1/1 2 3/9"))
    assert np.isnan(mesh.texture.uv[0, 1:]).all() and mesh.texture.uv[0, 0].tolist() == [0, 0]


def test_a_texture_that_is_missing_leaves_the_color_and_a_note(tmp_path):
    material(tmp_path, text="newmtl red\nKd 1 0 0.2\nmap_Kd gone.png\n")
    mesh = read(tmp_path, with_material("skin.mtl"))
    assert mesh.texture.images[0].tolist() == [[[255, 0, 51]]]
    assert len(mesh.notes) == 1 and "gone.png" in mesh.notes[0]


@pytest.mark.parametrize("values", ["", "1", "red 0 0", "nan 0 0", "1,0 0 0"])
def test_a_color_that_is_none_becomes_gray(tmp_path, values):
    material(tmp_path, text=f"newmtl red\nKd {values}\n")
    pixel = read(tmp_path, with_material("skin.mtl")).texture.images[0][0, 0].tolist()
    assert pixel[0] == pixel[1] == pixel[2]


@pytest.mark.parametrize("library", ["", "\0", "a" * 5000, "~", "."])
def test_a_library_of_an_impossible_name_is_a_note(tmp_path, library):
    mesh = read(tmp_path, with_material(library))
    assert is_triangle(mesh) and mesh.texture is None and len(mesh.notes) == 1


@pytest.mark.parametrize(
    "way", ["../outside/skin.mtl", "..\\outside\\skin.mtl", "absolute", "link.mtl", "linked/skin.mtl"]
)
def test_a_library_outside_the_folder_of_the_mesh_is_not_read(tmp_path, way):
    material(tmp_path / "outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.mtl").symlink_to(tmp_path / "outside" / "skin.mtl")
    (inside / "linked").symlink_to(tmp_path / "outside")
    name = str(tmp_path / "outside" / "skin.mtl") if way == "absolute" else way
    mesh = read(inside, with_material(name))
    assert is_triangle(mesh) and mesh.texture is None
    assert len(mesh.notes) == 1 and "outside" in mesh.notes[0]


@pytest.mark.parametrize("way", ["../outside/skin.png", "absolute"])
def test_a_texture_outside_the_folder_of_the_mesh_is_not_read(tmp_path, way):
    (tmp_path / "outside").mkdir()
    Image.new("RGB", (2, 2), (0, 255, 0)).save(tmp_path / "outside" / "skin.png")
    name = tmp_path / "outside" / "skin.png" if way == "absolute" else way
    material(tmp_path / "inside", text=f"newmtl red\nKd 1 0 0.2\nmap_Kd {name}\n")
    mesh = read(tmp_path / "inside", with_material("skin.mtl"))
    assert mesh.texture.images[0].tolist() == [[[255, 0, 51]]] and "outside" in mesh.notes[0]


def test_a_library_that_is_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "skin.mtl")
    pipe = os.open(tmp_path / "skin.mtl", os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(pipe, b"newmtl red\nKd 1 0 0\n")
        mesh = read(tmp_path, with_material("skin.mtl"))
        assert os.read(pipe, 100) == b"newmtl red\nKd 1 0 0\n"
    finally:
        os.close(pipe)
    assert is_triangle(mesh) and mesh.texture is None and "skin.mtl" in mesh.notes[0]


def test_materials_that_no_face_uses_make_no_texture(tmp_path):
    material(tmp_path)
    mesh = read(tmp_path, "mtllib skin.mtl\n" + TRIANGLE)
    assert is_triangle(mesh) and mesh.texture is None


def test_vertices_that_several_objects_repeat_are_joined(tmp_path):
    """Each side of a tetrahedron with vertices of its own."""
    lines = []
    for i, side in enumerate([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]):
        lines += [f"o side{i}", *("v {} {} {}".format(*TETRAHEDRON[v]) for v in side), "f -3 -2 -1"]
    found = meshes.facts(read(tmp_path, "\n".join(lines)))
    assert (found["vertices"], found["watertight"], found["components"]) == (4, True, 1)
    assert found["volume"] == pytest.approx(1 / 6) and found["cleaned"] == {}


def test_a_last_line_without_an_end_is_noted_for_it_may_break_off(tmp_path):
    assert read(tmp_path, TRIANGLE).notes == ()
    (note,) = read(tmp_path, TRIANGLE[:-1]).notes
    assert "its last line has no end" in note
