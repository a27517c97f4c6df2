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
BLOCK = 10_000
"""Specimens compared with a sample at once, which bounds memory."""


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

    A random sample of MOST is divided, and the others follow the nearest of them. The tree of the sample is followed
    downward as long as a branch holds more than MOST specimens of several coarse groups. So groups stay whole, and
    every part is divided by itself later. A larger branch is split again, until chance divides its sample as well.

    Parameters
    ----------
    place : Space
    seed : int

    Returns
    -------
    parts : Part or Branch
    division : Division or None
        How the sample of the whole collection was divided; None if it is one part.
    """
    count = len(place.plain)
    with tqdm(total=count, desc="parts", unit="specimen", disable=count <= MOST) as progress:
        return _split(place, place.points(), np.arange(count), seed, progress)


def of(node: Part | Branch) -> list[Part]:
    """All parts below a node, in order."""
    return [node] if isinstance(node, Part) else [part for below in node.below for part in of(below)]


def sample(points: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Specimens that stand for all: every one if there are at most MOST, otherwise MOST at random.

    Parameters
    ----------
    points : float64 [N, K], of length 1
    seed : int

    Returns
    -------
    chosen : int [S], their rows, in order
    nearest : int [N], which of them is nearest to each specimen
    """
    count = len(points)
    if count <= MOST:
        return np.arange(count), np.arange(count)
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[:MOST])
    blocks = range(0, count, BLOCK)
    nearest = [(points[start : start + BLOCK] @ points[chosen].T).argmax(axis=1) for start in blocks]
    found = np.concatenate(nearest)
    found[chosen] = np.arange(len(chosen))
    return chosen, found


def _split(
    place: Space, points: np.ndarray, rows: np.ndarray, seed: int, progress: "tqdm[Any]"
) -> tuple[Part | Branch, Division | None]:
    if len(rows) <= MOST:
        progress.update(len(rows))
        return Part(rows), None
    chosen, nearest = sample(points[rows], seed)
    found = grouping.divide(place._replace(plain=place.plain[rows[chosen]]), seed)
    if found.verdict != grouping.GROUPS:
        progress.update(len(rows))
        return Part(rows), None
    weights = np.bincount(nearest)
    branch, tops = tree.pruned(
        found.tree, lambda below: weights[below].sum() <= MOST or len(np.unique(found.coarse[below])) == 1
    )
    return Branch(
        branch, [_split(place, points, rows[np.isin(nearest, below)], seed, progress)[0] for below in tops]
    ), found
