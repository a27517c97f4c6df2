"""Materials that a mesh names -> how they look: pictures, uint8 [H, W, 3], of which a plain color is one pixel.

A mesh may name any path, but only files in its own folder or below are opened. What is missing, broken or too much is a
note, not a failure.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fossilvit.meshes.formats import pictures, source
from fossilvit.scans import companions
from fossilvit.scans.companions import Missing
from fossilvit.store.files import PathLike

MOST_LIBRARIES = 1000
"""Largest number of material libraries that one mesh may name; some programs write one per part of a scan."""
MOST_BYTES = 1 << 24
"""Largest size of all these libraries together, in bytes."""
MOST_MATERIALS = 10_000
"""Largest number of materials that the faces of one mesh may have."""
GRAY = 0.8
"""Color of a material without a valid color, 0 to 1."""


class Material(NamedTuple):
    """A material as a library describes it."""

    color: Sequence[str] = ()
    """the words of its diffuse color"""
    picture: str | None = None
    """the name of its texture"""


def looks(
    mesh: PathLike, libraries: Iterable[str], used: Iterable[str]
) -> tuple[tuple[np.ndarray, ...], dict[str, int], list[str]]:
    """How the materials of a mesh look.

    Parameters
    ----------
    mesh : path
    libraries : names of its material libraries (.mtl)
    used : names of the materials that its faces have

    Returns
    -------
    images : tuple of uint8 [H, W, 3], each another one
    numbers : dict of the name of a material to the index of its image; those that no library describes are missing
    notes : list of str
    """
    wanted = list(dict.fromkeys(used))
    materials, notes = _described(mesh, list(dict.fromkeys(libraries)), frozenset(wanted[:MOST_MATERIALS]))
    if len(wanted) > MOST_MATERIALS:
        notes.append(f"has {len(wanted)} materials, and those after the first {MOST_MATERIALS} were not looked for")
    found, missing = pictures.read(mesh, (material.picture for material in materials.values() if material.picture))
    images: dict[int | bytes, np.ndarray] = {}
    keys: dict[str, int | bytes] = {}
    for name, material in materials.items():
        picture = found.get(material.picture or "")
        image = _pixel(material.color) if picture is None else picture
        keys[name] = image.tobytes() if picture is None else id(picture)
        images.setdefault(keys[name], image)
    places = {key: place for place, key in enumerate(images)}
    return tuple(images.values()), {name: places[key] for name, key in keys.items()}, [*notes, *missing]


def _described(
    mesh: PathLike, libraries: Sequence[str], wanted: frozenset[str]
) -> tuple[dict[str, Material], list[str]]:
    """The wanted materials by name, and notes. A library that is named in several ways is read once."""
    materials: dict[str, Material] = {}
    notes: list[str] = []
    read: set[Path] = set()
    left = MOST_BYTES
    for name in libraries[:MOST_LIBRARIES]:
        try:
            path = companions.locate(mesh, name)
        except Missing as error:
            notes.append(str(error))
            continue
        if path in read:
            continue
        read.add(path)
        with source.opened(path) as file:
            text = file.read(left + 1)
        materials |= _parse(text[:left].decode("utf-8", "replace"), wanted)
        if len(text) > left:
            notes.append(
                f"names material libraries of more than {MOST_BYTES >> 20} MiB, and what is beyond was not read"
            )
            break
        left -= len(text)
    if len(libraries) > MOST_LIBRARIES:
        notes.append(
            f"names {len(libraries)} material libraries, and those after the first {MOST_LIBRARIES} were not looked for"
        )
    return materials, notes


def _parse(text: str, wanted: frozenset[str]) -> dict[str, Material]:
    """The wanted materials of one library."""
    materials: dict[str, Material] = {}
    current: str | None = None
    for line in text.splitlines():
        match line.split():
            case ["newmtl", *words]:
                name = " ".join(words)
                current = name if name in wanted else None
                if current is not None:
                    materials[current] = Material()
            case ["Kd", *values] if current is not None:
                materials[current] = materials[current]._replace(color=values[:3])
            case ["map_Kd", *words] if current is not None and words:
                materials[current] = materials[current]._replace(picture=_file_name(line, words))
    return materials


def _file_name(line: str, words: Sequence[str]) -> str:
    """Name of a texture file. It may contain blanks unless options, which begin with a minus, precede it."""
    if words[0].startswith("-"):
        return words[-1]
    return line.split("map_Kd", 1)[1].strip()


def _pixel(values: Sequence[str]) -> np.ndarray:
    """A color from 0 to 1 as one pixel, uint8 [1, 1, 3]; gray if the values are not a color."""
    try:
        color = np.clip([float(value) for value in values], 0, 1)
    except ValueError:
        color = np.full(3, GRAY)
    color = color if color.shape == (3,) and np.isfinite(color).all() else np.full(3, GRAY)
    whole: np.ndarray = np.rint(255 * color)
    return whole.astype(np.uint8).reshape(1, 1, 3)
