"""The atlas opens from disk, alone, and shows collections of every size."""

import pytest

from tests.browser import invented, reader
from tests.browser.reader import expect

WITHOUT_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
};
"""
COUNTING = """
window.drawn = new Set();
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  const context = get.call(this, kind, ...more);
  if (context && kind === "webgl2") window.drawn.add(this);
  return context;
};
"""
DRAWN = "() => [...window.drawn].filter((one) => one.isConnected && !one.getContext('webgl2').isContextLost()).length"


@pytest.mark.parametrize("shards", [None, 4])
def test_it_opens_from_disk_and_shows_map_panel_and_mesh(visit, collection, shards):
    page = visit(collection(60, shards), COUNTING)
    assert page.title() == "Atlas of 60 specimens"
    assert page.evaluate(DRAWN) >= 1, "the map has no WebGL"
    reader.search(page, invented.JAPANESE)
    expect(reader.shown(page)).to_have_text(invented.JAPANESE)
    expect(reader.mesh_of(page)).to_be_visible()
    assert page.evaluate(DRAWN) == 2, "the mesh has no WebGL"
    assert reader.settled(reader.mesh_of(page)).std() > 20


def test_chunks_are_loaded_only_for_what_is_seen(visit, collection):
    atlas = collection(2000, 32)
    asked = []
    page = visit(atlas)
    page.on("request", lambda request: asked.append(request.url))
    reader.search(page, "trilobite_000102")
    expect(reader.mesh_of(page)).to_be_visible()
    exhibits = {url for url in asked if "exhibits-" in url}
    assert len(exhibits) == 1


def test_missing_chunks_are_told_in_a_sentence(visit, exhibits, tmp_path):
    atlas = invented.make(tmp_path, 60, exhibits, shards=4, packed=[])
    page = visit(atlas, but="ERR_FILE_NOT_FOUND")
    reader.search(page, invented.JAPANESE)
    expect(reader.shown(page)).to_have_text(invented.JAPANESE)
    expect(reader.panel_of(page).get_by_text("The file with the mesh of this specimen is missing")).to_be_visible()
    expect(reader.panel_of(page).get_by_text("The pictures could not be loaded")).to_be_visible()


@pytest.mark.parametrize("count", [1, 2, 3, 2000])
def test_collections_of_any_size_are_shown(visit, collection, count):
    atlas = collection(count, 32 if count > 1000 else None)
    page = visit(atlas)
    specimens = "1 specimen" if count == 1 else f"{count:,} specimens"
    assert page.title() == f"Atlas of {specimens}"
    expect(reader.status_of(page)).to_contain_text(f"{count:,}")
    reader.search(page, atlas.identities[-1])
    expect(reader.shown(page)).to_have_text(atlas.identities[-1])
    neighbors = reader.panel_of(page).get_by_role("button", name="Side by side with")
    expect(neighbors).to_have_count(min(invented.NEAREST, count - 1))
    for tab in ("Groups", "Tree", "List", "Filters"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
    reader.map_of(page).press("0")


def test_a_point_cloud_is_drawn(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.CLOUD)
    expect(reader.mesh_of(page)).to_be_visible()
    assert reader.settled(reader.mesh_of(page)).std() > 20


def test_a_specimen_without_mesh_shows_a_picture_and_says_why(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.FLAT)
    expect(reader.panel_of(page).get_by_text("could not be read again")).to_be_visible()
    expect(reader.panel_of(page).get_by_role("img").first).to_be_visible()
    expect(reader.mesh_of(page)).to_have_count(0)


def test_scans_that_could_not_be_read_are_named(visit, atlas):
    page = visit(atlas)
    page.get_by_role("button", name="1 scan").click()
    help_dialog = page.get_by_role("dialog")
    expect(help_dialog.get_by_text(invented.BROKEN)).to_be_visible()
    expect(help_dialog.get_by_text("<i>broken.ply</i> breaks off; export it again.")).to_be_visible()


def test_copies_on_one_place_name_each_other(visit, atlas):
    page = visit(atlas)
    reader.search(page, invented.COPY)
    original = atlas.identities[atlas.identities.index(invented.COPY) - 1]
    section = reader.panel_of(page).get_by_role("heading", name="The same object").locator("..")
    expect(section.get_by_role("button", name=original.rpartition("/")[2])).to_be_visible()


def test_without_webgl_list_pictures_and_panel_work_and_a_sentence_says_so(visit, atlas):
    page = visit(atlas, WITHOUT_WEBGL)
    expect(page.get_by_text("cannot draw the map because WebGL is off")).to_be_visible()
    page.get_by_role("tab", name="List").click()
    page.get_by_role("option", name="</script>").click()
    expect(reader.shown(page)).to_have_text(invented.SCRIPT)
    expect(reader.panel_of(page).get_by_text("WebGL is off")).to_be_visible()
    reader.panel_of(page).get_by_role("button", name="Side by side with").first.click()
    expect(page.get_by_role("dialog").get_by_text("WebGL is off").first).to_be_visible()


def test_the_name_of_a_specimen_is_text_wherever_it_is_shown(visit, atlas):
    page = visit(atlas)
    for identity in (invented.IMAGE, invented.SCRIPT, invented.QUOTES, invented.FORMULA, invented.LONG):
        reader.search(page, identity)
        expect(reader.shown(page)).to_have_text(identity)
    reader.search(page, invented.IMAGE)
    page.get_by_role("tab", name="List").click()
    expect(page.get_by_role("option", name="<img src=x onerror=alert(1)>")).to_be_visible()
    reader.map_of(page).hover()
    expect(page.get_by_role("main").get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    for tab in ("Groups", "Tree", "Filters"):
        page.get_by_role("tab", name=tab).click()
    page.get_by_label("Color by").select_option("period")
    expect(page.get_by_role("button", name="<b>Trias</b>")).to_be_visible()
    reader.panel_of(page).get_by_role("button", name="Side by side with").first.click()
    expect(page.get_by_role("dialog").get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    assert page.locator("img[src=x]").count() == page.locator("#atlas script, #atlas b, #atlas i").count() == 0
