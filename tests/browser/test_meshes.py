"""Meshes turn, and two side by side turn together."""

import re

import pytest

from tests.browser import invented, reader
from tests.browser.reader import expect


@pytest.fixture
def compared(visit, atlas):
    """A page on which two specimens stand side by side, and both meshes."""
    page = visit(atlas)
    reader.search(page, invented.JAPANESE)
    reader.panel_of(page).get_by_role("button", name="Side by side with").first.click()
    dialog = page.get_by_role("dialog", name="Side by side")
    meshes = dialog.get_by_role("application", name=reader.MESH)
    expect(meshes).to_have_count(2)
    return page, dialog, meshes.nth(0), meshes.nth(1)


def test_a_mesh_turns_when_it_is_dragged_or_by_keys_and_comes_back(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.JAPANESE)
    mesh = reader.mesh_of(page)
    first = reader.settled(mesh)
    reader.drag(page, mesh, 80, 30)
    dragged = reader.settled(mesh)
    assert reader.changed(first, dragged) > 0.02
    mesh.press("ArrowLeft")
    assert reader.changed(dragged, reader.settled(mesh)) > 0.005
    mesh.press("0")
    assert reader.changed(first, reader.settled(mesh)) < 0.002


def test_a_mesh_turns_by_itself_until_it_is_touched(visit, atlas):
    page = visit(atlas, reduced_motion="no-preference")
    reader.search(page, invented.JAPANESE)
    mesh = reader.mesh_of(page)
    first = reader.pixels(mesh)
    page.wait_for_timeout(500)
    assert reader.changed(first, reader.pixels(mesh)) > 0.005
    reader.drag(page, mesh, 5, 0)
    reader.settled(mesh)


def test_two_side_by_side_turn_together(compared):
    page, _, left, right = compared
    before = reader.settled(left), reader.settled(right)
    reader.drag(page, left, 80, 30)
    after = reader.settled(left), reader.settled(right)
    assert min(map(reader.changed, before, after)) > 0.02


def test_two_side_by_side_turn_alone_if_wanted(compared):
    page, dialog, left, right = compared
    dialog.get_by_role("button", name="Turn together").click()
    before = reader.settled(left), reader.settled(right)
    reader.drag(page, left, 80, 30)
    after = reader.settled(left), reader.settled(right)
    assert reader.changed(before[0], after[0]) > 0.02
    assert reader.changed(before[1], after[1]) < 0.002


def test_swap_changes_sides(compared):
    _, dialog, *_ = compared
    captions = dialog.get_by_role("figure")
    names = captions.all_inner_texts()
    dialog.get_by_role("button", name="Swap").click()
    expect(captions.nth(0)).to_contain_text(names[1].splitlines()[-2].rpartition("/")[2])
    expect(captions.nth(1)).to_contain_text("アンモナイト 標本")


@pytest.mark.parametrize("width, unit", [(1440, "units of the file"), (300, "u")])
def test_mm_are_shown_only_where_the_sheet_gives_them(visit, atlas, width, unit):
    page = visit(atlas, viewport={"width": width, "height": 800})
    with_mm, without = atlas.identities[1], atlas.identities[3]
    reader.search(page, with_mm)
    expect(reader.mesh_of(page)).to_have_text(re.compile(r"^\d+ (µm|mm|cm|m)$"))
    reader.search(page, without)
    expect(reader.mesh_of(page)).to_have_text(re.compile(rf"^[\d.]+ {unit}$"))
