from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform

from fossilvit.answers.tree import leaves
from fossilvit.errors import UserError
from fossilvit.pages import dendrogram, folding
from fossilvit.pages.groups import PALETTE, Cluster, Groups, Member

from . import renders

STRANGE = ["a$x$", "$\\frac{$", "<b>&amp;]]>", "--", "bell\x07 and\nline", "標本 1", "long/" * 40 + "MB.C.1234"]


def tree_of(count, seed=0):
    """A tree with leaves numbered so that no branches cross."""
    tree = linkage(np.random.default_rng(seed).random((count, 3)), "average")
    number = {old: new for new, old in enumerate(leaves(tree).tolist())}
    tree[:, :2] = [[number.get(branch, branch) for branch in branches] for branches in tree[:, :2].astype(int).tolist()]
    return tree


def groups_of(names, *sizes):
    """Groups of consecutive names, in clusters of these sizes. The middle one is the medoid. The others are noise."""
    ends = np.cumsum((0, *sizes))
    clusters = []
    for number, (first, end) in enumerate(zip(ends, ends[1:], strict=False)):
        members = [Member(name, 1.0, "", "") for name in names[first:end]]
        medoid = names[(first + end) // 2]
        clusters.append(Cluster(number, members, "", "", medoid, (), PALETTE[number % len(PALETTE)]))
    return Groups(clusters, [Member(name, 0.0, "", "") for name in names[ends[-1] :]])


@given(count=st.integers(2, 30), seed=st.integers(0, 50), data=st.data())
def test_a_part_of_a_tree_is_joined_as_high_as_the_whole_and_no_branches_cross(count, seed, data):
    tree = tree_of(count, seed)
    kept = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=2)))
    part = folding.restricted(tree, kept)
    assert np.array_equal(squareform(cophenet(part)), squareform(cophenet(tree))[np.ix_(kept, kept)])
    assert np.array_equal(leaves(part), np.arange(len(kept)))


def test_few_specimens_are_all_shown():
    names = [f"s{index:02d}" for index in range(60)]
    found = folding.folded(tree_of(60), names, groups_of(names, 20, 30))
    assert [leaf.label for leaf in found.leaves] == names and found.of_specimens
    assert [leaf.cluster and leaf.cluster.number for leaf in found.leaves] == [0] * 20 + [1] * 30 + [None] * 10


def test_the_tree_of_many_specimens_is_folded_to_the_medoids_of_clusters():
    names = [f"s{index:02d}" for index in range(70)]
    found = folding.folded(tree_of(70), names, groups_of(names, 20, 30, 10))
    assert [leaf.label for leaf in found.leaves] == [
        "Cluster 0: 20 specimens",
        "Cluster 1: 30 specimens",
        "Cluster 2: 10 specimens",
    ]
    assert [leaf.identity for leaf in found.leaves] == [leaf.note for leaf in found.leaves] == ["s10", "s35", "s55"]
    assert found.title == "Tree of 3 clusters of 60 specimens"
    assert found.tree.shape == (2, 4)


def test_the_tree_of_many_clusters_is_folded_to_a_page():
    names = [f"s{index:03d}" for index in range(240)]
    found = folding.folded(tree_of(240), names, groups_of(names, *[3] * 80))
    assert len(found.leaves) == 60 and found.tree.shape == (59, 4)
    sizes = [int(leaf.label.split(": ")[1].split()[0]) for leaf in found.leaves]
    assert sum(sizes) == 240 and all(
        (leaf.cluster is None) == (size > 3) for leaf, size in zip(found.leaves, sizes, strict=True)
    )
    assert [leaf.identity for leaf in found.leaves] == sorted(leaf.identity for leaf in found.leaves)


@pytest.mark.parametrize("count", [0, 1])
def test_one_specimen_or_none_has_no_dendrogram(count):
    assert folding.folded(np.empty((0, 4)), ["a"][:count], groups_of(["a"][:count])) is None


def test_many_specimens_in_one_cluster_have_no_dendrogram():
    names = [f"s{index:02d}" for index in range(70)]
    assert folding.folded(tree_of(70), names, groups_of(names, 70)) is None


@pytest.mark.parametrize("names", [["a", "b", "other"], ["a", "c"]])
def test_a_tree_of_other_specimens_is_refused(names):
    with pytest.raises(UserError, match="same specimens"):
        folding.folded(tree_of(len(names)), names, groups_of(["a", "b", "c"], 3))


@pytest.fixture
def draw(tmp_path):
    """A function that draws a tree of these names, and returns the paths of the SVG and the PNG."""

    def draw(names, groups, size=12):
        for index, name in enumerate(names):
            image = np.full((1, size, size, 3), 255, np.uint8)
            image[0, 3:9, 3:9] = index
            renders.write(tmp_path / "renders", name, image, {"status": "ok", "views": renders.views(0.5)})
        found = folding.folded(tree_of(len(names)), names, groups)
        dendrogram.draw(found, tmp_path / "renders", tmp_path / "tree.svg", tmp_path / "tree.png")
        return tmp_path / "tree.svg", tmp_path / "tree.png"

    return draw


@pytest.fixture
def strange(draw):
    """The dendrogram of specimens with strange IDs."""
    return draw(STRANGE, groups_of(STRANGE, 2, 3))


def test_ids_are_written_as_they_are_in_an_svg_that_is_well_formed(strange):
    svg, _ = strange
    root = ElementTree.fromstring(svg.read_bytes())
    assert len(root.findall(".//{*}image")) == len(STRANGE)
    assert svg.stat().st_size < 200_000


def test_the_same_tree_gives_the_same_svg(draw):
    names = ["a", "b", "c", "標本"]
    first, second = (draw(names, groups_of(names, 4))[0].read_bytes() for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first and b"matplotlib.org" not in first


def test_a_picture_for_print_says_its_size_and_leaves_its_edge_free(strange):
    with Image.open(strange[1]) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.width <= 8.27 * 300
        pixels = np.asarray(image.convert("RGB"))
    for edge in (pixels[:20], pixels[-20:], pixels[:, :20], pixels[:, -20:]):
        assert (edge == 255).all()


def test_branches_have_the_colors_of_clusters_where_all_below_is_of_one(draw):
    names = [f"s{index}" for index in range(6)]
    svg, _ = draw(names, groups_of(names, 2, 2))
    text = svg.read_text()
    for color in (*PALETTE[:2], dendrogram.OUTSIDE, dendrogram.MIXED):
        assert "#{:02x}{:02x}{:02x}".format(*color) in text
    assert "#{:02x}{:02x}{:02x}".format(*PALETTE[2]) not in text


def test_specimens_that_are_all_alike_have_a_tree(tmp_path, draw):
    draw(["a", "b"], groups_of(["a", "b"], 2))
    found = folding.folded(np.array([[0, 1, 0, 2]], float), ["a", "b"], groups_of(["a", "b"], 2))
    dendrogram.draw(found, tmp_path / "renders", tmp_path / "alike.svg", tmp_path / "alike.png")
    assert (tmp_path / "alike.svg").exists() and (tmp_path / "alike.png").exists()
