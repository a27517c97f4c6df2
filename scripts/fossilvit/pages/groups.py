"""The tables of clusters -> the groups that pages show, in the order in which they show them.

In: clusters.csv and cluster_summary.csv. Out: the clusters in order of the tree, and the noise.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fossilvit.answers.belonging import NOISE
from fossilvit.answers.summary import FIRM
from fossilvit.errors import UserError
from fossilvit.store.files import PathLike
from fossilvit.store.png import read_image
from fossilvit.store.renders import best_view
from fossilvit.store.tables import CLUSTER_SUMMARY_COLUMNS, CLUSTERS_COLUMNS, read_table

PALETTE = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
"""Colors of clusters, one after another in order of the tree, which color-blind people can tell apart (Okabe and Ito
2008, Color universal design). Their yellow and black are left out: one is too light to print, the other is no color."""
Color = tuple[int, int, int]
UNKNOWN = -1
"""The number in the place of an empty cell."""


class Member(NamedTuple):
    """A specimen in a cluster, or in none."""

    identity: str
    prob: float
    """How firmly it belongs to its cluster, 0 to 1."""
    second: str
    """The next cluster; empty if there is none."""
    second_prob: str
    """How firmly it belongs to that, as the table has it."""


class Cluster(NamedTuple):
    """One cluster."""

    number: int
    members: list[Member]
    """The most typical first."""
    reading: str
    """What its stability means, in words. It may be empty."""
    stability: str
    """0 to 1 with two digits. It may be empty."""
    medoid: str
    """The ID of its most typical member."""
    doubtful: tuple[str, ...]
    """The IDs of at most two members that belong to it least firmly, the least firm first."""
    color: Color


class Groups(NamedTuple):
    """All specimens of a collection."""

    clusters: list[Cluster]
    """In order of the tree."""
    noise: list[Member]
    """The specimens in no cluster, in order of ID."""


def read_groups(table: PathLike, summary: PathLike) -> Groups:
    """Read the clusters and their members.

    Parameters
    ----------
    table : path
        clusters.csv
    summary : path
        cluster_summary.csv

    Raises
    ------
    UserError
        A table is missing or broken, or the two do not belong together.
    """
    rows = read_table(table, CLUSTERS_COLUMNS, cluster_id=int, prob=float, rank=lambda text: int(text or UNKNOWN))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["rank"], -row["prob"], row["specimen_id"])):
        found.setdefault(row["cluster_id"], []).append(row)
    noise = sorted(_members(found.pop(NOISE, [])))
    about = read_table(summary, CLUSTER_SUMMARY_COLUMNS, cluster_id=int, stability=lambda text: float(text or UNKNOWN))
    if {row["cluster_id"] for row in about} != found.keys():
        raise UserError(f"{table} and {summary} do not have the same clusters; run the stage cluster again.")
    clusters = [
        _cluster(row, _members(found[row["cluster_id"]]), PALETTE[index % len(PALETTE)])
        for index, row in enumerate(about)
    ]
    return Groups(clusters, noise)


def in_doubt(cluster: Cluster) -> set[str]:
    """The IDs of the members that are marked as doubtful: the least firm ones, if they are not firm enough."""
    return {
        member.identity for member in cluster.members if member.identity in cluster.doubtful and not is_firm(member)
    }


def is_firm(member: Member) -> bool:
    """Return whether a specimen hardly belongs to another cluster."""
    return member.prob >= FIRM


def in_numbers(member: Member, doubtful: bool) -> str:
    """How firmly a specimen belongs to its cluster, and whether that is doubtful."""
    return f"doubtful: p = {member.prob:.2f}" if doubtful else f"p = {member.prob:.2f}"


def in_words(cluster: Cluster) -> str:
    """The stability of a cluster in words and its number; empty if it is not known."""
    return f"{cluster.reading} ({cluster.stability})" if cluster.reading and cluster.stability else cluster.reading


def counted(number: int, what: str) -> str:
    """A number and a noun: `1 specimen`, `2 specimens`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def image_of(renders: PathLike, identity: str) -> Callable[[], np.ndarray]:
    """A function that reads the picture that figures show of a specimen, uint8 [H, H, 3]."""
    return partial(_image, renders, identity)


def _image(renders: PathLike, identity: str) -> np.ndarray:
    return read_image(best_view(renders, identity))


def _members(rows: list[dict[str, Any]]) -> list[Member]:
    return [Member(row["specimen_id"], row["prob"], row["second_id"], row["second_prob"]) for row in rows]


def _cluster(row: dict[str, Any], members: list[Member], color: Color) -> Cluster:
    doubtful = tuple(filter(None, (row["doubtful_1"], row["doubtful_2"])))
    stability = f"{row['stability']:.2f}" if row["stability"] != UNKNOWN else ""
    medoid = row["medoid"] or members[0].identity
    return Cluster(row["cluster_id"], members, row["reading"], stability, medoid, doubtful, color)
