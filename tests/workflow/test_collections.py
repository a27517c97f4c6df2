"""Whole collections at the default settings: do specimens find their own kind?"""

import shutil

import numpy as np
import pytest

from fossilvit import examples
from fossilvit.examples.collection import specimen
from fossilvit.store.embeddings import read_embeddings
from fossilvit.store.tables import EVALUATION_COLUMNS, read_table
from tests.workflow.conftest import snakemake

DEFAULTS = ["render={views: 12, size: 768}", "shards=16"]


@pytest.fixture
def generated(tmp_path):
    """Four specimens of each group of generated fossils, in folders by group."""
    for category in examples.CATEGORIES:
        for index in range(4):
            path = tmp_path / f"data/meshes/{category}/{index}.ply"
            path.parent.mkdir(parents=True, exist_ok=True)
            specimen(category, index, seed=1).export(path)
    return tmp_path


@pytest.fixture
def real(tmp_path, real_meshes):
    """Bones of human legs from many subjects, in folders by bone."""
    shutil.copytree(real_meshes / "leg_bones", tmp_path / "data/meshes")
    return tmp_path


@pytest.mark.parametrize("collection", ["generated", "real"])
def test_the_nearest_neighbor_is_of_the_same_kind(collection, request):
    work = request.getfixturevalue(collection)
    run = snakemake(work, config=DEFAULTS)
    assert run.code == 0, run.output
    rows = read_table(work / "results/evaluation.csv", EVALUATION_COLUMNS)
    scores = {row["metric"]: float(row["value"]) for row in rows}
    assert scores["nearest_neighbor"] >= 0.90
    identities, embeddings = read_embeddings(work / "data/embeddings/embeddings.npy")
    assert len(identities) == scores["specimens"] and np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
