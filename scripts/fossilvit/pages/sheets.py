"""Clusters and neighbors -> contact sheets, which show the results.

In: the groups of a collection, tables of neighbors, and the renders. Out: the name, title and pictures of every sheet.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fossilvit.pages.contact_sheet import Picture
from fossilvit.pages.groups import Cluster, Groups, Member, counted, image_of, in_doubt, in_numbers, in_words, is_firm
from fossilvit.store.files import PathLike
from fossilvit.store.tables import NEIGHBORS_COLUMNS, read_table

MOST = 48
"""Largest number of pictures on one sheet."""
LEAST_FIRM = 8
"""Number of doubtful specimens on the sheet of a cluster that has more specimens than fit."""


class Sheet(NamedTuple):
    """One contact sheet before it is drawn."""

    name: str
    """File name without extension."""
    title: str
    pictures: list[Picture]


def cluster_sheets(renders: PathLike, groups: Groups) -> Iterator[Sheet]:
    """Yield one sheet per cluster, the most typical specimens first, and one for the noise.

    Parameters
    ----------
    renders : path
        Folder of renders.
    groups : Groups
    """
    for cluster in groups.clusters:
        shown, marked = _shown(cluster)
        pictures = [_of_member(renders, member, member.identity in marked) for member in shown]
        yield Sheet(f"cluster_{cluster.number:02d}", _title(cluster), pictures)
    if groups.noise:
        count = len(groups.noise)
        part = f"the first {MOST} of {counted(count, 'specimen')}" if count > MOST else counted(count, "specimen")
        yield Sheet("noise", f"Noise: {part} in no cluster", [_of_noise(renders, m) for m in groups.noise[:MOST]])


def neighbor_sheets(renders: PathLike, tables: Iterable[Path]) -> Iterator[Sheet]:
    """Yield one sheet per query: the query first, then its neighbors. A query without neighbors has no sheet.

    Parameters
    ----------
    renders : path
        Folder of renders.
    tables : paths
        One table of neighbors per query.
    """
    for table in tables:
        if rows := read_table(table, NEIGHBORS_COLUMNS, distance=float):
            query, shown = rows[0]["query_id"], rows[: MOST - 1]
            part = f": the nearest {len(shown)} of {len(rows)}" if len(rows) > len(shown) else ""
            nearest = [_picture(renders, row["neighbor_id"], f"distance {row['distance']:.3f}") for row in shown]
            name = table.stem.replace("knn_", "neighbors_", 1)
            yield Sheet(name, f"Nearest to {query}{part}", [_picture(renders, query, "query"), *nearest])


def note(member: Member, doubtful: bool) -> str:
    """What is written below a member of a cluster: how firmly it belongs there, and if doubtful, what is next."""
    following = f"\nnext is cluster {member.second}" if doubtful and member.second else ""
    return in_numbers(member, doubtful) + following


def _title(cluster: Cluster) -> str:
    count = len(cluster.members)
    title = ", ".join(filter(None, (f"Cluster {cluster.number}: {counted(count, 'specimen')}", in_words(cluster))))
    if count <= MOST:
        return title
    typical = MOST - LEAST_FIRM
    return f"{title}. {MOST} of {count:,} specimens: the {typical} most typical and the {LEAST_FIRM} most doubtful"


def _shown(cluster: Cluster) -> tuple[list[Member], set[str]]:
    """The members of a cluster that its sheet shows, and the IDs of those that are marked as doubtful."""
    if len(cluster.members) <= MOST:
        return cluster.members, in_doubt(cluster)
    typical, others = cluster.members[: MOST - LEAST_FIRM], cluster.members[MOST - LEAST_FIRM :]
    least = sorted(others, key=lambda member: -member.prob)[-LEAST_FIRM:]
    return [*typical, *least], in_doubt(cluster) | {member.identity for member in least if not is_firm(member)}


def _of_member(renders: PathLike, member: Member, doubtful: bool) -> Picture:
    return _picture(renders, member.identity, note(member, doubtful))._replace(warns=doubtful)


def _of_noise(renders: PathLike, member: Member) -> Picture:
    return _picture(renders, member.identity, f"next is cluster {member.second}" if member.second else "")


def _picture(renders: PathLike, identity: str, below: str) -> Picture:
    return Picture(image_of(renders, identity), identity, below)
