import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.answers import grouping, space, stability


def planted(sizes, seed=0, spread=0.1, dimension=16):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return collection(np.eye(dimension)[labels] + spread * rng.normal(size=(len(labels), dimension))), labels


def collection(vectors):
    """The space of embeddings that have a common mean, as those of real collections have."""
    return space.span(np.column_stack([vectors, np.full(len(vectors), 8)]))


def assessed(groups, divide, seed=0):
    """The stability of groups, where divide gets the rows that were drawn."""
    return stability.assess(np.asarray(groups), lambda rows: np.asarray(divide(rows)), seed)


def divided_again(place, whole, number=None):
    """How a part of a collection is divided, by its rows."""
    return lambda rows: grouping.again(place._replace(plain=place.plain[rows]), whole, number)


def draws(divide, count):
    """Every sample that is divided, and its groups."""
    seen = []

    def watched(rows):
        groups = np.asarray(divide(rows))
        seen.append((rows.tolist(), groups.tolist()))
        return groups

    assessed(np.zeros(count, int), watched)
    return seen


def jaccard(one, other):
    return len(one & other) / len(one | other)


def by_hand(groups, samples):
    """Hennig 2007 with loops: the mean over samples of the similarity of a group to the most similar one found."""
    found = []
    for group in range(max(groups) + 1):
        likeness = []
        for rows, labels in samples:
            mine = {row for row in rows if groups[row] == group}
            others = [{row for row, label in zip(rows, labels, strict=True) if label == some} for some in set(labels)]
            if mine:
                likeness.append(max(jaccard(mine, other) for other in others))
        found.append(np.mean(likeness))
    return found


def together_by_hand(samples, count):
    found = np.full((count, count), np.nan)
    for one in range(count):
        for other in range(count):
            same = [
                labels[rows.index(one)] == labels[rows.index(other)]
                for rows, labels in samples
                if one in rows and other in rows
            ]
            found[one, other] = np.mean(same) if same else np.nan
    return found


def blurred(rows):
    """Some division that is not quite that into thirds, and is another one for every sample."""
    return (rows + rows.sum()) % 5 // 2


def test_the_stability_of_a_group_is_the_mean_jaccard_similarity_to_the_most_similar_group_of_a_sample():
    groups = np.arange(15) % 3
    found = assessed(groups, blurred)
    assert np.allclose(found.of_groups, by_hand(groups.tolist(), draws(blurred, 15)))
    assert 0.2 < found.of_groups.min() < found.of_groups.max() < 0.9


def test_pairs_are_together_as_often_as_counted_in_the_samples_that_have_both():
    found = assessed(np.arange(12) % 3, blurred).together
    assert np.allclose(found, together_by_hand(draws(blurred, 12), 12))
    assert (np.diag(found) == 1).all()


def test_every_sample_holds_four_fifths_of_the_specimens_each_once():
    samples = draws(lambda rows: rows * 0, 30)
    assert len(samples) == stability.SAMPLES
    assert all(len(set(rows)) == len(rows) == 24 and rows == sorted(rows) for rows, _ in samples)
    assert len({tuple(rows) for rows, _ in samples}) > 90
    counts = np.bincount([row for rows, _ in samples for row in rows], minlength=30)
    assert counts.min() > 60 and counts.max() < 98


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_collections_have_samples_too(count):
    found = assessed(np.zeros(count, int), lambda rows: rows * 0)
    assert found.of_groups.tolist() == [1] and (found.together == 1).all()


def test_groups_that_are_well_apart_have_stability_one():
    place, labels = planted([12, 10, 9, 8])
    found = stability.assess(labels, divided_again(place, grouping.divide(place)), 0)
    assert found.of_groups.tolist() == [1] * 4
    same = labels[:, None] == labels
    assert (found.together[same] == 1).all() and (found.together[~same] == 0).all()


def test_a_random_partition_of_one_group_has_a_low_stability():
    rng = np.random.default_rng(0)
    place = collection(rng.normal(size=(40, 8)))
    groups = rng.integers(0, 4, 40)
    found = stability.assess(groups, divided_again(place, grouping.divide(place), 4), 0)
    assert found.of_groups.max() < 0.5


def test_what_falls_apart_is_less_stable_than_what_stays():
    def divide(rows):
        """The first ten stay together; the others are split by a coin of the sample."""
        return np.where(rows < 10, 0, 1 + (rows + rows.sum()) % 2)

    found = assessed(np.repeat([0, 1], 10), divide).of_groups
    assert found[0] == 1 and found[1] < 0.75


def test_a_group_of_one_is_measured_in_the_samples_that_have_it():
    found = assessed([0] * 9 + [1], lambda rows: (rows == 9).astype(int))
    assert found.of_groups.tolist() == [1, 1]


def test_the_same_seed_draws_the_same_samples_and_another_seed_others():
    groups = np.arange(20) % 3
    first, again, other = (assessed(groups, blurred, seed) for seed in (4, 4, 5))
    assert np.array_equal(first.together, again.together) and np.array_equal(first.of_groups, again.of_groups)
    assert not np.array_equal(first.together, other.together)


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 1000))
def test_firmness_is_the_mean_share_over_the_other_members_of_each_group(count, number, seed):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(min(number, count)), rng.integers(0, number, count)])[:count]
    groups = np.unique(groups, return_inverse=True)[1]
    together = rng.uniform(size=(count, count))
    together[rng.uniform(size=(count, count)) < 0.2] = np.nan
    before = together.copy()
    found = stability.firmness(together, groups)
    for row in range(count):
        for group in range(groups.max() + 1):
            shares = [
                together[row, other]
                for other in range(count)
                if other != row and groups[other] == group and not np.isnan(together[row, other])
            ]
            assert found[row, group] == pytest.approx(np.mean(shares) if shares else np.nan, nan_ok=True)
    assert np.array_equal(together, before, equal_nan=True)


@pytest.mark.parametrize(
    ("stable", "words"),
    [
        (1, "highly stable"),
        (0.85, "highly stable"),
        (0.8499, "stable"),
        (0.75, "stable"),
        (0.7499, "doubtful members"),
        (0.6, "doubtful members"),
        (0.5999, "do not trust"),
        (0, "do not trust"),
        (float("nan"), ""),
    ],
)
def test_stability_reads_as_hennig_reads_it(stable, words):
    assert stability.reading(stable) == words
