"""What is taken away or turned in reading, and what is then said of a surface."""

from itertools import product

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from fossilvit import examples, meshes
from fossilvit.errors import SpecimenError
from fossilvit.meshes.topology import topology_of

from .writers import CUBE, QUADS, SIDES, TETRAHEDRON, facets, ply_mesh, stl_text, stored

pytestmark = pytest.mark.filterwarnings("error")

more = settings(max_examples=100)
TRIANGLES = [triangle for a, b, c, d in QUADS for triangle in ((a, b, c), (a, c, d))]


def read(folder, vertices, polygons):
    return meshes.read(stored(folder, "x.ply", ply_mesh(vertices, polygons, type="double")))


def backwards(faces):
    """Faces seen from their other side."""
    return [(a, c, b) for a, b, c in faces]


def moved(vertices, factor, shift):
    return [tuple(factor * value + shift for value in vertex) for vertex in vertices]


def after(vertices, faces):
    """The numbers of faces whose vertices stand behind others."""
    return [tuple(len(vertices) + v for v in face) for face in faces]


@pytest.mark.parametrize(
    ("extra", "faces", "counts"),
    [
        ([], [(0, 0, 1)], {"faces without area": 1}),
        ([], [(0, 0, 0)], {"faces without area": 1}),
        ([(2, 0, 0)], [(0, 1, 4)], {"faces without area": 1, "unused vertices": 1}),
        ([(1e-200, 0, 0)], [(0, 4, 4)], {"faces without area": 1, "unused vertices": 1}),
        ([], [(0, 1, 4)], {"faces with vertices that do not exist": 1}),
        ([], [(0, 1, -1), (9, 9, 9)], {"faces with vertices that do not exist": 2}),
        ([(9, 9, 9)], [], {"unused vertices": 1}),
        ([("nan", 0, 0)], [], {"vertices that are no numbers": 1}),
        (
            [("nan", 0, 0)],
            [(0, 1, 4)],
            {"faces with vertices that are no numbers": 1, "vertices that are no numbers": 1},
        ),
        ([], [(0, 2, 1)], {"duplicate faces": 1}),
        ([], [(2, 1, 0), (1, 0, 2)], {"duplicate faces": 2}),
        ([], [(0, 1, 2), (2, 0, 1), (1, 2, 0)], {"duplicate faces": 3}),
        ([(0, 0, 0)], [(4, 2, 1)], {"duplicate faces": 1}),
        ([(-0.0, 0, 0)], [(4, 2, 1)], {"duplicate faces": 1}),
        ([], [()], {"faces of fewer than three corners": 1}),
        ([], [(0, 1)], {"faces of fewer than three corners": 1}),
    ],
)
def test_what_is_no_part_of_the_surface_is_taken_away_and_counted(tmp_path, extra, faces, counts):
    mesh = read(tmp_path, [*TETRAHEDRON, *extra], [*SIDES, *faces])
    found = meshes.facts(mesh)
    assert (found["vertices"], found["faces"], found["watertight"]) == (4, 4, True)
    assert found["cleaned"] == counts and found["volume"] == pytest.approx(1 / 6)


def test_vertices_in_one_place_become_one(tmp_path):
    """As in STL, where each facet has vertices of its own."""
    mesh = meshes.read(stored(tmp_path, "x.stl", stl_text(facets(CUBE, TRIANGLES))))
    assert len(mesh.vertices) == 8 and mesh.topology.watertight
    assert sorted(mesh.vertices.tolist()) == sorted(map(list, CUBE))


def test_vertices_that_nearly_meet_stay_two(tmp_path):
    near = np.nextafter(1, 2)
    mesh = read(tmp_path, [*TETRAHEDRON, (near, 0, 0)], [*SIDES[:3], (4, 2, 3)])
    assert len(mesh.vertices) == 5 and not mesh.topology.watertight


@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1, 1e9, 1e30])
def test_a_surface_of_any_size_keeps_all_its_faces(tmp_path, scale):
    found = meshes.facts(read(tmp_path, moved(CUBE, scale, 0), QUADS))
    assert (found["faces"], found["cleaned"]) == (12, {})
    assert (found["area"], found["volume"]) == (pytest.approx(6 * scale**2), pytest.approx(scale**3))


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e140, 1e308])
def test_a_surface_too_small_or_too_large_for_arithmetic_is_refused(tmp_path, scale):
    with pytest.raises(SpecimenError, match="no face with an area"):
        read(tmp_path, moved(CUBE, scale, 0), QUADS)


def test_a_vertex_beyond_all_measure_costs_its_faces_alone(tmp_path):
    found = meshes.facts(read(tmp_path, [*CUBE, (1e200, 0, 0)], [*QUADS, (0, 1, 8)]))
    assert found["bounding_box"] == [[0, 0, 0], [1, 1, 1]] and found["faces"] == 12
    assert found["cleaned"] == {"faces with vertices that are no numbers": 1, "vertices that are no numbers": 1}


def test_a_small_face_beside_large_ones_is_kept(tmp_path):
    small = moved(TETRAHEDRON, 1e-7, 5.0)
    assert meshes.facts(read(tmp_path, [*CUBE, *small], [*QUADS, *after(CUBE, SIDES)]))["faces"] == 16


def test_a_surface_far_from_the_origin_keeps_its_area_and_volume(tmp_path):
    found = meshes.facts(read(tmp_path, moved(CUBE, 1, 1e6), QUADS))
    assert (found["area"], found["volume"]) == (pytest.approx(6), pytest.approx(1))


BALL = trimesh.creation.icosphere(2)


@pytest.mark.parametrize(
    "shape", [examples.make("ammonoid", 0, 0), (BALL.vertices, BALL.faces)], ids=["ammonoid", "ball"]
)
def test_a_surface_turned_inside_out_is_the_same_bit_for_bit(tmp_path, shape):
    vertices, faces = (np.asarray(part).tolist() for part in shape)
    right, wrong = read(tmp_path, vertices, faces), read(tmp_path, vertices, backwards(faces))
    assert np.array_equal(right.vertices[right.faces], wrong.vertices[wrong.faces])
    assert np.array_equal(right.normals[right.faces], wrong.normals[wrong.faces])
    assert meshes.facts(right) == meshes.facts(wrong) and meshes.facts(right)["volume"] > 0


@pytest.mark.parametrize("turned", [[0], [3, 7], [0, 1, 2, 3, 4], list(range(7, 12)), [0, 2, 4, 6, 8, 10]])
def test_faces_that_look_the_other_way_than_most_are_turned_around(tmp_path, turned):
    faces = [face[::-1] if i in turned else face for i, face in enumerate(TRIANGLES)]
    mesh = read(tmp_path, CUBE, faces)
    assert meshes.facts(mesh)["volume"] == pytest.approx(1)
    assert mesh.cleaned == {"faces turned around": len(turned)}
    assert (mesh.normals * (mesh.vertices - 0.5)).sum(axis=1) == pytest.approx(3**0.5 / 2)


def test_every_second_face_of_a_large_surface_may_look_the_other_way(tmp_path):
    ball = trimesh.creation.icosphere(3, radius=2)
    faces = [tuple(face[:: -1 if i % 2 else 1]) for i, face in enumerate(ball.faces.tolist())]
    mesh = read(tmp_path, ball.vertices.tolist(), faces)
    again = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert again.is_winding_consistent and again.volume == pytest.approx(ball.volume)
    assert mesh.cleaned == {"faces turned around": len(faces) // 2}


def test_a_body_keeps_its_cavity(tmp_path):
    outer, inner = moved(CUBE, 3, 0), moved(CUBE, 1, 1)
    hollow = read(tmp_path, outer + inner, [*TRIANGLES, *backwards(after(outer, TRIANGLES))])
    assert meshes.facts(hollow)["volume"] == pytest.approx(26) and hollow.cleaned == {}
    assert meshes.facts(hollow)["components"] == 2
    inside_out = read(tmp_path, outer + inner, [*backwards(TRIANGLES), *after(outer, TRIANGLES)])
    assert meshes.facts(inside_out)["volume"] == pytest.approx(26)


def moebius(count=12):
    """A band of so many quads with half a twist."""
    angles = 2 * np.pi * np.arange(count) / count
    rim = np.concatenate([(2 + side * np.cos(angles / 2)) for side in (-0.5, 0.5)])
    height = np.concatenate([side * np.sin(angles / 2) for side in (-0.5, 0.5)])
    both = np.concatenate([angles, angles])
    vertices = np.stack([rim * np.cos(both), rim * np.sin(both), height], axis=1)
    faces = []
    for i in range(count):
        a, b = i, count + i
        c, d = (count + i + 1, i + 1) if i + 1 < count else (0, count)
        faces += [(a, d, b), (b, d, c)]
    return vertices.tolist(), faces


def test_a_moebius_strip_is_not_orientable_and_has_no_volume(tmp_path):
    mesh = read(tmp_path, *moebius())
    found = meshes.facts(mesh)
    assert not mesh.topology.orientable
    assert (found["components"], found["watertight"], found["volume"]) == (1, False, None)


def test_a_closed_surface_of_one_side_has_no_volume(tmp_path):
    """The projective plane of six vertices, each pair of them joined; its faces cross one another in space."""
    ring = [(5, i, (i + 1) % 5) for i in range(5)] + [(i, (i + 1) % 5, (i + 3) % 5) for i in range(5)]
    places = [(i, i**2, i**3) for i in range(6)]
    mesh = read(tmp_path, places, ring)
    found = meshes.facts(mesh)
    assert found["watertight"] and not mesh.topology.orientable and found["volume"] is None


def test_a_surface_with_a_hole_is_not_watertight_and_has_no_volume(tmp_path):
    found = meshes.facts(read(tmp_path, CUBE, QUADS[1:]))
    assert (found["watertight"], found["volume"], found["components"]) == (False, None, 1)
    assert found["area"] == pytest.approx(5)


def test_bodies_that_share_an_edge_are_one_component_and_not_watertight(tmp_path):
    beside = [(-1, 0, 0), (0, -1, 0)]
    faces = [*SIDES, (0, 3, 4), (0, 4, 5), (3, 5, 4), (0, 5, 3)]
    found = meshes.facts(read(tmp_path, [*TETRAHEDRON, *beside], faces))
    assert (found["components"], found["watertight"]) == (1, False)


@st.composite
def soups(draw, most=24):
    """Triangles between few vertices, no two over the same."""
    triples = st.lists(st.integers(0, 8), min_size=3, max_size=3, unique=True).map(tuple)
    faces = draw(st.lists(triples, min_size=1, max_size=most, unique_by=lambda face: tuple(sorted(face))))
    used = sorted({vertex for face in faces for vertex in face})
    return np.array([[used.index(vertex) for vertex in face] for face in faces], np.int32), len(used)


@more
@given(soups())
def test_components_and_watertightness_of_a_soup_are_those_that_trimesh_finds(soup):
    faces, count = soup
    places = np.array([(i, i**2, i**3) for i in range(count)], float)
    wanted = trimesh.Trimesh(places, faces, process=False)
    found = topology_of(faces, count)
    parts = trimesh.graph.connected_components(wanted.edges, nodes=np.arange(count), min_len=1)
    assert found.components == len(parts)
    assert found.watertight == bool(wanted.is_watertight)


@more
@given(soups(most=7))
def test_faces_can_be_turned_to_agree_if_any_way_to_turn_them_agrees(soup):
    faces, count = soup
    neighbors = pairs_of_neighbors(faces)
    ways = [
        turned
        for turned in product((False, True), repeat=len(faces))
        if all((turned[a] ^ turned[b]) == disagree for a, b, disagree in neighbors)
    ]
    found = topology_of(faces, count)
    assert found.orientable == bool(ways)
    if ways:
        assert tuple(found.turned.tolist()) in ways
        assert found.turned.sum() == min(map(sum, ways))


def pairs_of_neighbors(faces):
    """Faces that share an edge with just one another, and whether they run along it in the same direction."""
    edges = {}
    for i, face in enumerate(faces.tolist()):
        for corner in range(3):
            a, b = face[corner], face[(corner + 1) % 3]
            edges.setdefault((min(a, b), max(a, b)), []).append((i, a < b))
    return [(a, b, one == other) for (a, one), (b, other) in (pair for pair in edges.values() if len(pair) == 2)]
