"""Names of pictures that a mesh names as its textures -> their pixels, uint8 [H, W, 3].

Only formats that scans have are opened, each file once, however often and in however many ways it is named. Pictures
that are larger together than any view can show are reduced while they are read. What is missing, broken or too much is
a note, not a failure.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fossilvit.meshes.formats import source
from fossilvit.scans import companions
from fossilvit.scans.companions import Missing, shown
from fossilvit.store.files import PathLike

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "TGA", "GIF", "WEBP")
"""What Pillow may open. Other formats run other programs, as EPS runs Ghostscript, or are none that scans have."""
MOST_PICTURES = 1000
"""Largest number of pictures that one mesh may name."""
MOST_PIXELS = 1 << 28
"""Largest size of a picture, in pixels: 16384 x 16384, the largest that photogrammetry makes."""
MOST_IN_ALL = 1 << 34
"""Largest size of all pictures together, in pixels: 256 of 8192 x 8192. To decode them takes minutes."""
MOST_KEPT = 1 << 26
"""Largest size of all pictures together after they are reduced, in pixels: one of 8192 x 8192."""
BAND = 1 << 22
"""Pixels that are reduced at once, which bounds the memory."""


def texture(mesh: PathLike, name: str) -> tuple[tuple[np.ndarray, ...], list[str]]:
    """A texture of a mesh: (images, notes), with one image, or none and a note that says why."""
    found, notes = read(mesh, [name])
    return tuple(found.values()), notes


def read(mesh: PathLike, names: Iterable[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read pictures that a mesh names.

    Returns
    -------
    found : dict of name to uint8 [H, W, 3]; two names of one file have the same array
    notes : list of str
    """
    found: dict[str, np.ndarray] = {}
    paths, notes = _located(mesh, list(dict.fromkeys(names)))
    sizes = _sizes(paths, notes)
    halvings = _halvings(list(sizes.values()))
    if any(halvings):
        total = sum(width * height for width, height in sizes.values())
        notes.append(f"has textures of {total / 1e6:,.0f} million pixels in all, of which the largest were reduced")
    for path, times in zip(sizes, halvings, strict=True):
        with _noted(notes, paths[path][0]):
            pixels = _pixels(path, times)
            found |= dict.fromkeys(paths[path], pixels)
    return found, notes


def _located(mesh: PathLike, names: Sequence[str]) -> tuple[dict[Path, list[str]], list[str]]:
    """The names of each file that is there, by its path, and notes."""
    paths: dict[Path, list[str]] = {}
    notes: list[str] = []
    for name in names[:MOST_PICTURES]:
        with _noted(notes, name):
            paths.setdefault(companions.locate(mesh, name), []).append(name)
    if len(names) > MOST_PICTURES:
        notes.append(f"names {len(names)} textures, and those after the first {MOST_PICTURES} were not looked for")
    return paths, notes


def _sizes(paths: dict[Path, list[str]], notes: list[str]) -> dict[Path, tuple[int, int]]:
    """Width and height of the pictures that can be read."""
    sizes: dict[Path, tuple[int, int]] = {}
    total = 0
    for path, names in paths.items():
        with _noted(notes, names[0]), _opened(path) as image:
            width, height = image.size
            total += width * height
            if total > MOST_IN_ALL:
                raise Missing(
                    f"has textures of more than {MOST_IN_ALL / 1e9:.0f} billion pixels in all, and those from "
                    f"{shown(names[0])} on were not read"
                )
            sizes[path] = width, height
        if total > MOST_IN_ALL:
            break
    return sizes


def _halvings(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """How often the sides of each picture, (width, height), are halved so that all have MOST_KEPT pixels or fewer."""
    halvings = [0] * len(sizes)
    kept = [width * height for width, height in sizes]
    while sum(kept) > MOST_KEPT:
        largest = kept.index(max(kept))
        halvings[largest] += 1
        width, height = sizes[largest]
        kept[largest] = -(-width >> halvings[largest]) * -(-height >> halvings[largest])
    return halvings


@contextmanager
def _noted(notes: list[str], name: str) -> Iterator[None]:
    """Turn what is wrong with a picture into a note."""
    from PIL import Image, UnidentifiedImageError

    texture = f"names the texture {shown(name)}, which"
    try:
        yield
    except Missing as error:
        notes.append(str(error))
    except UnidentifiedImageError:
        notes.append(f"{texture} cannot be read, because it is broken or none of {', '.join(FORMATS)}")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        notes.append(f"{texture} cannot be read, because it has more than {MOST_PIXELS / 1e6:.0f} million pixels")
    except MemoryError:
        notes.append(f"{texture} cannot be read, because it takes more memory than there is for this scan")
    except Exception:  # a broken picture may raise anything in a decoder
        notes.append(f"{texture} cannot be read, because it is broken")


@contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """Open a picture; its pixels are not read yet."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with source.opened(path) as file, Image.open(file, formats=FORMATS) as image:
            yield image


def _pixels(path: Path, halvings: int) -> np.ndarray:
    """The pixels of a picture whose sides are halved so often, uint8 [H, W, 3]."""
    with _opened(path) as image:
        width, height = image.size
        image.draft(None, (max(width >> halvings, 1), max(height >> halvings, 1)))  # a JPEG is decoded smaller
        factor = (1 << halvings) * image.width // width or 1
        width, height = image.size
        pixels = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
        rows = -(-BAND // width // factor) * factor
        for top in range(0, height, rows):
            band = image.crop((0, top, width, min(top + rows, height))).convert("RGB").reduce(factor)
            pixels[top // factor : top // factor + band.height] = np.asarray(band)
        return pixels
