import math

import numpy as np
import pytest

from fossilvit.answers import space
from fossilvit.collection import whitening
from fossilvit.numbers.vectors import unit


def embeddings(count=30, dimension=8, seed=0):
    """Embeddings of length 1 about a direction, float32 [count, dimension]."""
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)) + 1).astype(np.float32)


def scatter(dimension=8, seed=1):
    """A scatter of 40 views that differ most along the first dimension, float32 [40, dimension]."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(40, dimension)) * np.linspace(1, 0.05, dimension)).astype(np.float32)


def directions(count, dimension=5, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


def by_the_paper(points):
    """Zelnik-Manor and Perona 2004, with loops: 1 - exp(-d² / (s s)), the scale s from the sorted distances."""
    count = len(points)
    distances = [[1 - math.fsum(a * b for a, b in zip(one, other, strict=True)) for other in points] for one in points]
    scales = [sorted(row)[min(space.NEIGHBOR, count - 1)] for row in distances]
    return [
        [
            1 - math.exp(-(distances[one][other] ** 2) / (scales[one] * scales[other])) if one != other else 0
            for other in range(count)
        ]
        for one in range(count)
    ]


@pytest.mark.parametrize("count", [2, 3, 10, 11, 12, 40])
def test_scaled_distances_are_those_of_zelnik_manor_and_perona(count):
    points = directions(count)
    assert np.allclose(space.scaled(points), by_the_paper(points), atol=1e-9)


def test_scaled_distances_are_symmetric_from_zero_to_one_and_zero_to_oneself():
    distances = space.scaled(directions(50))
    assert np.allclose(distances, distances.T, rtol=1e-12)
    assert (np.diag(distances) == 0).all() and distances.min() == 0 and distances.max() <= 1


def test_a_dense_group_and_a_loose_one_count_as_equally_tight():
    shape = directions(15, 3, seed=2)

    def group(axis, spread):
        """The same shape about an axis that no other group uses."""
        points = np.zeros((15, 8))
        points[:, axis] = 1
        points[:, axis + 1 : axis + 4] = spread * shape
        return unit(points)

    points = np.concatenate([group(0, 0.02), group(4, 0.2)])
    distances = space.scaled(points)
    plain = 1 - points @ points.T
    assert np.allclose(distances[:15, :15], distances[15:, 15:], atol=1e-3)
    assert plain[15:, 15:].mean() > 50 * plain[:15, :15].mean()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("times", [2, 11, 30])
def test_copies_of_points_do_not_divide_by_zero(times):
    points = np.repeat(directions(4), times, axis=0)
    distances = space.scaled(points)
    group = np.repeat(np.arange(4), times)
    same = group[:, None] == group
    assert np.isfinite(distances).all()
    assert distances[same].max() < 1e-6 and distances[~same].min() > 0.01


def test_one_point_is_at_no_distance_from_itself():
    assert space.scaled(np.ones((1, 1))).tolist() == [[0]]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_second_half_of_the_points_is_what_whitening_makes_of_the_same_scatter(seed):
    found = space.span(embeddings(), scatter(seed=seed + 1), seed).points()
    whitened, _ = whitening.whiten(embeddings(), [scatter(seed=seed + 1)], "views")
    half = found[:, found.shape[1] // 2 :] * math.sqrt(2)
    assert half.shape == whitened.shape
    assert np.allclose(half @ half.T, whitened.astype(float) @ whitened.T.astype(float), atol=1e-5)


def test_the_first_half_of_the_points_is_the_embedding_without_the_mean_of_the_collection():
    vectors = embeddings().astype(float)
    centered = unit(vectors - vectors.mean(axis=0))
    found = space.span(embeddings(), scatter()).points()
    half = found[:, : found.shape[1] // 2] * math.sqrt(2)
    assert np.allclose(half @ half.T, centered @ centered.T, atol=1e-6)


def test_the_plain_side_is_the_collection_without_its_mean_along_its_principal_axes():
    vectors = embeddings().astype(float)
    centered = vectors - vectors.mean(axis=0)
    plain = space.span(embeddings(), scatter()).plain
    assert np.allclose(plain @ plain.T, centered @ centered.T, atol=1e-6)
    covariance = plain.T @ plain
    assert np.allclose(covariance, np.diag(np.diag(covariance)), atol=1e-6)
    assert (np.diff(np.diag(covariance)) <= 1e-9).all()


def test_embeddings_of_any_length_count_the_same():
    longer = embeddings() * np.random.default_rng(0).uniform(0.1, 50, (30, 1)).astype(np.float32)
    first, second = space.span(embeddings()).plain, space.span(longer).plain
    assert np.allclose(first @ first.T, second @ second.T, atol=1e-5)


def test_a_part_of_a_space_keeps_its_points_and_its_whitener():
    place = space.span(embeddings(), scatter())
    rows = np.array([2, 3, 11, 29])
    part = place._replace(plain=place.plain[rows])
    assert np.allclose(part.points(), place.points()[rows], rtol=0, atol=1e-14)


def test_directions_are_the_unit_vectors_of_both_sides_that_count_the_same():
    plain, whitener = 3 * directions(12, 4), np.diag([1, 10, 0.1, 2.0])
    expected = np.hstack([unit(plain), unit(plain @ whitener)]) / math.sqrt(2)
    assert np.allclose(space.directions(plain, whitener), expected)
    assert np.allclose(space.directions(plain, None), unit(plain))


@pytest.mark.parametrize("views", [None, np.zeros((0, 8), np.float32)])
def test_without_scatter_only_the_centered_embedding_is_taken(views):
    vectors = embeddings().astype(float)
    centered = unit(vectors - vectors.mean(axis=0))
    found = space.span(embeddings(), views).points()
    assert found.shape == (30, 8)
    assert np.allclose(found @ found.T, centered @ centered.T, atol=1e-6)


@pytest.mark.parametrize("views", [None, scatter()])
@pytest.mark.parametrize("count", [2, 3, 8, 30])
def test_points_have_length_one_and_no_more_dimensions_than_specimens_differ_in(views, count):
    found = space.span(embeddings(count), views).points()
    sides = 1 if views is None else 2
    assert found.dtype == np.float64
    assert found.shape == (count, sides * min(count - 1, 8))
    assert np.allclose(np.linalg.norm(found, axis=1), 1)


def test_no_more_than_the_leading_components_are_kept():
    found = space.span(embeddings(300, 270), scatter(270)).points()
    assert found.shape == (300, 2 * whitening.COMPONENTS)


@pytest.mark.parametrize("views", [None, scatter()])
@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.filterwarnings("error")
def test_embeddings_that_are_all_alike_are_one_point(views, count):
    noise = np.random.default_rng(0).choice([0, 1], (count, 8)) * np.float32(1e-8)
    found = space.span(np.repeat(embeddings(1), count, axis=0) + noise, views).points()
    assert found.shape[0] == count and np.allclose(found @ found.T, 1)


@pytest.mark.parametrize("factor", [1e-3, 7, 1e4])
def test_the_unit_of_embeddings_does_not_matter(factor):
    first = space.span(embeddings(), scatter()).points()
    second = space.span(embeddings() * np.float32(factor), scatter() * np.float32(factor)).points()
    assert np.allclose(first @ first.T, second @ second.T, atol=1e-5)


def test_embeddings_stay_as_they_are():
    vectors, views = embeddings(), scatter()
    space.span(vectors, views).points()
    assert (vectors == embeddings()).all() and (views == scatter()).all()
    points = directions(20)
    space.scaled(points)
    assert (points == directions(20)).all()


def test_the_order_of_specimens_does_not_matter():
    order = np.random.default_rng(3).permutation(30)
    first, second = (space.span(some, scatter()).points() for some in (embeddings(), embeddings()[order]))
    assert np.allclose((first @ first.T)[np.ix_(order, order)], second @ second.T, atol=1e-6)
