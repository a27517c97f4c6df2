"""What is not finite is refused by every stage that reads it, in one sentence that names the file or the specimen."""

import logging
import sys

import numpy as np
import pytest

from fossilvit.running import commands
from fossilvit.store import files
from fossilvit.store.arrays import write_array
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.shards import write_shard
from fossilvit.store.tables import CLUSTERS_COLUMNS, RETRIEVAL_COLUMNS, SPECIMENS_COLUMNS, write_table
from scripts import cluster, collect_embeddings, evaluate, find_duplicates, gather_shard, pool_embeddings, search

IDENTITIES = ["shells/a", "shells/b", "teeth/c"]
MATRIX, OPEN = np.eye(3, 4, dtype=np.float32), np.zeros((0, 4), np.float32)


def spoiled(array, value):
    """The same array with a value in its second row, or in its second place."""
    found = np.array(array, np.float32)
    found[(1, 2)[: found.ndim]] = value
    return found


def place_features(value):
    write_array("features/shells/b.npy", spoiled(MATRIX, value))


def place_embedding(value):
    files.write_json("records.json", {"render": None, "records": {one: {"status": "ok"} for one in IDENTITIES}})
    write_array("embeddings/shells/b.npy", spoiled(MATRIX[0], value))


def place_shard(value):
    write_shard("0000.npz", IDENTITIES, spoiled(MATRIX, value), {}, {}, OPEN)


def place_embeddings(value):
    write_embeddings("embeddings", IDENTITIES, spoiled(MATRIX, value), {}, {})


def place_views(value):
    for identity in IDENTITIES:
        write_array(f"features/{identity}.npy", MATRIX)
    write_embeddings("embeddings", IDENTITIES, MATRIX, {"pool": "mean", "whiten": "none"}, {})
    place_features(value)


def place_retrieval(value):
    write_table("clusters.csv", CLUSTERS_COLUMNS, [(one, 0, 1, *[""] * 7) for one in IDENTITIES])
    asked = ("folder", "shells", "shells", 1, 1)
    write_table("retrieval.csv", RETRIEVAL_COLUMNS, [(one, 1, value, 1, 1, *asked) for one in IDENTITIES[1:]])


def place_facts(value):
    facts = {"status": "ok", "vertices": value}
    rows = [{**facts, "specimen_id": one, "sha256": one} for one in IDENTITIES[1:2]]
    write_table("specimens.csv", SPECIMENS_COLUMNS, [[row.get(key, "") for key in SPECIMENS_COLUMNS] for row in rows])
    write_embeddings("embeddings", IDENTITIES, MATRIX, {}, {})
    with files.atomic("meshes/a.ply") as file:
        file.write(b"ply")


STAGES = {
    "features": (place_features, pool_embeddings, "--features features", "features/shells/b.npy"),
    "one embedding": (place_embedding, gather_shard, "--records records.json --embeddings embeddings", "shells/b.npy"),
    "a shard": (place_shard, collect_embeddings, "0000.npz --specimens out/specimens.csv", "'shells/b' holds NaN"),
    "embeddings, searched": (place_embeddings, search, "--emb embeddings/embeddings.npy", "'shells/b' holds NaN"),
    "embeddings, clustered": (place_embeddings, cluster, "--emb embeddings/embeddings.npy", "'shells/b' holds NaN"),
    "views, clustered": (place_views, cluster, "--emb embeddings/embeddings.npy", "b.npy cannot be read (row 1 holds"),
    "scores": (place_retrieval, evaluate, "--retrieval retrieval.csv --clusters clusters.csv", "of 'shells/b' is"),
    "facts": (
        place_facts,
        find_duplicates,
        "--meshes meshes --specimens specimens.csv --emb embeddings/embeddings.npy",
        "as vertices of 'shells/b'",
    ),
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what", STAGES)
def test_what_is_not_finite_is_refused_by_every_stage_that_reads_it(tmp_path, monkeypatch, caplog, what, value):
    place, stage, arguments, named = STAGES[what]
    monkeypatch.chdir(tmp_path)
    place(value)
    monkeypatch.setattr(sys, "argv", [stage.__name__, *arguments.split(), "--out", "out/result"])
    with caplog.at_level(logging.ERROR, "fossilvit"):
        assert commands.run(stage.main) == 1
    (record,) = caplog.records
    assert record.getMessage().startswith("Error: ") and named in record.getMessage()
    assert "\n" not in record.getMessage()
    assert not [path for path in tmp_path.glob("out/**/*") if path.is_file()]
