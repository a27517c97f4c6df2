"""Labeled pictures -> one sheet.

In: square pictures, uint8 [H, H, 3], each with a label and a note. Out: one picture, uint8 [H, W, 3].
"""

from functools import cache
from importlib.metadata import distribution
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURE = 220
"""Side of a picture in pixels."""
COLUMNS = 6
GAP = 12
"""Pixels between pictures."""
LABEL, TITLE = 15, 26
"""Sizes of the letters below and above the pictures, in pixels."""
INK, GRAY = (20, 20, 20), (110, 110, 110)


class Picture(NamedTuple):
    """One cell of a contact sheet."""

    image: np.ndarray
    """uint8 [H, H, 3]"""
    label: str
    note: str = ""


def draw(title: str, pictures: list[Picture]) -> np.ndarray:
    """Draw pictures in rows under a title, each with its label and, in gray, its note.

    Parameters
    ----------
    title : str
    pictures : list of Picture

    Returns
    -------
    uint8 [H, W, 3]
    """
    columns = max(1, min(COLUMNS, len(pictures)))
    cell = (PICTURE + GAP, PICTURE + 2 * LABEL + 2 * GAP)
    top = TITLE + 3 * GAP
    size = (max(columns, 3) * cell[0] + GAP, top + -(-len(pictures) // columns) * cell[1] + GAP)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), title, fill=INK, font=font(TITLE))
    for index, picture in enumerate(pictures):
        left, upper = GAP + index % columns * cell[0], top + index // columns * cell[1]
        view = Image.fromarray(picture.image).resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
        sheet.paste(view, (left, upper))
        pen.text((left, upper + PICTURE), _fitted(pen, picture.label), fill=INK, font=font(LABEL))
        pen.text((left, upper + PICTURE + LABEL + 3), picture.note, fill=GRAY, font=font(LABEL))
    return np.asarray(sheet)


def _fitted(pen: ImageDraw.ImageDraw, label: str) -> str:
    """A label cut at its beginning to the width of a picture. Its end, which tells specimens apart, is kept."""
    if pen.textlength(label, font(LABEL)) <= PICTURE:
        return label
    while pen.textlength("…" + label, font(LABEL)) > PICTURE:
        label = label[1:]
    return "…" + label


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font IPAexGothic, which has Japanese and Latin letters and comes with the package matplotlib-fontja."""
    path = distribution("matplotlib-fontja").locate_file("matplotlib_fontja/fonts/ipaexg.ttf")
    return ImageFont.truetype(str(path), size)
