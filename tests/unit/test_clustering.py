import json

import numpy as np
import pytest
from hdbscan import HDBSCAN
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from fossilvit.answers import clustering, grouping, partition, parts, space, tree
from fossilvit.answers.clustering import NOISE

OTHERS = [method for method in clustering.METHODS if method != "upgma"]


def groups(sizes, spread=0.02, dimension=16, seed=0):
    """Embeddings around orthogonal directions, and the group of each, in random order."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return (np.eye(dimension)[labels] + spread * random.normal(size=(len(labels), dimension))).astype(
        np.float32
    ), labels


@pytest.mark.parametrize(
    ("method", "pca"), [("upgma", 64), *((method, pca) for method in OTHERS for pca in (0, 2, 64))]
)
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
    found = clustering.cluster(embeddings, "hdbscan")
    assert found.clusters[7] == NOISE and found.strengths[7] == 0
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


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_specimens_are_noise_but_for_upgma(method, count):
    found = clustering.cluster(np.eye(4, dtype=np.float32)[:count], method)
    assert found.clusters.tolist() == [NOISE] * count and found.strengths.tolist() == [0] * count
    assert (found.record["clusters"], found.record["noise"]) == (0, count)


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_specimens_are_one_group_of_upgma(count):
    found = clustering.cluster(np.eye(4, dtype=np.float32)[:count])
    assert found.clusters.tolist() == [0] * count and sorted(found.ranks) == list(range(1, count + 1))
    assert (found.record["clusters"], found.record["noise"], found.record["verdict"]) == (1, 0, grouping.FEW)
    assert len(found.tree) == count - 1


@pytest.mark.parametrize("method", clustering.METHODS)
def test_no_specimens_are_in_no_clusters(method):
    found = clustering.cluster(np.zeros((0, 4), np.float32), method)
    assert all(len(part) == 0 for part in found[:6]) and found.tree.shape == (0, 4)
    assert found.record["answer"] == "There are no specimens." and found.record["clusters"] == 0


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("count", [3, 4, 5, 8])
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.filterwarnings("error")
def test_small_and_uniform_collections_are_clustered_without_an_error(method, count, same):
    embeddings = np.ones((count, 6)) if same else np.random.default_rng(0).normal(size=(count, 6))
    found = clustering.cluster(embeddings.astype(np.float32), method)
    assert len(found.clusters) == count and found.clusters.min() >= -1
    assert ((found.strengths >= 0) & (found.strengths <= 1)).all()


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("wanted", ["auto", 1, 3])
@pytest.mark.parametrize("row", [np.arange(1, 7), np.zeros(6), [2]])
@pytest.mark.filterwarnings("error")
def test_specimens_that_are_all_alike_are_one_cluster(method, wanted, row):
    found = clustering.cluster(np.tile(np.float32(row), (12, 1)), method, clusters=wanted)
    assert found.clusters.tolist() == [0] * 12 and (found.strengths == 1).all()
    assert "12 specimens" in found.record["answer"] and "1 clusters" not in found.record["answer"]


@pytest.mark.parametrize("method", ["upgma", "kmeans", "agglomerative"])
@pytest.mark.filterwarnings("error")
def test_specimens_that_are_the_same_are_not_divided(method):
    kinds = np.random.default_rng(0).normal(size=(3, 6))
    found = clustering.cluster(np.repeat(kinds, 5, axis=0).astype(np.float32), method, clusters=7)
    assert adjusted_rand_score(np.repeat(np.arange(3), 5), found.clusters) == 1 and found.record["noise"] == 0


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("scatter", [None, np.eye(8, dtype=np.float32), np.zeros((2, 8), np.float32)])
@pytest.mark.filterwarnings("error")
def test_embeddings_of_zeros_are_clustered_as_others_are(method, scatter):
    embeddings = np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32)
    embeddings[[3, 7]] = 0
    found = clustering.cluster(embeddings, method, scatter=scatter)
    assert found.clusters[3] == found.clusters[7]
    assert np.isfinite(found.strengths).all() and np.isfinite(found.tree).all()


@pytest.mark.parametrize("method", clustering.METHODS)
@pytest.mark.parametrize("scale", [1e-44, 1e37])
def test_embeddings_as_small_and_as_large_as_float32_holds_are_clustered(method, scale):
    rows = np.repeat(np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), 5, axis=0)
    expected = clustering.cluster(rows, method, clusters=3)
    found = clustering.cluster(rows * np.float32(scale), method, clusters=3)
    assert found.clusters.tolist() == expected.clusters.tolist() and found.record["clusters"] == 3


def test_a_smallest_cluster_larger_than_the_collection_is_bounded_by_it():
    assert len(clustering.cluster(groups([4, 4])[0], "hdbscan", min_cluster_size=100).clusters) == 8


@pytest.mark.parametrize(
    ("specimens", "size"), [(3, 3), (36, 3), (64, 4), (100, 5), (400, 10), (10_000, 50), (1_000_000, 500)]
)
def test_the_smallest_cluster_is_half_the_square_root_of_the_collection_and_at_least_three(specimens, size):
    assert clustering.auto_cluster_size(specimens) == size


def test_the_record_says_what_auto_and_the_size_of_the_collection_settled():
    embeddings, _ = groups([30, 34], dimension=20)
    record = clustering.cluster(embeddings, "hdbscan").record
    assert (record["method"], record["specimens"], record["pca"], record["min_cluster_size"]) == ("hdbscan", 64, 20, 4)
    assert clustering.cluster(embeddings[:10], "hdbscan").record["pca"] == 9
    assert clustering.cluster(embeddings, "hdbscan", pca=0).record["pca"] == 0


def test_a_group_smaller_than_the_smallest_cluster_is_no_cluster():
    embeddings, _ = groups([20, 20, 5])
    assert clustering.cluster(embeddings, "hdbscan", min_cluster_size=8).record["clusters"] == 2
    assert clustering.cluster(embeddings, "hdbscan", min_cluster_size=4).record["clusters"] == 3


@pytest.mark.parametrize("method", clustering.METHODS)
def test_clustering_twice_gives_the_same(method):
    embeddings = np.random.default_rng(0).normal(size=(60, 10)).astype(np.float32)
    first, second = clustering.cluster(embeddings, method), clustering.cluster(embeddings, method)
    assert first.clusters.tolist() == second.clusters.tolist()
    assert first.strengths.tolist() == second.strengths.tolist()
    assert first.record == second.record


def test_another_seed_starts_kmeans_elsewhere():
    embeddings = np.random.default_rng(0).normal(size=(60, 10)).astype(np.float32)
    found = {
        tuple(clustering.cluster(embeddings, "kmeans", clusters=12, seed=seed).clusters.tolist()) for seed in range(4)
    }
    assert len(found) > 1


def by_hand(embeddings, method, pca, clusters):
    """Labels by scikit-learn or hdbscan alone."""
    points = normalize(embeddings.astype(float))
    if pca:
        points = PCA(min(pca, len(points) - 1, points.shape[1]), svd_solver="covariance_eigh").fit_transform(points)
    if method == "hdbscan":
        return HDBSCAN(min_cluster_size=3, min_samples=2, core_dist_n_jobs=1).fit_predict(points)
    if method == "kmeans":
        return KMeans(clusters, n_init=10, random_state=0).fit_predict(points)
    return AgglomerativeClustering(clusters).fit_predict(points)


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("pca", [0, 3])
def test_the_other_methods_are_those_of_scikit_learn_and_hdbscan(method, pca):
    embeddings, _ = groups([8, 9, 10], spread=0.3)
    found = clustering.cluster(embeddings, method, pca, 3, 4)
    expected = by_hand(embeddings, method, pca, 4)
    assert adjusted_rand_score(expected, found.clusters) == 1
    assert ((expected == NOISE) == (found.clusters == NOISE)).all()
    assert found.levels is None and np.isnan(found.stability).all() and np.isnan(found.second_strengths).all()
    assert len(found.stability) == found.record["clusters"] and len(found.tree) == 26


@pytest.mark.parametrize("method", OTHERS)
def test_the_scatter_of_views_does_not_change_the_clusters_of_the_other_methods(method):
    embeddings, _ = groups([8, 9, 10], spread=0.3)
    scatter = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32) * np.linspace(0, 1, 16, dtype="f4")
    first, second = clustering.cluster(embeddings, method), clustering.cluster(embeddings, method, scatter=scatter)
    assert first.clusters.tolist() == second.clusters.tolist()
    assert first.strengths.tolist() == second.strengths.tolist()


@pytest.fixture(scope="module")
def six():
    """Six groups of different sizes, and the clustering of them."""
    embeddings, labels = groups([16, 14, 13, 12, 11, 10], spread=0.1)
    return embeddings, labels, clustering.cluster(embeddings)


def test_the_default_finds_groups_and_how_far_to_believe_them(six):
    _, labels, found = six
    assert found.record["method"] == "upgma" and found.record["verdict"] == grouping.GROUPS
    assert found.clusters.tolist() == labels.tolist()
    assert found.stability.tolist() == [1] * 6 and (found.strengths == 1).all() and not found.second_strengths.any()
    assert "76 specimens" in found.record["answer"] and "6 clusters" in found.record["answer"]


def test_a_cluster_has_the_stability_of_its_group():
    embeddings, _ = groups([6, 13, 8, 10], spread=0.25)
    found, parted = clustering.cluster(embeddings, clusters=5), partition.divide(embeddings, number=5)
    members = [np.flatnonzero(found.clusters == cluster)[0] for cluster in range(found.record["clusters"])]
    assert len(set(found.stability.tolist())) > 2
    assert found.stability.tolist() == parted.stability[parted.groups[members]].tolist()


def test_coarser_and_finer_levels_are_nested(six):
    coarse, fine = six[2].levels
    assert len(set(zip(coarse.tolist(), six[1].tolist(), strict=True))) == 6
    assert len(set(zip(six[1].tolist(), fine.tolist(), strict=True))) == len(set(fine.tolist()))


def test_every_cluster_has_one_medoid_and_its_members_are_nearest_to_it(six):
    _, labels, found = six
    assert sorted(labels[found.ranks == 1].tolist()) == list(range(6))
    assert ((found.silhouettes > 0.2) & (found.silhouettes <= 1)).all() and (found.second != found.clusters).all()


def test_the_tree_of_a_clustering_holds_its_groups(six):
    _, labels, found = six
    assert is_valid_linkage(found.tree)
    place = np.argsort(tree.leaves(found.tree))
    for group in range(6):
        assert np.ptp(place[labels == group]) == (labels == group).sum() - 1


def with_copies(embeddings, rows):
    """Embeddings with copies of some rows, put anywhere among them, and the row that stands for each, int [N]."""
    count = len(embeddings)
    shown = np.concatenate([np.arange(count), rows])
    places = np.concatenate([np.arange(count), np.random.default_rng(0).uniform(-1, count, len(rows))])
    order = np.argsort(places)
    now = np.empty(len(shown), int)
    now[order] = np.arange(len(shown))
    return embeddings[shown[order]], now[shown[order]]


@pytest.mark.slow
@pytest.mark.parametrize("method", clustering.METHODS)
def test_copies_take_part_as_one_and_change_nothing_for_the_others(method):
    embeddings, _ = groups([9, 8, 7, 6], spread=0.1)
    alone = clustering.cluster(embeddings, method)
    rows = np.repeat(np.flatnonzero(alone.clusters == 0), 2)  # the largest cluster stays the largest
    more, originals = with_copies(embeddings, rows)
    stands = np.flatnonzero(originals == np.arange(len(more)))
    found = clustering.cluster(more, method, originals=originals)
    for before, now in zip(alone[:6], found[:6], strict=True):
        assert np.array_equal(before, now[stands], equal_nan=True)
        assert np.array_equal(now[originals], now, equal_nan=True)
    for before, now in zip(alone.levels or (), found.levels or (), strict=True):
        assert np.array_equal(before, now[stands]) and np.array_equal(now[originals], now)
    assert np.array_equal(alone.stability, found.stability, equal_nan=True)
    assert (found.record["specimens"], found.record["objects"]) == (len(more), len(embeddings))
    assert found.record["noise"] == alone.record["noise"]


def test_copies_are_joined_first_in_the_tree():
    embeddings, _ = groups([6, 6, 6], spread=0.1)
    more, originals = with_copies(embeddings, [2, 2, 11])
    found = clustering.cluster(more, originals=originals, clusters=3).tree
    assert is_valid_linkage(found) and len(found) == 20
    joined = cut_tree(found, 18)[:, 0]
    assert adjusted_rand_score(joined, originals) == 1


def test_copies_do_not_make_a_cluster_the_largest():
    embeddings, _ = groups([7, 6, 5], spread=0.1)
    labels = clustering.cluster(embeddings, clusters=3).clusters
    more, originals = with_copies(embeddings, np.repeat(np.flatnonzero(labels == 2)[:1], 20))
    found = clustering.cluster(more, originals=originals, clusters=3)
    assert np.bincount(found.clusters).tolist() == [7, 6, 25]


@pytest.mark.parametrize("count", [2, 5])
def test_a_collection_of_copies_is_one_object(count):
    found = clustering.cluster(np.ones((count, 4), np.float32), originals=np.zeros(count, int))
    assert found.clusters.tolist() == [0] * count and found.ranks.tolist() == [1] * count
    assert found.strengths.tolist() == [1] * count
    assert found.record["objects"] == 1 and len(found.tree) == count - 1
    assert found.record["answer"] == f"All {count} specimens are copies or scans of one object."


def test_one_specimen_that_is_alone_in_its_cluster_belongs_to_it_firmly():
    found = clustering.cluster(np.eye(4, dtype=np.float32)[:1])
    assert found.clusters.tolist() == [0] and found.strengths.tolist() == [1]


@pytest.mark.parametrize("wanted", [1, 2, 7, 15, 99])
def test_upgma_gives_as_many_groups_as_asked_for_of_which_single_specimens_are_noise(wanted):
    embeddings, _ = groups([4, 5, 6])
    found = clustering.cluster(embeddings, clusters=wanted)
    expected = partition.divide(embeddings, number=wanted).groups
    sizes = np.bincount(expected)
    assert len(sizes) == min(wanted, 15) and found.record["verdict"] == grouping.ASKED
    assert ((found.clusters == NOISE) == (sizes[expected] == 1)).all()
    assert found.record["clusters"] == (sizes > 1).sum() and found.record["noise"] == (sizes == 1).sum()


def test_a_stranger_is_noise_of_no_strength_that_has_a_nearest_cluster():
    embeddings, labels = groups([12, 11, 10], spread=0.1, dimension=24)
    embeddings[7] = np.eye(24)[labels[7]] - 3 * np.eye(24)[20]
    found = clustering.cluster(embeddings, clusters=3)
    others = np.arange(33) != 7
    assert found.clusters[7] == NOISE and found.strengths[7] == 0 and found.ranks[7] == 0
    assert found.second[7] == found.clusters[(labels == labels[7]) & others][0]
    assert (found.clusters[others] != NOISE).all()


def test_the_scatter_of_views_gives_the_metric_of_upgma():
    embeddings, _ = groups([6, 6, 6], spread=0.3)
    scatter = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32) * np.linspace(0, 1, 16, dtype="f4")
    found = clustering.cluster(embeddings, scatter=scatter, clusters=3)
    expected = space.span(embeddings, scatter).points()
    assert np.allclose(np.sort(found.tree[:, 2]), np.sort(tree.grow(space.scaled(expected))[:, 2]))


@pytest.mark.slow
def test_the_number_of_threads_does_not_matter(monkeypatch):
    monkeypatch.setattr(parts, "MOST", 60)
    embeddings, _ = groups([25, 24, 23, 22, 21], spread=0.1)
    first, second = (clustering.cluster(embeddings, threads=threads) for threads in (1, 2))
    assert first.record == second.record and first.record["clusters"] > 1
    for one, other in zip(first[:6], second[:6], strict=True):
        assert one.tobytes() == other.tobytes()
    assert first.tree.tobytes() == second.tree.tobytes() and first.stability.tobytes() == second.stability.tobytes()


def said(**record):
    return clustering.answer({"specimens": 66, "objects": 66, "clusters": 9, "noise": 0, "gap": 1.0} | record)


def test_the_answer_says_how_many_clusters_there_are_and_how_many_specimens_are_in_none():
    assert said() == "66 specimens in 9 clusters."
    assert said(noise=2) == "66 specimens in 9 clusters; 2 belong to none."
    assert said(objects=60) == "66 specimens, which show 60 objects, in 9 clusters."
    assert said(verdict=grouping.GROUPS) == said(verdict=grouping.ASKED) == said()


def test_the_answer_warns_of_clusters_without_gaps_between_them():
    warning = " No gaps lie between them, so they may divide a continuum."
    assert said(gap=clustering.APART) == said() == said(gap=None)
    assert said(gap=clustering.APART - 0.01) == said() + warning


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (grouping.FEW, "because fewer than 3 are not divided"),
        (grouping.NOT_BETTER, "In collections without groups, cuts as good as the best one here are frequent"),
        (grouping.SERIES, "a series without gaps"),
    ],
)
def test_the_answer_says_why_there_are_no_groups(verdict, words):
    answer = said(verdict=verdict, clusters=1, gap=None, probability=0.4)
    assert "The 66 specimens are one cluster" in answer and words in answer
    assert "belong to none" not in answer
    if verdict != grouping.FEW:
        assert "; 3 belong to none" in said(verdict=verdict, clusters=1, noise=3, gap=None, probability=0.4)
    assert ("0.40" in answer) == (verdict == grouping.NOT_BETTER)


@pytest.mark.parametrize(("objects", "little"), [(clustering.SURE - 1, True), (clustering.SURE, False)])
def test_the_answer_for_a_few_objects_without_groups_says_that_it_says_little(objects, little):
    answer = said(verdict=grouping.NOT_BETTER, clusters=1, gap=None, probability=0.4, objects=objects)
    assert answer.startswith("There is no sign of groups.")
    assert (f"With fewer than {clustering.SURE}" in answer) == ("says little" in answer) == little


def test_the_answer_for_a_few_objects_in_groups_does_not_say_that_it_says_little():
    assert "says little" not in said(objects=9, verdict=grouping.GROUPS)


@pytest.mark.parametrize("record", [{"verdict": grouping.FEW}, {"clusters": 1, "verdict": grouping.ASKED}])
def test_of_one_the_answer_speaks_in_the_singular(record):
    answer = said(**({"specimens": 1, "objects": 1, "clusters": 1, "gap": None} | record))
    assert "1 specimens" not in answer and "1 clusters" not in answer


def test_of_copies_of_one_object_the_answer_says_so():
    assert said(objects=1, verdict=grouping.FEW) == "All 66 specimens are copies or scans of one object."


def test_a_record_can_be_written_as_json_without_numbers_that_json_lacks():
    for embeddings, wanted in ((np.eye(4)[:2], "auto"), (groups([4, 5, 6])[0], "auto"), (groups([4, 5])[0], 1)):
        record = clustering.cluster(embeddings.astype(np.float32), clusters=wanted).record
        assert json.loads(json.dumps(record, allow_nan=False)) == record
