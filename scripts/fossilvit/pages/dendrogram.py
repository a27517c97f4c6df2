"""A folded tree -> a dendrogram to be printed, with a picture at every leaf.

In: the tree and its leaves, and the renders. Out: an SVG, whose bytes depend on nothing else, and a PNG of 300 dpi. Up
to 30 leaves fill A4, up to 60 fill A3. All lengths are in inches, from the upper left corner.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from fossilvit.pages.contact_sheet import GRAY, INK, Picture, fitted, font_file, thumbnail
from fossilvit.pages.folding import Folded, Leaf
from fossilvit.pages.groups import Color, image_of
from fossilvit.store.files import PathLike, atomic

DPI = 300
THUMBNAIL = 160
"""Side of the picture of a leaf in pixels."""
MANY = 30
"""Largest number of leaves on A4."""
A4, A3 = (7.7, 11.1), (11.1, 15.9)
"""Width and height without the margins of a printer."""
MARGIN, HEADING, SCALE = 0.15, 0.55, 0.55
"""Around everything, above the leaves for the title, and below them for the distances."""
ROW = 0.5
"""Largest height of a leaf."""
BESIDE, BAR, NAME = 0.08, 0.06, 0.95
"""Between two things side by side, width of the bar of a cluster, and room for its name."""
LETTERS, TITLE = 8, 13
"""Sizes of letters in points."""
LINE = 1.4
"""Width of branches in points."""
MIXED: Color = (70, 70, 70)
"""Color of branches to several clusters."""
OUTSIDE: Color = (160, 160, 160)
"""Color of specimens in no cluster."""


class Frame(NamedTuple):
    """Where things are on the page."""

    size: tuple[float, float]
    row: float
    """Height of a leaf."""
    left: float
    right: float
    """Ends of the tree: its root and its leaves."""
    unit: float
    """Length of a distance of 1."""
    label: float
    note: float
    """Widths of the label and of the note of a leaf."""


def draw(folded: Folded, renders: PathLike, svg: PathLike, png: PathLike) -> None:
    """Draw a dendrogram and write it twice.

    Parameters
    ----------
    folded : Folded
    renders : path
        Folder of renders.
    svg, png : paths
    """
    settings = {**matplotlib.rcParamsDefault, "svg.hashsalt": "fossilvit", "svg.fonttype": "path"}
    settings.pop("backend")  # never used here, and naming it would load it
    with matplotlib.rc_context(settings):
        figure = _figure(folded, renders)
        with atomic(svg) as file:
            figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        for image in figure.axes[0].images:
            image.set_interpolation("antialiased")  # the SVG has the picture as it is
        with atomic(png) as file:
            figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})


def _figure(folded: Folded, renders: PathLike) -> Figure:
    frame = _frame(folded)
    figure = Figure(figsize=frame.size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    _write(axes, MARGIN, MARGIN + HEADING / 3, folded.title, INK, TITLE)
    _draw_branches(axes, folded, frame)
    _draw_scale(axes, folded, frame)
    for index, leaf in enumerate(folded.leaves):
        _draw_leaf(axes, leaf, renders, frame, HEADING + MARGIN + index * frame.row)
    if folded.of_specimens:
        _draw_clusters(axes, folded.leaves, frame)
    axes.set_xlim(0, frame.size[0])
    axes.set_ylim(frame.size[1], 0)
    return figure


def _frame(folded: Folded) -> Frame:
    count = len(folded.leaves)
    width, height = A4 if count <= MANY else A3
    around = 2 * MARGIN + HEADING + SCALE
    row = min(ROW, (height - around) / count)
    label, note = (0.3 * width, 0.0) if folded.of_specimens else (0.23 * width, 0.24 * width)
    beside = row + 2 * BESIDE + label + note + (2 * BESIDE + BAR + NAME if folded.of_specimens else 0)
    left, right = 2 * MARGIN, width - MARGIN - beside
    unit = (right - left) / (float(folded.tree[-1, 2]) or 1.0)
    return Frame((width, around + count * row), row, left, right, unit, label, note)


def _draw_branches(axes: Axes, folded: Folded, frame: Frame) -> None:
    count = len(folded.leaves)
    across = frame.right - frame.unit * np.concatenate([np.zeros(count), folded.tree[:, 2]])
    down = [HEADING + MARGIN + (leaf + 0.5) * frame.row for leaf in range(count)]
    inside = [leaf.cluster and leaf.cluster.number for leaf in folded.leaves]
    colors = [_color(leaf, OUTSIDE if folded.of_specimens else MIXED) for leaf in folded.leaves]
    lines: list[list[tuple[float, float]]] = []
    painted: list[Color] = []
    for node, (one, other) in enumerate(folded.tree[:, :2].astype(int).tolist(), count):
        alike = (inside[one], colors[one]) == (inside[other], colors[other])
        inside.append(inside[one] if alike else None)
        colors.append(colors[one] if alike else MIXED)
        down.append((down[one] + down[other]) / 2)
        lines += [[(across[branch], down[branch]), (across[node], down[branch])] for branch in (one, other)]
        lines.append([(across[node], down[branch]) for branch in (one, other)])
        painted += [colors[one], colors[other], colors[node]]
    segments = LineCollection(lines, colors=list(map(_shade, painted)), linewidths=LINE, capstyle="projecting")
    axes.add_collection(segments, autolim=False)


def _draw_scale(axes: Axes, folded: Folded, frame: Frame) -> None:
    """Draw the distances below the tree."""
    level = HEADING + MARGIN + len(folded.leaves) * frame.row + BESIDE
    highest = float(folded.tree[-1, 2])
    ticks = [tick for tick in MaxNLocator(4).tick_values(0, highest) if 0 <= tick <= highest] if highest else [0.0]
    axes.plot([frame.left, frame.right], [level, level], color=_shade(GRAY), linewidth=0.6)
    for tick in ticks:
        place = frame.right - frame.unit * tick
        axes.plot([place, place], [level, level + BESIDE / 2], color=_shade(GRAY), linewidth=0.6)
        _write(axes, place, level + 0.15, f"{tick:g}", GRAY, LETTERS, "center")
    middle = (frame.left + frame.right) / 2
    _write(axes, middle, level + 0.32, "distance at which branches are joined", GRAY, LETTERS, "center")


def _draw_leaf(axes: Axes, leaf: Leaf, renders: PathLike, frame: Frame, upper: float) -> None:
    image = np.asarray(thumbnail(Picture(image_of(renders, leaf.identity), ""), THUMBNAIL, closer=True))
    left, side = frame.right + BESIDE, frame.row * 0.96
    edge = upper + (frame.row - side) / 2
    axes.imshow(image, extent=(left, left + side, edge + side, edge), aspect="auto", interpolation="none")
    label = left + frame.row + BESIDE
    for text, color, place, width in (
        (leaf.label, INK, label, frame.label),
        (leaf.note, GRAY, label + frame.label, frame.note),
    ):
        if text:
            short = fitted(text, round(LETTERS / 72 * DPI), (width - BESIDE) * DPI)
            _write(axes, place, upper + frame.row / 2, short, color, LETTERS)


def _draw_clusters(axes: Axes, leaves: list[Leaf], frame: Frame) -> None:
    """Draw a bar and a name beside the specimens of every cluster."""
    left = frame.right + 3 * BESIDE + frame.row + frame.label
    for first, count, leaf in _runs(leaves):
        upper = HEADING + MARGIN + first * frame.row
        height = count * frame.row
        shade = _shade(_color(leaf))
        axes.fill_between([left, left + BAR], upper + 0.03, upper + height - 0.03, color=shade, linewidth=0)
        name = f"Cluster {leaf.cluster.number}" if leaf.cluster else "no cluster"
        _write(axes, left + BAR + BESIDE, upper + height / 2, name, INK if leaf.cluster else GRAY, LETTERS)


def _runs(leaves: list[Leaf]) -> Iterator[tuple[int, int, Leaf]]:
    """Neighboring leaves of one cluster: where they begin, how many they are, and the first of them."""
    first = 0
    for _, run in groupby(leaves, key=lambda leaf: leaf.cluster and leaf.cluster.number):
        together = list(run)
        yield first, len(together), together[0]
        first += len(together)


def _color(leaf: Leaf, otherwise: Color = OUTSIDE) -> Color:
    return leaf.cluster.color if leaf.cluster else otherwise


def _shade(color: Color) -> tuple[float, float, float]:
    """A color as matplotlib has it, 0 to 1."""
    return color[0] / 255, color[1] / 255, color[2] / 255


def _write(axes: Axes, across: float, down: float, text: str, color: Color, size: float, align: str = "left") -> None:
    """Write a text, none of whose characters has a special meaning, beside or around a place."""
    axes.text(
        across,
        down,
        text,
        color=_shade(color),
        fontproperties=FontProperties(fname=font_file(), size=size),
        horizontalalignment=align,
        verticalalignment="center_baseline",
        parse_math=False,
    )
