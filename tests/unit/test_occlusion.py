import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.views import cameras
from fossilvit.views.rendering.occlusion import HIGHEST, REACH, openness

SIZE = 200
FOCAL = cameras.FOCAL * SIZE


HIGH = 0.9 * HIGHEST * REACH / cameras.FOCAL * 4
"""Of a wall at depth 4 that still belongs to what lies below it."""


def plane(right, up, depth=4.0):
    """The inverse depth of a plane that many units deeper a unit to the right and up: linear on the screen."""
    v, u = ((SIZE - 1) / 2 - np.indices((SIZE, SIZE))) / FOCAL
    return (1 + right * u - up * v) / depth


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_plane_is_wholly_open_however_tilted(right, up):
    assert openness(plane(right, up), FOCAL).min() > 0.98


def test_background_and_the_rim_of_a_plane_before_it_are_open():
    inverse_depth = plane(0, 0)
    inverse_depth[:60] = 0
    assert openness(inverse_depth, FOCAL).min() == pytest.approx(1)


def test_a_pit_is_dark_and_a_bump_is_not():
    rows, columns = np.indices((SIZE, SIZE)) - SIZE / 2
    dome = 0.1 * np.exp(-(rows**2 + columns**2) / (2 * 5**2))
    pit, bump = openness(1 / (4 + dome), FOCAL), openness(1 / (4 - dome), FOCAL)
    middle = SIZE // 2
    assert pit[middle, middle] < 0.6 and bump[middle, middle] > 0.99
    assert pit[5, 5] > 0.99


def test_what_stands_far_before_something_leaves_it_open():
    inverse_depth = plane(0, 0, 4.5)
    inverse_depth[:, : SIZE // 2] = 1 / 3.5
    assert openness(inverse_depth, FOCAL).min() > 0.99


@pytest.mark.parametrize("angle", [60, 90, 120])
def test_the_bottom_of_a_groove_sees_what_its_walls_leave(angle):
    """Along the groove the sky is whole; across it, its opening angle is left; in between, its projection.

    Integrated here over all directions.
    """
    columns = np.abs(np.arange(SIZE) - SIZE // 2)
    walls = np.tile(columns / FOCAL * 4 / np.tan(np.radians(angle / 2)), (SIZE, 1)).clip(max=HIGH)
    shown = openness(1 / (4 - walls), FOCAL)[SIZE // 2, SIZE // 2]
    turns = np.linspace(0, np.pi, 2000, endpoint=False)
    slope = np.abs(np.cos(turns)) / np.tan(np.radians(angle / 2))
    assert shown == pytest.approx((1 - 2 * np.arctan(slope) / np.pi).mean(), abs=0.06)


def test_openness_does_not_depend_on_the_number_of_pixels():
    def groove(size):
        rows, columns = (np.indices((size, size)) + 0.5) / size - 0.5
        return openness(1 / (4 + 0.05 * np.cos(40 * columns)), cameras.FOCAL * size)

    small, large = groove(150), groove(450)
    assert np.abs(small - large[1::3, 1::3]).mean() < 0.03
