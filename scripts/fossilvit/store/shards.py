"""Shards: the embeddings of some specimens, float32 [N, D], and the records of these and of the failed ones.

In: these, and the scatter of the views of the specimens, float32 [R, D]. Out: one .npz per shard, and what it holds.
"""

import json
from collections.abc import Sequence
from typing import Any
from zipfile import BadZipFile

import numpy as np

from fossilvit.store import files
from fossilvit.store.files import PathLike, atomic, readable


def write_shard(
    path: PathLike,
    identities: Sequence[str],
    embeddings: np.ndarray,
    records: dict[str, dict[str, Any]],
    record: dict[str, Any],
    scatter: np.ndarray,
) -> None:
    """Write a shard as .npz, its records as JSON texts.

    Parameters
    ----------
    identities : sequence of str, [N]
    embeddings : float32 [N, D]
    records : dict of ID to the part of its render record that is kept
    record : dict
        How the shard was made and from what.
    scatter : float32 [R, D]
        See gathering.scatter.
    """
    arrays: dict[str, Any] = {
        "ids": np.array(identities, dtype=str),
        "embeddings": np.asarray(embeddings, np.float32),
        "records": np.array(json.dumps(records).encode()),
        "record": np.array(json.dumps(record).encode()),
        "scatter": np.asarray(scatter, np.float32),
    }
    with atomic(path) as file:
        np.savez(file, **arrays)


def read_shard(path: PathLike) -> tuple[list[str], np.ndarray, dict[str, Any]]:
    """A shard as (IDs, embeddings [N, D], records by ID)."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        return shard["ids"].tolist(), shard["embeddings"], json.loads(shard["records"].item())


def read_shard_record(path: PathLike) -> dict[str, Any]:
    """The record of a shard: how it was made and from what."""
    with readable(path, BadZipFile):
        return files.read_shard_record(path)


def read_scatter(path: PathLike) -> np.ndarray:
    """The scatter of views of a shard, float32 [R, D]."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        scatter: np.ndarray = shard["scatter"]
        return scatter
