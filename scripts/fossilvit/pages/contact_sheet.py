"""Labeled pictures -> one sheet, six pictures wide. Sheets are made to be printed: six columns fill A4 at 300 dpi.

In: square pictures, uint8 [H, H, 3], each with a label and a note. Out: one picture, uint8 [H, W, 3].
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from importlib.metadata import distribution
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURE = 380
"""Side of a picture in pixels."""
COLUMNS, FEWEST_COLUMNS = 6, 3
"""Pictures in a row, and the width of the narrowest sheet, which leaves room for its title."""
GAP = 20
"""Pixels between pictures."""
LABEL, TITLE = 32, 52
"""Sizes of the letters below and above the pictures, in pixels. 32 pixels are 8 points at 300 dpi."""
LEADING = 1.15
"""Distance of two lines, in sizes of the letters."""
AROUND = 0.03
"""Left free around a specimen in small pictures, in sizes of it."""
INK, GRAY, WARNING = (20, 20, 20), (110, 110, 110), (190, 60, 0)


class Picture(NamedTuple):
    """One cell of a contact sheet."""

    image: np.ndarray | Callable[[], np.ndarray]
    """uint8 [H, H, 3], or a function that reads it when it is drawn, so that no sheet holds views."""
    label: str
    note: str = ""
    """Lines below the label."""
    warns: bool = False
    """Whether the note is a warning, and drawn in its color."""


def draw(title: str, pictures: list[Picture]) -> np.ndarray:
    """Draw pictures in rows under a title, each with its label and, in gray or as a warning, its note.

    Parameters
    ----------
    title : str
    pictures : list of Picture

    Returns
    -------
    uint8 [H, W, 3]
    """
    columns = max(1, min(COLUMNS, len(pictures)))
    lines = 1 + max((1 + picture.note.count("\n") for picture in pictures), default=1)
    cell = (PICTURE + GAP, PICTURE + round(lines * LABEL * LEADING) + 2 * GAP)
    width = max(columns, FEWEST_COLUMNS) * cell[0] + GAP
    heading = wrapped(title, TITLE, width - 2 * GAP)
    top = round(len(heading) * TITLE * LEADING) + 3 * GAP
    sheet = Image.new("RGB", (width, top + -(-len(pictures) // columns) * cell[1] + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    write(pen, (GAP, GAP), heading, TITLE)
    for index, picture in enumerate(pictures):
        left, upper = GAP + index % columns * cell[0], top + index // columns * cell[1]
        sheet.paste(thumbnail(picture, PICTURE), (left, upper))
        write_below(pen, (left, upper + PICTURE), picture, PICTURE)
    return np.asarray(sheet)


def thumbnail(picture: Picture, side: int, closer: bool = False) -> Image.Image:
    """The image of a picture, scaled to a square. In small ones, what is around the specimen may be left out."""
    image = picture.image() if callable(picture.image) else picture.image
    shown = _closer(image) if closer else image
    return Image.fromarray(shown).resize((side, side), Image.Resampling.LANCZOS)


def _closer(image: np.ndarray) -> np.ndarray:
    """The square of an image, uint8 [H, H, 3], around everything that has not the color of most of its corners."""
    corners, counts = np.unique(image[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0, return_counts=True)
    seen = (image != corners[counts.argmax()]).any(axis=2)
    if not seen.any():
        return image
    ends = [np.flatnonzero(seen.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    side = min(len(image), round((1 + 2 * AROUND) * (1 + max(last - first for first, last in ends))))
    upper, left = (min(max(0, int(first + last + 1 - side) // 2), len(image) - side) for first, last in ends)
    return image[upper : upper + side, left : left + side]


def write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    lines: list[str],
    size: int,
    color: tuple[int, int, int] = INK,
) -> None:
    """Write lines of letters of a size in pixels, the first with its upper left corner at a place."""
    for index, line in enumerate(lines):
        pen.text((place[0], place[1] + round(index * size * LEADING)), line, fill=color, font=font(size))


def write_below(pen: ImageDraw.ImageDraw, place: tuple[float, float], picture: Picture, width: float) -> None:
    """Write label and note of a picture, no wider than a width, below its lower left corner."""
    left, upper = place
    write(pen, (left, upper + 4), [fitted(picture.label, LABEL, width)], LABEL)
    note = [fitted(line, LABEL, width) for line in picture.note.split("\n")]
    write(pen, (left, upper + 4 + round(LABEL * LEADING)), note, LABEL, WARNING if picture.warns else GRAY)


def fitted(text: str, size: int, width: float) -> str:
    """A text cut at its beginning to a width in pixels. Its end, which tells specimens apart, is kept."""
    text = printable(text)
    if font(size).getlength(text) <= width:
        return text
    ends = range(1, len(text) + 1)
    return "…" + text[1 + bisect_left(ends, True, key=lambda cut: font(size).getlength("…" + text[cut:]) <= width) :]


def wrapped(text: str, size: int, width: float) -> list[str]:
    """The lines of a text that is no wider than a width in pixels, broken at spaces."""
    first, *words = [fitted(word, size, width) for word in printable(text).split(" ")]
    lines = [first]
    for word in words:
        if font(size).getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def printable(text: str) -> str:
    """A text with `?` for what cannot be written in a line, such as its end, and with accents as parts of letters."""
    letters = unicodedata.normalize("NFC", text)
    return "".join(letter if letter.isprintable() else "?" for letter in letters)


def font_file() -> str:
    """The path of IPAexGothic, which has Japanese and Latin letters and comes with the package matplotlib-fontja."""
    return str(distribution("matplotlib-fontja").locate_file("matplotlib_fontja/fonts/ipaexg.ttf"))


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font of all pages in a size in pixels."""
    return ImageFont.truetype(font_file(), size)
