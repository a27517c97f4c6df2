"""Small pictures show what large ones do."""

import numpy as np
import pytest

from fossilvit.pages.atlas import pictures

from .exhibits import picture


def view(size=300, top=40, left=100, height=60, width=120, gray=100):
    """A gray rectangle on white."""
    image = np.full((size, size, 3), 255, np.uint8)
    image[top : top + height, left : left + width] = gray
    return image


def test_a_thumbnail_shows_the_specimen_in_the_middle_and_nothing_around_it():
    shown = picture(pictures.thumbnail(view()))
    assert (shown.mode, shown.size) == ("RGBA", (96, 96))
    colors = np.asarray(shown).astype(int)
    opaque = colors[..., 3] > 128
    assert opaque.any(axis=0).sum() == pytest.approx(96 / (1 + 2 * pictures.MARGIN), abs=2)
    assert opaque.any(axis=1).sum() == pytest.approx(48 / (1 + 2 * pictures.MARGIN), abs=2)
    assert np.flatnonzero(opaque.any(axis=0)).mean() == pytest.approx(47.5, abs=1)
    assert np.flatnonzero(opaque.any(axis=1)).mean() == pytest.approx(47.5, abs=1)


def test_the_edge_of_a_thumbnail_holds_nothing_of_the_white_ground():
    colors = np.asarray(picture(pictures.thumbnail(view(gray=60)))).astype(int)
    assert colors[colors[..., 3] > 20][:, :3].max() < 80


@pytest.mark.parametrize("place", [{"top": 0, "left": 0}, {"top": 240, "left": 180}, {"height": 1, "width": 1}])
def test_a_specimen_at_the_border_or_of_one_pixel_has_a_thumbnail(place):
    colors = np.asarray(picture(pictures.thumbnail(view(**place))))
    assert (colors[..., 3] > 128).any() and not colors[0, :, 3].any()


def test_a_picture_of_nothing_has_a_transparent_thumbnail():
    assert not np.asarray(picture(pictures.thumbnail(view(height=0))))[..., 3].any()


@pytest.mark.parametrize(("size", "side"), [(512, 128), (300, 128), (128, 128), (60, 60), (1, 1)])
def test_views_stand_side_by_side(size, side):
    grays = (50, 150, 250)
    webp, found = pictures.strip([view(size, 0, 0, size, size, gray) for gray in grays])
    shown = picture(webp)
    assert found == side and shown.size == (3 * side, side)
    tiles = np.asarray(shown.convert("L")).reshape(side, 3, side).astype(int)
    assert [tiles[side // 2, place, side // 2] for place in range(3)] == pytest.approx(grays, abs=8 if side > 1 else 80)


def test_the_ground_of_views_is_white():
    webp, side = pictures.strip([view(512)])
    assert np.asarray(picture(webp))[side - 1, 0].tolist() == [255, 255, 255]
