import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from fossilvit.answers import grouping, space, tree


def with_mean(vectors):
    """Embeddings that have a common mean, as those of real collections have."""
    return np.column_stack([vectors, np.full(len(vectors), 8)])


def collection(vectors):
    """The space of embeddings with a common mean."""
    return space.span(with_mean(vectors))


def some(place, rows):
    """The part of a collection that these rows are."""
    return place._replace(plain=place.plain[rows])


def planted(sizes, spread=0.1, dimension=24, seed=0):
    """The space of groups around orthogonal directions, and the group of each specimen."""
    vectors, labels = planted_vectors(sizes, spread, dimension, seed)
    return space.span(vectors), labels


def planted_vectors(sizes, spread=0.1, dimension=24, seed=0):
    """Embeddings of groups around orthogonal directions, and the group of each."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return with_mean(np.eye(dimension)[labels] + spread * rng.normal(size=(len(labels), dimension))), labels


def gaussian(seed, count=40, dimension=8):
    """One Gaussian that is longer in some directions than in others."""
    return np.random.default_rng(seed).normal(size=(count, dimension)) * np.linspace(2, 0.5, dimension)


def tight(seed):
    """One group whose members hardly differ, far from the origin."""
    return np.eye(12)[0] + 0.001 * np.random.default_rng(seed).normal(size=(40, 12))


def line(seed, count=40, noise=0.02):
    """Specimens that grow along a line at random times."""
    rng = np.random.default_rng(seed)
    along = rng.uniform(0, 1, (count, 1)) * np.eye(10)[0]
    return np.eye(10)[1] + along + noise * rng.normal(size=(count, 10))


def arc(seed, count=40, noise=0.02):
    """Specimens along three quarters of a circle, in equal steps."""
    return curve(1.5 * np.pi * np.arange(count) / count, seed, noise)


def scattered(seed, count=40, noise=0.02):
    """Specimens along three quarters of a circle, at random places."""
    return curve(np.random.default_rng(seed + 100).uniform(0, 1.5 * np.pi, count), seed, noise)


def curve(angle, seed, noise):
    """Places on a circle, blurred in 10 dimensions."""
    points = np.zeros((len(angle), 10))
    points[:, 0], points[:, 1] = np.cos(angle), np.sin(angle)
    return points + noise * np.random.default_rng(seed).normal(size=points.shape)


def helix(seed, count=60):
    """A growth series in equal steps along a helix."""
    return np.column_stack([curve(3 * np.pi * np.arange(count) / count, seed, 0.02), 4 * np.arange(count) / count])


def regular(seed, count=40, noise=0.005):
    """A growth series in equal steps along a curve."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, count)
    points = np.zeros((count, 10))
    points[:, 0], points[:, 1], points[:, 2] = time, time**2, 1
    return points + noise * rng.normal(size=(count, 10))


@pytest.mark.parametrize("number", [2, 3, 4, 6, *(pytest.param(number, marks=pytest.mark.slow) for number in (9, 20))])
@pytest.mark.parametrize("spread", [0.02, 0.15])
def test_planted_groups_are_found(number, spread):
    place, labels = planted([10] * number if number > 9 else [15] * number, spread)
    found = grouping.divide(place)
    assert found.verdict == grouping.GROUPS and found.probability <= grouping.LEVEL
    assert adjusted_rand_score(labels, found.groups) == 1
    assert len(found.gaps) == number and min(found.gaps) > 0


@pytest.mark.parametrize("spread", [0.02, 0.15])
@pytest.mark.parametrize("seed", range(2))
def test_groups_of_different_sizes_are_found(seed, spread):
    place, labels = planted([30, 15, 10, 8, 8, 5], spread, seed=seed)
    assert adjusted_mutual_info_score(labels, grouping.divide(place).groups) > 0.9


@pytest.mark.parametrize("spread", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("sizes", [[15, 15], [5, 5], [15, 5]])
def test_two_groups_are_found(sizes, spread):
    place, labels = planted(sizes, spread)
    found = grouping.divide(place)
    assert found.verdict == grouping.GROUPS and adjusted_rand_score(labels, found.groups) == 1


@pytest.mark.parametrize("seed", range(3))
def test_tight_groups_of_unequal_sizes_are_found_exactly(seed):
    place, labels = planted([30, 15, 10, 8, 8, 5], 0.02, seed=seed)
    assert adjusted_rand_score(labels, grouping.divide(place).groups) == 1


def flat(seed, count, dimension):
    """One Gaussian in a few dimensions, with a little noise in 20 more."""
    rng = np.random.default_rng(seed)
    return np.hstack([rng.normal(size=(count, dimension)), 0.02 * rng.normal(size=(count, 20))])


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [1, 2, 3, 10])
@pytest.mark.parametrize("count", [12, 40])
def test_one_gaussian_of_any_dimension_is_hardly_ever_divided(count, dimension):
    verdicts = [grouping.divide(collection(flat(seed, count, dimension)), seed).verdict for seed in range(12)]
    assert verdicts.count(grouping.GROUPS) <= 3, verdicts


@pytest.mark.slow
def test_one_gaussian_is_divided_no_more_often_than_the_level_says():
    verdicts = [grouping.divide(collection(gaussian(seed)), seed).verdict for seed in range(30)]
    assert verdicts.count(grouping.GROUPS) <= 4  # 5 or more of 30 at a level of .05 are a chance of 1 in 60
    assert set(verdicts) <= {grouping.GROUPS, grouping.NOT_BETTER}


@pytest.mark.slow
def test_specimens_at_random_places_of_an_arc_are_not_always_divided():
    """A known limit: gaps that a random sample leaves on an arc are often taken for gaps between groups."""
    verdicts = [grouping.divide(collection(scattered(seed)), seed).verdict for seed in range(12)]
    assert verdicts.count(grouping.GROUPS) <= 9, verdicts


@pytest.mark.slow
@pytest.mark.parametrize("make", [line, arc, regular, tight])
def test_a_collection_without_groups_is_hardly_ever_divided(make):
    found = [grouping.divide(collection(make(seed)), seed) for seed in range(10)]
    verdicts = [division.verdict for division in found]
    assert verdicts.count(grouping.GROUPS) <= 1, verdicts
    for division in found:
        if division.verdict != grouping.GROUPS:
            assert not division.groups.any() and not division.coarse.any() and not division.fine.any()
            assert not division.gaps


@pytest.mark.slow
@pytest.mark.parametrize("make", [arc, helix])
def test_a_curve_that_is_no_gaussian_is_said_to_be_a_series(make):
    verdicts = [grouping.divide(collection(make(seed, 60)), seed).verdict for seed in range(6)]
    assert grouping.SERIES in verdicts and grouping.GROUPS not in verdicts


def test_a_series_with_wide_gaps_has_groups():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 12)
    time = labels + 0.2 * rng.uniform(size=60)
    found = grouping.divide(collection(curve(time, 0, 0.005)))
    assert found.verdict == grouping.GROUPS and adjusted_rand_score(labels, found.groups) == 1


@pytest.mark.parametrize("count", [3, 5, 10, 12])
def test_a_few_specimens_without_groups_are_hardly_ever_divided(count):
    found = [grouping.divide(collection(gaussian(seed, count, 20)), seed) for seed in range(8)]
    assert [division.verdict for division in found].count(grouping.GROUPS) <= 2
    assert all(len(division.groups) == count and division.tree.shape == (count - 1, 4) for division in found)


@pytest.mark.parametrize("sizes", [[10, 10], [4, 4, 4], [3, 3, 3, 3]])
def test_a_few_specimens_in_clear_groups_are_divided(sizes):
    place, labels = planted(sizes)
    found = grouping.divide(place)
    assert found.verdict == grouping.GROUPS and adjusted_rand_score(labels, found.groups) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_specimens_are_not_asked_for_groups(count):
    found = grouping.divide(collection(np.eye(4)[:count]))
    assert (found.verdict, found.probability, found.chance) == (grouping.FEW, 1, None)
    assert found.groups.tolist() == [0] * count
    assert found.tree.shape == (count - 1, 4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [3, 4, 20])
def test_specimens_that_are_all_alike_are_one_group(count):
    found = grouping.divide(collection(np.ones((count, 1))))
    assert found.verdict == grouping.NOT_BETTER and not found.groups.any()


@pytest.mark.parametrize("number", [1, 2, 5, 30, 31, 99])
def test_as_many_groups_as_asked_for_or_as_there_are_points(number):
    place, _ = planted([10, 10, 10])
    found = grouping.divide(place, number=number)
    assert found.verdict == grouping.ASKED and np.isnan(found.probability) and found.chance is None
    assert sorted(set(found.groups.tolist())) == list(range(min(number, 30)))
    assert (found.coarse == found.groups).all() and (found.fine == found.groups).all()


def test_groups_that_are_asked_for_are_the_cut_of_the_tree_of_scaled_distances():
    place, labels = planted([10, 10, 10])
    found = grouping.divide(place, number=3)
    assert adjusted_rand_score(found.groups, labels) == 1
    condensed = space.scaled(place.points())[np.triu_indices(30, 1)]
    assert np.array_equal(found.tree, linkage(condensed, "average"))


def same(one, other):
    """Whether two divisions are the same, byte for byte."""
    arrays = [
        (first.tree, first.groups, first.coarse, first.fine, *(first.chance or ()), np.array(first.gaps))
        for first in (one, other)
    ]
    return all(np.array_equal(*pair) for pair in zip(*arrays, strict=True)) and one[4:6] == other[4:6]


@pytest.mark.parametrize("place", [planted([10] * 5)[0], collection(gaussian(0))])
def test_the_same_seed_gives_the_same_division(place):
    assert same(grouping.divide(place, 3), grouping.divide(place, 3))


def test_another_seed_draws_other_collections_of_chance():
    place = collection(gaussian(0))
    assert not np.array_equal(grouping.expect(place, 1).best, grouping.expect(place, 2).best)


def nested(coarse, fine):
    """Whether every group of the one is a union of groups of the other."""
    return len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == len(set(fine.tolist()))


@pytest.mark.parametrize("number", [4, 6, 10])
@pytest.mark.parametrize("seed", range(2))
def test_coarse_groups_are_unions_of_groups_and_groups_are_unions_of_fine_ones(number, seed):
    place, _ = planted([8] * number, seed=seed)
    found = grouping.divide(place, seed)
    assert nested(found.coarse, found.groups) and nested(found.groups, found.fine)
    coarse, groups, fine = (len(set(level.tolist())) for level in (found.coarse, found.groups, found.fine))
    assert groups == number and 2 <= coarse <= number // 2 and fine >= 2 * number


def test_groups_of_groups_are_not_mixed_by_the_coarse_cut():
    rng = np.random.default_rng(0)
    top, low = np.repeat(np.arange(3), 24), np.repeat(np.arange(12), 6)
    axes = np.eye(40)
    found = grouping.divide(collection(axes[top] + 0.6 * axes[3 + low] + 0.05 * rng.normal(size=(72, 40))))
    assert adjusted_rand_score(low, found.groups) == 1 and nested(top, found.coarse)


def test_a_part_of_a_divided_collection_is_divided_in_the_same_way():
    place, labels = planted([12] * 5)
    whole = grouping.divide(place)
    chosen = np.sort(np.random.default_rng(0).permutation(60)[:48])
    assert adjusted_rand_score(labels[chosen], grouping.again(some(place, chosen), whole)) == 1
    assert adjusted_rand_score(whole.groups, grouping.again(place, whole)) == 1
    assert len(set(grouping.again(some(place, chosen), whole, 7).tolist())) == 7
    assert len(set(grouping.again(some(place, slice(4)), whole, 7).tolist())) == 4


def test_a_part_of_a_collection_without_groups_has_none():
    for make in (gaussian, regular):
        place = collection(make(1))
        whole = grouping.divide(place)
        assert whole.verdict != grouping.GROUPS and not grouping.again(place, whole).any()


@pytest.mark.slow
def test_a_part_of_a_series_has_no_groups():
    places = [collection(arc(seed, 60)) for seed in range(6)]
    divisions = [grouping.divide(place, seed) for seed, place in enumerate(places)]
    series = [pair for pair in zip(places, divisions, strict=True) if pair[1].verdict == grouping.SERIES]
    assert series and not any(grouping.again(place, whole).any() for place, whole in series)


def test_a_part_that_is_too_small_to_be_divided_has_one_group():
    few = collection(np.eye(4)[:2])
    assert grouping.again(few, grouping.divide(few)).tolist() == [0, 0]
    place, _ = planted([9, 9, 9])
    assert grouping.again(some(place, slice(2)), grouping.divide(place)).tolist() == [0, 0]


def test_chance_expects_the_mean_of_its_draws_and_leaps_that_grow_no_smaller():
    chance = grouping.expect(collection(gaussian(0, 20)), 0)
    assert chance.expected.shape == (18,) and chance.best.shape == chance.leaps.shape == (grouping.DRAWS,)
    assert (np.abs(chance.expected) <= 1).all() and (chance.leaps >= 1).all()


def probability(place, monkeypatch, best, leaps):
    """How often chance divides as well as a collection, if these are its excesses and its leaps."""
    chance = grouping.expect(place)._replace(best=np.array(best), leaps=np.array(leaps))
    with monkeypatch.context() as patch:
        patch.setattr(grouping, "expect", lambda place, seed: chance)
        return grouping.divide(place).probability


@pytest.mark.parametrize(("better", "expected"), [(0, 0.05), (1, 0.1), (9, 0.5), (19, 1), (39, 1)])
def test_the_probability_of_a_division_is_twice_the_share_of_chance_that_is_as_good(monkeypatch, better, expected):
    place, _ = planted([10] * 5)
    best = [9.0] * better + [-9.0] * (39 - better)
    assert probability(place, monkeypatch, best, [9e9] * 39) == pytest.approx(expected)


def test_a_leap_that_is_larger_than_chance_has_it_divides_what_silhouettes_do_not(monkeypatch):
    place, _ = planted([15, 15], 0.02)
    assert probability(place, monkeypatch, [9.0] * 39, [1.0] * 39) == 0.05
    assert probability(place, monkeypatch, [9.0] * 39, [9e9] * 39) == 1


@pytest.fixture
def by_chance(monkeypatch):
    """Collections of chance, (points, whitener) each, that are drawn in this test."""
    seen, directions = [], space.directions
    monkeypatch.setattr(space, "directions", lambda *drawn: seen.append(drawn) or directions(*drawn))
    return seen


def test_collections_of_chance_have_the_covariance_of_the_collection(by_chance):
    place = collection(gaussian(0, 80, 4))
    grouping.expect(place)
    drawn, plain = np.cov(np.concatenate([points for points, _ in by_chance]).T), np.cov(place.plain.T)
    assert len(by_chance) == grouping.DRAWS and np.allclose(drawn, plain, atol=0.05 * plain.max())


def test_chance_is_where_the_part_of_a_collection_is(by_chance):
    place, labels = planted([60, 30])
    part = some(place, labels == 1)
    grouping.expect(part)
    drawn, plain = np.concatenate([points for points, _ in by_chance]).mean(axis=0), part.plain.mean(axis=0)
    assert np.linalg.norm(plain) > 0.05 and np.allclose(drawn, plain, atol=0.005)


@pytest.mark.slow
def test_a_part_of_a_collection_that_is_one_group_is_hardly_ever_divided():
    verdicts = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        labels = np.repeat(np.arange(11), [200] + [40] * 10)
        place = space.span(rng.normal(size=(11, 64))[labels] + 0.6 * rng.normal(size=(len(labels), 64)))
        verdicts.append(grouping.divide(some(place, labels == 0), seed).verdict)
    assert verdicts.count(grouping.GROUPS) <= 2, verdicts  # 5 of 6 if chance lay in the middle of the collection


@pytest.mark.parametrize("scatter", [None, np.random.default_rng(1).normal(size=(50, 25)) * np.linspace(1, 0.1, 25)])
def test_collections_of_chance_are_whitened_as_the_collection_is(by_chance, scatter):
    place = space.span(planted_vectors([8, 8], 0.3)[0], scatter)
    grouping.expect(place)
    assert len(by_chance) == grouping.DRAWS
    assert all(whitener is place.whitener for _, whitener in by_chance)
    assert (place.whitener is None) == (scatter is None)


def test_a_gap_is_the_nearest_outsider_over_the_longest_step_inside():
    places = np.array([0, 1, 3, 11, 13, 40.0])
    found = grouping.gaps(np.abs(places[:, None] - places), np.array([0, 0, 0, 1, 1, 2]))
    assert np.allclose(found, [np.log(8 / 2), np.log(8 / 2)])
    assert grouping.gaps(np.abs(places[:, None] - places), np.zeros(6, int)) == []


def test_a_gap_between_groups_of_copies_is_finite():
    places = np.array([0, 0, 0, 1, 1.0])
    assert np.isfinite(grouping.gaps(np.abs(places[:, None] - places), np.array([0, 0, 0, 1, 1]))).all()


def test_the_tree_of_a_division_holds_its_groups():
    place, _ = planted([8] * 4)
    found = grouping.divide(place)
    assert adjusted_rand_score(tree.cut(found.tree, 4), found.groups) == 1
