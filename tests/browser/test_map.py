"""The map shows pictures in colors, and specimens are found, filtered, chosen and taken away from it."""

import csv
import io
import re

import numpy as np
import pytest

from fossilvit.store import tables
from tests.browser import invented, reader
from tests.browser.reader import expect

BLUE, ORANGE = "#0072b2", "#d55e00"
WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"


def chosen(page):
    return page.get_by_role("region", name="Chosen specimens")


def choose_all(page):
    """Draw a lasso around the whole map."""
    box = reader.map_of(page).bounding_box()
    left, top = box["x"] + 3, box["y"] + 3
    reader.lasso(page, left, top, left + box["width"] - 6, top + box["height"] - 6)


def saved(page, button):
    with page.expect_download() as download:
        button.click()
    return download.value


def test_the_map_shows_every_specimen_in_the_color_of_its_label(visit, atlas):
    page = visit(atlas)
    by_family = reader.settled(reader.map_of(page))
    assert reader.has_color(by_family, BLUE)
    assert reader.has_color(by_family, ORANGE)
    page.get_by_label("Color by").select_option("Kind of scan")
    by_kind = reader.settled(reader.map_of(page))
    assert reader.changed(by_family, by_kind) > 0.005
    page.get_by_label("Color by").select_option("family")
    page.get_by_role("searchbox").fill("nothing has this name")
    expect(reader.status_of(page)).to_contain_text("No specimen")
    empty = reader.settled(reader.map_of(page))
    assert not reader.has_color(empty, BLUE)
    assert reader.changed(by_family, empty) > 0.02


def test_near_the_map_shows_pictures(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.JAPANESE)
    expect(reader.shown(page)).to_have_text(invented.JAPANESE)
    picture = reader.settled(reader.map_of(page))
    row, column = picture.shape[0] // 2, picture.shape[1] // 2
    tile = picture[row - 20 : row + 20, column - 20 : column + 20]
    is_stone = (np.ptp(tile, axis=2) < 12) & (tile.mean(axis=2) < 200)
    assert is_stone.mean() > 0.1, "the tile is blue, and the fossil on it gray"


def test_a_label_of_the_legend_filters_the_map(visit, atlas):
    page = visit(atlas)
    before = reader.settled(reader.map_of(page))
    page.get_by_role("button", name="gastropodidae 8").click()
    expect(reader.status_of(page)).to_contain_text("8 of 60")
    after = reader.settled(reader.map_of(page))
    assert reader.has_color(after, ORANGE)
    assert not reader.has_color(after, BLUE)
    page.get_by_role("button", name="Remove the filter family: gastropodidae").click()
    expect(reader.status_of(page)).to_contain_text("All 60")
    assert reader.changed(before, reader.settled(reader.map_of(page))) < 0.002


@pytest.mark.parametrize(
    "text, identity", [("COPY", invented.COPY), ("標本", invented.JAPANESE), ("quoted", invented.QUOTES)]
)
def test_a_search_finds_ids_in_any_case_and_script(visit, atlas, text, identity):
    page = visit(atlas)
    page.get_by_role("searchbox").fill(text)
    expect(reader.status_of(page)).to_contain_text("1 of 60")
    page.get_by_role("searchbox").press("Enter")
    expect(reader.shown(page)).to_have_text(identity)


def test_a_search_finds_what_the_sheet_says(visit, atlas):
    page = visit(atlas)
    page.get_by_role("searchbox").fill("白亜紀")
    expect(reader.status_of(page)).to_contain_text("15 of 60")


def test_click_shows_a_specimen_and_shift_click_chooses_it(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.SCRIPT)
    expect(reader.shown(page)).to_have_text(invented.SCRIPT)
    reader.settled(reader.map_of(page))
    reader.map_of(page).press("Escape")
    expect(reader.shown(page)).to_have_text("Choose a specimen")
    place = reader.middle(reader.map_of(page))
    page.mouse.click(*place)
    expect(reader.shown(page)).to_have_text(invented.SCRIPT)
    page.keyboard.down("Shift")
    page.mouse.click(*place)
    page.keyboard.up("Shift")
    page.get_by_role("tab", name="List").click()
    chosen_options = page.get_by_role("listbox").get_by_role("option", selected=True)
    expect(chosen_options).to_have_count(0)
    page.keyboard.down("Shift")
    page.mouse.click(*place)
    page.keyboard.up("Shift")
    expect(chosen_options).to_have_count(1)
    expect(chosen_options).to_contain_text("</script>")


def test_a_lasso_chooses_what_is_inside(visit, atlas):
    page = visit(atlas)
    choose_all(page)
    expect(chosen(page)).to_contain_text("60 chosen")
    chosen(page).get_by_role("button", name="Clear").click()
    expect(chosen(page)).to_be_hidden()
    page.get_by_role("button", name="gastropodidae 8").click()
    choose_all(page)
    expect(chosen(page)).to_contain_text("8 chosen")


def test_the_lasso_button_draws_without_shift(visit, atlas):
    page = visit(atlas)
    page.get_by_role("button", name="Select with a lasso").click()
    box = reader.map_of(page).bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    for x, y in ((box["width"] - 4, 4), (box["width"] - 4, box["height"] - 4), (4, box["height"] - 4)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()
    expect(chosen(page)).to_contain_text("60 chosen")


def test_a_selection_is_saved_as_a_table_that_no_spreadsheet_runs(visit, atlas, tmp_path):
    page = visit(atlas)
    choose_all(page)
    download = saved(page, chosen(page).get_by_role("button", name="Save as CSV"))
    assert download.suggested_filename.endswith(".csv")
    path = tmp_path / "saved.csv"
    download.save_as(path)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,group,")
    assert content.endswith(b"\n")
    assert b"\r" not in content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert "'=weight in g" in rows[0]
    assert "'=1+1" in [row[0] for row in rows]
    assert not [cell for row in rows for cell in row if re.match(r"[=+@\t\r]|-\D", cell)]
    names, found = tables.read_wider_table(path, ("id", "group"), group=int)
    assert sorted(row["id"] for row in found) == atlas.identities
    by_id = {row["id"]: row for row in found}
    for row, identity in enumerate(atlas.identities):
        assert by_id[identity]["period"] == invented.PERIODS[row % 4]
        assert float(by_id[identity]["=weight in g"]) == row * 0.5
        assert (by_id[identity]["group"] == -1) == ("/" not in identity)


@pytest.mark.parametrize("script", ["", WITHOUT_CLIPBOARD], ids=["clipboard", "fallback"])
def test_ids_are_copied(visit, atlas, script):
    page = visit(atlas, script)
    reader.search(page, invented.QUOTES)
    reader.panel_of(page).get_by_role("button", name="Copy the ID").click()
    expect(reader.panel_of(page).get_by_text("Copied")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").press("Control+v")
    expect(page.get_by_role("searchbox")).to_have_value(invented.QUOTES)


def test_a_group_filters_the_map(visit, atlas):
    page = visit(atlas)
    page.get_by_role("tab", name="Groups").click()
    page.get_by_role("button", name="Group 1 9 specimens").click()
    expect(reader.status_of(page)).to_contain_text("9 of 60")
