"""Single specimens -> the collection.

In: an embedding, float32 [D], and a render record of every specimen; to whiten, also its features, float32 [V, D].
Out: one matrix, float32 [N, D], with the ID of every row, and what the records say of all specimens; also how their
views scatter.
"""

from typing import NamedTuple

import numpy as np

from fossilvit import store, whitening
from fossilvit.errors import UserError

RECORDED = ("status", "reason", "file", "mesh", "seconds")
"""What is kept of a render record: all that tells of the specimen, nothing of its views."""


class Collection(NamedTuple):
    """Specimens with an embedding, and the records of these and of those without."""

    identities: list
    """The ID of every row, sorted."""
    embeddings: np.ndarray
    """float32 [N, D]"""
    records: dict
    """What is RECORDED of every specimen, by ID; one that failed has a record and no row."""


def gather(identities, embeddings, renders) -> Collection:
    """Read the embeddings and records of some specimens.

    Parameters
    ----------
    identities : list of str
        One without an embedding yet, added while the workflow runs, is left to the next run.
    embeddings, renders : path
        Folders of single embeddings, and of renders with their records.
    """
    rows, records = {}, {}
    for identity in identities:
        path = store.array_path(embeddings, identity)
        if not path.exists():
            continue
        record = store.read_json(store.render_record(renders, identity))
        records[identity] = {key: record[key] for key in RECORDED if key in record}
        embedding = store.read_array(path)
        if len(embedding):
            rows[identity] = embedding
    return Collection(list(rows), _stacked(rows), records)


def scatter(gathered, features) -> np.ndarray:
    """How the views of the gathered specimens scatter, float32 [R, D]; see whitening.scatter.

    Parameters
    ----------
    gathered : Collection
    features : path
        Folder of features.
    """
    views = (store.read_array(store.array_path(features, identity)) for identity in gathered.identities)
    return whitening.scatter(views, gathered.embeddings.shape[1])


def join(shards) -> Collection:
    """Join shards, tuples of (ids, embeddings, records), into the whole collection, sorted by ID.

    Raises
    ------
    UserError
        Shards of different dimensions: they come from different settings.
    """
    rows, records = {}, {}
    for identities, embeddings, recorded in shards:
        rows |= dict(zip(identities, embeddings, strict=True))
        records |= recorded
    rows = dict(sorted(rows.items()))
    return Collection(list(rows), _stacked(rows), dict(sorted(records.items())))


def _stacked(rows):
    """Rows by ID as one matrix, float32 [N, D]; [0, 0] where there are none."""
    dimensions = {len(row): identity for identity, row in rows.items()}
    if len(dimensions) > 1:
        examples = ", ".join(f"{identity!r} has {dimension}" for dimension, identity in sorted(dimensions.items()))
        raise UserError(f"Embeddings differ in dimension ({examples}): they come from different settings; run again.")
    return np.stack(list(rows.values())) if rows else np.zeros((0, 0), np.float32)
