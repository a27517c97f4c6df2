import json

import numpy as np
import pytest
import trimesh

from fossilvit import examples, meshes
from fossilvit.errors import SpecimenError

from .writers import ply_mesh, stored

pytestmark = pytest.mark.filterwarnings("error")

SHAPES = {
    "cube": trimesh.creation.box((1, 2, 3)),
    "sphere": trimesh.creation.icosphere(subdivisions=2, radius=5),
    "ammonoid": trimesh.Trimesh(*examples.make("ammonoid", 0, 0), process=False),
}


def volume(mesh):
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    return (a * np.cross(b, c)).sum() / 6


def sphere_points(count=2_000, radius=30):
    points = np.random.default_rng(0).normal(size=(count, 3))
    return radius * points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "name", ["x.ply", "ascii.ply", "x.obj", "x.stl", "ascii.stl", "x.off", "X.PLY", "X.STL", "x.Off"]
)
def test_a_surface_is_read_as_it_was_written(tmp_path, shape, name):
    wanted = SHAPES[shape]
    kind = name.rpartition(".")[2].lower()
    path = tmp_path / name
    if name == "ascii.ply":
        wanted.export(path, file_type="ply", encoding="ascii")
    else:
        wanted.export(path, file_type="stl_ascii" if name == "ascii.stl" else kind)
    mesh = meshes.read(path)
    assert len(mesh.faces) == len(wanted.faces)
    assert meshes.facts(mesh)["area"] == pytest.approx(wanted.area, rel=1e-5)
    assert volume(mesh) == pytest.approx(wanted.volume, rel=1e-4)
    assert (mesh.vertices.dtype, mesh.faces.dtype, mesh.normals.dtype) == (np.float64, np.int32, np.float32)


def test_all_objects_of_a_file_are_read(tmp_path):
    far = SHAPES["cube"].copy().apply_translation((10, 0, 0))
    trimesh.Scene([SHAPES["cube"], far]).export(tmp_path / "two.obj")
    assert meshes.facts(meshes.read(tmp_path / "two.obj"))["area"] == pytest.approx(2 * SHAPES["cube"].area)


def test_vertices_of_no_face_do_not_count(tmp_path):
    path = stored(tmp_path, "x.ply", ply_mesh([*CORNERS, (99, 99, 99)], [(0, 1, 2)]))
    assert meshes.facts(meshes.read(path))["bounding_box"] == [[0, 0, 0], [1, 1, 0]]


def test_points_that_are_no_numbers_are_dropped_and_counted(tmp_path):
    mesh = meshes.read(stored(tmp_path, "x.ply", ply_mesh([(0, 0, 0), ("nan", 0, 0), (1, 1, 1), (2, 0, 1)], [])))
    assert mesh.is_points and mesh.vertices.tolist() == [[0, 0, 0], [1, 1, 1], [2, 0, 1]]
    assert mesh.cleaned == {"vertices that are no numbers": 1}


CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
WHOLE = ply_mesh(CORNERS, [(0, 1, 2)])
BROKEN = {
    "zero.ply": b"",
    "zero.obj": b"",
    "zero.stl": b"",
    "zero.off": b"",
    "text.ply": b"this is no mesh",
    "text.obj": b"this is no mesh",
    "text.stl": b"this is no mesh",
    "text.off": b"this is no mesh",
    "noise.ply": bytes(range(256)) * 4,
    "noise.stl": bytes(range(256)) * 4,
    "noise.obj": bytes(range(256)) * 4,
    "noise.off": bytes(range(256)) * 4,
    "header.ply": WHOLE[:40],
    "empty.ply": ply_mesh([], []),
    "empty.off": b"OFF\n0 0 0\n",
    "empty.stl": b"solid x\nendsolid x\n",
    "flat.ply": ply_mesh([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [(0, 1, 2)]),
    "nan.ply": ply_mesh([("nan", 0, 0), (1, "nan", 0)], []),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_a_sentence_that_names_it(tmp_path, name):
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(SpecimenError) as error:
        meshes.read(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ply", {"file_type": "ply"}),
        ("ply", {"file_type": "ply", "encoding": "ascii"}),
        ("stl", {"file_type": "stl"}),
        ("stl", {"file_type": "stl_ascii"}),
        ("off", {"file_type": "off"}),
    ],
    ids=["ply", "ascii ply", "stl", "ascii stl", "off"],
)
def test_a_file_that_breaks_off_is_refused(tmp_path, kind, options, share):
    """An OBJ says nowhere how long it is, so only those that do are here."""
    path = tmp_path / f"cut.{kind}"
    SHAPES["ammonoid"].export(path, **options)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(SpecimenError, match=f"cut.{kind}"):
        meshes.read(path)


def test_normals_of_a_point_cloud_without_them_are_estimated(tmp_path):
    points = sphere_points()
    trimesh.PointCloud(points).export(tmp_path / "x.ply")
    mesh = meshes.read(tmp_path / "x.ply")
    radial = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    degrees = np.degrees(np.arccos(np.clip(np.abs((mesh.normals * radial).sum(axis=1)), 0, 1)))
    assert mesh.is_points and len(mesh.vertices) == len(points)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-5)
    assert np.median(degrees) < 2 and degrees.max() < 15


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_points_is_a_point_cloud(tmp_path, count):
    mesh = meshes.read(stored(tmp_path, "x.ply", ply_mesh(CORNERS[:count], [])))
    assert mesh.is_points and mesh.vertices.tolist() == [list(point) for point in CORNERS[:count]]
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_facts_are_those_that_trimesh_finds(tmp_path, shape):
    SHAPES[shape].export(tmp_path / "x.ply")
    found, wanted = meshes.facts(meshes.read(tmp_path / "x.ply")), trimesh.load(tmp_path / "x.ply")
    assert found["kind"] == "surface"
    assert (found["vertices"], found["faces"]) == (len(wanted.vertices), len(wanted.faces))
    assert found["area"] == pytest.approx(wanted.area)
    assert found["watertight"] is bool(wanted.is_watertight) is True
    assert (found["volume"], found["components"]) == (pytest.approx(wanted.volume), wanted.body_count)
    assert np.allclose(found["bounding_box"], wanted.bounds)


def test_a_surface_with_a_hole_is_not_watertight(tmp_path):
    trimesh.Trimesh(SHAPES["cube"].vertices, SHAPES["cube"].faces[1:]).export(tmp_path / "x.stl")
    assert meshes.facts(meshes.read(tmp_path / "x.stl"))["watertight"] is False


def test_facts_of_a_point_cloud_are_its_count_and_box(tmp_path):
    assert meshes.facts(meshes.read(stored(tmp_path, "x.ply", ply_mesh([(0, 0, 0), (1, 2, 3)], [])))) == {
        "kind": "points",
        "format": "text PLY",
        "vertices": 2,
        "faces": 0,
        "bounding_box": [[0, 0, 0], [1, 2, 3]],
        "area": None,
        "volume": None,
        "watertight": None,
        "components": None,
        "color": "none",
        "cleaned": {},
        "notes": [],
        **{"strays": 0, "strays_share": None, "strays_distance": None},
    }


def test_facts_of_a_surface_can_be_written_as_json(tmp_path):
    """Numbers of numpy cannot."""
    found = meshes.facts(
        meshes.read(stored(tmp_path, "x.ply", ply_mesh([*CORNERS, (9, 9, 9)], [(0, 1, 2), (0, 1, 5)])))
    )
    assert json.loads(json.dumps(found)) == found


def test_normals_of_a_cubes_corners_point_along_its_diagonals():
    """Whatever diagonal a side is cut along: each side weighs as its angle there, a right one."""
    box = trimesh.creation.box((2, 2, 2))
    normals = meshes.normals.of_surface(np.asarray(box.vertices, np.float64), np.asarray(box.faces, np.int32))
    assert np.allclose(normals, box.vertices / np.sqrt(3), atol=1e-6)


def test_normals_of_a_sphere_are_radial():
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = meshes.normals.of_surface(np.asarray(ball.vertices, np.float64), np.asarray(ball.faces, np.int32))
    assert (normals * ball.vertices).sum(axis=1).min() > 0.9999


def test_real_molars_have_the_faces_that_their_headers_promise(real_meshes):
    paths = sorted((real_meshes / "molars").glob("*.ply"))
    assert paths
    for path in paths:
        header = path.read_bytes()[:4000].partition(b"end_header")[0].decode()
        promised = int(header.partition("element face")[2].split()[0])
        assert len(meshes.read(path).faces) == promised, path.name
