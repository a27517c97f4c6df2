import numpy as np
import pytest
from scipy.cluster.hierarchy import is_valid_linkage
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from fossilvit.answers import grouping, partition, parts, space, tree
from fossilvit.answers.parts import Part
from fossilvit.numbers.vectors import unit

SMALL = 60
"""The size of a part in these tests."""


def planted(sizes, seed=0, spread=0.1, dimension=24):
    """Embeddings of groups around orthogonal directions, and the group of each, in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = np.eye(dimension)[labels] + spread * rng.normal(size=(len(labels), dimension))
    return with_mean(vectors), labels


def with_mean(vectors):
    """Embeddings that have a common mean, as those of real collections have."""
    return np.column_stack([vectors, np.full(len(vectors), 8)]).astype(np.float32)


def families(seed=0):
    """The same of 16 groups in 4 families of 44, each near one direction."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(16), 11))
    axes = np.eye(30)
    middles = axes[labels // 4] + 0.7 * axes[4 + labels]
    return with_mean(middles + 0.06 * rng.normal(size=(176, 30))), labels


@pytest.fixture
def small(monkeypatch):
    """Parts of at most SMALL specimens."""
    monkeypatch.setattr(parts, "MOST", SMALL)


@pytest.fixture(scope="module")
def divided():
    """Sixteen groups that are divided in parts, and the group of every specimen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "MOST", SMALL)
        embeddings, labels = families()
        return partition.divide(embeddings), labels


def split(embeddings):
    whole, division = parts.split(space.span(embeddings))
    return [part.rows for part in parts.of(whole)], division, whole


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("make", [lambda: planted([20] * 8), lambda: planted([40, 35, 30, 25, 20]), families])
def test_parts_are_small_and_hold_every_row_once_and_groups_whole(make):
    embeddings, labels = make()
    found, division, _ = split(embeddings)
    assert len(found) > 1 and division.verdict == grouping.GROUPS
    assert sorted(np.concatenate(found).tolist()) == list(range(len(labels)))
    assert max(map(len, found)) <= SMALL
    for group in range(labels.max() + 1):
        assert sum((labels[rows] == group).any() for rows in found) == 1


@pytest.mark.usefixtures("small")
def test_a_group_that_is_larger_than_a_part_stays_whole():
    embeddings, labels = planted([90, 30, 30, 25])
    found = [sorted(set(labels[rows].tolist())) for rows in split(embeddings)[0]]
    assert [0] in found and sum(0 in groups for groups in found) == 1


@pytest.mark.usefixtures("small")
def test_a_group_that_is_larger_than_a_part_is_split_again(monkeypatch):
    divide = grouping.divide

    def halves(place, seed):
        return divide(place, seed, number=2)._replace(verdict=grouping.GROUPS)

    monkeypatch.setattr(grouping, "divide", halves)
    embeddings, labels = planted([40, 35, 30, 25, 20, 45])
    found, _, whole = split(embeddings)
    assert any(isinstance(node, parts.Branch) for node in whole.below)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(labels))) and max(map(len, found)) <= SMALL
    assert len({(label, number) for number, rows in enumerate(found) for label in labels[rows].tolist()}) == 6


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_large_collection_without_groups_is_one_part():
    found, division, _ = split(with_mean(np.random.default_rng(0).normal(size=(90, 8))))
    assert [rows.tolist() for rows in found] == [list(range(90))] and division is None


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [1, SMALL])
def test_a_small_collection_is_one_part_that_nobody_divides(count):
    whole, division = parts.split(space.span(planted([count])[0]))
    assert isinstance(whole, Part) and whole.rows.tolist() == list(range(count)) and division is None


@pytest.mark.usefixtures("small")
def test_the_tree_of_parts_has_one_leaf_per_part():
    _, _, whole = split(planted([20] * 8)[0])
    assert whole.tree.shape == (len(whole.below) - 1, 4) and is_valid_linkage(whole.tree)


def test_everyone_stands_for_itself_in_a_small_collection():
    chosen, nearest = parts.sample(unit(np.random.default_rng(0).normal(size=(20, 4))))
    assert chosen.tolist() == nearest.tolist() == list(range(20))


@pytest.mark.parametrize("block", [parts.BLOCK, 7])
def test_everyone_follows_the_nearest_of_a_random_sample(monkeypatch, block):
    monkeypatch.setattr(parts, "MOST", 6)
    monkeypatch.setattr(parts, "BLOCK", block)
    points = unit(np.random.default_rng(0).normal(size=(30, 4)))
    chosen, nearest = parts.sample(points)
    assert len(set(chosen.tolist())) == 6
    assert nearest.tolist() == [int(np.argmax(points[chosen] @ point)) for point in points]
    assert chosen.tolist() != parts.sample(points, seed=1)[0].tolist()


def test_of_copies_every_chosen_one_follows_itself(monkeypatch):
    monkeypatch.setattr(parts, "MOST", 10)
    chosen, nearest = parts.sample(np.repeat(np.eye(4), 5, axis=0))
    assert nearest[chosen].tolist() == list(range(10))


def test_a_collection_in_parts_is_divided_into_its_groups(divided):
    found, labels = divided
    assert len(found.firm) > 1 and found.verdict == grouping.GROUPS and found.probability <= grouping.LEVEL
    assert adjusted_rand_score(labels, found.groups) == 1
    assert sorted(set(found.groups.tolist())) == list(range(16)) and len(found.stability) == 16
    assert found.stability.min() > 0.95 and found.gap > grouping.GAP


def test_the_tree_of_a_collection_in_parts_holds_every_specimen_and_every_part(divided):
    found, _ = divided
    assert is_valid_linkage(found.tree) and len(found.tree) == len(found.groups) - 1
    place = np.argsort(tree.leaves(found.tree))
    for firm in found.firm:
        places = np.sort(place[firm.rows])
        assert (np.diff(places) == 1).all()


def test_specimens_of_a_part_are_firm_in_their_own_groups(divided):
    found, _ = divided
    assert sorted(np.concatenate([firm.rows for firm in found.firm]).tolist()) == list(range(176))
    for firm in found.firm:
        own = found.groups[firm.rows] - firm.first
        assert firm.shares[np.arange(len(own)), own].min() > 0.9


def test_levels_of_a_collection_in_parts_are_nested(divided):
    found, _ = divided
    for coarse, fine in ((found.coarse, found.groups), (found.groups, found.fine)):
        assert len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == fine.max() + 1


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_two_threads_give_the_same_byte_for_byte(divided):
    for one, other in zip(divided[0], partition.divide(families()[0], threads=2), strict=True):
        if isinstance(one, list):
            assert all(
                np.array_equal(mine, yours, equal_nan=True)
                for first, second in zip(one, other, strict=True)
                for mine, yours in zip(first, second, strict=True)
            )
        elif isinstance(one, np.ndarray):
            assert one.tobytes() == other.tobytes()
        else:
            assert one == other


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [SMALL - 1, SMALL, SMALL + 1])
def test_quality_does_not_jump_where_a_collection_gets_parts(count):
    embeddings, labels = planted(np.bincount(np.arange(count) % 6))
    found = partition.divide(embeddings)
    assert (len(found.firm) > 1) == (count > SMALL)
    assert adjusted_mutual_info_score(labels, found.groups) > 0.9


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("number", [2, 5, 8])
def test_a_number_that_is_asked_for_divides_all_parts_of_a_large_collection_alike(number):
    embeddings, labels = planted([20] * 8)
    found = partition.divide(embeddings, number=number)
    assert found.verdict == grouping.ASKED and sorted(set(found.groups.tolist())) == list(range(number))
    assert np.isnan(found.stability).all() and len(found.stability) == number
    assert len(set(zip(labels.tolist(), found.groups.tolist(), strict=True))) == 8  # no planted group is divided


@pytest.mark.slow
def test_a_group_that_is_larger_than_a_part_is_judged_by_a_sample(monkeypatch):
    monkeypatch.setattr(parts, "MOST", 60)
    embeddings, labels = planted([100, 30, 30, 30, 30])
    found = partition.divide(embeddings)
    assert max(len(firm.rows) for firm in found.firm) >= 100
    assert len(set(zip(labels.tolist(), found.groups.tolist(), strict=True))) == 5  # no planted group is divided
    assert is_valid_linkage(found.tree) and len(found.tree) == 219
