"""The collection: its embeddings, the ID of every row, and its passport, which says how it was made."""

from pathlib import Path

import numpy as np

from fossilvit.errors import UserError
from fossilvit.store import digests, layout
from fossilvit.store.arrays import read_array, write_array
from fossilvit.store.files import atomic, read_json, readable
from fossilvit.store.layout import record_path
from fossilvit.store.records import recorded


def write_embeddings(folder, identities, embeddings, facts, made_from):
    """Write the collection: embeddings.npy, float32 [N, D], ids.txt and embeddings.json.

    Parameters
    ----------
    facts : dict
        How all embeddings were made; their number and D are added to it.
    made_from : dict
    """
    embeddings = np.asarray(embeddings, np.float32)
    array, ids, record = (layout.within(folder, path) for path in (layout.ARRAY, layout.IDS, layout.PASSPORT))
    number, dimension = embeddings.shape
    facts = {"specimens": number, "dimension": dimension, **facts}
    with recorded(record, made_from, array, ids, **facts):
        write_array(array, embeddings)
        with atomic(ids, "w") as file:
            file.writelines(f"{identity}\n" for identity in identities)


def read_passport(embeddings) -> dict:
    """What is known of a collection: the content of embeddings.json beside its embeddings.

    Of embeddings without one, only the digest is known.
    """
    path = record_path(embeddings)
    return read_json(path) if path.exists() else {"sha256": {Path(embeddings).name: digests.of_file(embeddings)}}


def read_embeddings(path, ids=None):
    """The collection as (ids, embeddings [N, D]); the IDs stand in ids.txt beside it unless named.

    Raises
    ------
    UserError
        A file is missing or unreadable, or the two do not belong together.
    """
    path = Path(path)
    ids = Path(ids or layout.within(path.parent, layout.IDS))
    embeddings = read_array(path)
    with readable(ids):
        identities = ids.read_text(encoding="utf-8").split("\n")[:-1]
    if embeddings.ndim != 2 or len(embeddings) != len(identities):
        raise UserError(
            f"{path} of shape {list(embeddings.shape)} and {ids} of {len(identities)} lines do not belong together; "
            "make both anew with scripts.pool_embeddings or snakemake."
        )
    return identities, embeddings
