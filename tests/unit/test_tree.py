import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, cut_tree, fcluster, is_valid_linkage, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from fossilvit.answers import tree


def distances(count, seed=0, dimension=3):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(count, dimension))))


def grown(count, seed=0):
    return tree.grow(distances(count, seed))


def chain(count):
    """A tree in which every step adds one leaf."""
    rows = [(0 if step == 1 else count + step - 2, step, step, step + 1) for step in range(1, count)]
    return np.array(rows, float).reshape(-1, 4)


def below(branches):
    """The leaves below every node, by the definition of scipy's linkage."""
    found = [{leaf} for leaf in range(len(branches) + 1)]
    for one, other in branches[:, :2].astype(int):
        found.append(found[one] | found[other])
    return found


def heights(branches):
    """The height at which any two leaves are joined, float [N, N]."""
    return squareform(cophenet(branches))


def fits(branches):
    """Whether this is a tree as scipy has them, with true sizes, and never lower than below."""
    sizes = [len(leaves) for leaves in below(branches)][len(branches) + 1 :]
    height = np.concatenate([np.zeros(len(branches) + 1), branches[:, 2]])
    rising = (branches[:, 2:3] >= height[branches[:, :2].astype(int)]).all()
    return is_valid_linkage(branches) and rising and branches[:, 3].tolist() == sizes


sizes = st.integers(2, 25)
seeds = st.integers(0, 1000)


@given(sizes, seeds)
def test_a_tree_is_the_average_linkage_of_scipy(count, seed):
    apart = distances(count, seed)
    assert np.array_equal(tree.grow(apart), linkage(squareform(apart), "average"))


def test_one_leaf_is_a_tree_without_nodes():
    assert tree.grow(np.zeros((1, 1))).shape == (0, 4)
    assert tree.cut(np.zeros((0, 4)), 1).tolist() == [0]
    assert tree.leaves(np.zeros((0, 4))).tolist() == [0]


@given(sizes, seeds, st.data())
def test_a_cut_is_that_of_scipy(count, seed, data):
    branches = grown(count, seed)
    groups = data.draw(st.integers(1, count))
    found = tree.cut(branches, groups)
    assert sorted(set(found.tolist())) == list(range(groups))
    assert adjusted_rand_score(found, cut_tree(branches, groups)[:, 0]) == 1
    assert adjusted_rand_score(found, fcluster(branches, groups, "maxclust")) == 1


@given(sizes, seeds)
def test_a_finer_cut_divides_the_groups_of_a_coarser_one(count, seed):
    branches = grown(count, seed)
    for groups in range(1, count):
        coarse, fine = tree.cut(branches, groups), tree.cut(branches, groups + 1)
        assert len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == groups + 1


@pytest.mark.parametrize("groups", [1, 2, 7, 20])
def test_a_tree_of_equal_heights_is_cut_into_as_many_groups_as_asked_for(groups):
    assert len(set(tree.cut(tree.grow(1 - np.eye(20)), groups).tolist())) == groups


def mean_silhouette(apart, groups):
    samples = silhouette_samples(apart, groups, metric="precomputed")
    return (samples.mean() + np.mean([samples[groups == group].mean() for group in np.unique(groups)])) / 2


@given(st.integers(3, 25), seeds, st.data())
def test_silhouettes_of_all_cuts_are_those_of_scikit_learn(count, seed, data):
    apart = distances(count, seed)
    branches = tree.grow(apart)
    most = data.draw(st.integers(2, count - 1))
    expected = [mean_silhouette(apart, tree.cut(branches, groups)) for groups in range(2, most + 1)]
    assert np.allclose(tree.silhouettes(apart, branches, most), expected, atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_silhouettes_of_leaves_that_are_all_alike_are_zero():
    assert tree.silhouettes(np.zeros((9, 9)), tree.grow(np.zeros((9, 9))), 8).tolist() == [0] * 7


def test_silhouettes_leave_distances_and_tree_as_they_are():
    apart, branches = distances(12), grown(12)
    tree.silhouettes(apart, branches, 11)
    assert np.array_equal(apart, distances(12)) and np.array_equal(branches, grown(12))


@given(st.integers(1, 25), seeds)
def test_leaves_are_each_visited_once_and_no_branches_cross(count, seed):
    branches = grown(count, seed)
    order = tree.leaves(branches).tolist()
    assert sorted(order) == list(range(count))
    place = {leaf: number for number, leaf in enumerate(order)}
    for leaves in below(branches):
        places = sorted(place[leaf] for leaf in leaves)
        assert places == list(range(places[0], places[0] + len(places)))


@given(sizes, seeds, st.integers(1, 12))
def test_a_pruned_tree_has_the_largest_branches_that_are_whole_as_leaves(count, seed, most):
    branches = grown(count, seed)
    top, parts = tree.pruned(branches, lambda leaves: len(leaves) <= most)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    nodes = below(branches)
    whole = [leaves for leaves in nodes if len(leaves) <= most or len(leaves) == 1]
    largest = [leaves for leaves in whole if not any(leaves < other for other in whole)]
    assert sorted(sorted(part.tolist()) for part in parts) == sorted(map(sorted, largest))
    if len(parts) > 1:
        assert fits(top)
    else:
        assert top.shape == (0, 4)


@given(sizes, seeds, st.integers(1, 12))
def test_a_pruned_tree_joins_its_leaves_at_the_heights_at_which_they_were_joined(count, seed, most):
    branches = grown(count, seed)
    top, parts = tree.pruned(branches, lambda leaves: len(leaves) <= most)
    if len(parts) > 1:
        first = [part[0] for part in parts]
        assert np.allclose(heights(top), heights(branches)[np.ix_(first, first)])


def test_whole_is_asked_only_of_branches_below_those_that_are_not():
    asked = []
    tree.pruned(chain(6), lambda leaves: asked.append(leaves.tolist()) or len(leaves) == 4)
    assert asked == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4], [0, 1, 2, 3]]


@given(st.lists(st.integers(1, 8), min_size=1, max_size=6), seeds)
def test_a_grafted_tree_holds_every_tree_in_the_place_of_its_leaf(counts, seed):
    names = np.random.default_rng(seed).permutation(sum(counts))
    called = np.split(names, np.cumsum(counts)[:-1])
    small = [grown(count, seed + number) for number, count in enumerate(counts)]
    large = grown(len(counts), seed)
    found, order = tree.grafted(large, list(zip(small, called, strict=True)))
    assert order.tolist() == names.tolist()
    assert len(found) == len(names) - 1 and (not len(found) or fits(found))
    assert (np.diff(found[:, 2]) >= 0).all()
    nodes = {frozenset(order[list(leaves)].tolist()) for leaves in below(found)}
    for branches, inside in zip(small, called, strict=True):
        assert {frozenset(inside[list(leaves)].tolist()) for leaves in below(branches)} <= nodes
    for leaves in below(large):
        assert frozenset(name for leaf in leaves for name in called[leaf].tolist()) in nodes


def test_a_grafted_tree_keeps_heights_unless_a_node_were_lower_than_those_below_it():
    low, high = chain(3) * [1, 1, 0.1, 1], chain(3) * [1, 1, 10, 1]
    joined = np.array([[0, 1, 5.0, 2]])
    found, _ = tree.grafted(joined, [(low, np.arange(3)), (low, np.arange(3, 6))])
    assert sorted(found[:, 2].tolist()) == [0.1, 0.1, 0.2, 0.2, 5]
    found, _ = tree.grafted(joined, [(low, np.arange(3)), (high, np.arange(3, 6))])
    assert found[:, 2].max() == found[-1, 2] == 20


def test_a_cut_of_a_grafted_tree_undoes_its_highest_steps():
    low, high = chain(3) * [1, 1, 0.1, 1], chain(3) * [1, 1, 2, 1]
    for below, one in (
        ([(high, np.arange(3)), (low, np.arange(3, 6))], 0),
        ([(low, np.arange(3)), (high, np.arange(3, 6))], 3),
    ):
        found, called = tree.grafted(np.array([[0, 1, 5.0, 2]]), below)
        assert np.array_equal(called, np.arange(6)) and (np.diff(found[:, 2]) >= 0).all()
        groups = tree.cut(found, 3)
        assert len({*groups[[one, one + 1]].tolist()}) == 1 and np.bincount(groups)[groups[one + 2]] == 1
        assert len({*groups[3 - one : 6 - one].tolist()}) == 1


@given(st.integers(2, 25), seeds)
def test_a_tree_that_is_pruned_and_grafted_again_is_the_same(count, seed):
    branches = grown(count, seed)
    top, parts = tree.pruned(branches, lambda leaves: len(leaves) <= 4)
    small = [tree.grow(distances(count, seed)[np.ix_(part, part)]) for part in parts]
    found, order = tree.grafted(top, list(zip(small, parts, strict=True)))
    again = tree.renamed(found, order)
    assert np.allclose(heights(again), heights(branches))


@given(sizes, seeds)
def test_a_renamed_tree_is_that_of_leaves_in_another_order(count, seed):
    branches = grown(count, seed)
    names = np.random.default_rng(seed).permutation(count)
    found = tree.renamed(branches, names)
    assert fits(found) and (found[:, 0] < found[:, 1]).all()
    assert np.array_equal(heights(found)[np.ix_(names, names)], heights(branches))
    assert np.array_equal(branches, grown(count, seed))


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_a_star_joins_all_leaves_at_height_zero(count):
    found = tree.star(count)
    assert found.shape == (count - 1, 4) and (found[:, 2] == 0).all()
    assert sorted(tree.leaves(found).tolist()) == list(range(count))
    assert count == 1 or fits(found)


def test_a_chain_of_many_leaves_is_followed_without_recursion():
    count = 5000
    assert count > sys.getrecursionlimit()
    branches = chain(count)
    assert sorted(tree.leaves(branches).tolist()) == list(range(count))
    assert np.bincount(tree.cut(branches, 3)).tolist() in ([1, 1, 4998], [1, 4998, 1], [4998, 1, 1])
    top, parts = tree.pruned(branches, lambda leaves: len(leaves) <= 2)
    assert len(parts) == count - 1 and len(top) == count - 2
    found, order = tree.grafted(top, [(tree.star(len(part)), part) for part in parts])
    assert is_valid_linkage(tree.renamed(found, order))
