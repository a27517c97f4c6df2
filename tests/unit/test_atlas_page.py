"""The page of the atlas holds everything or finds it in chunks beside it, and no text of a collection is code in it."""

import base64
import json
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from fossilvit.errors import UserError
from fossilvit.pages.atlas import packing, page
from fossilvit.scans import specimens
from fossilvit.store import layout
from tests.browser import invented

MADE = invented.Exhibits(["aaaa\nbbbb\n", "cccc\ndddd\n"], "eeee\nffff\n", "gggg\nhhhh\n")
COUNT = 60


class Scripts(HTMLParser):
    """The scripts, the styles and the policy of a page, as a browser finds them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.policy, self.inside = [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag in ("script", "style"):
            self.found.append((tag, attributes, ""))
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        self.inside = tag

    def handle_data(self, data):
        if self.inside in ("script", "style"):
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def handle_endtag(self, tag):
        self.inside = None

    def of_id(self, name):
        return next(text for _, attributes, text in self.found if attributes.get("id") == name)

    def that_run(self):
        return [text for tag, attributes, text in self.found if tag == "style" or "type" not in attributes]


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    return invented.make(tmp_path_factory.mktemp("single"), COUNT, MADE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return invented.make(tmp_path_factory.mktemp("folder"), COUNT, MADE, shards=3)


def chunk(path):
    """The name of a chunk and its texts, as the page gets them."""
    name, texts = re.fullmatch(r"fossilvit\((\".*?\"),(\{.*\})\);\n", path.read_text()).groups()
    return json.loads(name), json.loads(texts)


def test_a_single_page_holds_the_parts_of_every_specimen(single):
    scripts = Scripts(single.page.read_text())
    core = packing.unpack(scripts.of_id("core"))
    assert core["mode"] == "single" and core["ids"] == single.identities
    found = {}
    for row, identity in enumerate(core["ids"]):
        parts = [json.loads(scripts.of_id(f"{part}-{core['shards'][core['shard'][row]]}")) for part in page.PARTS]
        assert [[*part] for part in parts] == [[identity]] * 2, "only its own, so that nothing else is unpacked"
        found[identity] = [part[identity] for part in parts]
    assert found[invented.CLOUD] == ["eeee", "ffff"]
    assert {path.name for path in single.page.parent.iterdir()} == {"index.html", "index.json"}


def test_a_page_with_chunks_holds_the_core_alone(folder):
    scripts = Scripts(folder.page.read_text())
    core = packing.unpack(scripts.of_id("core"))
    assert (core["mode"], core["shards"]) == ("folder", ["0000", "0001", "0002"])
    assert not [one for _, one, _ in scripts.found if one.get("id", "").startswith(page.PARTS)]


def test_every_specimen_lies_in_the_chunks_of_its_shard(folder):
    core = packing.unpack(Scripts(folder.page.read_text()).of_id("core"))
    chunks = folder.folder / layout.CHUNKS
    for row, identity in enumerate(core["ids"]):
        shard = core["shards"][core["shard"][row]]
        assert shard == specimens.shard(identity, 3)
        for part in page.PARTS:
            name, texts = chunk(chunks / f"{part}-{shard}.js")
            assert name == page.chunk_name(part, shard)
            assert texts[identity]


def test_the_policy_lets_the_page_run_and_nothing_else(single):
    scripts = Scripts(single.page.read_text())
    assert "default-src 'none'" in scripts.policy
    assert not re.search(r"https?:|unsafe|\*", scripts.policy)
    ran = scripts.that_run()
    assert len(ran) == 2
    for text in ran:
        assert f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" in scripts.policy


@pytest.mark.parametrize("mode", ["single", "folder"])
def test_no_name_of_a_specimen_is_markup(request, mode):
    atlas = request.getfixturevalue(mode)
    files = [atlas.page, *(atlas.folder / layout.ATLAS).rglob("*.js")]
    for text in (path.read_text() for path in files):
        assert "<img" not in text
        assert "</script><script>alert" not in text


def test_the_built_page_cannot_end_its_own_script():
    for name in ("atlas.js", "atlas.css", "licenses.txt"):
        text = (page.PAGE / "dist" / name).read_text()
        assert not re.search(r"</script|</style|<!--", text, re.IGNORECASE), name


def test_a_specimen_that_could_not_be_rendered_has_no_parts(single):
    found = page.read_exhibits(single.folder / layout.EXHIBITS, [invented.BROKEN, invented.JAPANESE])
    assert [[*texts] for texts in found] == [[invented.JAPANESE], [invented.JAPANESE]]


@pytest.mark.parametrize("content", ["", "aaaa", "aaaa\nbbbb", "aaaa\nbbbb\ncccc\n", "aaaa\nbbé\n"])
def test_a_broken_exhibit_is_named(tmp_path, content):
    (tmp_path / "one.txt").write_text(content)
    with pytest.raises(UserError, match=r"one\.txt"):
        page.read_exhibits(tmp_path, ["one"])


def test_a_missing_exhibit_is_named(tmp_path):
    with pytest.raises(UserError, match=r"one\.txt"):
        page.read_exhibits(tmp_path, ["one"])


@pytest.mark.parametrize(
    "count, title", [(1, "Atlas of 1 specimen"), (2, "Atlas of 2 specimens"), (1234, "Atlas of 1,234 specimens")]
)
def test_the_title_counts(count, title):
    assert f"<title>{title}</title>" in page.html("core", {}, count)


def test_a_name_that_looks_like_a_template_stays(tmp_path):
    text = page.html("core", {"thumbnails-all": {"$title ${style} </script>": "aaaa"}}, 1)
    assert json.loads(Scripts(text).of_id("thumbnails-all")) == {"$title ${style} </script>": "aaaa"}


def test_the_page_and_its_record_are_the_same_if_they_are_drawn_again(tmp_path):
    atlas = invented.make(tmp_path, COUNT, MADE)
    record = atlas.folder / layout.ATLAS_RECORD
    before = atlas.page.read_bytes(), record.read_bytes()
    with invented.contextlib.chdir(tmp_path):
        invented.draw()
    assert before == (atlas.page.read_bytes(), record.read_bytes())


def test_another_exhibit_changes_its_chunk_alone(tmp_path):
    atlas = invented.make(tmp_path, COUNT, MADE, shards=3)

    def contents():
        return {path.name: path.read_bytes() for path in (tmp_path / layout.ATLAS).rglob("*.*")}

    before = contents()
    shard = specimens.shard(invented.JAPANESE, 3)
    with invented.contextlib.chdir(tmp_path):
        invented.write_exhibits([invented.JAPANESE], MADE._replace(surfaces=["iiii\njjjj\n"]))
        ids = specimens.members(atlas.identities, 3)[shard]
        invented.pack(shard, ids)
        invented.draw("--shards", "3")
    changed = {name for name, content in contents().items() if before[name] != content}
    assert changed == {f"{part}-{shard}.js" for part in page.PARTS} | {f"exhibits-{shard}.json"}
