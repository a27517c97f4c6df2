"""Crinoids: a geometric sketch of stem, calyx and arms, not a published model.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.
"""

from itertools import product

import numpy as np

from fossilvit.examples.shapes import Mesh, along, circle, join, ramp, ridges, sweep


def crinoid(rng: np.random.Generator) -> Mesh:
    """A stalked crinoid 45-120 mm long with its arms half closed. The stem points down and the oral side to +z."""
    calyx = rng.uniform(0.8, 1.2)
    parts = [_stem(rng), _calyx(calyx), *_arms(rng, calyx)]
    vertices, faces = join(parts)
    return vertices * rng.uniform(8, 14), faces


def _stem(rng: np.random.Generator) -> Mesh:
    """A bent stem below z = 0, of round or pentagonal columnals with a wider nodal at regular steps."""
    columnals, per_nodal = rng.integers(10, 25), rng.integers(3, 6)
    height, radius = rng.uniform(0.14, 0.2), rng.uniform(0.2, 0.32)
    pentagonal = rng.choice([0.0, rng.uniform(0.08, 0.16)])
    bend = rng.uniform(-0.12, 0.12, 2)

    place = np.arange(5 * columnals + 1) / 5
    nodal = (place.astype(int) % per_nodal == 0) * 0.16
    edge = radius * (0.82 + 0.18 * ridges(place) ** 0.4 + nodal * ridges(place) ** 0.5)
    around = circle(15)
    outline = 1 + pentagonal * np.cos(5 * around)
    section = np.stack([np.cos(around), np.sin(around)], axis=-1) * outline[:, None]
    down = height * place
    curve = np.stack([bend[0] * down**2 / 2, bend[1] * down**2 / 2, -down], axis=-1)
    return sweep(along(curve, edge[:, None, None] * section, up=(0, 1, 0)))


def _calyx(height: float) -> Mesh:
    """The cup from z = 0 to `height`: a circlet of five basals under a circlet of five radials."""
    up = np.linspace(0, 1, 24)[:, None]
    around = circle(40)
    circlet = np.where(up < 0.42, up / 0.42, (up - 0.42) / 0.58)
    column = 5 * around / (2 * np.pi) + np.where(up < 0.42, 0.5, 0)
    plates = 0.07 * np.minimum(ridges(column), ridges(circlet)) ** 0.6
    r = 0.25 + 0.5 * np.sin(up * np.pi / 2) ** 0.8 + plates
    z = height * up * np.ones_like(around)
    return sweep(np.stack([r * np.cos(around), r * np.sin(around), z], axis=-1))


def _arms(rng: np.random.Generator, base: float) -> list[Mesh]:
    """Arms that rise from the radials and fork once or twice, each a row of brachials."""
    length, spread = rng.uniform(1.8, 3.0), rng.uniform(0.1, 0.9)
    first, second = 0.3, rng.choice([0.0, 0.15])
    curl = rng.uniform(0.1, 0.8)
    brachials = rng.integers(11, 15)

    t = np.linspace(0, 1, 3 * brachials + 1)
    r = 0.6 + spread * np.sin(np.pi * t * 0.8) - curl * t**4
    z = 0.85 * base + length * (t - 0.12 * t**3)
    thick = (0.16 if second else 0.2) * (1 - 0.7 * t) * (1 + ramp(0.25, 0.1, t))
    thick *= 0.8 + 0.2 * ridges(brachials * t)
    section = np.stack([np.cos(circle(7)), np.sin(circle(7))], axis=-1)
    arms = []
    for radial, one, two in product(range(5), (-first, first), (-second, second) if second else (0.0,)):
        angle = 2 * np.pi * (radial + 0.5) / 5 + one * ramp(-0.05, 0.3, t) + two * ramp(-0.2, 0.6, t)
        curve = np.stack([r * np.cos(angle), r * np.sin(angle), z], axis=-1)
        sideways = (-np.sin(angle[0]), np.cos(angle[0]), 0.0)
        arms.append(sweep(along(curve, thick[:, None, None] * section, up=sideways)))
    return arms
