"""The atlas of invented collections against its budgets: sizes, times in the browser, and what it takes to make it.

`python -m benchmarks.atlas [--sizes 100 1000 10000 100000]`, with Chromium and playwright.

Collections have groups, neighbors and a sheet, and the exhibits of eight generated fossils again and again, in 12 views
of 768 pixels. Up to 1,000 specimens the page holds everything, above it loads chunks. Chromium is headless and draws
WebGL by software, which does not count as work of its main thread.

- First paint and map: from the start of the page to the first paint, and to the first frame with specimens. Each is the
  median of several readers.
- Click: from a click in the list to the first frame with the mesh, of specimens in different chunks. The first click
  and the median of the others are shown.
- Frames: work of the main thread per frame while the map is moved and zoomed, all tasks in seconds of the processor.
- Making: seconds of the processor, after everything is loaded.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright
from tqdm import tqdm

from fossilvit.examples import CATEGORIES
from fossilvit.pages.atlas import exhibit
from fossilvit.scans import specimens
from fossilvit.store import layout
from tests.browser import invented, reader
from tests.browser.conftest import ARGUMENTS, WIDE

SIZES = (100, 1_000, 10_000, 100_000)
SINGLE = 1_000
"""Most specimens of a page that holds everything."""
MEGABYTES = {100: 6, 1_000: 60, 10_000: 20, 100_000: 40}
SECONDS = {100: 0.5, 1_000: 1, 10_000: 3, 100_000: 6}
CLICK, FRAME, MAKING = 0.2, 8, 0.1
"""Budgets: seconds, ms, and seconds per specimen."""
READERS, CLICKS, MOVES = 3, 10, 90
PATIENCE = 120
"""Seconds until the page is given up."""
PACKED = 20_000
"""In larger collections, the benchmark writes only the chunks of the specimens that it clicks on."""
LINE = "{:>9}  {:44} {:>12} {:>10}  {}"
WATCH = """
const drawn = (canvas, count) => {
  if (!canvas.closest("main")) return count > 1000 && (window.mesh ??= performance.now());
  window.seen ??= performance.now();
  if (!window.drawing) queueMicrotask(() => { window.mapped = (window.mapped ?? 0) + 1; window.drawing = false; });
  window.drawing = true;
};
const counts = { drawArrays: 2, drawElements: 1, drawArraysInstanced: 2, drawElementsInstanced: 1 };
for (const [name, place] of Object.entries(counts)) {
  const draw = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...all) {
    drawn(this.canvas, all[place]);
    return draw.apply(this, all);
  };
}
addEventListener("click", (event) => { window.mesh = undefined; window.clicked = event.timeStamp; }, true);
"""
"""Notes when a page first drew the map, how many frames it drew, when it was clicked on, and when a mesh was there."""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def main():
    arguments = parse()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    row("specimens", "what", "measured", "budget", "")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        print_making(folder)
        made = invented.exhibits(folder / "exhibits", len(CATEGORIES), 768, 12)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for count in arguments.sizes:
            print_size(folder / str(count), count, made, browser)
        browser.close()


def print_making(folder):
    """Print what an exhibit takes beyond the views."""
    invented.exhibits(folder / "making", len(CATEGORIES), 768, 12)
    names = list(CATEGORIES)
    with contextlib.chdir(folder / "making"):

        def make():
            for name in names:
                exhibit.write(f"{layout.MESHES}/{name}.ply", name, layout.RENDERS, "again")

        make()  # the first loads libraries
        seconds = [timed(make) / len(names) for _ in range(READERS)]
    budget("", "make_exhibits, seconds per specimen", statistics.median(seconds), MAKING)


def print_size(folder, count, made, browser):
    """Print everything about the atlas of `count` specimens."""
    folder.mkdir()
    shards = specimens.shard_count(count, "auto") if count > SINGLE else None
    wanted = clicked(count, shards)
    packed = None if count <= PACKED else {specimens.shard(one, shards) for one in wanted}
    atlas = invented.make(folder, count, made, shards, odd=False, packed=packed)
    print_packing(atlas, count)
    megabytes = atlas.page.stat().st_size / 1e6
    budget(count, "page, MB" if shards is None else "core, MB", megabytes, MEGABYTES.get(count))
    paints, maps = zip(*(opened(browser, atlas) for _ in range(READERS)), strict=True)
    budget(count, "first paint, seconds", statistics.median(paints), SECONDS.get(count))
    budget(count, "map with all specimens, seconds", statistics.median(maps), SECONDS.get(count))
    first, *others = clicks(browser, atlas, wanted)
    budget(count, "click to mesh, the first, seconds", first, CLICK)
    budget(count, "click to mesh, median of others, seconds", statistics.median(others), CLICK)
    budget(count, "main thread per frame of moving, ms", panned(browser, atlas), FRAME)
    shutil.rmtree(folder)


def print_packing(atlas, count):
    """Print what the atlas and its chunks take to make."""
    options = ["--shards", str(atlas.shards)] if atlas.shards else []
    with contextlib.chdir(atlas.folder):
        seconds = timed(lambda: invented.draw(*options))
        budget(count, "draw_atlas, seconds", seconds, None)
        budget(count, "draw_atlas, seconds per specimen", seconds / count, MAKING)
        if atlas.shards:
            shard, ids = next(
                (shard, ids)
                for shard, ids in specimens.members(atlas.identities, atlas.shards).items()
                if Path(layout.CHUNKS, f"exhibits-{shard}.js").exists()
            )
            budget(count, "pack_exhibits of a chunk, seconds", timed(lambda: invented.pack(shard, ids)), None)
            size = Path(layout.CHUNKS, f"exhibits-{shard}.js").stat().st_size / 1e6
            budget(count, "a chunk of exhibits, MB", size, None)


def clicked(count, shards):
    """The IDs that are clicked on: at the start of the list, and of different chunks if there are chunks."""
    identities = invented.names(count, odd=False)
    by_shard = {specimens.shard(one, shards or count): one for one in reversed(identities[: 20 * CLICKS])}
    return sorted(by_shard.values())[:CLICKS]


@contextlib.contextmanager
def visited(browser, atlas):
    context = browser.new_context(viewport=WIDE, locale="en-US")
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(atlas.page.as_uri())
    until(page, "() => window.seen")
    yield page
    context.close()


def opened(browser, atlas):
    """Seconds to the first paint, and to the first frame with specimens."""
    with visited(browser, atlas) as page:
        return until(page, PAINT) / 1000, page.evaluate("() => window.seen") / 1000


def until(page, function):
    """What a function of the page returns as soon as it returns something.

    The policy of the page forbids wait_for_function() of playwright.
    """
    end = time.monotonic() + PATIENCE
    while not (found := page.evaluate(function)):
        if time.monotonic() > end:
            raise TimeoutError(function)
        page.wait_for_timeout(50)
    return found


def clicks(browser, atlas, identities):
    """Seconds from each click to its mesh."""
    found = []
    with visited(browser, atlas) as page:
        page.get_by_role("tab", name="List").click()
        for identity in identities:
            page.get_by_role("searchbox").fill(identity)
            option = page.get_by_role("option", name=identity.rpartition("/")[2])
            option.wait_for()
            page.wait_for_timeout(500)
            option.click()
            until(page, "() => window.mesh")
            found.append(page.evaluate("() => window.mesh - window.clicked") / 1000)
            page.wait_for_timeout(200)
    return found


def panned(browser, atlas):
    """Milliseconds of the processor that the main thread takes per frame in which the map is drawn."""
    with visited(browser, atlas) as page:
        page.wait_for_timeout(3000)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        x, y = reader.middle(reader.map_of(page))
        page.mouse.move(x, y)
        page.mouse.down()
        before = spent(session, page)
        for step in range(MOVES):
            page.mouse.move(x + step * 2, y + step)
        page.mouse.up()
        for step in range(MOVES // 3):
            page.mouse.wheel(0, -20 if step % 2 else 20)
        page.wait_for_timeout(200)
        after = spent(session, page)
    return 1000 * (after[0] - before[0]) / max(1, after[1] - before[1])


def spent(session, page):
    """Seconds of all tasks of the main thread so far, and frames of the map."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"], page.evaluate("() => window.mapped")


def timed(work):
    """Seconds of the processor that work takes in this process and its children."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    before = used(processes)
    work()
    return used(processes) - before


def used(processes):
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def budget(count, what, measured, most):
    verdict = "" if most is None else "within" if measured <= most else "OVER"
    row(f"{count:,}" if count else "", what, f"{measured:.3g}", "" if most is None else f"{most:g}", verdict)


def row(*cells):
    tqdm.write(LINE.format(*cells).rstrip())


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of specimens")
    return parser.parse_args()


if __name__ == "__main__":
    main()
