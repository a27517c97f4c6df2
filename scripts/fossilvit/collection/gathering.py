"""Single specimens -> the collection.

In: the render record of every specimen, its embedding, float32 [D], and its features, float32 [V, D]. Out: one matrix,
float32 [N, D], the ID of every row, the kept render records of all specimens, and the scatter of their views.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fossilvit.collection import whitening
from fossilvit.errors import UserError
from fossilvit.provenance import backends, recipes
from fossilvit.store import digests, files, layout
from fossilvit.store.arrays import read_array
from fossilvit.store.files import PathLike
from fossilvit.store.records import read_record, recorded_digest

SAMPLE = 500
"""Number of specimens whose views say how views differ, so that the features of a large collection are not all read."""


class Collection(NamedTuple):
    """Specimens with an embedding, and the render records of these and of failed specimens."""

    identities: list[str]
    """The ID of every row."""
    embeddings: np.ndarray
    """float32 [N, D]"""
    records: dict[str, dict[str, Any]]
    """What recipes.kept returns for every render record, by ID. A failed specimen has a record and no row."""


def records(identities: Sequence[str], renders: PathLike) -> dict[str, Any]:
    """Read the render records of some specimens, and keep of them what a shard keeps.

    Parameters
    ----------
    identities : sequence of str
    renders : path
        Folder of renders.

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


def gather(recorded: Mapping[str, dict[str, Any]], embeddings: PathLike) -> Collection:
    """Read the embeddings of some specimens.

    Parameters
    ----------
    recorded : dict of ID to kept render record
        A specimen that was added during the run has no embedding yet; it is left to the next run.
    embeddings : path
        Folder of single embeddings.
    """
    paths = {identity: layout.array_path(embeddings, identity) for identity in recorded}
    found = {identity: read_array(path, 1) for identity, path in paths.items() if path.exists()}
    rows = {identity: embedding for identity, embedding in found.items() if len(embedding)}
    return Collection(list(rows), _stacked(rows), {identity: recorded[identity] for identity in found})


def passport(
    identities: Iterable[str], embedded: Iterable[str], features: PathLike, embeddings: PathLike
) -> dict[str, Any]:
    """How the embeddings of some specimens were made: the recipe of the encoder, what ran it, the method of pooling.

    Parameters
    ----------
    identities : collection of str
    embedded : collection of str
        Those of them that have an embedding.
    features, embeddings : path
        Folders, with a record beside every array.

    Raises
    ------
    UserError
        A record is missing, or two specimens were made with different settings.
    """
    described = {one: read_record(layout.array_path(features, one)) for one in identities}
    pooled = [read_record(layout.array_path(embeddings, one))["made_from"] for one in described]
    return {
        "encoder": recipes.common((record["made_from"]["encoder"] for record in described.values()), "features"),
        "backends": backends.counted(backends.of_record(described[one]) for one in embedded),
        "pool": recipes.common((record["pool"] for record in pooled), "embeddings"),
    }


def joint_passport(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How all shards were made, from their records. A record may hold None, as in a shard without views.

    Raises
    ------
    UserError
        Two shards were made with different settings, or views were joined whose order depends on the pose.
    """
    records = list(records)
    made = {
        what: recipes.common((record[what] for record in records if record[what] is not None), "shards")
        for what in ("encoder", "render", "pool")
    }
    render = made["render"] or {}
    if made["pool"] == "concat" and (render.get("align", "none"), render.get("mirror", "keep")) != ("none", "keep"):
        raise UserError("Embeddings of --pool concat need views of --align none and --mirror keep; render them so.")
    return {**made, "backends": backends.joined(record["backends"] for record in records)}


def shard_recipe(gathered: Collection, features: PathLike, embeddings: PathLike, whiten: str) -> dict[str, Any]:
    """The recipe of a gathered shard, from the records beside its arrays; see recipes.shard."""
    made, described = (
        {identity: recorded_digest(layout.array_path(folder, identity)) for identity in gathered.records}
        for folder in (embeddings, features)
    )
    return recipes.shard(gathered.records, made, described, whiten)


def scatter(gathered: Collection, features: PathLike, whiten: str) -> np.ndarray:
    """The scatter of the views of gathered specimens, float32 [R, D]; see whitening.scatter.

    Parameters
    ----------
    gathered : Collection
    features : path
        Folder of features.
    whiten : str
        How the collection is whitened. If it is not, nothing is read, and R is 0.

    Raises
    ------
    UserError
        The features of a specimen are missing or broken, or the embeddings were pooled by `concat`.
    """
    dimension = gathered.embeddings.shape[1]
    identities = () if whiten == "none" else gathered.identities
    return whitening.scatter((read_array(layout.array_path(features, one), 2) for one in identities), dimension)


def sampled_scatter(
    identities: Sequence[str], dimension: int, passport: Mapping[str, Any], features: PathLike
) -> np.ndarray | None:
    """The strongest directions of the scatter of the views of some specimens, float32 [R, D].

    Of more than SAMPLE specimens as many are taken, whichever a digest of their IDs puts first. So it hardly depends on
    what else the collection holds, and not at all on specimens that are not given.

    Parameters
    ----------
    identities : sequence of str
    dimension : int
        D.
    passport : dict
        How the embeddings were made.
    features : path
        Folder of features.

    Returns
    -------
    float32 [R, D]; None if embeddings do not lie among the views, because they are no means or are whitened already,
    or if the features are not there

    Raises
    ------
    UserError
        The features of a specimen are broken, or have another dimension than its embedding.
    """
    if passport.get("pool") != "mean" or passport.get("whiten") != "none":
        return None
    sample = sorted(sorted(identities, key=lambda identity: digests.of_bytes(identity.encode()))[:SAMPLE])
    if not all(layout.array_path(features, identity).exists() for identity in sample):
        return None

    def views(identity: str) -> np.ndarray:
        path = layout.array_path(features, identity)
        found = read_array(path, 2)
        if found.shape[1] != dimension:
            raise UserError(
                f"{path} has {found.shape[1]} numbers per view, but the embedding of {identity!r} has {dimension}; "
                "delete it and run again."
            )
        return found

    return whitening.sketch(whitening.scatter(map(views, sample), dimension))


def join(shards: Iterable[tuple[Iterable[str], Iterable[np.ndarray], Mapping[str, dict[str, Any]]]]) -> Collection:
    """Join shards, tuples of (IDs, embeddings [N, D], records by ID), into the whole collection, sorted by ID.

    Raises
    ------
    UserError
        A specimen is in two shards, or their dimensions differ, because they were made with different settings.
    """
    rows: dict[str, np.ndarray] = {}
    records: dict[str, dict[str, Any]] = {}
    for identities, embeddings, recorded in shards:
        added = dict(zip(identities, embeddings, strict=True))
        if twice := (rows.keys() & added) | (records.keys() & recorded):
            raise UserError(f"{min(twice)!r} is in two shards; name each shard once, or delete them and run again.")
        rows |= added
        records |= recorded
    rows = dict(sorted(rows.items()))
    return Collection(list(rows), _stacked(rows), dict(sorted(records.items())))


def _stacked(rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows by ID as one matrix, float32 [N, D]; [0, 0] without rows."""
    dimensions = {len(row): identity for identity, row in rows.items()}
    if len(dimensions) > 1:
        examples = ", ".join(f"{identity!r} has {dimension}" for dimension, identity in sorted(dimensions.items()))
        raise UserError(
            f"Embeddings differ in dimension ({examples}), because they were made with different settings; run again."
        )
    return np.stack(list(rows.values())) if rows else np.zeros((0, 0), np.float32)
