"""Single specimens -> the collection.

In: a render record of every specimen and its embedding, float32 [D]; to whiten, also its features, float32 [V, D].
Out: one matrix, float32 [N, D], with the ID of every row, and what the records say of all specimens; also how their
views scatter.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.collection import whitening
from fossilvit.errors import UserError
from fossilvit.provenance import recipes
from fossilvit.store import files, layout
from fossilvit.store.arrays import read_array
from fossilvit.store.records import read_record, recorded_digest


class Collection(NamedTuple):
    """Specimens with an embedding, and the records of these and of those without."""

    identities: list
    """The ID of every row, sorted."""
    embeddings: np.ndarray
    """float32 [N, D]"""
    records: dict
    """What recipes.kept keeps of every render record, by ID; one that failed has a record and no row."""


def records(identities, renders) -> dict:
    """What a shard keeps of the render records of its specimens.

    Parameters
    ----------
    identities : list of str
    renders : path
        Folder of renders with their records.

    Returns
    -------
    dict with `version`, `render` (how all views were made; None if there are none) and `records` by ID

    Raises
    ------
    UserError
        A record is missing, or two specimens were rendered with different settings.
    """
    return recipes.shard_records(
        {identity: files.read_json(layout.render_record(renders, identity)) for identity in identities}
    )


def gather(recorded, embeddings) -> Collection:
    """Read the embeddings of some specimens.

    Parameters
    ----------
    recorded : dict of ID to record
        One without an embedding yet, added while the workflow runs, is left to the next run.
    embeddings : path
        Folder of single embeddings.
    """
    paths = {identity: layout.array_path(embeddings, identity) for identity in recorded}
    found = {identity: read_array(path) for identity, path in paths.items() if path.exists()}
    rows = {identity: embedding for identity, embedding in found.items() if len(embedding)}
    return Collection(list(rows), _stacked(rows), {identity: recorded[identity] for identity in found})


def passport(identities, features, embeddings) -> dict:
    """How the embeddings of some specimens were made: the encoder, and how views were pooled.

    Parameters
    ----------
    identities : collection of str
    features, embeddings : path
        Folders, with a record beside every array.

    Raises
    ------
    UserError
        A record is missing, or two specimens were made with different settings.
    """
    described = [read_record(layout.array_path(features, one))["made_from"] for one in identities]
    pooled = [read_record(layout.array_path(embeddings, one))["made_from"] for one in identities]
    return {
        "encoder": recipes.common((record["encoder"] for record in described), "features"),
        "pool": recipes.common((record["pool"] for record in pooled), "embeddings"),
    }


def joint_passport(records) -> dict:
    """How all shards were made, by the records in them; a shard without a view says nothing of views.

    Raises
    ------
    UserError
        Two of them were made with different settings.
    """
    records = list(records)
    return {
        what: recipes.common((record[what] for record in records if record[what] is not None), "shards")
        for what in ("encoder", "render", "pool")
    }


def shard_recipe(gathered, features, embeddings, whiten) -> dict:
    """What a gathered shard is made from, by the records beside its arrays; see recipes.shard."""
    made, described = (
        {identity: recorded_digest(layout.array_path(folder, identity)) for identity in gathered.records}
        for folder in (embeddings, features)
    )
    return recipes.shard(gathered.records, made, described, whiten)


def scatter(gathered, features) -> np.ndarray:
    """How the views of the gathered specimens scatter, float32 [R, D]; see whitening.scatter.

    Parameters
    ----------
    gathered : Collection
    features : path
        Folder of features.
    """
    views = (read_array(layout.array_path(features, identity)) for identity in gathered.identities)
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
