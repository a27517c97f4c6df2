import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

from fossilvit.answers import belonging
from fossilvit.answers.belonging import NOISE
from fossilvit.numbers.vectors import unit


def planted(sizes, seed=0, spread=0.1, dimension=12):
    """Points of length 1 around orthogonal directions, and the group of each, in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return unit(np.eye(dimension)[labels] + spread * rng.normal(size=(len(labels), dimension))), labels


def scattered(count, number, noise, seed):
    """Random points and groups, every group with a member, some points in none."""
    rng = np.random.default_rng(seed)
    sure, none = np.arange(number), np.full(noise, NOISE)
    groups = rng.permutation(np.concatenate([sure, rng.integers(0, number, count), none]))
    return unit(rng.normal(size=(len(groups), 4))), groups


def mean_distance(points, row, rows):
    """The mean cosine distance of a point to others, with a loop."""
    return np.mean([1 - float(points[row] @ points[other]) for other in rows if other != row])


collections = st.tuples(st.integers(0, 20), st.integers(1, 5), st.integers(0, 4), st.integers(0, 1000))


@given(collections)
def test_within_is_the_mean_cosine_distance_to_the_other_members(collection):
    points, groups = scattered(*collection)
    found = belonging.describe(points, groups).within
    for row, group in enumerate(groups):
        others = [other for other in np.flatnonzero(groups == group) if other != row]
        expected = mean_distance(points, row, others) if group != NOISE and others else np.nan
        assert found[row] == pytest.approx(expected, nan_ok=True)


@given(collections)
def test_the_second_group_is_the_nearest_other_one(collection):
    points, groups = scattered(*collection)
    found = belonging.describe(points, groups).second
    for row, group in enumerate(groups):
        distances = {
            other: mean_distance(points, row, np.flatnonzero(groups == other))
            for other in set(groups.tolist()) - {NOISE, group}
        }
        assert found[row] == (min(distances, key=distances.get) if distances else NOISE)


@given(collections.filter(lambda collection: collection[0] and collection[1] > 1))
def test_silhouettes_are_those_of_scikit_learn_with_cosine_distances(collection):
    points, groups = scattered(*collection)
    member = groups != NOISE
    found = belonging.describe(points, groups).silhouettes
    assert np.allclose(found[member], silhouette_samples(points[member], groups[member], metric="cosine"))
    assert np.isnan(found[~member]).all()


@given(collections)
def test_the_medoid_has_rank_one_and_the_others_follow_by_their_distance(collection):
    points, groups = scattered(*collection)
    found = belonging.describe(points, groups).ranks
    assert (found[groups == NOISE] == 0).all()
    for group in set(groups.tolist()) - {NOISE}:
        rows = np.flatnonzero(groups == group)
        assert sorted(found[rows]) == list(range(1, len(rows) + 1))
        if len(rows) > 1:
            far = [mean_distance(points, row, rows) for row in rows[np.argsort(found[rows])]]
            assert np.allclose(far, sorted(far))


def test_of_one_group_no_silhouette_and_no_second_group_are_known():
    points, groups = planted([9])
    found = belonging.describe(points, groups)
    assert np.isnan(found.silhouettes).all() and (found.second == NOISE).all()
    assert sorted(found.ranks) == list(range(1, 10))


def test_one_that_is_alone_has_silhouette_zero_and_rank_one():
    points, groups = planted([1, 8])
    found = belonging.describe(points, groups)
    alone = groups == 0
    assert found.silhouettes[alone] == 0 and found.ranks[alone] == 1 and np.isnan(found.within[alone])
    assert found.second[alone] == 1


def test_noise_has_the_nearest_group_as_its_second_and_nothing_else():
    points, groups = planted([8, 8, 8])
    labels = groups.copy()
    labels[3] = NOISE
    found = belonging.describe(points, labels)
    assert found.second[3] == groups[3] and found.ranks[3] == 0
    assert np.isnan(found.within[3]) and np.isnan(found.silhouettes[3])


@pytest.mark.parametrize("count", [1, 4])
def test_a_collection_that_is_all_noise_is_described(count):
    found = belonging.describe(np.eye(4)[:count], np.full(count, NOISE))
    assert found.second.tolist() == [NOISE] * count and found.ranks.tolist() == [0] * count
    assert np.isnan(found.within).all() and np.isnan(found.silhouettes).all()


def test_a_number_without_members_is_the_second_of_nobody():
    points, groups = planted([6, 6, 6])
    kept = groups != 1
    found = belonging.describe(points[kept], groups[kept])
    assert set(found.second.tolist()) == {0, 2}
    renumbered = belonging.describe(points[kept], groups[kept] // 2)
    assert np.allclose(found.silhouettes, renumbered.silhouettes) and (found.ranks == renumbered.ranks).all()


@pytest.mark.filterwarnings("error")
def test_copies_of_one_point_lie_at_no_distance():
    points = np.repeat(unit(np.ones((1, 3))), 6, axis=0)
    found = belonging.describe(points, np.array([0, 0, 0, 1, 1, 1]))
    assert np.allclose(found.within, 0, atol=1e-12) and np.isfinite(found.silhouettes).all()
    assert not belonging.is_far(np.zeros(6, int), belonging.describe(points, np.zeros(6, int)).within).any()


def test_blocks_of_any_size_give_the_same(monkeypatch):
    points, groups = scattered(60, 4, 5, 0)
    whole = belonging.describe(points, groups)
    monkeypatch.setattr(belonging, "BLOCK", 7)
    for one, other in zip(whole, belonging.describe(points, groups), strict=True):
        assert np.allclose(one, other, equal_nan=True)


def is_far(points, groups):
    return belonging.is_far(groups, belonging.describe(points, groups).within)


@pytest.mark.parametrize("seed", range(5))
def test_in_even_groups_nobody_is_far(seed):
    assert not is_far(*planted([20, 12, 8, 3], seed)).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_stranger_in_a_group_is_far_and_nobody_else(seed):
    points, groups = planted([20, 12, 8], seed, dimension=20)
    row = np.flatnonzero(groups == seed % 3)[0]
    points[row] = -np.eye(20)[19]
    assert np.flatnonzero(is_far(points, groups)).tolist() == [row]


def test_in_a_group_of_two_nobody_is_far():
    points, groups = planted([2, 9])
    points[np.flatnonzero(groups == 0)[0]] *= -1
    assert not is_far(points, groups).any()


@pytest.mark.parametrize(("factor", "far"), [(1.05, True), (0.95, False)])
def test_far_is_so_many_times_the_median_of_the_root_of_the_distance(factor, far):
    within = np.array([1, 1, 1, 1, (factor * belonging.FAR) ** 2, 100.0])
    found = belonging.is_far(np.array([0, 0, 0, 0, 0, NOISE]), within)
    assert found.tolist() == [False] * 4 + [far, False]


@given(collections)
def test_members_are_the_rows_of_every_group(collection):
    _, groups = scattered(*collection)
    found = belonging.members(groups)
    assert [rows.tolist() for rows in found] == [
        np.flatnonzero(groups == group).tolist() for group in sorted(set(groups.tolist()) - {NOISE})
    ]


def test_nobody_is_a_member_of_noise():
    assert belonging.members(np.full(3, NOISE)) == [] and belonging.members(np.zeros(0, int)) == []


def test_alone_is_the_only_member_of_a_group_where_there_are_several():
    assert belonging.is_alone(np.array([0, 1, 1, 2])).tolist() == [True, False, False, True]
    assert belonging.is_alone(np.array([0])).tolist() == [False]
