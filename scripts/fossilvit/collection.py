"""Single specimens -> the collection.

In: an embedding, float32 [D], of every specimen. Out: one matrix, float32 [N, D], with the ID of every row, and the
failures with their reasons.
"""

from typing import NamedTuple

import numpy as np

from fossilvit import store
from fossilvit.errors import UserError


class Collection(NamedTuple):
    """Specimens with an embedding, and those without."""

    identities: list
    """The ID of every row, sorted."""
    embeddings: np.ndarray
    """float32 [N, D]"""
    failures: list
    """(ID, stage, reason) of every specimen that has no embedding."""


def gather(identities, embeddings, renders) -> Collection:
    """Read the embeddings of some specimens.

    Parameters
    ----------
    identities : list of str
        One without an embedding yet, added while the workflow runs, is left to the next run.
    embeddings, renders : path
        Folders of single embeddings, and of renders, whose records tell why a specimen failed.
    """
    rows, failures = {}, []
    for identity in identities:
        path = store.array_path(embeddings, identity)
        if not path.exists():
            continue
        embedding = store.read_array(path)
        if len(embedding):
            rows[identity] = embedding
        else:
            failures.append((identity, "render", store.read_json(store.render_record(renders, identity))["reason"]))
    return Collection(list(rows), _stacked(rows), failures)


def join(shards) -> Collection:
    """Join shards, tuples of (ids, embeddings, failures), into the whole collection, sorted by ID.

    Raises
    ------
    UserError
        Shards of different dimensions: they come from different settings.
    """
    rows, failures = {}, []
    for identities, embeddings, failed in shards:
        rows |= dict(zip(identities, embeddings, strict=True))
        failures += failed
    rows = dict(sorted(rows.items()))
    return Collection(list(rows), _stacked(rows), sorted(failures))


def _stacked(rows):
    """Rows by ID as one matrix, float32 [N, D]; [0, 0] where there are none."""
    dimensions = {len(row): identity for identity, row in rows.items()}
    if len(dimensions) > 1:
        examples = ", ".join(f"{identity!r} has {dimension}" for dimension, identity in sorted(dimensions.items()))
        raise UserError(f"Embeddings differ in dimension ({examples}): they come from different settings; run again.")
    return np.stack(list(rows.values())) if rows else np.zeros((0, 0), np.float32)
