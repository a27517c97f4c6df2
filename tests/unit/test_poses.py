import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from fossilvit.meshes import axes, spacing
from fossilvit.views import poses

from .shapes import box, cloud, fossil, surface

POINTS = hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e6, 1e6, width=32))
SEEDS = st.integers(0, 10_000)


def turned(mesh, seed):
    """A specimen as somebody else would have put it on the scanner: turned, moved and in other units."""
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    return mesh._replace(
        vertices=25.4 * mesh.vertices @ rotation.T + [100, -200, 300],
        normals=(mesh.normals @ rotation.T).astype(np.float32),
        spacing=None if mesh.spacing is None else np.float32(25.4) * mesh.spacing,
    )


@given(POINTS)
def test_a_posed_specimen_just_fills_the_unit_sphere(points):
    mesh = cloud(points)
    posed = poses.pose(mesh).apply(points)
    reach = (np.linalg.norm(posed, axis=1) + poses.discs(mesh, poses.pose(mesh))).max()
    assert reach <= 1 + 1e-9
    assert reach == pytest.approx(1) or len(np.unique(points, axis=0)) == 1
    assert np.allclose(posed.min(axis=0), -posed.max(axis=0))


def test_a_box_is_posed_by_its_middle_and_half_its_diagonal():
    pose = poses.pose(box(2, 3, 6)._replace(vertices=box(2, 3, 6).vertices + [1, 1.5, 3]))
    assert np.allclose(pose.center, [1, 1.5, 3])
    assert pose.radius == pytest.approx(3.5)


def test_points_that_are_all_one_have_radius_one():
    assert poses.pose(cloud([[5, 5, 5]] * 3)).radius == 1


@given(POINTS.filter(lambda points: np.ptp(points, axis=0).max() > 1), st.floats(0.01, 100))
def test_a_pose_does_not_depend_on_place_and_units(points, scale):
    moved = points * scale + [1000, -2000, 3000]
    one, other = (poses.pose(cloud(places)).apply(places) for places in (points, moved))
    assert np.allclose(one, other, atol=1e-4)


@given(SEEDS)
def test_the_principal_pose_does_not_depend_on_how_a_specimen_lies(seed):
    mesh = fossil("gastropod")
    one, other = (poses.pose(each, "principal").apply(each.vertices) for each in (mesh, turned(mesh, seed)))
    assert np.allclose(one, other, atol=1e-6)


@given(SEEDS)
def test_the_principal_pose_of_a_point_cloud_does_not_depend_on_how_it_lies(seed):
    points = np.random.default_rng(seed).gamma(1.0, (3, 2, 1), size=(200, 3)).astype(np.float32)
    mesh = cloud(points)
    one, other = (poses.pose(each, "principal").apply(each.vertices) for each in (mesh, turned(mesh, seed + 1)))
    assert np.allclose(one, other, atol=1e-5)


@given(SEEDS)
def test_principal_axes_are_a_rotation(seed):
    found = axes.principal(turned(fossil("trilobite"), seed))
    assert np.allclose(found @ found.T, np.eye(3)) and np.linalg.det(found) == pytest.approx(1)


def test_a_specimen_and_its_mirror_image_stay_mirror_images():
    """A sinistral shell is not shown as a dextral one."""
    mesh = fossil("gastropod")
    mirrored = surface(mesh.vertices * [-1, 1, 1], mesh.faces[:, ::-1])
    one, other = (poses.pose(each, "principal").apply(each.vertices) for each in (mesh, mirrored))
    assert not np.allclose(one, other, atol=0.05)
    assert np.allclose(one * [1, 1, -1], other, atol=1e-6)


def test_the_longest_side_lies_along_x_and_the_shortest_along_z():
    assert np.allclose(np.abs(axes.principal(box(1, 3, 2))), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_the_longer_tail_points_to_plus_x():
    cone = trimesh.creation.cone(radius=1, height=6)
    found = axes.principal(surface(-cone.vertices, cone.faces[:, ::-1]))
    assert np.allclose(found[0], [0, 0, -1], atol=1e-6)


def test_moments_are_those_of_the_surface_and_not_of_its_vertices():
    """One side of a box cut into 512 triangles draws no axis toward it."""
    coarse = box(1, 2, 3)
    vertices, faces = trimesh.remesh.subdivide(coarse.vertices, coarse.faces, face_index=[0, 1])
    for _ in range(4):
        vertices, faces = trimesh.remesh.subdivide(vertices, faces, face_index=np.arange(len(faces))[-8:])
    assert len(faces) > 40
    assert np.allclose(np.abs(axes.principal(surface(vertices, faces))), np.eye(3)[::-1], atol=1e-9)


def test_discs_are_the_spacing_in_radii_and_bounded_where_a_point_is_alone():
    grid = np.stack(np.meshgrid(np.arange(30.0), np.arange(30.0), [0.0]), axis=-1).reshape(-1, 3)
    mesh = cloud(np.concatenate([grid, [[15, 15, 400]]]))
    pose = poses.pose(mesh)
    discs = poses.discs(mesh, pose) * pose.radius
    inner = (np.abs(grid[:, :2] - 14.5) < 12).all(axis=1)
    assert np.allclose(discs[:-1][inner], poses.DISC_REACH * np.sqrt(2))
    assert discs[-1] == pytest.approx(poses.LONELY * np.median(discs))


def test_a_surface_has_no_discs():
    mesh = box(1, 1, 1)
    assert not poses.discs(mesh, poses.pose(mesh)).any()


def test_a_single_point_has_a_disc_that_can_be_seen():
    mesh = cloud([[1, 2, 3]])
    assert poses.discs(mesh, poses.pose(mesh)) == pytest.approx([poses.LARGEST_DISC])


def test_points_that_lie_on_one_another_count_once():
    points = np.random.default_rng(0).normal(size=(50, 3))
    assert np.array_equal(spacing.of_points(np.repeat(points, 20, axis=0)), np.repeat(spacing.of_points(points), 20))
