import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power
from sklearn.decomposition import PCA

from fossilvit.collection import pooling, whitening
from fossilvit.errors import UserError
from fossilvit.numbers.vectors import unit


def features(specimens=20, views=5, dimension=8, seed=0):
    """Views of specimens, float32 [N, V, D]: specimens differ most along the first dimension, views along the last."""
    rng = np.random.default_rng(seed)
    scale = np.linspace(0.2, 1, dimension)
    middles = rng.normal(size=(specimens, 1, dimension)) * scale[::-1] + 1
    return (middles + rng.normal(size=(specimens, views, dimension)) * scale).astype(np.float32)


def pooled(views):
    """The embeddings of those specimens, float32 [N, D]."""
    return np.stack([pooling.pool(specimen, "mean") for specimen in views])


def whitened(views, parts=1):
    """The same whitened, gathered in some parts."""
    scatters = [whitening.scatter(part, views[0].shape[1]) for part in np.array_split(views, parts)]
    return whitening.whiten(pooled(views), scatters, "views")[0]


def cosines(embeddings):
    return embeddings.astype(float) @ embeddings.astype(float).T


def by_the_book(views, components):
    """The same by scikit-learn's PCA, numpy's covariance and scipy's matrix power."""
    found = PCA(components, svd_solver="full").fit(pooled(views).astype(float))
    covariances = [np.cov(unit(specimen.astype(float)).T, bias=True) for specimen in views]
    within = found.components_ @ np.mean(covariances, axis=0) @ found.components_.T
    spread = np.eye(components) * np.trace(within) / components
    shrunk = (1 - whitening.SHRINKAGE) * within + whitening.SHRINKAGE * spread
    return unit(found.transform(pooled(views)) @ fractional_matrix_power(shrunk, -whitening.POWER))


@pytest.mark.parametrize(("specimens", "dimension", "components"), [(20, 8, 8), (6, 8, 5), (300, 270, 256)])
def test_it_is_what_other_libraries_make_of_the_formula(specimens, dimension, components):
    views = features(specimens, dimension=dimension)
    found = whitened(views)
    assert found.shape == (specimens, components) and found.dtype == np.float32
    assert np.allclose(cosines(found), cosines(by_the_book(views, components)), atol=1e-5)


def test_the_scatter_is_the_sum_of_the_covariances_of_views_of_length_one():
    views = features()
    root = whitening.scatter(views, 8)
    assert root.dtype == np.float32
    expected = sum(np.cov(unit(specimen.astype(float)).T, bias=True) for specimen in views)
    assert np.allclose(root.T @ root, expected, atol=1e-5)


def test_the_scatter_of_many_specimens_stays_small():
    views = features(specimens=200)
    root = whitening.scatter(iter(views), 8)
    assert len(root) <= whitening.MOST_ROWS * 8
    expected = sum(np.cov(unit(specimen.astype(float)).T, bias=True) for specimen in views)
    assert np.allclose(root.T @ root, expected, rtol=1e-4, atol=1e-4)


def spread(root):
    """The scatter that a root stands for, float64 [D, D]."""
    return root.T.astype(float) @ root.astype(float)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(1, 50), st.integers(0, 1000))
def test_a_sketch_is_what_singular_values_and_vectors_say(rows, dimension, most, seed):
    root = np.random.default_rng(seed).normal(size=(rows, dimension)) * 2.0 ** -np.arange(dimension).clip(max=10)
    found = whitening.sketch(root, most)
    _, values, vectors = np.linalg.svd(root, full_matrices=False)
    best = values[:most, None] * vectors[:most]
    assert found.dtype == np.float32 and found.shape == best.shape
    assert np.allclose(np.linalg.norm(found, axis=1), values[:most], atol=1e-5)
    assert np.allclose(spread(found), spread(best), atol=1e-4)
    assert all(row[np.abs(row).argmax()] >= 0 for row in found)


def test_a_sketch_of_few_directions_loses_nothing_and_more_rows_make_it_no_longer():
    views = features(specimens=200)
    for root in (whitening.scatter(views[:1], 8), whitening.scatter(views, 8)):
        assert np.allclose(spread(whitening.sketch(root)), spread(root), rtol=1e-4, atol=1e-4)
    many = np.random.default_rng(0).normal(size=(200, 100)).astype(np.float32)
    assert whitening.sketch(many).shape == (whitening.SKETCH, 100)


def test_a_direction_in_which_the_views_of_a_specimen_differ_counts_little():
    """Two kinds differ a little along the first dimension; along the second views do, and so specimens by chance."""
    rng = np.random.default_rng(1)
    views = np.ones((40, 12, 3)) + rng.normal(0, 0.01, (40, 12, 3))
    views[::2, :, 0] += 0.05
    views[:, :, 1] += rng.normal(0, 0.8, (40, 12))

    def right(embeddings):
        likeness = cosines(embeddings)
        np.fill_diagonal(likeness, -2)
        return np.mean(likeness.argmax(axis=1) % 2 == np.arange(40) % 2)

    views = views.astype(np.float32)
    assert right(pooled(views)) <= 0.8 and right(whitened(views)) >= 0.95


def test_embeddings_have_length_one():
    assert np.allclose(np.linalg.norm(whitened(features()), axis=1), 1, atol=1e-6)


@given(st.integers(0, 1000))
def test_the_order_of_specimens_and_of_views_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    views, order = features(seed=seed), rng.permutation(20)
    shuffled = views[order][:, rng.permutation(5)]
    assert np.allclose(cosines(whitened(shuffled)), cosines(whitened(views))[np.ix_(order, order)], atol=1e-4)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_the_shards_do_not_matter(seed, parts):
    views = features(seed=seed)
    assert np.allclose(whitened(views, parts), whitened(views), atol=1e-4)


@given(st.integers(0, 1000))
def test_neither_turning_the_space_nor_the_length_of_a_view_matters(seed):
    rng = np.random.default_rng(seed)
    views = features(seed=seed)
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    changed = (views @ turn * rng.uniform(0.1, 10, (20, 5, 1))).astype(np.float32)
    assert np.allclose(cosines(whitened(changed)), cosines(whitened(views)), atol=1e-3)


def test_the_same_input_gives_the_same_bytes_and_signs_do_not_turn():
    views = features()
    assert whitened(views).tobytes() == whitened(views.copy()).tobytes()
    assert np.allclose(whitened(views[::-1])[::-1], whitened(views), atol=1e-4)


@given(st.integers(2, 6), st.integers(0, 6), st.integers(1, 5), st.floats(0, 1), st.integers(0, 1000))
def test_whatever_the_views_embeddings_are_numbers(specimens, views, dimension, zeros, seed):
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(specimens, views + 2, dimension)) * (rng.uniform(size=(specimens, 1, dimension)) >= zeros)
    found = whitened(found.astype(np.float32))
    lengths = np.linalg.norm(found, axis=1)
    assert np.isfinite(found).all() and np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


def test_specimens_of_one_view_and_failed_ones_add_no_scatter():
    views = [*features(4), np.ones((1, 8), np.float32), np.zeros((0, 8), np.float32)]
    assert np.array_equal(whitening.scatter(views, 8), whitening.scatter(views[:4], 8))
    assert whitening.scatter(views[4:], 8).shape == (0, 8)
    assert whitening.scatter([], 0).shape == (0, 0)


def test_a_specimen_of_one_view_is_whitened_with_the_others():
    views = [*features(6), np.ones((1, 8), np.float32)]
    found, record = whitening.whiten(pooled(views), [whitening.scatter(views, 8)], "views")
    assert found.shape == (7, 6) and record["components"] == 6


def test_without_a_specimen_of_two_views_there_is_nothing_to_whiten_by():
    embeddings = pooled(features(views=1))
    with pytest.raises(UserError, match="No specimen has two views"):
        whitening.whiten(embeddings, [np.zeros((0, 8), np.float32)] * 2, "views")
    with pytest.raises(UserError, match="No specimen has two views"):
        whitening.whiten(embeddings, [], "views")


def test_where_all_views_of_a_specimen_are_equal_the_components_are_left():
    embeddings = pooled(features())
    views = np.repeat(embeddings[:, None], 12, axis=1)
    components = PCA(svd_solver="full").fit_transform(embeddings.astype(float))
    assert np.allclose(cosines(whitened(views)), cosines(unit(components)), atol=1e-5)


def test_equal_specimens_stay_equal():
    views = features()
    views[3] = views[11]
    found = whitened(views)
    assert np.allclose(found[3], found[11], atol=1e-6) and found.shape == (20, 8)


def test_the_rounding_of_equal_specimens_is_no_component():
    views = np.repeat(features(3), 5, axis=0)
    assert whitened(views).shape == (15, 2)


def test_views_of_another_dimension_are_refused():
    with pytest.raises(UserError, match="Views of dimension 8 cannot whiten embeddings of dimension 40: .*concat"):
        whitening.scatter(features(), 40)


def test_none_leaves_the_embeddings_and_reads_no_scatter():
    embeddings = pooled(features())
    found, record = whitening.whiten(embeddings, (pytest.fail() for _ in "x"), "none")
    assert found is embeddings and record == {"whiten": "none"}


@pytest.mark.parametrize("embeddings", [np.zeros((0, 0)), np.ones((1, 4)), np.full((3, 4), 0.5)])
def test_where_no_two_specimens_differ_the_embeddings_stay_and_the_record_says_so(embeddings):
    embeddings = embeddings.astype(np.float32)
    found, record = whitening.whiten(embeddings, [], "views")
    assert found is embeddings and record == {"whiten": "none"}


def test_two_specimens_lie_opposite_each_other():
    assert np.allclose(np.abs(whitened(features(2))), 1) and whitened(features(2)).sum() == 0


def test_the_record_tells_what_was_done():
    views = features()
    _, record = whitening.whiten(pooled(views), [whitening.scatter(views, 8)], "views")
    assert record == {"whiten": "views", "components": 8, "power": 0.5, "shrinkage": 0.1}
