"""A large collection -> parts that are small enough to be divided exactly.

In: points of length 1, float64 [N, K]. Out: the rows of every part, and the tree that joins the parts.
"""

from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from fossilvit.answers import grouping, tree
from fossilvit.answers.grouping import Division
from fossilvit.answers.tree import Tree
from fossilvit.numbers.vectors import unit

MOST = 500
"""Largest number of specimens that are divided at once."""
DIMENSIONS = 128
"""Leading dimensions by which near relatives are found; more of them join no better and take longer."""
DRAWS = 19
"""Collections without groups that items are compared with, the least number for grouping.LEVEL."""
ROUNDS = 20
"""Largest number of rounds of k-means. Items need not be the best ones, only small."""


class Part(NamedTuple):
    """Rows that are divided by themselves."""

    rows: np.ndarray
    """int [N]"""


class Branch(NamedTuple):
    """Parts, and branches of further parts, and how they are joined."""

    tree: Tree
    below: list["Part | Branch"]
    """One per leaf of the tree."""


def split(points: np.ndarray, seed: int = 0) -> tuple[Part | Branch, Division | None]:
    """Split a collection of more than MOST specimens into parts.

    Near relatives are joined to MOST items by k-means, and these are divided. The tree of items is followed downward as
    long as a branch holds more than MOST specimens of several groups. So groups stay whole, and every part is divided
    in its own metric later. A branch that is a single group of items is split again, until chance divides it as well.

    Parameters
    ----------
    points : float64 [N, K], of length 1
    seed : int

    Returns
    -------
    parts : Part or Branch
    division : Division or None
        How the items of the whole collection were divided; None if it is one part.
    """
    with tqdm(total=len(points), desc="parts", unit="specimen", disable=len(points) <= MOST) as progress:
        return _split(points, np.arange(len(points)), seed, progress)


def of(node: Part | Branch) -> list[Part]:
    """All parts below a node, in order."""
    return [node] if isinstance(node, Part) else [part for below in node.below for part in of(below)]


def items(points: np.ndarray, most: int = MOST, seed: int = 0) -> np.ndarray:
    """The item of every point, int [N]: itself if there are at most `most` points, otherwise that of a k-means.

    Parameters
    ----------
    points : float64 [N, K], of length 1
    most : int
    seed : int
    """
    if len(points) <= most:
        return np.arange(len(points))
    from sklearn.cluster import KMeans

    leading = points[:, :DIMENSIONS].astype(np.float32)
    found = KMeans(most, init="random", n_init=1, max_iter=ROUNDS, random_state=seed).fit_predict(leading)
    return np.unique(found, return_inverse=True)[1]


def means(points: np.ndarray, item: np.ndarray) -> np.ndarray:
    """The mean direction of every item, float64 [I, K]."""
    return unit(_summed(points, item, int(item.max(initial=-1)) + 1))


def _split(
    points: np.ndarray, rows: np.ndarray, seed: int, progress: "tqdm[Any]"
) -> tuple[Part | Branch, Division | None]:
    if len(rows) <= MOST:
        progress.update(len(rows))
        return Part(rows), None
    item = items(points[rows], seed=seed)
    found = grouping.divide(means(points[rows], item), seed, draws=DRAWS)
    if found.verdict != grouping.GROUPS:
        progress.update(len(rows))
        return Part(rows), None
    weights = np.bincount(item)
    branch, tops = tree.pruned(
        found.tree, lambda below: weights[below].sum() <= MOST or len(np.unique(found.groups[below])) == 1
    )
    return Branch(branch, [_split(points, rows[np.isin(item, below)], seed, progress)[0] for below in tops]), found


def _summed(vectors: np.ndarray, label: np.ndarray, count: int) -> np.ndarray:
    """The sum of the vectors of every label, [count, K]."""
    from scipy.sparse import csr_array

    member = csr_array((np.ones(len(label), vectors.dtype), (label, np.arange(len(label)))), (count, len(label)))
    return np.asarray(member @ vectors)
