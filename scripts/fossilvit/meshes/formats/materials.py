"""Textures that a mesh names -> pictures.

A mesh may name any path; only files in its own folder or below are opened, and a missing one is a note, not a failure.
"""

import warnings

import numpy as np

from fossilvit.scans import companions
from fossilvit.scans.companions import Missing, shown

MOST_BYTES = 1 << 24
"""Bytes of a material library that are read."""
GRAY = 0.8


def texture(mesh, name):
    """The one texture of a mesh as (images, notes)."""
    try:
        return (_image(mesh, name),), []
    except Missing as error:
        return (), [str(error)]


def library(mesh, names):
    """The materials of the libraries (.mtl) that a mesh names.

    Returns
    -------
    materials : dict of name to uint8 [H, W, 3]
        A texture, or one pixel of the diffuse color.
    notes : list of str
    """
    materials, notes = {}, []
    for name in names:
        try:
            with open(companions.locate(mesh, name), "rb") as file:
                found, missing = _parse(mesh, file.read(MOST_BYTES).decode("utf-8", "replace"))
        except Missing as error:
            found, missing = {}, [str(error)]
        materials |= found
        notes += missing
    return materials, notes


def _parse(mesh, text):
    materials, notes, current = {}, [], None
    for line in text.splitlines():
        match line.split():
            case ["newmtl", *words]:
                current = " ".join(words)
                materials[current] = _pixel([GRAY] * 3)
            case ["Kd", *values] if current is not None and materials[current].size == 3:
                materials[current] = _pixel(values)
            case ["map_Kd", *words] if current is not None and words:
                images, missing = texture(mesh, _file_name(line, words))
                notes += missing
                materials[current] = images[0] if images else materials[current]
    return materials, notes


def _file_name(line, words):
    """The file of a texture, which may hold blanks; options before it begin with a minus."""
    if words[0].startswith("-"):
        return words[-1]
    return line.split("map_Kd", 1)[1].strip()


def _pixel(values):
    """One pixel of a color from 0 to 1, uint8 [1, 1, 3]; gray where it is none."""
    try:
        color = np.clip([float(value) for value in values[:3]], 0, 1)
    except ValueError:
        color = np.full(3, GRAY)
    color = color if color.shape == (3,) and np.isfinite(color).all() else np.full(3, GRAY)
    return np.rint(255 * color).astype(np.uint8).reshape(1, 1, 3)


def _image(mesh, name):
    from PIL import Image

    path = companions.locate(mesh, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return np.asarray(image.convert("RGB"))
    except Exception as error:  # a decoder meets whatever a broken picture makes of it
        raise Missing(f"names the texture {shown(name)}, which cannot be read ({type(error).__name__})") from None
