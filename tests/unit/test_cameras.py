import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fossilvit import cameras

POINTS = hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e6, 1e6, width=32))
DIRECTIONS = hnp.arrays(np.float64, 3, elements=st.floats(-1, 1)).filter(lambda vector: np.linalg.norm(vector) > 0.1)


@pytest.mark.parametrize("views", [1, 2, 7, 12, 42, 300])
def test_directions_are_as_many_different_unit_vectors_as_asked_for(views):
    found = cameras.directions(views)
    assert found.shape == (views, 3)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert len(np.unique(found.round(9), axis=0)) == views


def test_twelve_directions_are_the_vertices_of_an_icosahedron():
    """Every vertex has 5 neighbours at cosine 1/sqrt(5), 5 at -1/sqrt(5) and 1 opposite."""
    near = 1 / np.sqrt(5)
    directions = cameras.directions(12)
    expected = sorted([1, *[near] * 5, *[-near] * 5, -1])
    assert np.allclose(np.sort(directions @ directions.T, axis=1), expected)


@pytest.mark.parametrize("views", [5, 13, 42, 100, 1000])
def test_other_numbers_of_views_are_spread_evenly(views):
    """No two are closer than 60 % of the spacing of the densest packing of as many caps, sqrt(8 pi / (sqrt(3) N))."""
    directions = cameras.directions(views)
    cosines = directions @ directions.T - 2 * np.eye(views)
    spacing = np.sqrt(8 * np.pi / (np.sqrt(3) * views))
    assert np.arccos(cosines.max()) > 0.6 * spacing
    assert np.linalg.norm(directions.mean(axis=0)) < 1 / views


@given(POINTS)
def test_a_framed_specimen_just_fills_the_unit_sphere(points):
    framing = cameras.frame(points)
    framed = framing.apply(points)
    reach = np.linalg.norm(framed, axis=1).max()
    assert reach <= 1 + 1e-9
    assert reach == pytest.approx(1) or len(np.unique(points, axis=0)) == 1
    assert np.allclose(framed.min(axis=0), -framed.max(axis=0))


def test_a_box_is_framed_by_its_middle_and_half_its_diagonal():
    framing = cameras.frame([[0, 0, 0], [2, 3, 6]])
    assert np.allclose(framing.center, [1, 1.5, 3])
    assert framing.radius == pytest.approx(3.5)


def test_points_that_are_all_one_are_framed_with_radius_one():
    assert cameras.frame([[5, 5, 5]] * 3).radius == 1


@given(POINTS.filter(lambda points: np.ptp(points, axis=0).max() > 1), st.floats(0.01, 100))
def test_framing_does_not_depend_on_place_and_units(points, scale):
    moved = points * scale + [1000, -2000, 3000]
    assert np.allclose(cameras.frame(points).apply(points), cameras.frame(moved).apply(moved), atol=1e-4)


@given(DIRECTIONS)
def test_axes_are_a_rotation_whose_last_row_points_to_the_camera(vector):
    direction = vector / np.linalg.norm(vector)
    axes = cameras.axes(direction)
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)
    assert np.allclose(axes[2], direction)


def test_up_is_the_specimens_z_as_far_as_it_goes():
    for direction in cameras.directions(50):
        assert cameras.axes(direction)[1][2] == pytest.approx(np.hypot(*direction[:2]), abs=1e-9)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 0, -1)])
def test_up_is_the_specimens_y_where_the_camera_looks_along_z(direction):
    assert np.allclose(cameras.axes(direction)[1], [0, 1, 0])


def test_the_unit_sphere_just_fits_the_field_of_view():
    half_angle = np.degrees(np.arcsin(1 / cameras.distance()))
    assert 0.95 * cameras.FIELD_OF_VIEW / 2 < half_angle < cameras.FIELD_OF_VIEW / 2
