"""What a scanner left beside a specimen, and what only looks like it."""

import numpy as np
import pytest
import trimesh

from fossilvit import examples
from fossilvit.meshes import strays
from fossilvit.meshes.topology import topology_of

from .shapes import ball, box, cloud, fossil, surface
from .test_poses import turned

CRUMB = trimesh.creation.icosphere(subdivisions=0, radius=0.5)
RNG = np.random.default_rng(0)


def joined(*parts):
    """One surface of several, each vertices and faces."""
    whole = trimesh.util.concatenate([trimesh.Trimesh(*part, process=False) for part in parts])
    mesh = surface(whole.vertices, whole.faces)
    return mesh._replace(topology=topology_of(mesh.faces, len(mesh.vertices)))


def ball_of(radius, place=(0, 0, 0), subdivisions=2):
    made = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return made.vertices + place, made.faces


def crumb(*place):
    return CRUMB.vertices + place, CRUMB.faces


def tooth():
    """A generated tooth of some 70 mm about the origin."""
    vertices, faces = examples.make("shark_tooth", 0, 0)
    vertices = vertices - (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    return 70 * vertices / np.ptp(vertices, axis=0).max(), faces


def islands(count, away, size=0.3):
    """Tetrahedra strewn over a cube, none nearer to the origin than `away`."""
    places = RNG.uniform(-150, 150, (4 * count, 3))
    small = trimesh.creation.icosphere(subdivisions=0, radius=size)
    return [(small.vertices + place, small.faces) for place in places[np.linalg.norm(places, axis=1) > away][:count]]


def scattered_ossicles():
    """200 ossicles of a crinoid, of very different sizes, strewn over a slab."""
    places = np.column_stack([RNG.uniform(-100, 100, (200, 2)), RNG.uniform(-5, 5, 200)])
    return [ball_of(size, place, 1) for size, place in zip(RNG.lognormal(1, 0.6, 200), places, strict=True)]


STRAYS = {
    "a crumb of the turntable": [tooth(), crumb(0, 0, 70)],
    "two crumbs on both sides": [tooth(), crumb(0, 90, 0), crumb(-120, 0, 0)],
    "a crumb as far as from another room": [tooth(), crumb(1e6, 0, 0)],
    "a single triangle": [tooth(), ([(0, 0, 80), (1, 0, 80), (0, 1, 80)], [(0, 1, 2)])],
    "islands of noise": [tooth(), *islands(2000, 90)],
}
WHOLE = {
    "one part": [tooth()],
    "two halves": [ball_of(30), ball_of(30, (100, 0, 0))],
    "a jaw with loose teeth": [
        (trimesh.creation.box((100, 20, 10)).vertices, trimesh.creation.box((100, 20, 10)).faces),
        *(ball_of(2.5, (40 - 9 * tooth, 0, 18 + tooth), 1) for tooth in range(8)),
    ],
    "a crinoid of 200 ossicles": scattered_ossicles(),
    "a calyx among 200 ossicles": [ball_of(30), *scattered_ossicles()],
    "a scale bar": [tooth(), (trimesh.creation.box((50, 5, 1)).vertices + [0, 0, 90], trimesh.creation.box().faces)],
    "a crumb that touches the specimen": [tooth(), crumb(0, 0, 12)],
    "a small tip that is not so far": [tooth(), ball_of(2, (0, 0, 25), 1)],
    "grains of sand": [ball_of(0.05 + 0.001 * grain, RNG.uniform(-50, 50, 3), 0) for grain in range(500)],
}


@pytest.mark.parametrize("parts", STRAYS.values(), ids=STRAYS)
def test_what_is_tiny_and_far_is_a_stray(parts):
    """The specimen without it is the clean scan, and the note tells how much it was and how far it lay."""
    mesh = strays.marked(joined(*parts))
    clean = joined(parts[0])
    body = strays.without(mesh)
    assert np.array_equal(body.vertices, clean.vertices) and np.array_equal(body.faces, clean.faces)
    assert np.allclose(body.normals, clean.normals)
    assert mesh.strays.parts == len(parts) - 1
    whole = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).area
    assert mesh.strays.share == pytest.approx(
        1 - trimesh.Trimesh(clean.vertices, clean.faces, process=False).area / whole
    )
    assert mesh.strays.distance > 20
    (note,) = mesh.notes
    assert note.startswith(f"{len(parts) - 1} tiny part") and f"{mesh.strays.distance:.3g} from the specimen" in note


@pytest.mark.parametrize("parts", WHOLE.values(), ids=WHOLE)
def test_a_specimen_of_several_parts_stays_whole(parts):
    mesh = strays.marked(joined(*parts))
    assert mesh.strays is None
    assert strays.without(mesh) is mesh


@pytest.mark.parametrize("name", ["a crumb of the turntable", "islands of noise", "a jaw with loose teeth"])
@pytest.mark.parametrize("seed", range(3))
def test_it_does_not_matter_how_a_scan_lies(name, seed):
    mesh = joined(*(STRAYS | WHOLE)[name])
    one, other = strays.marked(mesh), strays.marked(turned(mesh, seed))
    if one.strays is None:
        assert other.strays is None
    else:
        assert np.array_equal(one.strays.vertices, other.strays.vertices)
        assert other.strays.distance == pytest.approx(25.4 * one.strays.distance)


@pytest.mark.parametrize("name", examples.CATEGORIES)
def test_fossils_have_no_strays(name):
    assert strays.marked(fossil(name)).strays is None


@pytest.mark.parametrize("place", [(0, 0, 0), (400, 0, 0)])
def test_the_tip_of_a_spike_is_a_stray(place):
    vertices, faces = tooth()
    spiked = vertices + [150, 100, 0]
    spiked[100] = place
    mesh = strays.marked(joined((spiked, faces)))
    assert np.flatnonzero(mesh.strays.vertices).tolist() == [100] and mesh.strays.parts == 1
    body = strays.without(mesh)
    assert len(body.faces) == len(faces) - (faces == 100).any(axis=1).sum()
    assert np.ptp(body.vertices, axis=0).max() <= 70 + 1e-9


def test_a_spike_to_the_origin_may_have_many_faces_if_it_is_far():
    """Every missing pixel of a depth camera became the point 0 0 0."""
    vertices, faces = tooth()
    lost = RNG.random(len(vertices)) < 0.01
    merged = np.where(lost[faces], np.flatnonzero(lost)[0], faces)
    sound = np.array([len(set(face)) == 3 for face in merged])
    scan = joined((np.where(lost[:, None], 0, vertices + [400, 300, 500]), merged[sound]))
    mesh = strays.marked(scan.part(np.ones(len(vertices), bool)))
    assert mesh.strays.parts == 1 and np.allclose(mesh.vertices[mesh.strays.vertices], 0)


def test_the_corners_of_a_plinth_are_no_spikes():
    """A finely meshed bust that is joined to a plinth of a few large triangles."""
    bust = trimesh.creation.icosphere(subdivisions=4, radius=1).apply_translation((0, 0, 1.5))
    plinth = trimesh.creation.box((6, 6, 0.5))
    faces = np.concatenate(
        [bust.faces, plinth.faces + len(bust.vertices), [[0, len(bust.vertices), len(bust.vertices) + 1]]]
    )
    assert strays.marked(joined((np.concatenate([bust.vertices, plinth.vertices]), faces))).strays is None


@pytest.mark.parametrize("shape", [box(1, 2, 3), box(1, 1, 40)], ids=["a box", "a long box"])
def test_long_edges_alone_are_no_spike(shape):
    assert strays.marked(shape._replace(topology=topology_of(shape.faces, 8))).strays is None


@pytest.mark.parametrize("sides", [8, 1000])
def test_the_tip_of_a_cone_is_no_spike(sides):
    cone = trimesh.creation.cone(radius=1, height=5, sections=sides)
    assert strays.marked(joined((cone.vertices, cone.faces))).strays is None


def points(count=5000):
    return ball().vertices[:count] * [3, 2, 1]


@pytest.mark.parametrize(
    "more",
    [[(0, 0, 30)], [(40, 0, 0)] * 3000, RNG.uniform(20, 90, (30, 3)), [(1e5, 0, 0), (0, 9, 0)]],
    ids=["a point", "points without a return", "noise", "one behind the other"],
)
def test_points_far_from_all_others_are_strays(more):
    mesh = strays.marked(cloud(np.concatenate([points(), more])))
    assert np.flatnonzero(mesh.strays.vertices).tolist() == list(range(5000, 5000 + len(more)))
    assert np.array_equal(strays.without(mesh).vertices, points())


def test_a_cloud_of_uneven_density_stays_whole():
    """Half of it has a hundredth of the points."""
    dense, sparse = points(20_000), points(20_000)[::100] + [4, 0, 0]
    assert strays.marked(cloud(np.concatenate([dense, sparse]))).strays is None


def test_a_few_points_are_whole():
    assert strays.marked(cloud(RNG.normal(size=(20, 3)))).strays is None


def test_triangles_that_share_no_vertices_are_one_specimen():
    """A finely meshed horn on a coarse body is not taken for noise."""
    body, horn = trimesh.creation.box((2, 2, 2)), trimesh.creation.icosphere(subdivisions=4, radius=0.3)
    horn.vertices = horn.vertices * [1, 1, 6] + [0, 0, 2.5]
    corners = np.concatenate([body.triangles, horn.triangles]).reshape(-1, 3)
    corners += RNG.normal(0, 1e-9, corners.shape)
    assert strays.marked(joined((corners, np.arange(len(corners)).reshape(-1, 3)))).strays is None


@pytest.mark.parametrize(("name", "share"), [("two halves", "0.5"), ("a scale bar", "0.")])
def test_a_large_part_that_lies_apart_is_named(name, share):
    (note,) = strays.marked(joined(*WHOLE[name])).notes
    assert note.startswith(f"a part lies apart from the largest, with {share}")


@pytest.mark.parametrize("name", ["one part", "a crinoid of 200 ossicles"])
def test_parts_near_each_other_are_not_named(name):
    assert strays.marked(joined(*WHOLE[name])).notes == ()
