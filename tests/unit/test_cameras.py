import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fossilvit.views import cameras, poses

from .shapes import cloud

POINTS = hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e6, 1e6, width=32))
DIRECTIONS = hnp.arrays(np.float64, 3, elements=st.floats(-1, 1)).filter(lambda vector: np.linalg.norm(vector) > 0.1)


def directions(*settings):
    """The directions from which the specimen is seen, float64 [V, 3]."""
    return cameras.frames(*settings)[:, 2]


@pytest.mark.parametrize("views", [1, 2, 7, 12, 42, 300])
def test_directions_are_as_many_different_unit_vectors_as_asked_for(views):
    found = directions(views)
    assert found.shape == (views, 3)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert len(np.unique(found.round(9), axis=0)) == views


def test_twelve_directions_are_the_vertices_of_an_icosahedron():
    """Every vertex has 5 neighbors at cosine 1/sqrt(5), 5 at -1/sqrt(5) and 1 opposite."""
    near = 1 / np.sqrt(5)
    seen = directions(12)
    expected = sorted([1, *[near] * 5, *[-near] * 5, -1])
    assert np.allclose(np.sort(seen @ seen.T, axis=1), expected)


@pytest.mark.parametrize("views", [5, 13, 42, 100, 1000])
def test_other_numbers_of_views_are_spread_evenly(views):
    """No two are closer than 60 % of the spacing of the densest packing of as many caps, sqrt(8 pi / (sqrt(3) N))."""
    seen = directions(views)
    cosines = seen @ seen.T - 2 * np.eye(views)
    spacing = np.sqrt(8 * np.pi / (np.sqrt(3) * views))
    assert np.arccos(cosines.max()) > 0.6 * spacing
    assert np.linalg.norm(seen.mean(axis=0)) < 1 / views


@given(st.integers(1, 40), st.floats(-89, 89))
def test_a_ring_goes_around_at_one_elevation_from_the_front(views, elevation):
    ring = directions(views, "ring", elevation)
    assert np.allclose(np.linalg.norm(ring, axis=1), 1)
    assert np.allclose(np.degrees(np.arcsin(ring[:, 2])), elevation)
    azimuth = np.degrees(np.unwrap(np.arctan2(ring[:, 1], ring[:, 0])))
    assert np.allclose(azimuth, np.arange(views) * 360 / views)


@given(DIRECTIONS)
def test_axes_are_a_rotation_whose_last_row_points_to_the_camera(vector):
    direction = vector / np.linalg.norm(vector)
    axes = cameras.axes(direction)
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)
    assert np.allclose(axes[2], direction)


def test_up_is_the_specimens_z_as_far_as_it_goes():
    for direction in directions(50):
        assert cameras.axes(direction)[1][2] == pytest.approx(np.hypot(*direction[:2]), abs=1e-9)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 0, -1)])
def test_up_is_the_specimens_y_where_the_camera_looks_along_z(direction):
    assert np.allclose(cameras.axes(direction)[1], [0, 1, 0])


def test_the_unit_sphere_just_fits_the_field_of_view():
    half_angle = np.degrees(np.arcsin(1 / cameras.distance()))
    assert 0.95 * cameras.FIELD_OF_VIEW / 2 < half_angle < cameras.FIELD_OF_VIEW / 2


def test_fit_looks_at_the_center_at_one_scale():
    mesh = cloud(np.random.default_rng(0).normal(size=(20, 3)))
    for camera in cameras.aim(cameras.frames(5), "fit", mesh, poses.pose(mesh)):
        assert camera.shift == (0, 0) and camera.focal == pytest.approx(0.5 / np.tan(np.radians(15)))


@given(POINTS.filter(lambda points: np.ptp(points, axis=0).max() > 1), DIRECTIONS)
def test_zoom_puts_every_view_into_the_middle_and_fills_the_frame_to_its_share(points, vector):
    """Projected here by the rules of similar triangles, with the whole disc of every point as a ball."""
    mesh = cloud(points)
    pose = poses.pose(mesh)
    (camera,) = cameras.aim([cameras.axes(vector / np.linalg.norm(vector))], "zoom", mesh, pose)
    right, up, backward = (camera.axes @ pose.apply(points).T)[:, :, None]
    disc = poses.discs(mesh, pose)[:, None]
    depth = cameras.distance() - backward - disc
    reaches = np.stack([right, up]) + [-1, 0, 1] * disc
    places = camera.focal * (reaches / depth - np.reshape(camera.shift, (2, 1, 1)))
    low, high = places.min(axis=(1, 2)), places.max(axis=(1, 2))
    assume((high - low).max() > camera.focal * cameras.NARROWEST)
    assert np.allclose(low, -high, atol=1e-6)
    assert (high - low).max() == pytest.approx(cameras.SHARE)


def test_a_view_is_named_by_degrees():
    for direction, name in [
        ([0.0, -0.6, 0.8], "270° around, 53° above"),
        ([0.6, 0.0, -0.8], "0° around, 53° below"),
        ([0.6, -0.8, -1e-9], "307° around, 0° above"),
    ]:
        assert cameras.name(cameras.Camera(cameras.axes(direction), cameras.FOCAL)) == name


def test_the_record_tells_the_true_size_of_a_pixel():
    """A sphere of radius 50 mm takes a share of the frame that its tangents give."""
    pose = poses.Pose(np.zeros(3), np.eye(3), 50.0)
    camera = cameras.Camera(cameras.axes([1.0, 0, 0]), cameras.FOCAL, (0.1, 0.0))
    facts = cameras.view_facts(camera, pose, 768)
    frame = 2 * cameras.distance() * 50 * np.tan(np.radians(cameras.FIELD_OF_VIEW / 2))
    assert facts["pixel"] * 768 == pytest.approx(frame)
    assert facts["direction"] == [1, 0, 0] and facts["shift"] == pytest.approx([0.1 * cameras.distance() * 50, 0])


FLIPPABLE = st.tuples(st.sampled_from([4, 8, 12, 16, 20, 40]), st.sampled_from(cameras.VIEWPOINTS), st.floats(-80, 80))


@given(FLIPPABLE)
def test_the_flips_of_principal_axes_only_permute_the_frames(settings):
    frames = cameras.frames(*settings, flippable=True)
    assert len(frames) == settings[0]
    assert len(np.unique(frames.round(9), axis=0)) == len(frames)
    for flip in cameras.FLIPS:
        matches = np.isclose(frames[:, None] * flip, frames, atol=1e-9).all(axis=(2, 3))
        assert (matches.sum(axis=1) == 1).all()


@given(FLIPPABLE)
def test_flippable_frames_are_rotations_of_which_half_are_upright(settings):
    frames = cameras.frames(*settings, flippable=True)
    assert np.allclose(frames @ frames.transpose(0, 2, 1), np.eye(3)) and np.allclose(np.linalg.det(frames), 1)
    assert (frames[:, 1, 2] > 0).sum() == len(frames) / 2
    above = frames[:, 2, 2] > 1e-9
    assert settings[1] == "ring" or (frames[above, 1, 2] > 0).all(), "views from above are upright"


def test_flippable_frames_look_from_the_vertices_of_an_icosahedron_too():
    one, other = cameras.frames(12), cameras.frames(12, flippable=True)
    assert np.allclose(*(np.sort(frames[:, 2].round(9).view("f8,f8,f8").ravel()).view("f8") for frames in (one, other)))


@pytest.mark.parametrize("views", [4, 8, 12, 16, 24, 100, 400])
def test_flippable_frames_are_spread_evenly(views):
    seen = cameras.frames(views, flippable=True)[:, 2]
    spacing = np.sqrt(8 * np.pi / (np.sqrt(3) * views))
    assert np.arccos((seen @ seen.T - 2 * np.eye(views)).max()) > 0.85 * spacing


@pytest.mark.parametrize("views", [4, 8, 12])
def test_a_flippable_ring_goes_around_in_equal_steps_above_and_below(views):
    ring = cameras.frames(views, "ring", 20, flippable=True)[:, 2]
    azimuth = np.degrees(np.arctan2(ring[:, 1], ring[:, 0])) % 360
    assert np.allclose(np.diff(np.sort(azimuth)), 360 / views)
    assert np.allclose(np.sort(np.degrees(np.arcsin(ring[:, 2]))), [-20] * (views // 2) + [20] * (views // 2))


@pytest.mark.parametrize("views", [1, 6, 10])
def test_other_numbers_of_views_are_upright(views):
    assert np.array_equal(cameras.frames(views, flippable=True), cameras.frames(views))


def test_twice_as_many_cameras_see_the_mirror_image_too():
    mesh = cloud(np.random.default_rng(0).normal(size=(20, 3)))
    seen = cameras.aim(cameras.frames(5), "zoom", mesh, poses.pose(mesh), "ignore")
    assert [camera.mirrored for camera in seen] == [False] * 5 + [True] * 5
    for camera, mirrored in zip(seen[:5], seen[5:], strict=True):
        assert np.allclose(mirrored.axes[1:], camera.axes[1:] * [-1, 1, 1])
        assert np.linalg.det(mirrored.axes) == pytest.approx(1)
