"""The table of confusion -> a picture of which categories are taken for which.

In: confusion.csv. Out: a picture, uint8 [H, W, 3]. One row per category of specimens, one column per category of their
nearest neighbors. Every cell shows the number of specimens; the larger its share of the row, the stronger is its color.
All lengths are in pixels.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fossilvit.pages.contact_sheet import GAP, GRAY, INK, LABEL, LEADING, TITLE, fitted, font, wrapped, write
from fossilvit.pages.groups import PALETTE, Color
from fossilvit.store.files import PathLike
from fossilvit.store.tables import CONFUSION_COLUMNS, read_table

MOST = 40
"""Largest number of categories in the picture."""
CELL = 72
NAME = 560
"""Largest length of the name of a category."""
NARROWEST = 1500
"""Width that leaves room for the title."""
OWN, OTHER = PALETTE[0], PALETTE[1]
"""Colors of the own category and of others: blue and orange."""
FAINTEST = 0.15
"""Strength of the color of a cell with few specimens, so that one specimen of many is seen."""
DARK = 0.6
"""Strength of a color on which white letters are read better than dark ones."""
GRID: Color = (225, 225, 225)
OTHERS = "all other categories"
LEGEND = (
    "Rows are categories of specimens, and columns those of their nearest neighbors. Numbers are specimens. Blue is "
    "their own category, orange another. The stronger the color, the larger the share of the row."
)


class Matrix(NamedTuple):
    """Numbers of specimens."""

    rows: list[str]
    columns: list[str]
    counts: np.ndarray
    """int [rows, columns]"""


def draw(table: PathLike) -> np.ndarray:
    """Draw the table of confusion, uint8 [H, W, 3].

    Raises
    ------
    UserError
        The table is missing or broken.
    """
    rows = read_table(table, CONFUSION_COLUMNS, objects=int)
    pairs = Counter({(row["category"], row["nearest"]): row["objects"] for row in rows})
    return _picture(matrix(pairs), title(pairs))


def title(pairs: Counter[tuple[str, str]]) -> str:
    """The answer in a sentence.

    Parameters
    ----------
    pairs : number of specimens by their category and that of their nearest neighbor
    """
    if not pairs:
        return "No specimen has another of its category to be found."
    right = sum(count for (category, nearest), count in pairs.items() if category == nearest)
    answer = f"{right} of {pairs.total()} specimens have their nearest neighbor in their own category"
    categories = {category for pair in pairs for category in pair}
    if len(categories) <= MOST:
        return f"{answer}."
    return f"{answer}; these are the {MOST} of {len(categories)} categories with the most confusions."


def matrix(pairs: Counter[tuple[str, str]]) -> Matrix:
    """The rows and columns of the picture. Categories that are taken for each other stand side by side.

    Of more than MOST categories, those with most confusions are kept, and one more column counts nearest neighbors in
    all others.
    """
    wrong: Counter[str] = Counter()
    for (category, nearest), count in pairs.items():
        for name in {category, nearest}:
            wrong[name] += count if category != nearest else 0
    kept = sorted(wrong, key=lambda name: (-wrong[name], name))[:MOST]
    columns = _ordered(kept, pairs)
    asked = {category for category, _ in pairs}
    rows = [name for name in columns if name in asked]
    counts = [[pairs[row, column] for column in columns] for row in rows]
    if len(kept) < len(wrong):
        totals: Counter[str] = Counter()
        for (category, _), count in pairs.items():
            totals[category] += count
        counts = [[*found, totals[row] - sum(found)] for row, found in zip(rows, counts, strict=True)]
        columns.append(OTHERS)
    return Matrix(rows, columns, np.array(counts, int).reshape(len(rows), len(columns)))


def _ordered(names: list[str], pairs: Counter[tuple[str, str]]) -> list[str]:
    """Names in alphabetical order, but each is followed by those that are taken for it, or it for them, most first."""
    waiting = sorted(names, reverse=True)
    ordered: list[str] = []
    while waiting:
        name = waiting.pop()
        if name not in ordered:
            ordered.append(name)
            taken = {other: pairs[name, other] + pairs[other, name] for other in names if other not in ordered}
            waiting += sorted((other for other in taken if taken[other]), key=lambda other: (taken[other], other))
    return ordered


def _picture(found: Matrix, heading: str) -> np.ndarray:
    """Draw the matrix under its heading, uint8 [H, W, 3]."""
    rows, columns = ([fitted(name, LABEL, NAME) for name in names] for names in (found.rows, found.columns))
    beside, above = (
        max((round(font(LABEL).getlength(name)) for name in names), default=0) for names in (rows, columns)
    )
    left = beside + 2 * GAP
    width = max(NARROWEST, left + len(columns) * CELL + GAP)
    lines, legend = wrapped(heading, TITLE, width - 2 * GAP), wrapped(LEGEND, LABEL, width - 2 * GAP)
    below = GAP + round(len(lines) * TITLE * LEADING) + GAP
    upper = below + round(len(legend) * LABEL * LEADING) + 2 * GAP + above + GAP
    page = Image.new("RGB", (width, upper + len(rows) * CELL + GAP), "white")
    pen = ImageDraw.Draw(page)
    write(pen, (GAP, GAP), lines, TITLE)
    write(pen, (GAP, below), legend, LABEL, GRAY)
    for number, name in enumerate(columns):
        _write_upward(page, (left + number * CELL, upper - GAP // 2), name)
    for number, (name, counts) in enumerate(zip(rows, found.counts.tolist(), strict=True)):
        top = upper + number * CELL
        pen.text((left - GAP // 2, top + CELL // 2), name, fill=INK, font=font(LABEL), anchor="rm")
        for place, count in enumerate(counts):
            color = OWN if place == found.columns.index(found.rows[number]) else OTHER
            _draw_cell(pen, (left + place * CELL, top), count, count / sum(counts), color)
    return np.asarray(page)


def _write_upward(page: Image.Image, place: tuple[int, int], text: str) -> None:
    """Write a text from below to above, in the middle of the column whose left edge is at a place, and ending there."""
    mask = Image.new("L", (round(font(LABEL).getlength(text)) + 2, CELL))
    ImageDraw.Draw(mask).text((0, CELL // 2), text, fill=255, font=font(LABEL), anchor="lm")
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    page.paste(INK, (place[0], place[1] - turned.height), turned)


def _draw_cell(pen: ImageDraw.ImageDraw, place: tuple[int, int], count: int, share: float, color: Color) -> None:
    """Draw a cell, stronger in color if it has a larger share of its row. A cell without specimens stays empty."""
    strength = FAINTEST + (1 - FAINTEST) * share if count else 0
    shade = tuple(round(255 + strength * (part - 255)) for part in color)
    pen.rectangle((*place, place[0] + CELL, place[1] + CELL), fill=shade, outline=GRID)
    if count:
        size = min(LABEL, int(0.9 * LABEL * CELL / font(LABEL).getlength(str(count))))
        middle = (place[0] + CELL // 2, place[1] + CELL // 2)
        pen.text(middle, str(count), fill="white" if strength > DARK else INK, font=font(size), anchor="mm")
