"""Real files of many programs, against what the specifications and other readers say they hold."""

import csv
from pathlib import Path

import numpy as np
import pytest
import trimesh

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.scans.inventory import without_extension

pytestmark = pytest.mark.filterwarnings("error")

with open(Path(__file__).with_name("zoo.csv"), newline="") as table:
    ZOO = {row["file"]: row for row in csv.DictReader(table)}
SURFACES, POINTS, REFUSED = (
    [name for name, row in ZOO.items() if row["outcome"] == outcome] for outcome in ("surface", "points", "refused")
)
TAKEN_AWAY = (
    "faces without area",
    "duplicate faces",
    "faces with vertices that do not exist",
    "faces with vertices that are no numbers",
)
NOT_AS_TRIMESH = {
    "zoo/happly_tests/platonic_shelf.ply": "trimesh refuses it: faces of several sizes in binary",
    "zoo/happly_tests/platonic_shelf_big_endian.ply": "trimesh refuses it: faces of several sizes in binary",
    "zoo/numpy_stl_tests/stl_binary/HalfDonut.stl": "trimesh finds no face: one byte more than the header promises",
    "zoo/trimesh_models/suzanne.ply": "trimesh cuts concave quads along the diagonal outside of them",
    "zoo/trimesh_models/wallhole.obj": "trimesh cuts concave polygons into fans, which cover the hole of the wall",
}
"""Files of which trimesh is no measure, and why."""


def test_the_zoo_names_every_mesh_of_its_folder(real_meshes):
    there = {path.relative_to(real_meshes).as_posix() for path in real_meshes.rglob("*") if path.is_file()}
    cases = {name for name in there if name.startswith("cases/")}  # each has a test of its own
    assert {name for name in there - cases if without_extension(name)} == set(ZOO)


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_of_the_zoo_has_the_triangles_that_its_file_holds(real_meshes, name):
    found = meshes.facts(meshes.read(real_meshes / name))
    taken = sum(found["cleaned"].get(fault, 0) for fault in TAKEN_AWAY)
    assert (found["kind"], found["faces"] + taken) == ("surface", int(ZOO[name]["triangles"]))


@pytest.mark.parametrize("name", POINTS)
def test_a_point_cloud_of_the_zoo_has_the_points_that_its_file_holds(real_meshes, name):
    found = meshes.facts(meshes.read(real_meshes / name))
    lost = found["cleaned"].get("vertices that are no numbers", 0)
    assert (found["kind"], found["vertices"] + lost) == ("points", int(ZOO[name]["vertices"]))


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_of_the_zoo_without_a_mesh_is_refused_in_a_sentence(real_meshes, name):
    with pytest.raises(SpecimenError) as error:
        meshes.read(real_meshes / name)
    sentence = str(error.value)
    assert sentence.startswith(str(real_meshes / name)) and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", [name for name in SURFACES if name not in NOT_AS_TRIMESH])
def test_area_and_box_of_the_zoo_are_those_that_trimesh_finds(real_meshes, name):
    wanted = trimesh.load_mesh(real_meshes / name, process=False)
    assert len(wanted.faces) == int(ZOO[name]["triangles"])
    found = meshes.facts(meshes.read(real_meshes / name))
    assert found["area"] == pytest.approx(wanted.area_faces[first_of_each(wanted)].sum(), rel=1e-6)
    corners = wanted.triangles[wanted.area_faces > 0].reshape(-1, 3)
    assert np.allclose(found["bounding_box"], [corners.min(axis=0), corners.max(axis=0)], rtol=1e-6)


def first_of_each(mesh):
    """Faces without those that are there twice, which are taken away in reading."""
    _, place = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return np.unique(np.sort(place.reshape(-1)[mesh.faces], axis=1), axis=0, return_index=True)[1]
