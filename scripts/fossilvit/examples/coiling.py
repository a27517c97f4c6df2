"""Coiled shells after Raup's model.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.

D. M. Raup (1966), Geometric analysis of shell coiling: general problems, Journal of Paleontology 40:1178-1190,
describes a coiled shell by a generating curve, here the outline of the whorl section, that turns about an axis and
grows as it turns. W is the whorl expansion rate (growth of the curve per revolution), D its distance from the axis
(inner over outer margin), T the translation along the axis and S the shape of the curve. The relief (ribs, keel, cords)
is a sketch laid over Raup's surface.
"""

import numpy as np

from fossilvit.examples.shapes import Mesh, circle, ramp, sweep


def coil(sections: np.ndarray, turns: np.ndarray, expansion: float, translation: float = 0.0) -> np.ndarray:
    """Turn generating curves about the z axis while they grow: rings, float64 [N, M, 3].

    sections: float64 [N, M, 2], (distance from the axis, height) of the curve at each growth stage, all at the size
    they would have at the aperture. turns: float64 [N], revolutions from the aperture, 0 there and negative before it.
    expansion and translation are Raup's W and T.
    """
    distance, height = sections[..., 0], sections[..., 1]
    center = (distance.min() + distance.max()) / 2
    azimuth = 2 * np.pi * turns[:, None]
    unit = np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth), height + translation * center], axis=-1)
    return unit * (expansion**turns)[:, None, None]


def ammonoid(rng: np.random.Generator) -> Mesh:
    """A planispiral, ribbed ammonoid 25-90 mm across. Its coiling axis is z, its aperture lies at +x and opens to +y.

    D stays below 1/W, so that every whorl overlaps the one before and leaves an umbilicus.
    """
    W = rng.uniform(1.5, 2.4)
    D = rng.uniform(0.5, 0.95) / W
    S = rng.uniform(0.5, 1.1)
    squareness = rng.uniform(1.9, 2.8)
    ribs, forked = rng.integers(13, 30), rng.random() < 0.5
    strength = rng.uniform(0.035, 0.1)
    forward_bend = rng.uniform(0, 1.5)
    keel = rng.choice([0.0, rng.uniform(0.08, 0.16)])

    whorls = min(5.0, np.log(22) / np.log(W))
    turns = -whorls * np.linspace(1, 0, 400) ** 1.45
    side = np.linspace(-1, 1, 24, endpoint=False)
    around = np.pi * np.sign(side) * np.abs(side) ** 1.15
    outward, across = np.cos(around), np.sin(around)

    phase = ribs * 2 * np.pi * turns[:, None] - forward_bend * (1 + outward) ** 2
    venter = ramp(-0.1, 0.5, outward) if forked else np.zeros_like(outward)
    rib = (1 - venter) * np.cos(phase) + 0.7 * venter * np.cos(2 * phase)
    fade = ramp(-1, -0.6, outward) * (1 - (keel > 0) * ramp(0.85, 1, outward))
    swell = 1 + strength * rib * fade + keel * np.exp(-((around / 0.22) ** 2))

    curve = np.stack([outward, S * across], axis=-1)
    curve = np.sign(curve) * np.abs(curve) ** (2 / squareness) * [1, S ** (1 - 2 / squareness)]
    sections = (1 - D) / 2 * curve * swell[..., None]
    sections[..., 0] += (1 + D) / 2
    vertices, faces = sweep(coil(sections, turns, W))
    return vertices * rng.uniform(15, 50), faces


def gastropod(rng: np.random.Generator) -> Mesh:
    """A dextral, spired gastropod 20-70 mm high. Its apex points to +z, its aperture lies at +x and opens to -y.

    D is 0. The height of the whorl section follows from T, W and a chosen overlap of each whorl on the one before. The
    last half whorl is hollow.
    """
    W = rng.uniform(1.3, 1.65)
    T = rng.uniform(2.2, 4.5)
    overlap = rng.uniform(1.25, 1.8)
    canal = rng.uniform(0.0, 0.9)
    cords, cord_strength = rng.integers(3, 7), rng.uniform(0.0, 0.05)
    ribs, rib_strength = rng.integers(9, 18), rng.choice([0.0, rng.uniform(0.04, 0.1)])
    shoulder = rng.uniform(0, 0.25)

    whorls = min(8.0, np.log(25) / np.log(W))
    turns = -whorls * np.linspace(1, 0, 250) ** 1.3
    around = circle(34)
    outward, down = np.cos(around), np.sin(around)
    base = ramp(0, 1, down)

    half_height = overlap * T * 0.5 * (1 - 1 / W) / 2
    distance = 0.5 * outward * (1 - 0.5 * canal * base) + shoulder * 0.3 * np.exp(-((down + 0.6) ** 2) / 0.1)
    height = half_height * down * (1 + 1.6 * canal * base**2)
    rib = rib_strength * np.cos(2 * np.pi * ribs * turns[:, None]) * ramp(-1, 0, -down)
    cord = cord_strength * np.cos(2 * np.pi * cords * down)
    swell = 1 + (rib + cord) * ramp(-0.2, 0.5, outward)
    whorl = np.stack([distance * swell, np.broadcast_to(height, swell.shape)], axis=-1)

    columella, inside = [0.5, 0], turns > -0.45
    outer = coil(whorl + columella, turns, W, T)
    inner = coil(0.86 * whorl[inside] + columella, turns[inside], W, T)
    vertices, faces = sweep(np.concatenate([outer, inner[::-1]]))
    vertices = vertices * [1, -1, -1]
    return vertices * rng.uniform(20, 70) / np.ptp(vertices[:, 2]), faces
