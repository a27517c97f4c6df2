"""Distances -> the tree of specimens, and how good its cuts are.

In: distances, float64 [N, N]. Out: the tree as scipy's linkage, float64 [N - 1, 4], labels of its cuts, int [N], and
their silhouettes.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

SMALLEST = 1e-12
"""Keeps a silhouette from dividing by 0 where specimens are alike."""
Tree = np.ndarray
"""scipy's linkage: which two nodes are joined in each step, at which height, and the size of the new node."""


def grow(distances: np.ndarray) -> Tree:
    """Join the nearest groups, one pair after another, by the mean distance of their members (average linkage, UPGMA).

    Parameters
    ----------
    distances : float64 [N, N], N of at least 1

    Returns
    -------
    float64 [N - 1, 4]
    """
    if len(distances) == 1:
        return np.zeros((0, 4))
    tree: Tree = linkage(squareform(distances, checks=False), "average")
    return tree


def cut(tree: Tree, groups: int) -> np.ndarray:
    """The group of every leaf if the tree is cut into this number of groups, from 1 to N: int [N]."""
    return _finest(tree, groups)[0]


def silhouettes(distances: np.ndarray, tree: Tree, most: int) -> np.ndarray:
    """How good every cut of a tree is: its silhouette (Rousseeuw 1987), so that specimens and groups count.

    The mean over specimens and the mean over the means of groups err in opposite directions. Their mean finds numbers
    of groups that lie nearer to the categories of specimens. A specimen that is alone has 0.

    Parameters
    ----------
    distances : float64 [N, N]
    tree : float64 [N - 1, 4]
    most : int
        Largest number of groups, less than N.

    Returns
    -------
    float64 [most - 1], for 2 to `most` groups
    """
    group, tops = _finest(tree, most)
    sums = distances @ (group[:, None] == np.arange(most))
    merged = _columns(tree, tops)
    found: np.ndarray = _silhouettes(sums, group, np.bincount(group).astype(float), merged)
    return found


def leaves(tree: Tree) -> np.ndarray:
    """The leaves of a tree in an order in which no branches cross, int [N]."""
    order, stack = [], [2 * len(tree)]
    while stack:
        node = stack.pop()
        if node <= len(tree):
            order.append(node)
        else:
            stack += tree[node - len(tree) - 1, 1::-1].astype(int).tolist()
    return np.array(order, int)


def pruned(tree: Tree, whole: Callable[[np.ndarray], bool]) -> tuple[Tree, list[np.ndarray]]:
    """Follow a tree from its root, and stop at every branch that is whole.

    Parameters
    ----------
    tree : float64 [N - 1, 4]
    whole : function of the leaves below a node, int
        Returns whether the node becomes a leaf. Every single leaf is whole.

    Returns
    -------
    tree : float64 [P - 1, 4], of the P new leaves
    below : list of int arrays
        The old leaves below each of these.
    """
    count = len(tree) + 1
    inside = _below(tree)
    tops, steps, stack = [], [], [2 * count - 2]
    while stack:
        node = stack.pop()
        if node < count or whole(inside[node]):
            tops.append(node)
        else:
            steps.append(node)
            stack += tree[node - count, :2].astype(int).tolist()
    number = {node: new for new, node in enumerate([*tops, *sorted(steps)])}
    rows = []
    sizes = np.ones(len(number))
    for node in sorted(steps):
        one, other = (number[int(child)] for child in tree[node - count, :2])
        sizes[number[node]] = sizes[one] + sizes[other]
        rows.append((one, other, tree[node - count, 2], sizes[number[node]]))
    return np.array(rows).reshape(-1, 4), [inside[node] for node in tops]


def grafted(tree: Tree, below: Sequence[tuple[Tree, np.ndarray]]) -> tuple[Tree, np.ndarray]:
    """Put a tree in the place of every leaf.

    Parameters
    ----------
    tree : float64 [P - 1, 4]
    below : sequence of (tree, int [n])
        One per leaf: its tree, and what each of the leaves of that is called.

    Returns
    -------
    tree : float64 [N - 1, 4]
        A node is never lower than those below it.
    called : int [N]
        What its leaves are called.
    """
    called = np.concatenate([names for _, names in below])
    total = len(called)
    rows: list[tuple[float, float, float, float]] = []
    tops: list[int] = []
    heights: dict[int, float] = {}
    sizes: dict[int, float] = {}
    first = 0

    def add(one: int, other: int, height: float) -> int:
        height = max(height, heights.get(one, 0.0), heights.get(other, 0.0))
        node = total + len(rows)
        heights[node], sizes[node] = height, sizes.get(one, 1) + sizes.get(other, 1)
        rows.append((min(one, other), max(one, other), height, sizes[node]))
        return node

    for branches, names in below:
        nodes = [*range(first, first + len(names))]
        for one, other, height, _ in branches:
            nodes.append(add(nodes[int(one)], nodes[int(other)], float(height)))
        tops.append(nodes[-1])
        first += len(names)
    for one, other, height, _ in tree:
        tops.append(add(tops[int(one)], tops[int(other)], float(height)))
    return _in_order(np.array(rows).reshape(-1, 4)), called


def renamed(tree: Tree, names: np.ndarray) -> Tree:
    """A tree whose leaves get other numbers, a permutation of those they have.

    Parameters
    ----------
    tree : float64 [N - 1, 4]
    names : int [N], the new number of every leaf
    """
    found = tree.copy()
    leaf = found[:, :2] < len(names)
    found[:, :2][leaf] = names[found[:, :2][leaf].astype(int)]
    found[:, :2].sort(axis=1)
    return found


def star(count: int) -> Tree:
    """The tree of leaves that are all alike."""
    rows = [(0 if step == 1 else count + step - 2, step, 0, step + 1) for step in range(1, count)]
    return np.array(rows, float).reshape(-1, 4)


def _below(tree: Tree) -> list[np.ndarray]:
    """The leaves below every node, in order."""
    inside = [np.array([leaf]) for leaf in range(len(tree) + 1)]
    for one, other in tree[:, :2].astype(int):
        inside.append(np.sort(np.concatenate([inside[one], inside[other]])))
    return inside


def _columns(tree: Tree, tops: list[int]) -> np.ndarray:
    """Which two groups become one in every step from a cut to its last two, int [groups - 2, 2].

    The merged group takes the place of the first, and the last group that of the second.
    """
    count, place = len(tree) + 1, {top: column for column, top in enumerate(tops)}
    at = dict(enumerate(tops))
    found = []
    for groups in range(len(tops), 2, -1):
        kept, gone = sorted(place[int(node)] for node in tree[count - groups, :2])
        found.append((kept, gone))
        at[gone] = at[groups - 1]
        place[at[gone]] = gone
        at[kept] = 2 * count - groups
        place[at[kept]] = kept
    return np.array(found, int).reshape(-1, 2)


@njit(cache=True)
def _silhouettes(sums: np.ndarray, group: np.ndarray, sizes: np.ndarray, merged: np.ndarray) -> np.ndarray:
    """The silhouettes of a cut and of every coarser one; see silhouettes().

    Parameters
    ----------
    sums : float64 [N, G], the distances of every leaf to the members of a group, summed; changed in place
    group : int [N]; changed in place
    sizes : float64 [G]; changed in place
    merged : int [G - 2, 2], see _columns()
    """
    count, most = sums.shape
    found = np.empty(most - 1)
    of_groups = np.empty(most)
    for groups in range(most, 1, -1):
        of_groups[:groups] = 0
        total = 0.0
        for leaf in range(count):
            own = group[leaf]
            if sizes[own] > 1:
                between = np.inf
                for other in range(groups):
                    if other != own:
                        between = min(between, sums[leaf, other] / sizes[other])
                within = sums[leaf, own] / (sizes[own] - 1)
                score = (between - within) / max(between, within, SMALLEST)
                total += score
                of_groups[own] += score / sizes[own]
        found[groups - 2] = (total / count + of_groups[:groups].mean()) / 2
        if groups > 2:
            kept, gone = merged[most - groups]
            last = groups - 1
            for leaf in range(count):
                sums[leaf, kept] += sums[leaf, gone]
                sums[leaf, gone] = sums[leaf, last]
                if group[leaf] == gone:
                    group[leaf] = kept
                elif group[leaf] == last:
                    group[leaf] = gone
            sizes[kept] += sizes[gone]
            sizes[gone] = sizes[last]
    return found


def _in_order(tree: Tree) -> Tree:
    """A tree with its steps in order of height, as a cut needs them. No node may be lower than those below it."""
    count = len(tree) + 1
    order = np.argsort(tree[:, 2], kind="stable")
    number = np.arange(2 * count - 1)
    number[count + order] = np.arange(count, 2 * count - 1)
    found = tree[order]
    found[:, :2] = np.sort(number[found[:, :2].astype(int)], axis=1)
    return found


def _finest(tree: Tree, groups: int) -> tuple[np.ndarray, list[int]]:
    """The group of every leaf in a cut, int [N], and the node at the top of every group."""
    count = len(tree) + 1
    tops = {*range(count)}
    for step, (one, other) in enumerate(tree[: count - groups, :2].astype(int)):
        tops -= {one, other}
        tops.add(count + step)
    group = np.empty(count, int)
    for label, top in enumerate(sorted(tops)):
        stack = [top]
        while stack:
            node = stack.pop()
            if node < count:
                group[node] = label
            else:
                stack += tree[node - count, :2].astype(int).tolist()
    return group, sorted(tops)
