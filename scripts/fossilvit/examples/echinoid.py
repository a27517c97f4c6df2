"""Regular echinoids: a geometric sketch after the plating of cidaroids, not a published model.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.
"""

import numpy as np

from fossilvit.examples.shapes import Mesh, dome, ramp, ridges, sweep

AMBULACRUM = 0.28
"""Share of each fifth of the test that is ambulacrum; the rest is interambulacrum."""


def echinoid(rng: np.random.Generator) -> Mesh:
    """The test of a regular echinoid 20-60 mm across, without spines. Its aboral pole (periproct) points to +z.

    Five ambulacra, each of two columns of small tubercles, and five interambulacra, each of two columns of large ones,
    run from the apical disc to the peristome.
    """
    flatness, pentamery = rng.uniform(0.55, 0.85), rng.uniform(0.0, 0.04)
    plates = int(rng.integers(7, 11))
    boss, boss_height = rng.uniform(0.3, 0.42), rng.uniform(0.03, 0.05)
    disc, peristome = rng.uniform(0.24, 0.36), rng.uniform(0.3, 0.45)

    polar = np.linspace(0.02, np.pi - 0.02, 70)[:, None]
    fifths = np.arange(140) / 28
    azimuth = fifths * 2 * np.pi / 5
    mouthward = (polar - disc) / (np.pi - peristome - disc)

    relief = _plates(mouthward, fifths % 1, np.sin(polar), plates, boss, boss_height)
    corona = ramp(0, 0.06, mouthward) * ramp(1, 0.94, mouthward) * relief
    genital_plates = 0.6 + 0.4 * np.cos(5 * azimuth) * ramp(0.05, 0.15, polar)
    apical_disc = 0.05 * ramp(disc, 0.8 * disc, polar) * genital_plates
    periproct = 0.08 * ramp(0.4 * disc, 0.25 * disc, polar)
    mouth = 0.35 * ramp(np.pi - peristome, np.pi - 0.7 * peristome, polar)
    lobes = pentamery * np.cos(2 * np.pi * (fifths - AMBULACRUM / 2)) * np.sin(polar)

    r = 1 + corona + lobes + apical_disc - periproct - mouth
    x, y = r * np.sin(polar) * np.cos(azimuth), r * np.sin(polar) * np.sin(azimuth)
    vertices, faces = sweep(np.stack([x, y, r * flatness * np.cos(polar)], axis=-1))
    return vertices * rng.uniform(10, 30), faces


def _plates(
    mouthward: np.ndarray, fifth: np.ndarray, girth: np.ndarray, plates: int, boss: float, height: float
) -> np.ndarray:
    """Relief of the corona, float64 [N, M]: a tubercle on every plate, and furrows along the sutures.

    mouthward: [N, 1], 0 at the apical disc and 1 at the peristome; fifth: [M], 0 to 1 around each fifth of the test;
    girth: [N, 1], distance from the polar axis; plates: interambulacral plates per column (ambulacra have twice as
    many); boss: radius of a tubercle as a share of its plate; height: height of a tubercle.
    """
    ambulacral = fifth < AMBULACRUM
    share = np.where(ambulacral, AMBULACRUM, 1 - AMBULACRUM)
    column = 2 * np.where(ambulacral, fifth, fifth - AMBULACRUM) / share
    count = np.where(ambulacral, 2 * plates, plates)
    row = count * mouthward + np.floor(column) / 2

    plate_width, plate_height = np.pi / 5 * share * girth, 2.4 / count
    radius = boss * np.minimum(plate_width, plate_height)
    distance = np.hypot((column % 1 - 0.5) * plate_width, (row % 1 - 0.5) * plate_height) / radius
    mamelon, areole = 0.5 * dome((2 * distance) ** 2), 0.25 * np.exp(-(((distance - 1.3) / 0.3) ** 2))
    tubercle = height * np.where(ambulacral, 0.45, 1.0) * (dome(distance**2) + mamelon - areole)
    sutures = 0.012 * (np.sqrt(ridges(row)) + np.sqrt(ridges(column)))
    relief: np.ndarray = tubercle * np.minimum(1, 1.5 * radius / radius.max()) + sutures - 0.02 * ambulacral
    return relief
