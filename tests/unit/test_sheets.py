import numpy as np
import pytest
from scipy import ndimage

from fossilvit.pages import contact_sheet
from fossilvit.store import layout, records
from fossilvit.store.renders import best_view

from . import renders

RED = (255, 0, 0)


@pytest.fixture
def red():
    return np.full((30, 30, 3), RED, np.uint8)


def inked(sheet):
    return (sheet != 255).any(axis=2)


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (5, 1, 5), (6, 1, 6), (7, 2, 6), (48, 8, 6)])
def test_a_sheet_shows_every_picture_in_rows_of_six(red, count, rows, columns):
    sheet = contact_sheet.draw("", [contact_sheet.Picture(red, "")] * count)
    squares, found = ndimage.label((sheet == RED).all(axis=2))
    boxes = ndimage.find_objects(squares)
    assert found == count
    assert {(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes} == {(contact_sheet.PICTURE,) * 2}
    assert len({box[0].start for box in boxes}) == rows and len({box[1].start for box in boxes}) == columns


def test_a_sheet_without_pictures_is_a_title():
    assert inked(contact_sheet.draw("Noise", [])).any()
    assert not inked(contact_sheet.draw("", [])).any()


def test_label_and_note_are_written_below_the_picture(red):
    bare, labeled, noted = (
        inked(contact_sheet.draw("", [contact_sheet.Picture(red, label, note)]))
        for label, note in (("", ""), ("標本", ""), ("標本", "p = 1"))
    )
    bottom = np.flatnonzero(bare.any(axis=1)).max()
    assert labeled[bottom + 1 :].sum() > 0 and not bare[bottom + 1 :].any()
    assert noted.sum() > labeled.sum()


def test_japanese_letters_are_drawn_and_not_replaced_by_boxes():
    letters = [inked(contact_sheet.draw(letter, [])) for letter in "化石標本"]
    assert all(letter.any() for letter in letters)
    assert not any(np.array_equal(letters[i], letters[j]) for i in range(4) for j in range(i))


def test_a_long_label_keeps_its_end_and_stays_within_its_picture(red):
    label = "ammonoidea/" * 20 + "NHM-1234"
    sheet, other = (contact_sheet.draw("", [contact_sheet.Picture(red, text)]) for text in (label, label[:-1] + "5"))
    picture = np.flatnonzero((sheet == RED).all(axis=2).any(axis=0))
    assert np.flatnonzero(inked(sheet).any(axis=0)).max() <= picture.max() + 2
    assert not np.array_equal(inked(sheet), inked(other))


def test_the_best_view_is_upright_and_no_mirror_image(tmp_path):
    images = np.zeros((4, 8, 8, 3), np.uint8)
    views = renders.views(0.2, 0.9, 0.3, 0.8)
    views[1]["up"], views[3]["mirrored"] = [0, 0.5, -0.8], True
    renders.write(tmp_path, "a", images, {"status": "ok", "views": views})
    assert best_view(tmp_path, "a") == layout.view_path(tmp_path, "a", 2)


def test_a_picture_of_the_file_is_taken_from_above_as_the_file_stands():
    """The pose turned this specimen over, so that z of the pose is down in its file."""
    views = renders.views(0.9, 0.2, 0.3, 0.8)
    for view, height in zip(views, (1.0, -1.0, -0.6, -0.6), strict=True):
        view["direction"] = [0, (1 - height**2) ** 0.5, height]
    views[3]["mirrored"] = True
    record = {"views": views, "camera": {"rotation": [[1, 0, 0], [0, -1, 0], [0, 0, -1]]}}
    assert records.fullest_from_above(record) == 2


def test_a_picture_for_people_is_shown_where_there_is_one(tmp_path):
    record = {"status": "ok", "views": renders.views(0.5), "picture": "file", "align": "principal"}
    renders.write(tmp_path, "a", np.zeros((1, 8, 8, 3), np.uint8), record)
    assert best_view(tmp_path, "a").name == "a_picture.png"
    renders.write(tmp_path, "a", np.zeros((1, 8, 8, 3), np.uint8), {**record, "align": "none"})
    assert best_view(tmp_path, "a").name == "a_view00.png"


def test_the_best_view_shows_most(tmp_path):
    images = np.full((3, 40, 40, 3), 200, np.uint8)
    renders.write(tmp_path, "a/b", images, {"status": "ok", "views": renders.views(0.2, 0.4, 0.4)})
    assert best_view(tmp_path, "a/b") == layout.view_path(tmp_path, "a/b", 1)
