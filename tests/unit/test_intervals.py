import numpy as np
import pytest
from scipy import stats

from fossilvit.answers import intervals


def plain(scores):
    """Scores of one metric in categories as of_means() takes them."""
    return np.concatenate(scores)[:, None], np.repeat(np.arange(len(scores)), [len(one) for one in scores])


def collection(rng, number, continuous):
    """Scores in categories of 3 to 10 objects, whose expected scores differ between categories by a random effect."""
    sizes = rng.integers(3, 11, size=number)
    expected = 1 / (1 + np.exp(-rng.normal(1, 1, size=number)))
    draw = (lambda p, size: rng.beta(4 * p, 4 * (1 - p), size)) if continuous else lambda p, size: rng.random(size) < p
    return plain([draw(p, size).astype(float) for p, size in zip(expected, sizes, strict=True)])


def scipys(values, units):
    """The interval of scipy for a mean of values, at the percentiles that are used here."""
    tail = intervals.expanded(np.array(units))
    found = stats.bootstrap(
        (values,), np.mean, confidence_level=1 - 2 * tail, n_resamples=20000, method="percentile", rng=1
    )
    return found.confidence_interval


def test_an_interval_in_a_category_is_that_of_scipy():
    values = np.random.default_rng(3).random(30)
    found = intervals.of_means(values[:, None], np.zeros(30, int), 0)
    assert found.categories[0, 0, 0] == pytest.approx(values.mean())
    width = np.ptp(scipys(values, 30))
    for estimate in (found.overall, found.macro, found.categories[0]):
        assert estimate[0, 1:] == pytest.approx(scipys(values, 30), abs=0.06 * width)


def test_the_interval_of_the_mean_over_categories_is_that_of_scipy_where_objects_are_alike():
    """Then only categories are drawn."""
    values = np.random.default_rng(4).random(25)
    scores, labels = plain([np.full(size, value) for size, value in zip([4] * 25, values, strict=True)])
    found = intervals.of_means(scores, labels, 0)
    for estimate in (found.overall, found.macro):
        assert estimate[0, 1:] == pytest.approx(scipys(values, 25), abs=0.06 * np.ptp(scipys(values, 25)))
    assert np.isnan(found.categories[..., 1:]).all()


def test_drawing_objects_too_adds_their_variance_to_that_of_categories():
    """The variance of a mean over categories is that between their means, and that of each mean, both by resampling."""
    rng = np.random.default_rng(0)
    scores = [rng.normal(0.5, 0.1, size=6) + center for center in rng.normal(0, 0.1, size=60)]
    found = intervals.of_means(*plain(scores), 0).macro[0]
    means = np.array([one.mean() for one in scores])
    variance = (means.var() + np.mean([one.var() / 6 for one in scores])) / 60
    expected = np.sqrt(variance) * stats.norm.ppf(1 - intervals.expanded(np.array(60)))
    assert found[2] - found[0] == pytest.approx(expected, rel=0.08)
    assert found[0] - found[1] == pytest.approx(expected, rel=0.08)


def test_a_mean_over_categories_weighs_all_alike():
    found = intervals.of_means(*plain([np.ones(9), np.zeros(1)]), 0)
    assert (found.overall[0, 0], found.macro[0, 0]) == pytest.approx((0.9, 0.5))
    assert found.categories[:, 0, 0].tolist() == [1, 0]


@pytest.mark.parametrize("objects", [1, 5, 38])
def test_where_all_scores_are_one_or_zero_the_interval_is_exact(objects):
    labels = np.arange(objects) % 3 if objects > 3 else np.zeros(objects, int)
    ones, zeros = (intervals.of_means(np.full((objects, 1), score), labels, 0) for score in (1.0, 0.0))
    for found, count in ((ones, objects), (zeros, 0)):
        exact = stats.binomtest(count, objects).proportion_ci(0.95, "exact")
        assert found.overall[0, 1:] == pytest.approx(exact) and found.macro[0, 1:] == pytest.approx(exact)
    alone = stats.binomtest((labels == 0).sum(), (labels == 0).sum()).proportion_ci(0.95, "exact")
    assert ones.categories[0, 0, 1:] == pytest.approx(alone)


def test_ratios_without_width_have_no_interval():
    parts = np.random.default_rng(0).random((12, 1, 1)).repeat(2, axis=2)
    found = intervals.of_ratios(parts, parts, np.repeat([0, 1, 2], 4), 0)
    assert found.overall[0, 0] == found.macro[0, 0] == 1
    assert all(np.isnan(estimate[..., 1:]).all() for estimate in found)


def test_a_category_without_a_score_is_left_out_of_the_mean():
    parts = np.array([[[1.0, 2.0]], [[1.0, 4.0]], [[3.0, 4.0]], [[0.0, 0.0]]])
    found = intervals.of_ratios(parts, parts, np.array([0, 1, 1, 2]), 0)
    assert found.categories[:, 0, 0] == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)
    assert (found.overall[0, 0], found.macro[0, 0]) == pytest.approx((0.5, 0.5))


def test_a_ratio_of_sums_is_that_of_its_parts_and_not_the_mean_of_ratios():
    parts = np.array([[[1.0, 1.0]], [[0.0, 9.0]]])
    assert intervals.of_ratios(parts, parts, np.zeros(2, int), 0).overall[0, 0] == pytest.approx(0.1)


def test_no_objects_have_no_scores():
    found = intervals.of_means(np.zeros((0, 4)), np.zeros(0, int), 0)
    assert np.isnan(found.overall).all() and np.isnan(found.macro).all() and found.categories.shape == (0, 4, 3)


def test_the_same_seed_gives_the_same_intervals():
    scores, labels = collection(np.random.default_rng(0), 8, True)
    first, again, other = (intervals.of_means(scores, labels, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(one, two, equal_nan=True) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first.overall, other.overall)


def test_small_blocks_give_the_same_intervals_but_for_chance(monkeypatch):
    scores, labels = collection(np.random.default_rng(0), 8, True)
    whole = intervals.of_means(scores, labels, 0)
    monkeypatch.setattr(intervals, "BLOCK", 100)
    parts = intervals.of_means(scores, labels, 0)
    assert parts.overall == pytest.approx(whole.overall, abs=0.05)
    assert parts.categories == pytest.approx(whole.categories, abs=0.05)


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("number", [6, 15])
def test_intervals_cover_the_true_score_as_often_as_they_say(monkeypatch, number, continuous):
    """95 % of 200 collections are 190; by chance at least 180 of 200 in all but one case of 1,000."""
    monkeypatch.setattr(intervals, "RESAMPLES", 1000)
    true = (1 / (1 + np.exp(-np.random.default_rng(0).normal(1, 1, 10**6)))).mean()
    rng = np.random.default_rng(1)
    covered = np.zeros(2)
    for seed in range(200):
        found = intervals.of_means(*collection(rng, number, continuous), seed)
        covered += [estimate[0, 1] <= true <= estimate[0, 2] for estimate in (found.overall, found.macro)]
    assert (covered >= 180).all()
