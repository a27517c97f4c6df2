"""The table of suspects -> a page of the first ones, each beside its nearest of both categories.

In: suspects.csv and its record, and the renders. Out: the title and cards of the page, and a picture of it, uint8
[H, W, 3].
"""

from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fossilvit.pages.contact_sheet import (
    GAP,
    GRAY,
    LABEL,
    LEADING,
    TITLE,
    WARNING,
    Picture,
    fitted,
    font,
    thumbnail,
    wrapped,
    write,
    write_below,
)
from fossilvit.pages.groups import counted, image_of
from fossilvit.store import layout
from fossilvit.store.files import PathLike
from fossilvit.store.records import read_record
from fossilvit.store.tables import SUSPECTS_COLUMNS, read_table

MOST = 20
"""Largest number of suspects on the page."""
READINGS = ((0.95, "almost certainly wrong"), (0.8, "probably wrong"), (0.5, "more likely wrong than right"))
OTHERWISE = "perhaps wrong"
"""What a suspicion of at least so much means, and a smaller one."""
PICTURE = 365
"""Side of a picture in pixels."""
NAME = 36
"""Size of the letters above the pictures, in pixels."""
ACROSS, SHOWN, FRAME, LINE = 2, 3, 6, 2
"""Cards in a row, pictures in a card, and widths of the frame of a suspect and of the border of a card, in pixels."""
BORDER = (190, 190, 190)
CARD = SHOWN * (PICTURE + GAP) + GAP
HEAD = round(2 * NAME * LEADING) + 2 * GAP
HEIGHT = HEAD + PICTURE + round(3 * LABEL * LEADING) + 2 * GAP
WIDTH = ACROSS * (CARD + GAP) + GAP


class Card(NamedTuple):
    """One suspect before it is drawn."""

    head: str
    """What it is called, and what it is more like."""
    verdict: str
    warns: bool
    """Whether the verdict is a warning, and drawn in its color."""
    pictures: list[Picture]
    """The suspect, the nearest of its own category, the nearest of the suggested category."""


class Page(NamedTuple):
    """The page before it is drawn."""

    name: str
    """File name without extension."""
    title: str
    cards: list[Card]


def page(renders: PathLike, table: PathLike) -> Page | None:
    """The page of a table of suspects; None if the table has none.

    Parameters
    ----------
    renders : path
        Folder of renders.
    table : path
        suspects.csv. Beside it may lie its record, which says how many specimens were checked.
    """
    rows = read_table(table, SUSPECTS_COLUMNS, suspicion=float, distance_same=float, distance_suggested=float)
    if not rows:
        return None
    checked = read_record(table).get("checked") if layout.record_path(table).exists() else None
    several = f"{len(rows):,} of {checked:,} specimens" if checked else counted(len(rows), "specimen")
    part = f". The first {MOST}" if len(rows) > MOST else ""
    title = f"{several} may be in the wrong category{part}"
    return Page("suspects", title, [_card(renders, *one) for one in enumerate(rows[:MOST], 1)])


def draw(page: Page) -> np.ndarray:
    """Draw a page, uint8 [H, W, 3]."""
    heading = wrapped(page.title, TITLE, WIDTH - 2 * GAP)
    top = round(len(heading) * TITLE * LEADING) + 3 * GAP
    sheet = Image.new("RGB", (WIDTH, top + -(-len(page.cards) // ACROSS) * (HEIGHT + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    write(pen, (GAP, GAP), heading, TITLE)
    for index, card in enumerate(page.cards):
        _draw_card(sheet, pen, (GAP + index % ACROSS * (CARD + GAP), top + index // ACROSS * (HEIGHT + GAP)), card)
    return np.asarray(sheet)


def _draw_card(sheet: Image.Image, pen: ImageDraw.ImageDraw, corner: tuple[int, int], card: Card) -> None:
    left, upper = corner
    pen.rectangle([left, upper, left + CARD - 1, upper + HEIGHT - 1], outline=BORDER, width=LINE)
    write(pen, (left + GAP, upper + GAP), [card.head], NAME)
    verdict = upper + GAP + round(NAME * LEADING)
    write(pen, (left + GAP, verdict), [card.verdict], NAME, WARNING if card.warns else GRAY)
    for index, picture in enumerate(card.pictures):
        place = (left + GAP + index * (PICTURE + GAP), upper + HEAD)
        sheet.paste(thumbnail(picture, PICTURE), place)
        write_below(pen, (place[0], place[1] + PICTURE), picture, PICTURE)
    frame = [left + GAP, upper + HEAD, left + GAP + PICTURE - 1, upper + HEAD + PICTURE - 1]
    pen.rectangle(frame, outline=WARNING, width=FRAME)


def _card(renders: PathLike, number: int, row: dict[str, Any]) -> Card:
    suspicion = round(row["suspicion"], 2)
    reading = next((words for least, words in READINGS if suspicion >= least), OTHERWISE)
    pictures = [
        _picture(renders, row["specimen_id"], "this specimen"),
        _picture(renders, row["nearest_same"], _nearest(row["category"], row["distance_same"])),
        _picture(renders, row["nearest_suggested"], _nearest(row["suggested"], row["distance_suggested"])),
    ]
    head = _with_names("{}. {}, but more like {}", NAME, CARD - 2 * GAP, str(number), row["category"], row["suggested"])
    return Card(head, f"{reading}: suspicion {suspicion:.2f}", suspicion >= READINGS[-1][0], pictures)


def _nearest(category: str, distance: float) -> str:
    return _with_names("nearest of {}", LABEL, PICTURE, category) + f"\ndistance {distance:.3f}"


def _with_names(words: str, size: int, width: float, *names: str) -> str:
    """Words with names in them, of which the longest are cut until all have room."""
    room = width - font(size).getlength(words.format(*[""] * len(names)))
    cut: dict[int, str] = {}
    for place in sorted(range(len(names)), key=lambda place: font(size).getlength(names[place])):
        cut[place] = fitted(names[place], size, room / (len(names) - len(cut)))
        room -= font(size).getlength(cut[place])
    return words.format(*(cut[place] for place in range(len(names))))


def _picture(renders: PathLike, identity: str, below: str) -> Picture:
    return Picture(image_of(renders, identity), identity, below)
