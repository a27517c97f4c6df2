"""Shells of two valves, each coiled after Raup (1966, see coiling) with a very large W.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.

At W = 10³ to 10⁵ a valve opens within less than half a turn. The generating curve at the last growth stage is the
commissure, where the valves meet. It lies in a plane through the coiling axis, which is the hinge. Ribs, growth lines,
fold and sulcus are a sketch laid over Raup's surface.
"""

import numpy as np

from fossilvit.examples.coiling import coil
from fossilvit.examples.shapes import Mesh, circle, ramp, sweep


def bivalve(rng: np.random.Generator) -> Mesh:
    """A ribbed bivalve 20-80 mm high. Dorsal (umbo, hinge) is +z, anterior is +x, and the left valve lies toward +y.

    Most have both valves closed. About one in four is a left valve alone, hollow toward -y.
    """
    W = 10 ** rng.uniform(2.6, 4.6)
    length = rng.uniform(0.45, 0.7)
    squareness, obliquity = rng.uniform(-0.12, 0.16), rng.uniform(-0.05, 0.3)
    ribs, rib_strength = rng.integers(14, 24), rng.uniform(0.004, 0.04)
    pauses, pause_strength = rng.integers(5, 12), rng.uniform(0.2, 0.6)

    size = np.linspace(0.03, 1, 34)
    around = circle(116)
    ventral = (1 - np.cos(around)) / 2
    outline_length = length * (np.sin(around) + squareness * np.sin(2 * around)) - obliquity * ventral**1.5
    rib = 1 + rib_strength * np.cos(ribs * around) * ramp(0.05, 0.4, ventral)
    curve = np.stack([0.01 + ventral * rib, outline_length * rib], axis=-1)
    turns = np.log(size) / np.log(W)
    size_in_steps = size + pause_strength * np.sin(2 * np.pi * pauses * size) / (2 * np.pi * pauses)
    rings = coil(np.repeat(curve[None], len(size), axis=0), turns, W)
    rings *= (size_in_steps / size)[:, None, None]
    valve = rings[..., [2, 1, 0]] * [1, -1, -1]

    if rng.random() < 0.25:
        inner = valve * [0.94, 0.9, 0.94] - [0, 0, 0.03]
        vertices, faces = sweep(np.concatenate([valve, inner[::-1]]))
    else:
        vertices, faces = _closed(valve, valve * [1, -1, 1])
    return vertices * rng.uniform(20, 80), faces


def brachiopod(rng: np.random.Generator) -> Mesh:
    """A rhynchonellid brachiopod 12-40 mm wide. The hinge lies toward +z and the brachial valve toward +y.

    x = 0 is its plane of symmetry. The costae of one valve are the furrows of the other, which makes the commissure
    zigzag. The fold of the brachial valve lies over the sulcus of the pedicle valve.
    """
    width = rng.uniform(0.55, 0.95)
    squareness = rng.uniform(-0.15, 0.25)
    costae, strength = 2 * rng.integers(8, 14), rng.uniform(0.02, 0.035)
    fold, fold_width = rng.uniform(0.15, 0.4), rng.uniform(0.18, 0.26)

    size = np.linspace(0.03, 1, 36)[:, None]
    around = circle(120)
    ventral = (1 - np.cos(around)) / 2
    outline_width = width * (np.sin(around) + squareness * np.sin(2 * around))
    curve = np.stack([0.01 + ventral, outline_width], axis=-1)

    zigzag = strength * np.cos(costae * around) * ramp(0.03, 0.3, ventral) * size
    middle = np.exp(-((outline_width / fold_width) ** 2)) * ramp(0.3, 0.9, ventral)
    lift = zigzag + fold * middle * size**2.5
    valves = []
    for toward, expansion in ((1, 10 ** rng.uniform(2.3, 3.2)), (-1, 10 ** rng.uniform(2.8, 4.0))):
        turns = np.log(size[:, 0]) / np.log(expansion)
        rings = coil(np.repeat(curve[None], len(size), axis=0), turns, expansion)
        valve = rings[..., [2, 1, 0]] * [1, -toward, -1]
        valve[..., 1] += lift
        valves.append(valve)
    vertices, faces = _closed(*valves)
    return vertices * rng.uniform(12, 40) / np.ptp(vertices[:, 0]), faces


def _closed(one: np.ndarray, other: np.ndarray) -> Mesh:
    """One surface of two valves, each given as rings, [N, M, 3], from the umbo to the commissure that they share."""
    return sweep(np.concatenate([one, other[-2::-1]]))
