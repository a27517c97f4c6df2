"""A large collection -> parts that are small enough to be divided exactly.

In: the Space of a collection of N. Out: the rows of every part, and the tree that joins the parts.
"""

from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from fossilvit.answers import grouping, tree
from fossilvit.answers.grouping import Division
from fossilvit.answers.space import Space
from fossilvit.answers.tree import Tree

MOST = 500
"""Largest number of specimens that are divided at once."""
DIMENSIONS = 128
"""Leading dimensions by which near relatives are found; more of them join no better and take longer."""
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


def split(place: Space, seed: int = 0) -> tuple[Part | Branch, Division | None]:
    """Split a collection of more than MOST specimens into parts.

    Near relatives are joined to MOST items by k-means, and these are divided. The tree of items is followed downward as
    long as a branch holds more than MOST specimens of several groups. So groups stay whole, and every part is divided
    in its own metric later. A branch that is a single group of items is split again, until chance divides it as well.

    Parameters
    ----------
    place : Space
    seed : int

    Returns
    -------
    parts : Part or Branch
    division : Division or None
        How the items of the whole collection were divided; None if it is one part.
    """
    count = len(place.plain)
    with tqdm(total=count, desc="parts", unit="specimen", disable=count <= MOST) as progress:
        return _split(place, place.points(), np.arange(count), seed, progress)


def of(node: Part | Branch) -> list[Part]:
    """All parts below a node, in order."""
    return [node] if isinstance(node, Part) else [part for below in node.below for part in of(below)]


def items(points: np.ndarray, most: int | None = None, seed: int = 0) -> np.ndarray:
    """The item of every point, int [N]: itself if there are at most `most` points, otherwise that of a k-means.

    Parameters
    ----------
    points : float64 [N, K], of length 1
    most : int or None
        None takes MOST.
    seed : int
    """
    most = MOST if most is None else most
    if len(points) <= most:
        return np.arange(len(points))
    from sklearn.cluster import KMeans

    leading = points[:, :DIMENSIONS].astype(np.float32)
    found = KMeans(most, init="random", n_init=1, max_iter=ROUNDS, random_state=seed).fit_predict(leading)
    return np.unique(found, return_inverse=True)[1]


def means(points: np.ndarray, item: np.ndarray) -> np.ndarray:
    """The mean of every item, float64 [I, K]."""
    count = int(item.max(initial=-1)) + 1
    mean: np.ndarray = _summed(points, item, count) / np.bincount(item, minlength=count)[:, None]
    return mean


def _split(
    place: Space, points: np.ndarray, rows: np.ndarray, seed: int, progress: "tqdm[Any]"
) -> tuple[Part | Branch, Division | None]:
    if len(rows) <= MOST:
        progress.update(len(rows))
        return Part(rows), None
    item = items(points[rows], seed=seed)
    found = grouping.divide(place._replace(plain=means(place.plain[rows], item)), seed)
    if found.verdict != grouping.GROUPS:
        progress.update(len(rows))
        return Part(rows), None
    weights = np.bincount(item)
    branch, tops = tree.pruned(
        found.tree, lambda below: weights[below].sum() <= MOST or len(np.unique(found.groups[below])) == 1
    )
    return Branch(
        branch, [_split(place, points, rows[np.isin(item, below)], seed, progress)[0] for below in tops]
    ), found


def _summed(vectors: np.ndarray, label: np.ndarray, count: int) -> np.ndarray:
    """The sum of the vectors of every label, [count, K]."""
    from scipy.sparse import csr_array

    member = csr_array((np.ones(len(label), vectors.dtype), (label, np.arange(len(label)))), (count, len(label)))
    return np.asarray(member @ vectors)
