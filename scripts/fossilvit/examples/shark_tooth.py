"""Shark teeth: a geometric sketch of crown and root, not a published model.

In: a random generator. Out: a closed surface in millimeters, see shapes.Mesh.
"""

import numpy as np

from fossilvit.examples.shapes import Mesh, along, circle, join, ramp, ridges, sweep


def shark_tooth(rng: np.random.Generator) -> Mesh:
    """A lamniform tooth 15-60 mm high. The cusp points to +z, the flat labial face to -y, the convex lingual to +y."""
    height, half_width = rng.uniform(1.3, 2.3), rng.uniform(0.6, 1.0)
    lean = rng.uniform(0, 0.5)
    serrations = int(rng.choice([0, int(rng.integers(20, 34))]))
    arch = rng.uniform(0.35, 0.65)
    parts = [_root(arch, half_width + 0.15), _crown(height, half_width, lean, arch, serrations)]
    if rng.random() < 0.5:
        cusplet = rng.uniform(0.45, 0.65)
        for side in (-1, 1):
            vertices, faces = _crown(cusplet, 0.24, 0.08 * side, 0.0, 0, rows=24)
            parts.append((vertices + [side * 0.88 * half_width, 0.04, -0.95 * arch], faces))
    vertices, faces = join(parts)
    return vertices * rng.uniform(15, 60) / np.ptp(vertices[:, 2]), faces


def _crown(height: float, half_width: float, lean: float, arch: float, serrations: int, rows: int = 110) -> Mesh:
    """The blade above z = 0, with cutting edges left and right; `arch` bends its base down over the root."""
    t = np.linspace(-0.12, 0.985, rows)[:, None]
    up = np.clip(t, 0, 1)
    width = half_width * ((1 - up) ** 0.9 * 0.85 + 0.15 * (1 - up) ** 5 + 0.01)
    around = circle(30)
    across, through = np.cos(around), np.sin(around)
    if serrations:
        width = width * (1 + 0.05 * (ridges(serrations * up) - 1) * across**30)
    thick = half_width * np.where(through > 0, 0.45, 0.16) * (1 - up) ** 0.7 + 0.01
    x = width * across + lean * up**1.6
    y = thick * np.abs(through) ** 1.4 * np.sign(through) + 0.15 * np.sin(np.pi * up)
    z = height * t - 0.95 * arch * across**2 * (1 - up) ** 4
    return sweep(np.stack([x, y, z], axis=-1))


def _root(arch: float, half_width: float) -> Mesh:
    """Two lobes below z = 0 that meet under the crown, with a lingual bulge and its nutritive groove."""
    u = np.linspace(-1, 1, 70)
    curve = np.stack([half_width * u, np.full_like(u, 0.13), -0.25 - 1.5 * arch * np.abs(u) ** 1.6], axis=-1)
    around = circle(28)
    lobe = np.sqrt(1 - 0.98 * np.abs(u) ** 3)[:, None]
    bulge = np.exp(-((u / 0.4) ** 2))[:, None] * ramp(-0.2, 1, np.cos(around))
    groove = np.exp(-((u / 0.05) ** 2))[:, None] * ramp(0.3, 1, np.cos(around))
    through = lobe * (0.2 + 0.22 * bulge - 0.08 * groove) * np.cos(around)
    over = lobe * 0.36 * np.sin(around)
    return sweep(along(curve, np.stack([-through, over], axis=-1), up=(0, 0, 1)))
