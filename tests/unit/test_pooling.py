import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fossilvit.collection import pooling
from fossilvit.numbers.vectors import unit

FEATURES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 5)),
    elements=st.floats(-1e6, 1e6, width=32).filter(lambda value: value == 0 or abs(value) > 1e-6),
)


def cancel(features):
    """Whether views point so far against each other that only rounding says where their mean points."""
    return np.linalg.norm(unit(features.astype(np.float64)).mean(axis=0)) < 1e-2


def test_the_mean_is_that_of_views_of_length_one():
    features = np.array([[30, 0], [0, 4]], np.float32)
    assert np.allclose(pooling.pool(features, "mean"), [np.sqrt(0.5), np.sqrt(0.5)])


def test_the_max_is_taken_element_by_element():
    features = np.array([[3, 4], [-10, 0], [0, 5]], np.float32)
    assert np.allclose(pooling.pool(features, "max"), np.array([0.6, 1]) / np.hypot(0.6, 1))


def test_concat_joins_the_views_in_order():
    features = np.array([[3, 4], [0, 2]], np.float32)
    assert np.allclose(pooling.pool(features, "concat"), np.array([0.6, 0.8, 0, 1]) / np.sqrt(2))


@given(FEATURES, st.sampled_from(["mean", "max"]), st.randoms())
def test_mean_and_max_do_not_depend_on_the_order_of_views(features, method, random):
    assume(method != "mean" or not cancel(features))
    order = list(range(len(features)))
    random.shuffle(order)
    assert np.allclose(pooling.pool(features, method), pooling.pool(features[order], method), atol=1e-5)


@given(FEATURES, st.sampled_from(pooling.METHODS), st.floats(0.1, 1000))
def test_embeddings_have_length_one_whatever_the_length_of_a_view(features, method, factor):
    assume(method != "mean" or not features.any() or not cancel(features))
    embedding = pooling.pool(features, method)
    assert np.linalg.norm(embedding) == pytest.approx(1 if embedding.any() else 0, abs=1e-5)
    assert embedding.dtype == np.float32 and np.isfinite(embedding).all()
    assert embedding.shape == (features.size if method == "concat" else features.shape[1],)
    longer = features.copy()
    longer[0] *= np.float32(factor)
    assert np.allclose(pooling.pool(longer, method), embedding, atol=1e-3)


@pytest.mark.parametrize("method", pooling.METHODS)
def test_views_of_zeros_stay_zeros_instead_of_becoming_no_numbers(method):
    assert not pooling.pool(np.zeros((3, 4), np.float32), method).any()


@pytest.mark.parametrize("method", pooling.METHODS)
def test_a_failed_specimen_has_an_empty_embedding(method):
    embedding = pooling.pool(np.zeros((0, 384), np.float32), method)
    assert embedding.shape == (0,) and embedding.dtype == np.float32
