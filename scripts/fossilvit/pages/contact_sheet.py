"""Labeled pictures on one sheet.

In: pictures, uint8 [H, W, 3], with a label and a note each. Out: one picture, uint8 [H, W, 3].
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURE = 220
"""Pixels of a picture's side; label and title are set below and above it."""
COLUMNS = 6
GAP = 12
LABEL = 15
TITLE = 26
INK, GRAY = (20, 20, 20), (110, 110, 110)


class Picture(NamedTuple):
    """One cell of a contact sheet."""

    image: np.ndarray
    """uint8 [H, W, 3], square."""
    label: str
    note: str = ""


def draw(title: str, pictures: list[Picture]) -> np.ndarray:
    """Pictures in rows under a title, each with its label and, in gray, a note.

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
    pen.text((GAP, GAP), title, fill=INK, font=_font(TITLE))
    for index, picture in enumerate(pictures):
        left, upper = GAP + index % columns * cell[0], top + index // columns * cell[1]
        view = Image.fromarray(picture.image).resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
        sheet.paste(view, (left, upper))
        pen.text((left, upper + PICTURE), _fitted(pen, picture.label), fill=INK, font=_font(LABEL))
        pen.text((left, upper + PICTURE + LABEL + 3), picture.note, fill=GRAY, font=_font(LABEL))
    return np.asarray(sheet)


def _fitted(pen, label):
    """A label cut at its beginning until it is no wider than a picture: the end tells specimens apart."""
    if pen.textlength(label, _font(LABEL)) <= PICTURE:
        return label
    while pen.textlength("…" + label, _font(LABEL)) > PICTURE:
        label = label[1:]
    return "…" + label


@cache
def _font(size):
    """IPAexGothic, which has Japanese and Latin letters; it comes with the package matplotlib-fontja."""
    package = Path(find_spec("matplotlib_fontja").origin).parent
    return ImageFont.truetype(package / "fonts" / "ipaexg.ttf", size)
