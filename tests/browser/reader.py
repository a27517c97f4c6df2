"""What a reader does on the page of the atlas, and sees on it."""

import io
import re
import time

import numpy as np
import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api", reason="the package playwright is not here").expect

MAP = re.compile("^Map of all specimens")
MESH = re.compile("in 3D")
RING = 8
"""Pixels at the edge of an element that change when it gets the focus."""


def map_of(page):
    return page.get_by_role("application", name=MAP)


def panel_of(page):
    return page.get_by_role("tabpanel", name="Specimen", exact=True)


def mesh_of(page):
    return panel_of(page).get_by_role("application", name=MESH)


def shown(page):
    """The heading of the panel, which is the ID of the specimen that is shown."""
    return panel_of(page).get_by_role("heading", level=2)


def status_of(page):
    return page.get_by_role("main").get_by_role("status").first


def search(page, text):
    """Search, and go to the first specimen that is found."""
    page.get_by_role("searchbox").fill(text)
    page.get_by_role("searchbox").press("Enter")


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixels(locator):
    """What is seen of an element, int [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), int)


def settled(locator, patience=15):
    """The same, as soon as it no longer changes."""
    before, end = pixels(locator), time.monotonic() + patience
    while time.monotonic() < end:
        after = pixels(locator)
        if after.shape == before.shape and (after == before).all():
            return after
        before = after
    raise AssertionError("it does not come to rest")


def changed(before, after):
    """The share of pixels that are not the same, but for those of the ring that shows what has the focus."""
    assert before.shape == after.shape
    return (np.abs(before - after).max(axis=2) > 8)[RING:-RING, RING:-RING].mean()


def has_color(picture, color, tolerance=6):
    """Whether some pixels have a color, which is given as #rrggbb."""
    wanted = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return (np.abs(picture - wanted).max(axis=2) <= tolerance).sum() > 20


def drag(page, locator, across, down, steps=6):
    x, y = middle(locator)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across, y + down, steps=steps)
    page.mouse.up()


def lasso(page, left, top, right, bottom):
    """Draw a lasso around a rectangle while Shift is held."""
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
