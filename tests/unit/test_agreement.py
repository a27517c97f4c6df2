from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, cohen_kappa_score

from fossilvit.answers import agreement

PARTITIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=2, max_size=40)


def ratio(parts):
    return parts.sum(axis=0)[..., 0] / parts.sum(axis=0)[..., 1]


def test_clusters_that_are_the_categories_score_one():
    assert agreement.scores(["a", "a", "b", "b", "c"], [2, 2, 0, 0, 1]) == pytest.approx((1, 1))


def test_the_adjusted_rand_index_by_hand():
    """Pairs together in both 1, in categories 2, in clusters 1, of 6: (1 - 2/6) / ((2 + 1)/2 - 2/6) = 4/7."""
    rand, _ = agreement.scores(["a", "a", "b", "b"], [0, 0, 1, 2])
    assert rand == pytest.approx(4 / 7)
    assert ratio(agreement.parts(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]))[0])[0] == pytest.approx(4 / 7)


def test_everything_in_one_cluster_scores_zero():
    assert agreement.scores(["a", "a", "b", "b"], [0, 0, 0, 0]) == pytest.approx((0, 0))


def test_noise_is_a_group_of_its_own():
    assert agreement.scores(["a", "a", "b", "b"], [0, 0, -1, -1])[0] == pytest.approx(1)


def test_no_specimens_have_no_scores():
    assert np.isnan(agreement.scores([], [])).all()


@given(PARTITIONS)
def test_the_parts_of_all_specimens_sum_to_the_indices(specimens):
    categories, clusters = np.array(specimens).T
    overall = agreement.parts(categories, clusters)[0].sum(axis=0)
    expected = adjusted_rand_score(categories, clusters), adjusted_mutual_info_score(categories, clusters)
    for (numerator, denominator), index in zip(overall, expected, strict=True):
        if denominator > 1e-9:  # otherwise nothing can disagree, and the index is 1 by agreement
            assert numerator / denominator == pytest.approx(index, abs=1e-9)


@given(PARTITIONS)
def test_the_rand_index_of_a_category_is_the_kappa_of_its_pairs(specimens):
    categories, clusters = np.array(specimens).T
    within = agreement.parts(categories, clusters)[1]
    for category in np.unique(categories):
        members = np.flatnonzero(categories == category)
        if len(members) == 1:
            assert (within[members] == 0).all()
            continue
        pairs = [(one, other) for one in members for other in range(len(categories)) if other != one]
        together = [[bool(labels[one] == labels[other]) for one, other in pairs] for labels in (categories, clusters)]
        if len({*together[0], *together[1]}) == 2:
            rand, _ = ratio(within[members])
            assert rand == pytest.approx(cohen_kappa_score(*together), abs=1e-9)


@given(PARTITIONS)
def test_no_index_of_a_category_is_above_one_and_one_means_the_same_group(specimens):
    categories, clusters = np.array(specimens).T
    within = agreement.parts(categories, clusters)[1]
    assert (within[..., 1] > -1e-9).all()
    for category in np.unique(categories):
        members = categories == category
        numerators, denominators = np.moveaxis(within[members].sum(axis=0), -1, 0)
        assert (numerators <= denominators + 1e-9).all()
        same = len(set(clusters[members])) == 1 and not (clusters[~members] == clusters[members][0]).any()
        if (denominators > 1e-9).all():
            assert ((numerators > denominators - 1e-9) == same).all()


def test_chance_gives_no_agreement_in_a_category():
    """Over all ways to deal out the specimens, the mean of the numerators is 0."""
    rng = np.random.default_rng(0)
    categories, clusters = np.repeat(np.arange(4), 5), np.repeat(np.arange(5), [8, 6, 3, 2, 1])
    shuffled = (rng.permutation(categories) for _ in range(4000))
    found = np.array(
        [[one[labels == 0].sum(axis=0)[:, 0] for one in agreement.parts(labels, clusters)] for labels in shuffled]
    )
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0)) < 4 * error).all()


def test_the_mutual_information_of_a_category_is_adjusted_by_all_others_that_it_could_have():
    categories, clusters = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 0, 1, 1, 1])
    within = agreement.parts(categories, clusters)[1]
    for one in range(3):
        others = [clusters[other] == clusters[one] for other in range(7) if other != one]
        expected = np.mean([np.log(1 + sum(chosen)) for chosen in combinations(others, 2)])
        found = np.log(((categories == 0) & (clusters == clusters[one])).sum())
        largest = np.log(3 * (clusters == clusters[one]).sum()) / 2
        assert within[one, 1] == pytest.approx((found - expected, largest - expected))
