"""Single specimens -> the collection.

In: a render record of every specimen and its embedding, float32 [D]; to whiten, also its features, float32 [V, D].
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


def records(identities, renders) -> dict:
    """What is RECORDED of specimens, by ID.

    Parameters
    ----------
    identities : list of str
        One without a render record yet, added while the workflow runs, is left to the next run.
    renders : path
        Folder of renders with their records.
    """
    paths = {identity: store.render_record(renders, identity) for identity in identities}
    found = {identity: store.read_json(path) for identity, path in paths.items() if path.exists()}
    return {identity: {key: record[key] for key in RECORDED if key in record} for identity, record in found.items()}


def gather(recorded, embeddings) -> Collection:
    """Read the embeddings of some specimens.

    Parameters
    ----------
    recorded : dict of ID to record
        One without an embedding yet, added while the workflow runs, is left to the next run.
    embeddings : path
        Folder of single embeddings.
    """
    paths = {identity: store.array_path(embeddings, identity) for identity in recorded}
    found = {identity: store.read_array(path) for identity, path in paths.items() if path.exists()}
    rows = {identity: embedding for identity, embedding in found.items() if len(embedding)}
    return Collection(list(rows), _stacked(rows), {identity: recorded[identity] for identity in found})


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
