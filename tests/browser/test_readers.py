"""The atlas is for every reader: by keyboard, in the dark, in Japanese, on a phone, by screen reader."""

import pytest

from tests.browser import invented, reader
from tests.browser.conftest import NARROW
from tests.browser.reader import expect

TABS = ("Specimen", "Filters", "Groups", "Tree", "List")
OPTIONS = "(all) => all.map((one) => [one.getAttribute('aria-posinset'), one.innerText])"
LIGHT_OF = """(selector) => {
  const style = getComputedStyle(document.querySelector(selector));
  const light = (color) => {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  };
  return [light(style.backgroundColor), light(style.color)];
}"""


def tab_to(page, name, most=80):
    """Press Tab until the element of a name that begins so has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => { const one = document.activeElement; return one.getAttribute('aria-label') ?? one.textContent; }"
        )
        if said.startswith(name):
            return
    raise AssertionError(f"Tab does not come to {name!r}")


def test_the_whole_path_goes_by_keyboard(visit, atlas):
    page = visit(atlas)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("アンモナイト")
    page.keyboard.press("Enter")
    expect(reader.shown(page)).to_have_text(invented.JAPANESE)
    tab_to(page, "Side by side with")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Side by side")
    meshes = dialog.get_by_role("application", name=reader.MESH)
    expect(meshes).to_have_count(2)
    expect(meshes.nth(0)).to_be_focused()
    before = [reader.settled(meshes.nth(place)) for place in (0, 1)]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    after = [reader.settled(meshes.nth(place)) for place in (0, 1)]
    assert min(map(reader.changed, before, after)) > 0.005
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Side by side with").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(reader.shown(page)).to_have_text("Choose a specimen")


def test_the_map_goes_by_keyboard(visit, atlas):
    page = visit(atlas)
    reader.map_of(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(reader.shown(page)).not_to_have_text("Choose a specimen")
    first = reader.shown(page).inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(reader.shown(page)).not_to_have_text(first)


def test_the_list_goes_by_keyboard_and_names_every_specimen(visit, atlas):
    page = visit(atlas)
    page.keyboard.press("l")
    box = page.get_by_role("listbox")
    expect(box).to_be_focused()
    named = {}
    for _ in range(len(atlas.identities) // 5):
        named |= dict(box.get_by_role("option").evaluate_all(OPTIONS))
        page.keyboard.press("PageDown")
    assert sorted(map(int, named)) == list(range(1, len(atlas.identities) + 1))
    assert sorted(text.splitlines()[0] for text in named.values()) == atlas.identities
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect(page.get_by_role("region", name="Chosen specimens")).to_contain_text("2 chosen")
    page.keyboard.press("c")
    expect(page.get_by_role("dialog", name="Side by side")).to_be_visible()


def test_it_is_dark_where_the_system_is(visit, atlas):
    page = visit(atlas, color_scheme="dark")
    background, text = page.evaluate(LIGHT_OF, "body")
    assert background < 0.2
    assert text > 0.7
    assert reader.settled(reader.map_of(page)).mean() < 80
    page.get_by_label("Light or dark").select_option("Light")
    background, text = page.evaluate(LIGHT_OF, "body")
    assert background > 0.8
    assert text < 0.3
    assert reader.settled(reader.map_of(page)).mean() > 180


def test_it_is_dark_if_the_reader_wants_it(visit, atlas):
    page = visit(atlas)
    assert page.evaluate(LIGHT_OF, "body")[0] > 0.8
    page.get_by_label("Light or dark").select_option("Dark")
    background, text = page.evaluate(LIGHT_OF, "body")
    assert background < 0.2
    assert text > 0.7


def test_it_speaks_japanese_to_a_japanese_browser_and_english_on_demand(visit, atlas):
    page = visit(atlas, locale="ja-JP")
    assert page.locator("html").get_attribute("lang") == "ja"
    expect(page.get_by_role("heading", level=1)).to_contain_text("標本 60 点")
    expect(page.get_by_role("searchbox", name="検索")).to_be_visible()
    page.get_by_role("searchbox").fill("アンモナイト")
    page.get_by_role("searchbox").press("Enter")
    panel = page.get_by_role("tabpanel", name="標本")
    expect(panel.get_by_role("heading", level=2)).to_have_text(invented.JAPANESE)
    expect(panel.get_by_role("button", name="並べて比較").first).to_be_visible()
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    expect(reader.shown(page)).to_have_text(invented.JAPANESE)
    expect(reader.panel_of(page).get_by_role("button", name="Side by side with").first).to_be_visible()
    page.get_by_role("button", name="日本語").click()
    assert page.locator("html").get_attribute("lang") == "ja"


def test_a_phone_shows_everything_and_nothing_overflows(visit, atlas):
    page = visit(atlas, viewport=NARROW, has_touch=True)

    def assert_fits():
        width = page.evaluate("() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        assert width <= NARROW["width"]

    assert_fits()
    expect(reader.map_of(page)).to_be_in_viewport()
    reader.search(page, invented.LONG)
    expect(reader.shown(page)).to_have_text(invented.LONG)
    for name in TABS:
        page.get_by_role("tab", name=name, exact=True).click()
        panel = page.get_by_role("tabpanel", name=name, exact=True)
        expect(panel).to_be_visible()
        box = panel.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"]
        assert_fits()
    for button in ("日本語", "Help and methods"):
        page.get_by_role("button", name=button).scroll_into_view_if_needed()
        expect(page.get_by_role("button", name=button)).to_be_in_viewport(ratio=0.99)
    page.get_by_role("tab", name="Specimen", exact=True).click()
    reader.panel_of(page).get_by_role("button", name="Side by side with").first.click()
    dialog = page.get_by_role("dialog", name="Side by side")
    expect(dialog.get_by_role("application", name=reader.MESH)).to_have_count(2)
    assert_fits()
    for button in ("Turn together", "Swap", "Close"):
        expect(dialog.get_by_role("button", name=button)).to_be_in_viewport(ratio=0.99)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, web, atlas, scheme):
    page = visit(atlas, color_scheme=scheme)
    page.evaluate((web / "node_modules/axe-core/axe.min.js").read_text())

    def found():
        violations = page.evaluate("async () => (await axe.run()).violations")
        return [
            f"{one['id']}: {node['html']} {node['failureSummary']}"
            for one in violations
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    assert found() == []
    reader.search(page, invented.JAPANESE)
    page.get_by_role("searchbox").fill("")
    expect(reader.mesh_of(page)).to_be_visible()
    for name in ("Groups", "Tree", "List"):
        page.get_by_role("tab", name=name).click()
        assert found() == [], name
    reader.panel_of(page).get_by_role("button", name="Side by side with").first.click()
    expect(page.get_by_role("dialog").get_by_role("application", name=reader.MESH)).to_have_count(2)
    assert found() == [], "side by side"
