import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, is_monotonic, is_valid_linkage, linkage
from scipy.spatial.distance import pdist

from fossilvit.errors import UserError
from fossilvit.store.newick import read_tree, write_tree

NAMES = st.text(st.sampled_from("ab'\"(),:;[]<$_ \n標本ü") | st.characters(exclude_categories=["Cs"]), max_size=12)


def distances(tree, names):
    """The height at which two leaves are joined, by their names."""
    order = np.argsort(np.array(names, object))
    full = np.zeros((len(names),) * 2)
    full[np.triu_indices(len(names), 1)] = cophenet(tree)
    return (full + full.T)[np.ix_(order, order)]


@given(
    names=st.lists(NAMES, min_size=2, max_size=12, unique=True),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-9, 1, 1e6]),
    digits=st.sampled_from([1, 12]),
)
def test_a_tree_is_read_as_it_was_written(tmp_path_factory, names, seed, scale, digits):
    points = np.random.default_rng(seed).random((len(names), 3)).round(digits)
    tree = linkage(pdist(points * scale), "average")
    path = tmp_path_factory.getbasetemp() / "tree.nwk"
    write_tree(path, tree, names)
    found, called = read_tree(path)
    assert sorted(called) == sorted(names)
    assert is_valid_linkage(found)
    assert np.allclose(distances(found, called), distances(tree, names), rtol=1e-5, atol=0)
    assert is_monotonic(found)


def test_leaves_keep_their_order_so_that_no_branches_cross(tmp_path):
    write_tree(tmp_path / "tree.nwk", np.array([[2, 0, 1, 2], [1, 3, 2.5, 3]], float), ["a", "b", "c"])
    assert (tmp_path / "tree.nwk").read_text() == "('b':2.5,('c':1,'a':1):1.5);\n"
    tree, names = read_tree(tmp_path / "tree.nwk")
    assert names == ["b", "c", "a"]
    assert tree.tolist() == [[1, 2, 1, 2], [0, 3, 2.5, 3]]


def test_quotes_in_names_are_doubled(tmp_path):
    write_tree(tmp_path / "tree.nwk", np.array([[0, 1, 1, 2]], float), ["it's (1)", "標本,2:"])
    assert (tmp_path / "tree.nwk").read_bytes() == "('it''s (1)':1,'標本,2:':1);\n".encode()


@pytest.mark.parametrize(("names", "text"), [([], ";\n"), (["a"], "'a';\n")])
def test_a_tree_of_one_leaf_or_none_has_no_branches(tmp_path, names, text):
    write_tree(tmp_path / "tree.nwk", np.empty((0, 4)), names)
    assert (tmp_path / "tree.nwk").read_text() == text
    tree, found = read_tree(tmp_path / "tree.nwk")
    assert tree.shape == (0, 4) and found == names


def test_a_node_is_never_before_or_lower_than_those_below_it(tmp_path):
    (tmp_path / "tree.nwk").write_text("('c':0.999999,('a':1,'b':1):0);\n")
    assert read_tree(tmp_path / "tree.nwk")[0].tolist() == [[1, 2, 1, 2], [0, 3, 1, 3]]
    names = [f"s{number}" for number in range(100)]
    write_tree(tmp_path / "tree.nwk", linkage(np.random.default_rng(0).integers(0, 3, (100, 2)), "average"), names)
    tree, found = read_tree(tmp_path / "tree.nwk")
    assert is_valid_linkage(tree) and sorted(found) == sorted(names)


def test_a_chain_of_many_leaves_is_no_matter_of_recursion(tmp_path):
    count = 20_000
    steps = np.arange(1, count)
    chain = np.stack([np.where(steps == 1, 0, count + steps - 2), steps, steps / 7, steps + 1], axis=1).astype(float)
    write_tree(tmp_path / "tree.nwk", chain, [f"s{number}" for number in range(count)])
    tree, names = read_tree(tmp_path / "tree.nwk")
    assert names == [f"s{number}" for number in range(count)]
    assert np.allclose(tree[:, 2], chain[:, 2], rtol=1e-5) and (tree[:, [0, 1, 3]] == chain[:, [0, 1, 3]]).all()


@pytest.mark.parametrize(
    "text",
    ["", "('a':1,'b':1)", "('a':1,'b':1));", "('a':1);", "('a':1,'b':x);", "'a", "('a':1,'b':1);;", "(a:1,b:1);"]
    + [
        "'a''b''",
        "('a':1,'b':1,'c':1);",
        "'a','b';",
        "('a':1,'b':1):1;",
        "'a':1;",
        "('a':1,('b':1);",
        "('a' 'b');",
        ");",
        "('a':1:1,'b':1);",
        "();",
        *(f"('a':1,'b':{length});" for length in ("nan", "inf", "-1", "1e999")),
    ],
)
def test_a_text_that_is_no_tree_of_ours_is_refused_with_its_path(tmp_path, text):
    (tmp_path / "tree.nwk").write_text(text)
    with pytest.raises(UserError, match=r"tree\.nwk cannot be read"):
        read_tree(tmp_path / "tree.nwk")


def test_a_missing_tree_is_reported(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_tree(tmp_path / "tree.nwk")
