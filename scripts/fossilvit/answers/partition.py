"""Embeddings -> the tree of specimens and its groups, for a collection of any size.

In: embeddings, float32 [N, D], and the scatter of views, float32 [R, D]. Out: the groups at three levels, int [N],
their stability, and the tree of all specimens.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from fossilvit.answers import belonging, grouping, parts, space, stability, tree
from fossilvit.answers.grouping import Division
from fossilvit.answers.parts import Branch, Part
from fossilvit.answers.space import Space
from fossilvit.answers.stability import Stability
from fossilvit.answers.tree import Tree


class Firm(NamedTuple):
    """How often the specimens of a part were grouped with the members of each group."""

    rows: np.ndarray
    """int [n], the specimens of the part."""
    first: int
    """The number of its first group."""
    shares: np.ndarray
    """float [n, G], one column per group of the part; NaN where no pair was drawn."""


class Partition(NamedTuple):
    """A collection in groups."""

    points: np.ndarray
    """float64 [N, K], see space.Space."""
    tree: Tree
    """float64 [N - 1, 4]"""
    groups: np.ndarray
    """int [N], from 0"""
    coarse: np.ndarray
    """int [N], at most half as many groups in every part."""
    fine: np.ndarray
    """int [N], at least twice as many groups in every part."""
    stability: np.ndarray
    """float [G]"""
    firm: list[Firm]
    """One per part."""
    verdict: str
    """See grouping.Division; that of the whole collection."""
    probability: float
    gap: float
    """Median of grouping.gaps over all groups; NaN without groups."""


def divide(
    embeddings: np.ndarray,
    scatter: np.ndarray | None = None,
    number: int | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Partition:
    """Divide a collection into groups; see grouping.divide, and parts.split for large collections.

    Parameters
    ----------
    embeddings : float32 [N, D], N of at least 1
    scatter : float32 [R, D] or None
    number : int or None
        Number of groups. None takes what chance does not explain.
    seed : int
    threads : int
        Parts that are divided at once.
    """
    from joblib import Parallel, delayed, parallel_config

    place = space.span(embeddings, scatter, seed)
    points = place.points()
    whole, root = parts.split(place, seed)
    pieces = parts.of(whole)
    joined = number is not None and len(pieces) > 1  # then only the trees of the parts are needed
    samples = 0 if joined else stability.SAMPLES
    work = (
        delayed(_divided)(place._replace(plain=place.plain[piece.rows]), None if joined else number, seed, samples)
        for piece in pieces
    )
    processes = min(threads, len(pieces))
    alone = {"inner_max_num_threads": 1} if processes > 1 else {}
    with parallel_config("loky" if processes > 1 else "sequential", **alone):
        divided = Parallel(n_jobs=processes, return_as="generator")(work)
        found = list(tqdm(divided, "groups", len(pieces), unit="part", disable=len(pieces) == 1))
    branches, order = _assembled(whole, iter(found))
    branches = tree.renamed(branches, order)
    if number is not None and joined:
        return _cut(points, branches, min(number, len(points)))
    groups, coarse, fine = (np.zeros(len(points), int) for _ in range(3))
    firm, gaps = [], []
    first = np.zeros(3, int)
    for piece, (division, nearest, stable) in zip(pieces, found, strict=True):
        for level, (labels, within) in enumerate(
            ((groups, division.groups), (coarse, division.coarse), (fine, division.fine))
        ):
            labels[piece.rows] = within[nearest] + first[level]
        firm.append(Firm(piece.rows, int(first[0]), stability.firmness(stable.together, division.groups)[nearest]))
        first += [level.max() + 1 for level in (division.groups, division.coarse, division.fine)]
        gaps += division.gaps
    said = root or found[0][0]
    stabilities = np.concatenate([stable.of_groups for _, _, stable in found])
    gap = float(np.median(gaps)) if gaps else float("nan")
    return Partition(points, branches, groups, coarse, fine, stabilities, firm, said.verdict, said.probability, gap)


def _divided(place: Space, number: int | None, seed: int, samples: int) -> tuple[Division, np.ndarray, Stability]:
    """A part divided, which of the divided specimens is nearest to each, and the stability of the groups."""
    chosen, nearest = parts.sample(place.points(), seed)
    at = place._replace(plain=place.plain[chosen])
    division = grouping.divide(at, seed, number)

    def divide_again(rows: np.ndarray) -> np.ndarray:
        return grouping.again(at._replace(plain=at.plain[rows]), division, number)

    return division, nearest, stability.assess(division.groups, divide_again, seed, samples)


def _assembled(node: Part | Branch, found: Iterator[tuple[Division, np.ndarray, Stability]]) -> tuple[Tree, np.ndarray]:
    """The tree of everything below a node, and the specimen of every leaf."""
    if isinstance(node, Part):
        division, nearest, _ = next(found)
        leaves = [(tree.star(len(some)), node.rows[some]) for some in belonging.members(nearest)]
        return tree.grafted(division.tree, leaves)
    return tree.grafted(node.tree, [_assembled(below, found) for below in node.below])


def _cut(points: np.ndarray, branches: Tree, number: int) -> Partition:
    """A large collection in a number of groups that was asked for, whose stability is not known."""
    groups = tree.cut(branches, number)
    unknown = np.full(number, np.nan)
    return Partition(points, branches, groups, groups, groups, unknown, [], grouping.ASKED, float("nan"), float("nan"))
