import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import pairwise

from fossilvit.answers import neighbors

EMBEDDINGS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 15), st.integers(1, 4)),
    elements=st.integers(-4, 4).map(lambda value: value / 4),
)
REFERENCE = {"cosine": pairwise.cosine_distances, "euclidean": pairwise.euclidean_distances}


@pytest.mark.parametrize("metric", neighbors.METRICS)
@given(embeddings=EMBEDDINGS)
def test_neighbors_are_those_of_brute_force_and_ties_go_by_id(metric, embeddings):
    expected = REFERENCE[metric](embeddings.astype(np.float64)).round(6)
    found = list(neighbors.ranked(embeddings, metric))
    assert [query for query, _, _ in found] == list(range(len(embeddings)))
    for query, others, distances in found:
        wanted = sorted((row for row in range(len(embeddings)) if row != query), key=lambda r: (expected[query, r], r))
        assert np.allclose(distances, expected[query, others], atol=2e-6)
        assert others.tolist() == wanted


@pytest.mark.parametrize("metric", neighbors.METRICS)
def test_neighbors_of_real_valued_embeddings_are_those_of_brute_force(metric):
    embeddings = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    expected = REFERENCE[metric](embeddings.astype(np.float64))
    np.fill_diagonal(expected, np.inf)
    for query, others, distances in neighbors.ranked(embeddings, metric, topk=7):
        assert np.allclose(distances, np.sort(expected[query])[:7], atol=1e-6)
        assert np.allclose(expected[query, others], distances, atol=1e-6)


@pytest.mark.parametrize("metric", neighbors.METRICS)
def test_a_specimen_is_no_neighbor_of_itself_even_among_exact_duplicates(metric):
    embeddings = np.tile(np.float32([[0.6, 0.8, 0.1]]), (5, 1))
    for query, others, distances in neighbors.ranked(embeddings, metric):
        assert others.tolist() == [row for row in range(5) if row != query]
        assert distances.tolist() == [0] * 4


@pytest.mark.parametrize("metric", neighbors.METRICS)
def test_exact_duplicates_are_at_distance_zero_however_long_they_are(metric):
    embeddings = np.repeat(100 * np.random.default_rng(0).normal(size=(5, 64)), 2, axis=0).astype(np.float32)
    for query, others, distances in neighbors.ranked(embeddings, metric, topk=1):
        assert (others.tolist(), distances.tolist()) == ([query ^ 1], [0])


@pytest.mark.parametrize("metric", neighbors.METRICS)
def test_queries_give_the_same_alone_and_with_all_others(metric, monkeypatch):
    embeddings = np.random.default_rng(0).normal(size=(23, 8)).astype(np.float32)
    together = {query: others.tolist() for query, others, _ in neighbors.ranked(embeddings, metric)}
    monkeypatch.setattr(neighbors, "BLOCK", 5)
    in_blocks = {query: others.tolist() for query, others, _ in neighbors.ranked(embeddings, metric)}
    alone = {row: next(neighbors.ranked(embeddings, metric, [row]))[1].tolist() for row in range(23)}
    assert together == in_blocks == alone


@pytest.mark.parametrize("scale", [1e3, 1e9, 1e15])
def test_distances_of_any_size_are_put_in_order(scale):
    embeddings = (scale * np.float64([[0], [3], [1], [2], [2]])).astype(np.float32)
    _, others, distances = next(neighbors.ranked(embeddings, "euclidean", [0], topk=3))
    assert others.tolist() == [2, 3, 4] and distances / scale == pytest.approx([1, 2, 2])


def test_no_more_neighbors_than_asked_for_or_than_there_are():
    embeddings = np.eye(4, dtype=np.float32)
    assert [len(others) for _, others, _ in neighbors.ranked(embeddings, "cosine", topk=2)] == [2] * 4
    assert [len(others) for _, others, _ in neighbors.ranked(embeddings, "cosine", topk=99)] == [3] * 4
    assert [len(others) for _, others, _ in neighbors.ranked(embeddings[:1], "cosine")] == [0]


def test_cosine_distances_by_hand():
    embeddings = np.float32([[1, 0], [0, 2], [-3, 0], [5, 5]])
    _, others, distances = next(neighbors.ranked(embeddings, "cosine", [0]))
    assert others.tolist() == [3, 1, 2]
    assert np.allclose(distances, [1 - np.sqrt(0.5), 1, 2], atol=1e-6)


def test_euclidean_distances_by_hand():
    _, others, distances = next(neighbors.ranked(np.float32([[0, 0], [3, 4], [0, 1]]), "euclidean", [0]))
    assert others.tolist() == [2, 1] and distances.tolist() == [1, 5]


def test_an_embedding_of_zeros_is_as_far_from_all():
    _, _, distances = next(neighbors.ranked(np.float32([[0, 0], [1, 0], [0, 1]]), "cosine", [0]))
    assert distances.tolist() == [1, 1]


@pytest.mark.filterwarnings("error")
def test_two_embeddings_of_zeros_are_no_nearer_to_each_other():
    _, others, distances = next(neighbors.ranked(np.float32([[0, 0], [1, 0], [0, 0]]), "cosine", [0]))
    assert others.tolist() == [1, 2] and distances.tolist() == [1, 1]
