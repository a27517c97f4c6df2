"""The mesh in an exhibit is the specimen's, but small."""

import numpy as np
import pytest

from fossilvit.meshes import measures
from fossilvit.pages.atlas import coding, exhibit, reducing
from fossilvit.views import poses

from .exhibits import shape
from .shapes import ball, box, cloud, fossil, points_on_a_ball, surface

STRIP = np.array([(x, y, z) for x in range(5) for y, z in ((0, 0), (1, 0.1))], float)
TORN = surface([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, -1, 0)], [(0, 1, 2), (1, 0, 3), (0, 1, 4)])
"""Three faces at one edge."""
MOEBIUS = surface(STRIP, [(i, (i + 1) % 10, (i + 2) % 10) for i in range(10)])


def triangles(points, faces):
    """The corners of triangles in whole numbers, each beginning with its least, in order."""
    corners = np.rint(points)[faces].tolist()
    return sorted(min(t[i:] + t[:i] for i in range(3)) for t in corners)


def packed(mesh):
    return exhibit.packed_mesh(mesh, poses.pose(mesh, "principal"), np.eye(3))


def seen(mesh):
    """The points and triangles that the page shows of a mesh."""
    found = packed(mesh)
    return shape(found["positions"], found["faces"], found["step"])


@pytest.mark.parametrize("mesh", [ball(2), box(1, 2, 3), fossil("crinoid"), TORN, MOEBIUS])
def test_a_coded_surface_has_the_same_faces_turned_the_same_way(mesh):
    coded = coding.surface(mesh.vertices, mesh.faces)
    found = triangles(*shape(coded.positions, coded.faces))
    whole = np.rint(mesh.vertices / coded.step)
    sides = whole[mesh.faces[:, 1:]] - whole[mesh.faces[:, :1]]
    with_area = mesh.faces[np.cross(sides[:, 0], sides[:, 1]).any(axis=1)]
    assert found == triangles(whole, with_area)
    assert len(with_area) > 0.9 * len(mesh.faces)


def test_the_largest_coordinate_takes_all_steps():
    coded = coding.surface(ball(2).vertices, ball(2).faces)
    points, _ = shape(coded.positions, coded.faces)
    assert np.abs(points).max() == coding.STEPS
    assert coded.step == pytest.approx(np.abs(ball(2).vertices).max() / coding.STEPS)


def test_faces_without_area_and_points_without_faces_are_left_out():
    points = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1e-9, 0, 0), (0.5, 0.5, 0.5)])
    coded = coding.surface(points, np.array([(0, 1, 2), (0, 3, 1)], np.int32))
    assert len(coded.faces) == 3
    assert len(coded.positions) == 9


def test_most_corners_are_points_that_were_new_shortly_before_in_whatever_order_faces_are():
    mesh = ball(4)
    coded = coding.surface(mesh.vertices, np.random.default_rng(0).permutation(mesh.faces))
    assert (coded.faces < 100).mean() > 0.9


def test_a_fossil_becomes_4000_faces_of_nearly_the_same_shape():
    mesh = fossil()
    pose = poses.pose(mesh, "principal")
    points, faces = seen(mesh)
    original = pose.apply(mesh.vertices) * pose.radius
    assert 3900 <= len(faces) <= reducing.FACES < len(mesh.faces)
    assert measures.volume(points, faces) == pytest.approx(measures.volume(original, mesh.faces), rel=0.01)
    assert measures.area(points, faces) == pytest.approx(measures.area(original, mesh.faces), rel=0.03)
    np.testing.assert_allclose(measures.box(points), measures.box(original), atol=0.02 * pose.radius)


def test_a_surface_of_few_faces_stays_as_it_is():
    points, faces = seen(box(1, 2, 3))
    assert len(faces) == 12
    np.testing.assert_allclose(np.abs(points), [(1.5, 1, 0.5)] * 8, atol=1e-3)


def test_the_size_of_a_specimen_changes_only_the_step():
    small, large = packed(fossil()), packed(fossil()._replace(vertices=fossil().vertices * 2.0**20))
    np.testing.assert_array_equal(small["positions"], large["positions"])
    np.testing.assert_array_equal(small["faces"], large["faces"])
    assert large["step"] == pytest.approx(small["step"] * 2**20)


def test_a_reduced_surface_does_not_leave_its_box():
    mesh = fossil("bivalve")
    low, high = measures.box(mesh.vertices / 100)
    points, faces = reducing.surface(mesh.vertices / 100, mesh.faces)
    assert len(faces) == reducing.FACES
    assert (points >= low).all() and (points <= high).all()


def test_a_tangle_of_faces_that_cannot_be_reduced_is_shown_as_points():
    rng = np.random.default_rng(0)
    faces = np.array([rng.choice(5000, 3, replace=False) for _ in range(10_000)])
    points, kept = seen(surface(rng.normal(size=(5000, 3)), faces))
    assert not len(kept) and 1000 < len(points) <= reducing.POINTS


def test_a_surface_that_is_too_thin_for_faces_is_shown_as_points():
    thin = surface([(0, 0, 0), (1, 0, 0), (0, 1e-7, 0)], [(0, 1, 2)])
    points, faces = seen(thin)
    assert len(points) == 3 and not len(faces)


def test_a_cloud_is_thinned_evenly():
    points, faces = seen(points_on_a_ball())
    assert not len(faces)
    assert reducing.POINTS / 2 < len(points) <= reducing.POINTS
    octants = np.bincount(((points > 0) * (1, 2, 4)).sum(axis=1))
    assert octants.max() < 1.3 * octants.min()


def test_a_point_is_kept_where_there_are_few_and_few_where_there_are_many():
    rng = np.random.default_rng(0)
    many, few = rng.uniform(-1, 0, (40_000, 3)), rng.uniform(0, 1, (1000, 3))
    points = reducing.cloud(np.concatenate([many, few]))
    assert len(points) <= reducing.POINTS
    assert (points > 0).all(axis=1).sum() > 600


def test_points_of_a_thinned_cloud_are_points_of_the_scan():
    points = points_on_a_ball().vertices
    assert {*map(tuple, reducing.cloud(points).tolist())} <= {*map(tuple, points.tolist())}


@pytest.mark.parametrize("points", [[(3, 4, 5)], [(3, 4, 5)] * 5000])
def test_points_that_coincide_are_shown(points):
    found, faces = seen(cloud(points))
    assert 1 <= len(found) <= reducing.POINTS and not len(faces)
    np.testing.assert_allclose(found, 0)
