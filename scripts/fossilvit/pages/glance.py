"""Clusters -> pages that show all groups at a glance, one row per cluster.

In: the groups of a collection, and the renders. Out: the name, title and rows of every page, and pictures of them,
uint8 [H, W, 3], of the size of A4 at 300 dpi or less.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fossilvit.pages.contact_sheet import (
    GAP,
    GRAY,
    LABEL,
    LEADING,
    TITLE,
    WARNING,
    Picture,
    fitted,
    thumbnail,
    wrapped,
    write,
    write_below,
)
from fossilvit.pages.groups import Cluster, Color, Groups, Member, counted, image_of, in_doubt, in_numbers, in_words
from fossilvit.store.files import PathLike

ROWS = 12
"""Largest number of clusters on a page. With more, pictures are too small to be recognized when printed."""
SHOWN = 6
"""Largest number of pictures of a cluster."""
PICTURE = 195
"""Side of a picture in pixels."""
WIDTH, SAID, CELL = 2420, 480, 320
"""Widths of a page, of what is said about a cluster, and of the place of a picture, in pixels."""
ROW = PICTURE + round(2 * LABEL * LEADING) + GAP
BAR, FRAME = 14, 6
"""Widths of the bar in the color of a cluster, and of the frame around a doubtful picture, in pixels."""
NAME = 42
"""Size of the letters of a cluster's name, in pixels."""
NOT_TRUSTED = "do not trust"


class Row(NamedTuple):
    """One cluster before it is drawn."""

    name: str
    facts: list[str]
    warns: bool
    """Whether the last fact is a warning."""
    color: Color
    pictures: list[Picture]


class Page(NamedTuple):
    """One page before it is drawn."""

    name: str
    """File name without extension."""
    title: str
    rows: list[Row]


def pages(renders: PathLike, groups: Groups, title: str) -> Iterator[Page]:
    """Yield pages of nearly equal length, `clusters`, `clusters_2` and so on. Without clusters, one is only a title.

    Parameters
    ----------
    renders : path
        Folder of renders.
    groups : Groups
    title : str
        A sentence. Of several pages, each says which it is.
    """
    count = max(1, -(-len(groups.clusters) // ROWS))
    for number in range(1, count + 1):
        first, end = ((number - 1) * len(groups.clusters) // count, number * len(groups.clusters) // count)
        yield Page(
            "clusters" if number == 1 else f"clusters_{number}",
            title if count == 1 else f"{title} (page {number} of {count})",
            [_row(renders, cluster) for cluster in groups.clusters[first:end]],
        )


def draw(page: Page) -> np.ndarray:
    """Draw a page, uint8 [H, W, 3]."""
    heading = wrapped(page.title, TITLE, WIDTH - 2 * GAP)
    top = round(len(heading) * TITLE * LEADING) + 3 * GAP
    sheet = Image.new("RGB", (WIDTH, top + len(page.rows) * ROW + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    write(pen, (GAP, GAP), heading, TITLE)
    for index, row in enumerate(page.rows):
        _draw_row(sheet, pen, top + index * ROW, row)
    return np.asarray(sheet)


def _draw_row(sheet: Image.Image, pen: ImageDraw.ImageDraw, upper: int, row: Row) -> None:
    pen.rectangle([GAP, upper, GAP + BAR - 1, upper + PICTURE - 1], fill=row.color)
    left, room = GAP + BAR + GAP, SAID - BAR - 2 * GAP
    write(pen, (left, upper), [fitted(row.name, NAME, room)], NAME)
    line = upper + round(NAME * LEADING) + GAP // 2
    for number, fact in enumerate(row.facts):
        warns = row.warns and number == len(row.facts) - 1
        lines = wrapped(fact, LABEL, room)
        write(pen, (left, line), lines, LABEL, WARNING if warns else GRAY)
        line += round(len(lines) * LABEL * LEADING)
    for index, picture in enumerate(row.pictures):
        left = SAID + index * CELL
        if picture.warns:
            frame = [left - FRAME, upper - FRAME, left + PICTURE + FRAME - 1, upper + PICTURE + FRAME - 1]
            pen.rectangle(frame, outline=WARNING, width=FRAME)
        sheet.paste(thumbnail(picture, PICTURE, closer=True), (left, upper))
        write_below(pen, (left, upper + PICTURE + FRAME), picture, CELL - GAP)


def _row(renders: PathLike, cluster: Cluster) -> Row:
    facts = [counted(len(cluster.members), "specimen"), *filter(None, [in_words(cluster)])]
    marked = in_doubt(cluster)
    shown = [_picture(renders, member, member.identity in marked) for member in _shown(cluster)]
    return Row(f"Cluster {cluster.number}", facts, cluster.reading == NOT_TRUSTED, cluster.color, shown)


def _shown(cluster: Cluster) -> list[Member]:
    """The medoid, other typical members, and at the end the least firm ones."""
    last = [name for name in cluster.doubtful[::-1] if name != cluster.medoid]
    least = sorted((m for m in cluster.members if m.identity in last), key=lambda member: last.index(member.identity))
    typical = [member for member in cluster.members if member.identity not in last]
    first = sorted(typical, key=lambda member: member.identity != cluster.medoid)
    return [*first[: SHOWN - len(least)], *least]


def _picture(renders: PathLike, member: Member, doubtful: bool) -> Picture:
    return Picture(image_of(renders, member.identity), member.identity, in_numbers(member, doubtful), doubtful)
