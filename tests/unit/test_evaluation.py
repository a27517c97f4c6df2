from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from fossilvit.answers import evaluation


def retrievals(categories, orders):
    labels = evaluation.labels(categories)
    return [evaluation.retrieval(labels, query, np.array(order)) for query, order in enumerate(orders)]


def test_scores_by_hand():
    """Query 0 finds its two at ranks 1 and 3: NN 1, first tier 1/2, second tier 1, AP (1 + 2/3) / 2."""
    found = evaluation.retrieval(evaluation.labels(["a", "a", "a", "b", "c"]), 0, np.array([1, 3, 2, 4]))
    assert found == pytest.approx((1, 1 / 2, 1, 5 / 6, 2, 4, 1))


def test_a_perfect_ranking_scores_one():
    orders = [[2, 4, 1, 3], [3, 0, 2, 4], [0, 4, 1, 3], [1, 0, 2, 4], [0, 2, 1, 3]]
    assert all(found[:4] == (1, 1, 1, 1) for found in retrievals(["a", "b", "a", "b", "a"], orders))


def test_a_specimen_alone_in_its_category_is_no_query_but_a_candidate():
    first, second, alone = retrievals(["a", "a", "alone"], [[2, 1], [0, 2], [0, 1]])
    assert (first.nearest_neighbor, second.nearest_neighbor, alone) == (0, 1, None)
    assert (first.nearest, second.nearest) == (2, 0)


def test_an_unlabeled_specimen_is_neither_query_nor_candidate():
    first, second, unlabeled = retrievals(["a", "a", ""], [[2, 1], [2, 0], [0, 1]])
    assert first == (1, 1, 1, 1, 1, 1, 1) and second == (1, 1, 1, 1, 1, 1, 0) and unlabeled is None


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=3, max_size=15), st.randoms())
def test_scores_agree_with_their_definitions(categories, random):
    labels = evaluation.labels(categories)
    for query, category in enumerate(categories):
        order = [row for row in range(len(categories)) if row != query]
        random.shuffle(order)
        found = evaluation.retrieval(labels, query, np.array(order))
        hits = [categories[row] == category for row in order if categories[row]]
        if category and (total := sum(hits)):
            average = average_precision_score(hits, -np.arange(len(hits)))
            expected = float(hits[0]), sum(hits[:total]) / total, sum(hits[: 2 * total]) / total, average
            nearest = next(row for row in order if categories[row])
            assert found == pytest.approx((*expected, total, len(hits), nearest))
        else:
            assert found is None


@pytest.mark.parametrize(("relevant", "gallery"), [(1, 1), (1, 2), (1, 6), (2, 6), (3, 6), (5, 6), (6, 6)])
def test_chance_is_the_mean_score_of_all_rankings(relevant, gallery):
    labels = np.array([0] * (1 + relevant) + [1] * (gallery - relevant))
    scores = [evaluation.retrieval(labels, 0, np.array(order))[:4] for order in permutations(range(1, 1 + gallery))]
    (found,) = evaluation.chance(np.array([relevant]), np.array([gallery]))
    assert found == pytest.approx(np.mean(scores, axis=0))


def test_no_queries_have_no_chance():
    assert evaluation.chance(np.zeros(0, int), np.zeros(0, int)).shape == (0, 4)
