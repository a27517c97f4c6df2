"""A browser that opens atlases from disk, and tells of everything that goes wrong in them."""

import shutil
import subprocess

import pytest

from fossilvit.provenance.recipes import PAGE
from tests.browser import invented

ARGUMENTS = (
    *("--no-sandbox", "--enable-unsafe-swiftshader", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync"),
)
"""Of Chromium. It draws WebGL by software, so that pixels do not depend on a graphics card."""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def chromium():
    """Chromium, until the tests of another folder run: while it is open, nothing else can use asyncio."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not here")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not here (Debian package chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens an atlas as a new reader, in a browser that reads English, with motion off unless it is asked for.

    The test fails if the page asks for anything but its own files, writes an error that does not hold the text `but`,
    breaks its policy, or opens a dialog of JavaScript.
    """
    contexts, troubles = [], []

    def open_page(atlas, script="", but=None, **options):
        context = chromium.new_context(**{"viewport": WIDE, "locale": "en-US", "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.set_default_timeout(15_000)
        own = atlas.page.parent.as_uri()
        page = context.new_page()
        page.on("request", lambda asked: asked.url.startswith((own, "blob:", "data:")) or troubles.append(asked.url))
        page.on(
            "console", lambda said: said.type != "error" or (but and but in said.text) or troubles.append(said.text)
        )
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        if script:
            page.add_init_script(script)
        page.goto(atlas.page.as_uri())
        page.get_by_role("heading", level=1).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def web(tmp_path_factory):
    """A copy of the page's sources with the packages of its lock file, and nothing that was built."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here, which installs what the page is made and tested with")
    copy = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(PAGE, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    done = npm(copy, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    if done.returncode and any(error in done.stdout for error in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED")):
        pytest.skip("the registry of npm cannot be reached")
    assert done.returncode == 0, done.stdout
    return copy


def npm(folder, *arguments):
    """Run npm in a folder."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(["npm", *arguments], cwd=folder, encoding="utf-8", timeout=300, **pipes)


@pytest.fixture(scope="session")
def exhibits(tmp_path_factory):
    return invented.exhibits(tmp_path_factory.mktemp("exhibits"))


@pytest.fixture(scope="session")
def collection(tmp_path_factory, exhibits):
    """Returns an atlas of so many specimens in one page, or with chunks beside it; each is made once."""
    made = {}

    def of(count, shards=None):
        if (count, shards) not in made:
            made[count, shards] = invented.make(tmp_path_factory.mktemp("atlas"), count, exhibits, shards)
        return made[count, shards]

    return of


@pytest.fixture(scope="session")
def atlas(collection):
    """60 specimens in one page, and all ODD ones among them."""
    return collection(60)
