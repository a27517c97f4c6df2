"""Shards: the embeddings of some specimens, float32 [N, D], and the records of these and of the failed ones.

In: these, and the scatter of the views of the specimens, float32 [R, D]. Out: one .npz per shard, and what it holds.
"""

import json
from collections.abc import Mapping, Sequence
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from fossilvit.store import files
from fossilvit.store.arrays import checked, unique
from fossilvit.store.files import PathLike, atomic, readable

DAMAGE = (BadZipFile, ZlibError, TokenError, RuntimeError)
"""What a damaged .npz raises beside what readable() expects; RuntimeError for one that claims to be encrypted."""


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
    """A shard as (IDs, embeddings float32 [N, D], records by ID).

    Raises
    ------
    UserError
        It is missing or broken, an ID is there twice, or an embedding holds anything but finite numbers.
    """
    with readable(path, *DAMAGE), np.load(path, allow_pickle=False) as shard:
        identities, embeddings = _rows(shard)
        records: dict[str, dict[str, Any]] = json.loads(shard["records"].item())
    return identities, embeddings, records


def read_shard_record(path: PathLike) -> dict[str, Any]:
    """The record of a shard: how it was made and from what."""
    with readable(path, *DAMAGE):
        return files.read_shard_record(path)


def read_scatter(path: PathLike) -> np.ndarray:
    """The scatter of views of a shard, float32 [R, D]; see read_shard()."""
    with readable(path, *DAMAGE), np.load(path, allow_pickle=False) as shard:
        scatter, (_, embeddings) = checked(shard["scatter"], 2), _rows(shard)
        if len(scatter) and scatter.shape[1] != embeddings.shape[1]:
            raise ValueError(f"a scatter of dimension {scatter.shape[1]}, embeddings of {embeddings.shape[1]}")
    return scatter


def _rows(shard: Mapping[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    """The IDs and the embeddings of a shard, float32 [N, D]."""
    ids = shard["ids"]
    if ids.dtype.kind != "U" or ids.ndim != 1:
        raise ValueError("its IDs are no list of texts")
    identities: list[str] = unique(ids.tolist())
    embeddings = checked(shard["embeddings"], 2, identities)
    if len(embeddings) != len(identities):
        raise ValueError(f"{len(identities)} IDs, {len(embeddings)} embeddings")
    return identities, embeddings
