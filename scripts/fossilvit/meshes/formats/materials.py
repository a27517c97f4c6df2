"""Textures and materials that a mesh names -> pictures, uint8 [H, W, 3].

A mesh may name any path, but only files in its own folder or below are opened. A missing file is a note, not a failure.
"""

import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from fossilvit.scans import companions
from fossilvit.scans.companions import Missing, shown
from fossilvit.store.files import PathLike

MOST_BYTES = 1 << 24
"""Largest part of a material library that is read, in bytes."""
GRAY = 0.8
"""Color of a material without a valid color, 0 to 1."""


def texture(mesh: PathLike, name: str) -> tuple[tuple[np.ndarray, ...], list[str]]:
    """A texture of a mesh: (images, notes), with one image, or none and a note that says why."""
    try:
        return (_image(mesh, name),), []
    except Missing as error:
        return (), [str(error)]


def library(mesh: PathLike, names: Iterable[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Materials of the libraries (.mtl) that a mesh names.

    Returns
    -------
    materials : dict of name to uint8 [H, W, 3]
        The texture, or one pixel of the diffuse color.
    notes : list of str
    """
    materials: dict[str, np.ndarray] = {}
    notes: list[str] = []
    for name in names:
        try:
            with open(companions.locate(mesh, name), "rb") as file:
                found, missing = _parse(mesh, file.read(MOST_BYTES).decode("utf-8", "replace"))
        except Missing as error:
            found, missing = {}, [str(error)]
        materials |= found
        notes += missing
    return materials, notes


def _parse(mesh: PathLike, text: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Materials and notes of one library."""
    materials: dict[str, np.ndarray] = {}
    notes: list[str] = []
    current: str | None = None
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


def _file_name(line: str, words: Sequence[str]) -> str:
    """Name of a texture file. It may contain blanks unless options, which begin with a minus, precede it."""
    if words[0].startswith("-"):
        return words[-1]
    return line.split("map_Kd", 1)[1].strip()


def _pixel(values: Sequence[float | str]) -> np.ndarray:
    """A color from 0 to 1 as one pixel, uint8 [1, 1, 3]; gray if the values are not a color."""
    try:
        color = np.clip([float(value) for value in values[:3]], 0, 1)
    except ValueError:
        color = np.full(3, GRAY)
    color = color if color.shape == (3,) and np.isfinite(color).all() else np.full(3, GRAY)
    whole: np.ndarray = np.rint(255 * color)
    return whole.astype(np.uint8).reshape(1, 1, 3)


def _image(mesh: PathLike, name: str) -> np.ndarray:
    """Pixels of a picture file, uint8 [H, W, 3]."""
    from PIL import Image

    path = companions.locate(mesh, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return np.asarray(image.convert("RGB"))
    except Exception as error:  # a broken picture may raise anything in a decoder
        raise Missing(f"names the texture {shown(name)}, which cannot be read ({type(error).__name__})") from None
