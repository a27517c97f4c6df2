"""Trilobites: a geometric sketch after the textbook dorsal view, not a published model.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.
"""

import numpy as np

from fossilvit.examples.shapes import Mesh, along, circle, dome, join, ramp, ridges, sweep


def trilobite(rng: np.random.Generator) -> Mesh:
    """An outstretched trilobite 20-70 mm long. Anterior is +y and dorsal is +z.

    The dorsal shield is a height z over x (across) and y (along the body), in half widths of the cephalon until it is
    scaled at the end. The cephalon lies in front of y = 0, the thorax behind it, and the pygidium behind the thorax.
    Three lobes run along the body: the axis between two pleurae.
    """
    cephalon, pygidium = rng.uniform(0.7, 1.05), rng.uniform(0.35, 0.95)
    segments, pygidial_rings = int(rng.integers(7, 14)), rng.integers(4, 9)
    thorax = segments * rng.uniform(0.1, 0.13)
    taper = rng.uniform(0.55, 0.9)
    axis_width = rng.uniform(0.26, 0.36)
    glabella_front = rng.uniform(0.6, 1.7)
    eye_length, eye_height = rng.uniform(0.13, 0.22), rng.uniform(0.08, 0.16)
    genal_spine = rng.choice([0.0, rng.uniform(0.5, 1.2)])

    y = _rows(cephalon, thorax, pygidium, segments)
    head, tail = np.clip(y / cephalon, 0, 1), np.clip((-thorax - y) / pygidium, 0, 1)
    middle = np.clip(-y / thorax, 0, 1)
    segment = segments * middle + pygidial_rings * tail

    pleural_tips = 0.94 + 0.06 * (segment % 1)
    half_width = np.sqrt(1 - head**2) * (1 - (1 - taper) * middle**1.5) * np.sqrt(1 - tail**2)
    half_width *= np.where((head > 0) | (tail > 0), 0.97, pleural_tips)
    across = np.linspace(-1, 1, 45)
    across = (np.sin(across * np.pi / 2) + across) / 2
    x = half_width * across

    glabella = axis_width * (1 + (glabella_front - 1) * head / 0.8) * dome((head / 0.85) ** 6)
    rachis = axis_width * (1 - 0.35 * middle) * (1 - 0.6 * tail) * dome((tail / 0.88) ** 4)
    axis = np.where(head > 0, glabella, rachis)
    from_axis = np.abs(x) / np.maximum(axis, 1e-6)
    lobe = (0.16 + 0.07 * head) * ramp(0, 0.12, axis) * dome(from_axis**2)

    rim = np.hypot(across * np.sqrt(1 - head**2), head) * (head > 0) + np.hypot(across, tail) * (tail > 0)
    border = 0.035 * _bell(rim, 0.97, 0.03) - 0.04 * _bell(rim, 0.87, 0.035)
    eyes = eye_height * dome(((np.abs(x) - 0.52) / 0.1) ** 2 + ((y - 0.42 * cephalon) / eye_length) ** 2)
    on_head = np.where(lobe > 0, -_glabellar_furrows(head, from_axis), eyes)
    z = 0.28 * dome(across**2) * np.sqrt(half_width) + lobe + border * (lobe == 0)
    z += np.where(head > 0, on_head, _tergites(segment, across, tail, lobe))

    dorsal = np.stack([x, np.broadcast_to(y, x.shape), z], axis=-1)
    ventral = dorsal[:, -2:0:-8] * [1, 1, 0] - [0, 0, 0.04]
    parts = [sweep(np.concatenate([dorsal, ventral], axis=1))]
    if genal_spine:
        parts += [_genal_spine(side, genal_spine) for side in (-1, 1)]
    vertices, faces = join(parts)
    return vertices * rng.uniform(20, 70) / (cephalon + thorax + pygidium), faces


def _rows(cephalon: float, thorax: float, pygidium: float, segments: int) -> np.ndarray:
    """Places along the body, [N, 1], from front to back: 7 per segment, denser toward both rounded ends."""
    front = cephalon * np.cos(np.linspace(0.03, 0.5, 40) * np.pi)
    between = -thorax * np.arange(1, 7 * segments) / (7 * segments)
    back = -thorax - pygidium * np.sin(np.linspace(0, 0.48, 34) * np.pi)
    return np.concatenate([front, between, back])[:, None]


def _bell(x: np.ndarray, middle: float, width: float) -> np.ndarray:
    height: np.ndarray = np.exp(-(((x - middle) / width) ** 2))
    return height


def _glabellar_furrows(head: np.ndarray, from_axis: np.ndarray) -> np.ndarray:
    """Depth of the occipital furrow, which crosses the glabella, and of furrows S1 to S3 at its sides."""
    sides = sum(_bell(head, place, 0.03) for place in (0.27, 0.42, 0.57))
    depth: np.ndarray = 0.05 * (_bell(head, 0.1, 0.03) + sides * ramp(0.2, 0.8, from_axis))
    return depth


def _tergites(segment: np.ndarray, across: np.ndarray, tail: np.ndarray, lobe: np.ndarray) -> np.ndarray:
    """Relief of the segments of thorax and pygidium: rings on the axis, pleurae that bend backward."""
    pleurae = (0.05 - 0.02 * ramp(0, 0.4, tail)) * ridges(segment - 0.7 * across**2) * dome(across**4)
    relief: np.ndarray = pleurae + 0.05 * ridges(segment) * (lobe > 0)
    return relief


def _genal_spine(side: int, length: float) -> Mesh:
    """A spine that runs backward from the genal angle of the cephalon, on one side (-1 or 1)."""
    t = np.linspace(0, 1, 24)
    curve = np.stack([side * (0.92 + 0.12 * np.sin(2.2 * t)), 0.12 - length * t, np.full(24, 0.03)], axis=-1)
    section = np.stack([np.cos(circle(10)), 0.7 * np.sin(circle(10))], axis=-1)
    return sweep(along(curve, 0.075 * (1.02 - t)[:, None, None] * section, up=(0, 0, 1)))
