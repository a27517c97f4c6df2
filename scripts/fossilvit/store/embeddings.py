"""The collection on disk.

In: embeddings, float32 [N, D], the ID of every row, and the passport, which says how they were made. Out:
embeddings.npy, ids.txt and embeddings.json, and what they hold.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fossilvit.errors import UserError
from fossilvit.store import digests, layout
from fossilvit.store.arrays import read_array, unique, write_array
from fossilvit.store.files import PathLike, atomic, read_json, readable
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded

MARK = "\ufeff"
"""A byte order mark."""


def write_embeddings(
    folder: PathLike,
    identities: Iterable[str],
    embeddings: np.ndarray,
    facts: dict[str, Any],
    made_from: dict[str, Any],
) -> None:
    """Write the collection: embeddings.npy, float32 [N, D], ids.txt, and embeddings.json.

    Parameters
    ----------
    identities : iterable of str, [N]
    embeddings : [N, D]
    facts : dict
        How all embeddings were made. N and D are added to it.
    made_from : dict
    """
    embeddings = np.asarray(embeddings, np.float32)
    array, ids, record = (layout.within(folder, path) for path in (layout.ARRAY, layout.IDS, layout.PASSPORT))
    number, dimension = embeddings.shape
    facts = {"specimens": number, "dimension": dimension, **facts}
    with recorded(record, made_from, array, ids, **facts):
        write_array(array, embeddings)
        with atomic(ids) as file:
            file.write(_lines(identities))


def read_passport(embeddings: PathLike) -> dict[str, Any]:
    """The passport of a collection: the content of embeddings.json, which lies beside the embeddings.

    Without that file, it holds only the digest of the embeddings.
    """
    path = record_path(embeddings)
    if not path.exists():
        return {"sha256": {Path(embeddings).name: digests.of_file(embeddings)}}
    passport: dict[str, Any] = read_json(path)
    return passport


def read_embeddings(path: PathLike, ids: PathLike | None = None) -> tuple[list[str], np.ndarray]:
    """The collection as (IDs, embeddings [N, D]). The IDs are read from `ids`, or else from ids.txt beside the array.

    Raises
    ------
    UserError
        A file is missing or unreadable, an ID is there twice, an embedding holds anything but finite numbers, or the
        two files do not belong together.
    """
    path = Path(path)
    ids = Path(ids or layout.within(path.parent, layout.IDS))
    with readable(path):
        path.stat()  # if both files are missing, the array is the one to name
    with readable(ids):
        identities = unique(_identities(ids.read_bytes()))
    embeddings = read_array(path, 2, identities)
    if len(embeddings) != len(identities):
        raise UserError(
            f"{path} of shape {list(embeddings.shape)} and {ids} of {len(identities)} lines do not belong together; "
            "make both again with scripts.pool_embeddings or snakemake."
        )
    return identities, embeddings


def _lines(identities: Iterable[str]) -> bytes:
    """The content of ids.txt. A first ID that begins as a byte order mark does gets a mark, which readers take off."""
    text = "".join(f"{identity}\n" for identity in identities)
    return text.encode("utf-8-sig" if text.startswith(MARK) else "utf-8")


def _identities(content: bytes) -> list[str]:
    """The IDs in ids.txt, which an editor may have given a byte order mark, or CR before every LF."""
    text = content.decode("utf-8-sig")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
