import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from fossilvit.answers import clustering


def groups(sizes, spread=0.02, dimension=16, seed=0):
    """Embeddings around orthogonal directions, and the group of each, in random order."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return (np.eye(dimension)[labels] + spread * random.normal(size=(len(labels), dimension))).astype(
        np.float32
    ), labels


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("pca", [0, 2, 64])
def test_groups_that_are_far_apart_are_found(method, pca):
    embeddings, labels = groups([10, 20, 15])
    found = clustering.cluster(embeddings, method, pca)
    assert adjusted_rand_score(labels, found.clusters) == 1
    assert found.record["clusters"] == 3 and found.record["noise"] == 0


@pytest.mark.parametrize("method", clustering.METHODS)
def test_clusters_are_numbered_from_the_largest(method):
    embeddings, _ = groups([6, 25, 9, 14])
    found = clustering.cluster(embeddings, method)
    assert np.bincount(found.clusters).tolist() == [25, 14, 9, 6]


def test_of_clusters_of_one_size_the_first_seen_comes_first():
    embeddings, labels = groups([10, 10, 10])
    found = clustering.cluster(embeddings, "agglomerative")
    assert list(dict.fromkeys(found.clusters.tolist())) == [0, 1, 2]


@pytest.mark.parametrize("method", clustering.METHODS)
def test_the_length_of_an_embedding_does_not_matter(method):
    embeddings, _ = groups([10, 12, 14])
    longer = embeddings * np.random.default_rng(1).uniform(0.1, 50, (len(embeddings), 1)).astype(np.float32)
    first, second = clustering.cluster(embeddings, method), clustering.cluster(longer, method)
    assert first.clusters.tolist() == second.clusters.tolist()


def test_hdbscan_leaves_an_outlier_as_noise_of_no_strength():
    embeddings, _ = groups([20, 20])
    embeddings[7] = -np.ones(16)
    found = clustering.cluster(embeddings)
    assert found.clusters[7] == clustering.NOISE and found.strengths[7] == 0
    assert found.record["noise"] == (found.clusters == -1).sum() and found.record["clusters"] == 2


@pytest.mark.parametrize("method", ["kmeans", "agglomerative"])
def test_the_number_of_clusters_of_auto_is_that_of_best_silhouette(method):
    embeddings, _ = groups([8] * 5, spread=0.15)
    points = normalize(embeddings.astype(np.float64))
    scores = {}
    for count in range(2, 12):
        found = clustering.cluster(embeddings, method, pca=0, clusters=count).clusters
        scores[count] = silhouette_score(points, found)
    assert clustering.cluster(embeddings, method, pca=0).record["clusters"] == max(scores, key=scores.get)


@pytest.mark.parametrize("method", ["kmeans", "agglomerative"])
@pytest.mark.parametrize("wanted", [1, 2, 7, 99])
def test_as_many_clusters_as_asked_for_or_as_there_are_specimens(method, wanted):
    embeddings, _ = groups([4, 5, 6])
    found = clustering.cluster(embeddings, method, clusters=wanted)
    assert found.record["clusters"] == len(set(found.clusters.tolist())) == min(wanted, 15)
    assert (found.strengths == 1).all()


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_specimens_are_noise(method, count):
    found = clustering.cluster(np.eye(4, dtype=np.float32)[:count], method)
    assert found.clusters.tolist() == [-1] * count and found.strengths.tolist() == [0] * count
    assert (found.record["clusters"], found.record["noise"]) == (0, count)


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("count", [3, 4, 5, 8])
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters", "ignore:invalid value encountered")
def test_small_and_uniform_collections_are_clustered_without_an_error(method, count, same):
    embeddings = np.ones((count, 6)) if same else np.random.default_rng(0).normal(size=(count, 6))
    found = clustering.cluster(embeddings.astype(np.float32), method)
    assert len(found.clusters) == count and found.clusters.min() >= -1
    assert ((found.strengths >= 0) & (found.strengths <= 1)).all()


def test_a_smallest_cluster_larger_than_the_collection_is_bounded_by_it():
    assert len(clustering.cluster(groups([4, 4])[0], min_cluster_size=100).clusters) == 8


@pytest.mark.parametrize(
    ("specimens", "size"), [(3, 3), (36, 3), (64, 4), (100, 5), (400, 10), (10_000, 50), (1_000_000, 500)]
)
def test_the_smallest_cluster_is_half_the_square_root_of_the_collection_and_at_least_three(specimens, size):
    assert clustering.auto_cluster_size(specimens) == size


def test_the_record_says_what_auto_and_the_size_of_the_collection_settled():
    embeddings, _ = groups([30, 34], dimension=20)
    record = clustering.cluster(embeddings).record
    assert (record["method"], record["specimens"], record["pca"], record["min_cluster_size"]) == ("hdbscan", 64, 20, 4)
    assert clustering.cluster(embeddings[:10]).record["pca"] == 9
    assert clustering.cluster(embeddings, pca=0).record["pca"] == 0


def test_a_group_smaller_than_the_smallest_cluster_is_no_cluster():
    embeddings, _ = groups([20, 20, 5])
    assert clustering.cluster(embeddings, min_cluster_size=8).record["clusters"] == 2
    assert clustering.cluster(embeddings, min_cluster_size=4).record["clusters"] == 3


@pytest.mark.parametrize("method", clustering.METHODS)
def test_clustering_twice_gives_the_same(method):
    embeddings = np.random.default_rng(0).normal(size=(60, 10)).astype(np.float32)
    first, second = clustering.cluster(embeddings, method), clustering.cluster(embeddings, method)
    assert first.clusters.tolist() == second.clusters.tolist()
    assert first.strengths.tolist() == second.strengths.tolist()
    assert first.record == second.record


def test_another_seed_starts_kmeans_elsewhere():
    embeddings = np.random.default_rng(0).normal(size=(200, 10)).astype(np.float32)
    found = {
        tuple(clustering.cluster(embeddings, "kmeans", clusters=12, seed=seed).clusters.tolist()) for seed in range(4)
    }
    assert len(found) > 1
