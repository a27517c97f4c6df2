"""A tree of specimens as a Newick text, which programs for phylogenetic trees read as well.

In: a tree as scipy's linkage, float64 [N - 1, 4], and the ID of every leaf. Out: UTF-8 text with branch lengths, and
the tree again. No function calls itself: a tree of 100,000 leaves may be as deep as it has leaves.
"""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fossilvit.store.files import PathLike, atomic, readable

TOKEN = re.compile(r"'(?P<name>(?:[^']|'')*)'|:(?P<length>[^\s(),:;']+)|(?P<mark>[(),;])|\s+")
FOLLOWS = {"": "(';", "(": "('", "'": ":,);", ":": ",)", ",": "('", ")": ":,);", ";": ""}
"""What may follow each kind of token: a parenthesis, a name, a length, a comma, the end."""


def write_tree(path: PathLike, tree: np.ndarray, names: Sequence[str]) -> None:
    """Write a tree, the first branch of every node first.

    Parameters
    ----------
    path : path
    tree : float64 [N - 1, 4]
        scipy's linkage. The length of a branch is the height of the node above it minus that of the node below it.
    names : sequence of N str
        What the leaves are called. No leaves at all are the text `;`.
    """
    with atomic(path, "w") as file:
        file.writelines(_pieces(tree, names))


def read_tree(path: PathLike) -> tuple[np.ndarray, list[str]]:
    """Read a tree that write_tree() wrote.

    Returns
    -------
    tree : float64 [N - 1, 4]
        scipy's linkage, with the nodes in order of height. In every row the branch that comes first in the text is
        first. Lengths of branches have six digits, so heights agree with the written ones to about six.
    names : list of N str
        The leaves in order of the text, in which no branches cross.

    Raises
    ------
    UserError
        The file is missing, or holds anything else.
    """
    with readable(path):
        joins, heights, names = _parsed(Path(path).read_bytes().decode())
        return _linkage(joins, np.array(heights), len(names)), names


def _pieces(tree: np.ndarray, names: Sequence[str]) -> Iterator[str]:
    """The parts of the text of a tree, in order."""
    count = len(names)
    heights = np.concatenate([np.zeros(count), tree[:, 2]])
    branches = tree[:, :2].astype(int).tolist()
    todo: list[str | tuple[int, float | None]] = [(count + len(tree) - 1, None)] if count else []
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            yield piece
            continue
        node, above = piece
        height = float(heights[node])
        length = "" if above is None else f":{max(0.0, above - height):.6g}"
        if node < count:
            yield "'" + names[node].replace("'", "''") + "'" + length
        else:
            one, other = branches[node - count]
            yield "("
            todo += [f"){length}", (other, height), ",", (one, height)]
    yield ";\n"


def _parsed(text: str) -> tuple[list[tuple[int, int]], list[float], list[str]]:
    """The joins of a Newick text, the heights of the new nodes, and the names of the leaves, all in order of the text.

    In a join, a leaf is its number, and a node is -1 minus its number.
    """
    names: list[str] = []
    joins: list[tuple[int, int]] = []
    heights: list[float] = []
    opened: list[int] = []  # the number of complete branches where each parenthesis opened
    branches: list[tuple[int, float]] = []  # complete branches that await their node: what is below, and the upper end
    for kind, value in _tokens(text):
        if kind == "(":
            opened.append(len(branches))
        elif kind == "'":
            branches.append((len(names), 0.0))
            names.append(value.replace("''", "'"))
        elif kind == ":":
            if not 0 <= float(value) < math.inf:
                raise ValueError(f"a branch has the length {value}")
            below, height = branches.pop()
            branches.append((below, height + float(value)))
        elif kind == ")":
            if not opened or len(branches) - opened.pop() != 2:
                raise ValueError("a node does not have two branches")
            (one, lower), (other, upper) = branches[-2:]
            joins.append((one, other))
            heights.append(max(lower, upper))
            branches[-2:] = [(-len(joins), heights[-1])]
    if opened or len(branches) > 1:
        raise ValueError("it is not one tree")
    return joins, heights, names


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The kind, one of FOLLOWS, and the value of every token, in an order that may be."""
    position, before = 0, ""
    while position < len(text):
        token = TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"character {position} is not expected")
        if token.lastgroup:
            kind = token["mark"] or ("'" if token.lastgroup == "name" else ":")
            if kind not in FOLLOWS[before]:
                raise ValueError(f"character {position} is not expected")
            yield kind, token[token.lastgroup]
            before = kind
        position = token.end()
    if before != ";":
        raise ValueError("its end is missing")


def _linkage(joins: list[tuple[int, int]], heights: np.ndarray, count: int) -> np.ndarray:
    """Nodes in order of the text to scipy's linkage, float64 [N - 1, 4], which has them in order of height."""
    tree = np.zeros((len(joins), 4))
    place = np.empty(len(joins), int)
    order = np.argsort(heights, kind="stable")  # a node is never before those below it, also among equal heights
    place[order] = np.arange(len(joins))
    sizes = np.ones(count + len(joins))
    for row, node in enumerate(order):
        branches = [branch if branch >= 0 else count + place[-1 - branch] for branch in joins[node]]
        sizes[count + row] = sizes[branches].sum()
        tree[row] = (*branches, heights[node], sizes[count + row])
    return tree
