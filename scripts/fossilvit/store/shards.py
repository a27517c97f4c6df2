"""Shards: the embeddings of some specimens, and the records of these and of those that failed.

To whiten the collection, a shard also holds the scatter of views.
"""

import json
from zipfile import BadZipFile

import numpy as np

from fossilvit.errors import UserError
from fossilvit.store import files
from fossilvit.store.files import atomic, readable


def write_shard(path, identities, embeddings, records, record, scatter=None):
    """Write a shard as .npz, its records as texts of JSON.

    Parameters
    ----------
    identities : list of str, [N]
    embeddings : float32 [N, D]
    records : dict of ID to what is kept of its render record
    record : dict
        How and from what the shard was made.
    scatter : float32 [R, D] or None
        None is left out.
    """
    with atomic(path) as file:
        np.savez(
            file,
            ids=np.array(identities, dtype=str),
            embeddings=np.asarray(embeddings, np.float32),
            records=np.array(json.dumps(records).encode()),
            record=np.array(json.dumps(record).encode()),
            **({} if scatter is None else {"scatter": scatter}),
        )


def read_shard(path):
    """A shard as (ids, embeddings [N, D], records by ID)."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        return shard["ids"].tolist(), shard["embeddings"], json.loads(shard["records"].item())


def read_shard_record(path) -> dict:
    """How and from what a shard was made."""
    with readable(path, BadZipFile):
        return files.read_shard_record(path)


def read_scatter(path):
    """The scatter of views of a shard, float32 [R, D]."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        if "scatter" in shard:
            return shard["scatter"]
    raise UserError(f"{path} holds no scatter of views to whiten by; gather it again with --whiten views.")
