import os
import subprocess
import sys

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import ConvexHull

from fossilvit import examples
from fossilvit.views import cameras, poses, rendering

from .shapes import ball, box, cloud, fossil, points_on_a_ball, surface

SIZE = 128
TWELVE = cameras.frames(12)
FRONT = [cameras.axes([1.0, 0.0, 0.0])]
AS_IT_IS = poses.Pose(np.zeros(3), np.eye(3), 1.0)


def drawn(mesh, frames=TWELVE, size=SIZE, pose=None, framing="fit", **looks):
    """Views of a specimen, uint8 [V, size, size, 3]."""
    pose = pose or poses.pose(mesh)
    with rendering.renderer("raster", size, **looks) as render:
        return np.stack(list(render(mesh, pose, cameras.aim(frames, framing, mesh, pose))))


def fills(images):
    return np.array([rendering.fill(image) for image in images])


def masks(images):
    return (images != 255).any(axis=-1)


def disc_area(size):
    """Share of a view that the unit sphere fills: its rim is seen asin(1/d) from the middle, at tan of that."""
    half_angle = np.arcsin(1 / cameras.distance())
    radius = np.tan(half_angle) / np.tan(np.radians(cameras.FIELD_OF_VIEW / 2)) / 2
    return np.pi * radius**2


def test_views_are_rgb_gray_of_the_size_asked_for():
    images = drawn(fossil(), TWELVE[:3], 50)
    assert images.shape == (3, 50, 50, 3) and images.dtype == np.uint8
    assert (images == images[..., :1]).all()


@pytest.mark.parametrize("size", [64, 256, 768])
def test_a_sphere_fills_the_disc_of_its_perspective_silhouette(size):
    fill = fills(drawn(ball(), FRONT, size, AS_IT_IS))
    assert fill[0] == pytest.approx(disc_area(size), rel=2 / size + 2e-3)


def test_a_sphere_is_a_filled_round_disc_from_every_side():
    rows, columns = np.indices((256, 256)) + 0.5 - 128
    distance = np.hypot(rows, columns) / 256
    radius = np.sqrt(disc_area(256) / np.pi)
    for mask in masks(drawn(ball(), TWELVE, 256, AS_IT_IS)):
        assert mask[distance < radius - 1 / 256].all()
        assert not mask[distance > radius + 1 / 256].any()


@pytest.mark.parametrize("direction", np.concatenate([np.eye(3), -np.eye(3)]))
def test_a_cube_seen_from_any_side_is_a_square_of_one_gray(direction):
    """The near side of the cube of edge 2 lies 1 before the middle, so its half edge is seen at 1 / (d - 1)."""
    mesh = box(2, 2, 2)
    image = drawn(mesh, [cameras.axes(direction)], 200)[0, :, :, 0]
    half = 1 / poses.pose(mesh).radius
    pixels = 100 * half / (cameras.distance() - half) / np.tan(np.radians(cameras.FIELD_OF_VIEW / 2))
    inside = np.abs(np.arange(200) + 0.5 - 100) < pixels
    assert np.array_equal(image != 255, np.outer(inside, inside))
    assert len(np.unique(image[image != 255])) == 1


def test_a_cube_has_the_silhouette_of_its_corners_hull_in_every_view():
    """The convex hull of the projected corners, drawn here by half planes."""
    mesh = box(2, 2, 2)
    pose = poses.pose(mesh)
    centers = np.stack(np.meshgrid(*[np.arange(SIZE) + 0.5] * 2), axis=2).reshape(-1, 2)
    for axes, image in zip(cameras.frames(20), drawn(mesh, cameras.frames(20)), strict=True):
        seen = pose.apply(mesh.vertices) @ axes.T
        places = SIZE * (0.5 + [1, -1] * seen[:, :2] * cameras.FOCAL / (cameras.distance() - seen[:, 2:]))
        sides = ConvexHull(places).equations
        distance = (centers @ sides[:, :2].T + sides[:, 2]).max(axis=1).reshape(SIZE, SIZE)
        mask = (image != 255).any(axis=2)
        assert mask[distance < -0.01].all() and not mask[distance > 0.01].any()


def test_the_edges_of_a_cube_are_sharp_and_a_ball_is_smooth():
    """Two or three sides, two or three grays; over a ball no gray is left out."""
    for image in drawn(box(1, 1, 1)):
        assert len(np.unique(image)) <= 4
    grays = np.unique(drawn(ball(3), FRONT, 256))
    assert len(grays) > 150


def test_a_plane_facing_the_camera_has_the_gray_of_lamberts_law():
    plane = surface([(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)], [(0, 1, 2), (0, 2, 3)])
    key, fill = np.array((-0.53, 0.62, 0.58)), np.array((0.80, 0.05, 0.60))
    light = 0.15 + 0.72 * key[2] / np.linalg.norm(key) + 0.22 * fill[2] / np.linalg.norm(fill)
    for faces in (plane, plane._replace(faces=plane.faces[:, ::-1])):
        assert set(np.unique(drawn(faces, FRONT))) == {int(light * 250), 255}


def test_the_key_light_comes_from_the_upper_left():
    image = drawn(ball(), FRONT)[0, :, :, 0].astype(float)
    quarter = SIZE // 3
    upper_left, lower_right = image[quarter, quarter], image[-quarter, -quarter]
    assert upper_left > lower_right + 50


@pytest.mark.parametrize("direction", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0.6, 0.48, 0.64)])
def test_what_lies_to_the_right_of_an_observer_is_drawn_to_the_right_and_what_lies_up_above(direction):
    """Right of one who looks along f with the head to u is f x u: the picture is no mirror image."""
    direction = np.array(direction, np.float64)
    right = np.cross(-direction, (0, 0, 1))
    right /= np.linalg.norm(right)
    up = np.cross(right, -direction)
    for place, axis, sign in ((right, 1, 1), (up, 0, -1)):
        small = ball(2)
        mask = masks(
            drawn(
                small._replace(vertices=0.1 * small.vertices + 0.7 * place), [cameras.axes(direction)], SIZE, AS_IT_IS
            )
        )[0]
        center = np.array(ndimage.center_of_mass(mask)) + 0.5 - SIZE / 2
        assert sign * center[axis] > SIZE / 5 and abs(center[1 - axis]) < 1


def test_the_nearer_of_two_surfaces_is_seen_whichever_comes_first():
    near = np.array([(0.5, -0.3, -0.3), (0.5, 0.3, -0.3), (0.5, 0, 0.4)])
    slanted = np.array([(-0.5, -0.9, -0.4), (-0.9, 0.9, -0.4), (-0.5, 0, 0.8)])
    alone = drawn(surface(near, [(0, 1, 2)]), FRONT, SIZE, AS_IT_IS)
    for parts in ((near, slanted), (slanted, near)):
        both = drawn(surface(np.concatenate(parts), [(0, 1, 2), (3, 4, 5)]), FRONT, SIZE, AS_IT_IS)
        assert np.array_equal(both[masks(alone)], alone[masks(alone)])
        assert masks(both).sum() > masks(alone).sum() > 100


def test_drawing_twice_gives_the_same_bits():
    assert np.array_equal(drawn(fossil()), drawn(fossil()))
    assert np.array_equal(drawn(points_on_a_ball(500)), drawn(points_on_a_ball(500)))


def test_one_renderer_draws_one_specimen_after_another():
    with rendering.renderer("raster", SIZE) as render:
        for mesh in (ball(2), fossil(), points_on_a_ball(300), ball(2)):
            pose = poses.pose(mesh)
            images = np.stack(list(render(mesh, pose, cameras.aim(TWELVE, "fit", mesh, pose))))
            assert np.array_equal(images, drawn(mesh))


def test_no_thread_more_or_less_changes_a_bit(repository):
    """Drawn in processes with one thread and with four for whatever might use them."""
    code = (
        "import hashlib; from tests.unit import shapes, test_raster;"
        "print(hashlib.sha256(test_raster.drawn(shapes.fossil()).tobytes()).hexdigest())"
    )
    digests = set()
    for threads in ("1", "4"):
        limits = {f"{library}_NUM_THREADS": threads for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
        environment = {**os.environ, **limits}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize("antialias", [1, 2])
def test_the_order_of_faces_does_not_change_the_picture(antialias):
    mesh = fossil("trilobite")
    order = np.random.default_rng(0).permutation(len(mesh.faces))
    pose, shuffled = poses.pose(mesh), mesh._replace(faces=mesh.faces[order])
    difference = drawn(mesh, pose=pose, antialias=antialias) != drawn(shuffled, pose=pose, antialias=antialias)
    assert difference.mean() < 1e-5


def test_the_order_of_points_changes_no_more_than_the_rounding_of_their_mean():
    points = points_on_a_ball(2_000)
    order = np.random.default_rng(0).permutation(2_000)
    shuffled = cloud(points.vertices[order], points.normals[order])
    difference = np.abs(drawn(points).astype(int) - drawn(shuffled))
    assert difference.max() <= 1 and difference.mean() < 1e-3


@pytest.mark.parametrize("make", [lambda: ball(3), fossil], ids=["ball", "fossil"])
def test_an_inside_out_surface_looks_the_same(make):
    mesh = make()
    inside_out = surface(mesh.vertices, mesh.faces[:, ::-1])
    difference = np.abs(drawn(mesh).astype(int) - drawn(inside_out))
    assert np.array_equal(masks(drawn(mesh)), masks(drawn(inside_out)))
    assert difference.max() <= 1 or (difference > 1).mean() < 1e-4


def test_place_and_units_do_not_change_the_silhouette():
    mesh = fossil()
    moved = surface(mesh.vertices * 1000 + [5e5, 5e6, -100], mesh.faces)
    assert (masks(drawn(mesh)) != masks(drawn(moved))).mean() < 1e-3


@given(st.integers(0, 10_000))
def test_a_convex_solid_has_no_crack(seed):
    hull = trimesh.convex.convex_hull(np.random.default_rng(seed).normal(size=(40, 3)))
    for mask in masks(drawn(surface(hull.vertices, hull.faces), TWELVE[:3])):
        assert np.array_equal(mask, ndimage.binary_fill_holes(mask))


SOUPS = hnp.arrays(np.float64, st.tuples(st.integers(3, 12), st.just(3)), elements=st.floats(-1000, 1000, width=32))


@given(SOUPS, st.sampled_from([128, 200]), st.sampled_from(cameras.FRAMINGS))
def test_no_specimen_touches_the_border_or_is_as_white_as_the_background(vertices, size, framing):
    faces = np.array([(a, a + 1, a + 2) for a in range(len(vertices) - 2)], np.int32)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    faces = faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-6]
    for mesh in (surface(vertices, faces), cloud(vertices)) if len(faces) else (cloud(vertices),):
        images = drawn(mesh, TWELVE[:3], size, framing=framing)
        assert images[~masks(images)].min(initial=255) == 255
        assert images[masks(images)].max(initial=0) <= rendering.BRIGHTEST < 255
        border = masks(images).copy()
        border[:, 1:-1, 1:-1] = False
        assert not border.any()


def test_a_cloud_of_points_spread_on_a_sphere_fills_its_disc_without_a_hole():
    points, _ = trimesh.sample.sample_surface_even(trimesh.creation.icosphere(subdivisions=5), 20_000, seed=0)
    for size in (128, 512):
        for mask in masks(drawn(cloud(points, points), TWELVE[:4], size, AS_IT_IS)):
            assert np.array_equal(mask, ndimage.binary_fill_holes(mask))
            assert mask.mean() == pytest.approx(disc_area(size), rel=0.02)


def test_a_cloud_of_points_strewn_at_random_has_next_to_no_hole():
    """Chance leaves spots with no point near: fewer than one pixel in a thousand."""
    for mask in masks(drawn(points_on_a_ball(), TWELVE[:4], 512, AS_IT_IS)):
        assert (ndimage.binary_fill_holes(mask) & ~mask).sum() < 1e-3 * mask.sum()
        assert mask.mean() == pytest.approx(disc_area(512), rel=0.02)


def test_a_cloud_of_points_is_shaded_as_the_surface_it_lies_on():
    solid, points = (drawn(mesh, TWELVE[:3], 256, AS_IT_IS) for mesh in (ball(), points_on_a_ball()))
    both = masks(solid) & masks(points)
    assert np.abs(solid[both].astype(int) - points[both]).mean() < 2


def test_points_behind_the_rim_are_lit_as_those_before_it():
    """Turned toward the camera they would be dark above, where the light comes from."""
    solid, points = (drawn(mesh, FRONT, 512, AS_IT_IS)[0] for mesh in (ball(), points_on_a_ball(2_000)))
    beyond = masks(points) & ~masks(solid)
    beyond[256:] = False
    light = solid[:256][masks(solid[:256])].mean()
    assert beyond.sum() > 500 and points[beyond].mean() > 0.75 * light


def test_points_are_lit_whichever_way_their_normals_point():
    points = points_on_a_ball(2_000)
    assert np.array_equal(drawn(points), drawn(points._replace(normals=-points.normals)))


@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_fewest_points_are_still_seen_in_every_view(count):
    cloud = points_on_a_ball(count)
    assert (fills(drawn(cloud)) > 0).all()


def test_fill_is_the_share_of_pixels_that_are_not_background():
    image = np.full((4, 5, 3), 255, np.uint8)
    image[:2, 0] = 250
    image[3, 3] = 0
    assert rendering.fill(image) == 3 / 20


@pytest.mark.parametrize("framing", cameras.FRAMINGS)
@pytest.mark.parametrize("appearance", rendering.APPEARANCES)
def test_every_appearance_has_the_same_silhouette(appearance, framing):
    for mesh in (fossil("echinoid"), points_on_a_ball(1_000)):
        looks = {"frames": TWELVE[:2], "framing": framing}
        assert np.array_equal(masks(drawn(mesh, appearance=appearance, **looks)), masks(drawn(mesh, **looks)))


@pytest.mark.parametrize("category", examples.CATEGORIES)
def test_zoom_fills_the_frame_to_its_share(category):
    size = 256
    for mask in masks(drawn(fossil(category), size=size, framing="zoom")):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        sides = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
        assert cameras.SHARE * size - 4 <= sides.max() <= cameras.SHARE * size + 1
        assert abs(rows[0] + rows[-1] - size + 1) <= 4 and abs(columns[0] + columns[-1] - size + 1) <= 4


def test_antialiasing_is_the_mean_of_a_larger_picture():
    mesh = fossil()
    large, small = drawn(mesh, size=3 * SIZE).astype(int), drawn(mesh, antialias=3)
    means = large.reshape(12, SIZE, 3, SIZE, 3, 3).mean(axis=(2, 4))
    assert np.array_equal(small, np.floor(means))


@given(st.integers(1, 4), st.integers(0, 255))
def test_a_block_that_any_of_the_specimen_touches_is_no_background(factor, gray):
    image = np.full((factor, factor, 3), 255, np.uint8)
    assert (rendering.reduced(image, factor) == 255).all()
    image[0, 0] = min(gray, rendering.BRIGHTEST)
    assert (rendering.reduced(image, factor) < 255).all()
