import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from fossilvit.answers import evaluation

NAMES = ("nearest_neighbor", "first_tier", "second_tier", "mean_average_precision")


def retrievals(categories, orders):
    labels = evaluation.labels(categories)
    return [evaluation.retrieval(labels, query, np.array(order)) for query, order in enumerate(orders)]


def test_scores_by_hand():
    """Query 0 finds its two at ranks 1 and 3: NN 1, first tier 1/2, second tier 1, AP (1 + 2/3) / 2."""
    found = evaluation.retrieval(evaluation.labels(["a", "a", "a", "b", "c"]), 0, np.array([1, 3, 2, 4]))
    assert found == pytest.approx((1, 1 / 2, 1, 5 / 6))


def test_scores_are_means_over_queries():
    """Query 0 finds its one first (all scores 1), query 1 last of three (NN, both tiers 0, AP 1/3)."""
    scores = evaluation.retrieval_scores(retrievals(["a", "a", "b", "b"], [[1, 2, 3], [2, 3, 0]]))
    assert scores["queries"] == 2
    assert [scores[name] for name in NAMES] == pytest.approx([1 / 2, 1 / 2, 1 / 2, 2 / 3])


def test_a_perfect_ranking_scores_one():
    orders = [[2, 4, 1, 3], [3, 0, 2, 4], [0, 4, 1, 3], [1, 0, 2, 4], [0, 2, 1, 3]]
    scores = evaluation.retrieval_scores(retrievals(["a", "b", "a", "b", "a"], orders))
    assert scores == {"queries": 5, **dict.fromkeys(NAMES, 1)}


def test_a_specimen_alone_in_its_category_is_no_query_but_a_candidate():
    first, second, alone = retrievals(["a", "a", "alone"], [[2, 1], [0, 2], [0, 1]])
    assert (first.nearest_neighbor, second.nearest_neighbor, alone) == (0, 1, None)


def test_an_unlabeled_specimen_is_neither_query_nor_candidate():
    first, second, unlabeled = retrievals(["a", "a", ""], [[2, 1], [2, 0], [0, 1]])
    assert first == second == (1, 1, 1, 1) and unlabeled is None


def test_scores_are_no_numbers_without_queries():
    scores = evaluation.retrieval_scores([])
    assert scores["queries"] == 0 and all(np.isnan(scores[name]) for name in NAMES)


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
            assert found == pytest.approx(expected)
        else:
            assert found is None


def test_clusters_that_are_the_categories_score_one():
    scores = evaluation.clustering_scores(["a", "a", "b", "b", "c"], [2, 2, 0, 0, 1])
    assert scores == pytest.approx({"adjusted_rand_index": 1, "adjusted_mutual_information": 1, "noise_share": 0})


def test_the_adjusted_rand_index_by_hand():
    """Pairs together in both 1, in categories 2, in clusters 1, of 6: (1 - 2/6) / ((2 + 1)/2 - 2/6) = 4/7."""
    scores = evaluation.clustering_scores(["a", "a", "b", "b"], [0, 0, 1, 2])
    assert scores["adjusted_rand_index"] == pytest.approx(4 / 7)


def test_everything_in_one_cluster_scores_zero():
    scores = evaluation.clustering_scores(["a", "a", "b", "b"], [0, 0, 0, 0])
    assert scores["adjusted_rand_index"] == pytest.approx(0) and scores["adjusted_mutual_information"] == pytest.approx(
        0
    )


def test_noise_is_a_group_of_its_own_and_its_share_is_told():
    scores = evaluation.clustering_scores(["a", "a", "b", "b"], [0, 0, -1, -1])
    assert scores["noise_share"] == 0.5 and scores["adjusted_rand_index"] == pytest.approx(1)
