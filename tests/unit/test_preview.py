import numpy as np
import pytest

from fossilvit.meshes import strays
from fossilvit.pages import preview
from fossilvit.pages.contact_sheet import PICTURE
from fossilvit.views import studio
from fossilvit.views.studio import Settings

from .shapes import box
from .test_strays import STRAYS, WHOLE, joined

SMALL = Settings(size=PICTURE)


def pictures(mesh, settings=SMALL):
    with studio.opened(settings) as shoot:
        return preview.pictures(mesh, shoot(mesh), settings)


def colored(image, color):
    """Columns and rows of the pixels of a color."""
    return np.argwhere((image == color).all(axis=2))[:, ::-1]


def test_every_view_is_shown_and_says_which_way_is_up():
    shown = pictures(strays.marked(joined(*WHOLE["one part"])))
    assert len(shown) == 12
    assert [picture.label for picture in shown[:2]] == ["view 00, upright", "view 01, z is down"]
    assert sum("upright" in picture.label for picture in shown) == 6


def test_axes_are_drawn_where_the_camera_sees_them():
    """From +x, y points to the right and z up, as far as the radius."""
    (picture,) = pictures(box(3, 2, 1), SMALL._replace(views=1, viewpoints="ring", elevation=0, align="none"))
    middle = PICTURE / 2
    across, up = colored(picture.image, preview.AXES["y"]), colored(picture.image, preview.AXES["z"])
    assert across[:, 0].max() > 0.9 * PICTURE and across[:, 0].min() == pytest.approx(middle, abs=12)
    assert up[:, 1].min() < 0.1 * PICTURE and up[:, 1].max() == pytest.approx(middle, abs=3)


@pytest.mark.parametrize(("width", "length"), [(100, 20), (8, 2), (4, 1), (0.43, 0.1), (2100, 500)])
def test_a_scale_is_a_round_number_of_at_most_a_quarter_of_the_frame(width, length):
    assert preview.scale(width) == pytest.approx(length)


def test_the_scale_is_as_long_as_it_says():
    """A box of 3 units is drawn three times as long as the scale of 1, but for perspective."""
    (picture,) = pictures(box(0.01, 3, 1), SMALL._replace(views=1, viewpoints="ring", elevation=0, align="none"))
    rows, columns = np.nonzero((picture.image == preview.INK).all(axis=2))
    line = np.bincount(rows).argmax()
    shown = np.nonzero((picture.image[PICTURE // 2 + 20] != 255).any(axis=1))[0]
    assert np.ptp(shown) / np.ptp(columns[rows == line]) == pytest.approx(3 / preview.scale(3.4), rel=0.05)


@pytest.mark.parametrize(("choice", "fate"), [("leave_out", "left out: 2"), ("keep", "kept: 2")])
def test_strays_are_shown_in_another_color_beside_the_specimen(choice, fate):
    whole = strays.marked(joined(*STRAYS["two crumbs on both sides"]))
    *_, picture = pictures(whole, SMALL._replace(strays=choice))
    assert picture.label == "the whole scan" and picture.note.startswith(fate)
    assert len(colored(picture.image, preview.STRAY)) > 20


def test_the_picture_of_figures_is_shown_where_there_is_one():
    *_, picture = pictures(box(3, 2, 1), SMALL._replace(picture="file"))
    assert picture.label == "picture in figures"
