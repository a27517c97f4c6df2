"""The core and the exhibits -> the page, and the chunks beside it.

In: a packed core, and thumbnails and exhibits as texts of base64 by ID. Out: HTML that needs nothing else, or that
loads chunks: classic scripts, the only files that a page from disk may load.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from string import Template

from fossilvit.errors import UserError
from fossilvit.provenance.recipes import PAGE
from fossilvit.store import layout
from fossilvit.store.files import PathLike, readable
from fossilvit.store.records import recorded_digest

PARTS = ("thumbnails", "exhibits")
"""What is known of single specimens, in order of the lines in the file of an exhibit."""
Texts = Mapping[str, str]
"""Texts of base64 by ID."""


def html(core: str, parts: Mapping[str, Texts], count: int) -> str:
    """The page.

    Parameters
    ----------
    core : str
        As packing.pack() made it.
    parts : dict of names as chunk_name() makes them to texts by ID
        Empty if they lie in chunks beside the page.
    count : int
        The number of specimens.
    """
    script, style = _built("atlas.js"), _built("atlas.css")
    inert = {"core": core, **{name: _json(texts) for name, texts in parts.items()}}
    return Template((PAGE / "page.html").read_text(encoding="utf-8")).substitute(
        title=f"Atlas of {count:,} specimen{'' if count == 1 else 's'}",
        policy=f"default-src 'none'; script-src {_digest(script)} 'self' file:; style-src {_digest(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'",
        style=style,
        data="\n".join(f'<script type="text/plain" id="{name}">{text}</script>' for name, text in inert.items()),
        licenses=_built("licenses.txt"),
        script=script,
    )


def chunk(name: str, texts: Texts) -> str:
    """The script of a chunk, which hands its texts to the page."""
    return f"fossilvit({_json(name)},{_json(texts)});\n"


def chunk_name(part: str, shard: str) -> str:
    """The name of a chunk, as the page asks for it."""
    return f"{part}-{shard}"


def read_exhibits(folder: PathLike, identities: Iterable[str]) -> list[dict[str, str]]:
    """The texts of PARTS by ID. A specimen that could not be rendered has none.

    Parameters
    ----------
    folder : path
        The folder of exhibits.
    identities : iterable of str

    Raises
    ------
    UserError
        The file of a specimen is missing or broken.
    """
    found: list[dict[str, str]] = [{} for _ in PARTS]
    for identity in identities:
        for texts, text in zip(found, _lines(layout.exhibit_path(folder, identity)), strict=True):
            if text:
                texts[identity] = text
    return found


def exhibit_digests(folder: PathLike, identities: Iterable[str]) -> dict[str, str]:
    """The digest of the exhibit of every specimen by its ID, from the record beside it."""
    return {identity: recorded_digest(layout.exhibit_path(folder, identity)) for identity in identities}


def _lines(path: Path) -> Sequence[str]:
    with readable(path):
        lines = path.read_text(encoding="ascii").split("\n")
    if len(lines) != len(PARTS) + 1:
        raise UserError(f"{path} is broken; delete it and run snakemake again.")
    return lines[: len(PARTS)]


def _built(name: str) -> str:
    """A file of the page that build.mjs made."""
    return (PAGE / "dist" / name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    """The source in a Content-Security-Policy that stands for this text alone."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _json(value: object) -> str:
    """JSON that can stand in a script: no text in it can end the script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
