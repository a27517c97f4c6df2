"""Closed surfaces from stacks of rings: the few shapes that all growth models are built from."""

import numpy as np
from scipy.spatial.transform import Rotation

Mesh = tuple[np.ndarray, np.ndarray]
"""Vertices float64 [V, 3] in millimeters, and outward faces int64 [F, 3]."""


def sweep(rings: np.ndarray) -> Mesh:
    """Join a stack of closed rings, float64 [N, M, 3], to one watertight surface.

    Each ring is joined to the next by quads, split along their shorter diagonal; both ends are closed by
    a fan about the ring's center.
    """
    count, size, _ = rings.shape
    vertices = np.concatenate([rings.reshape(-1, 3), rings[[0, -1]].mean(axis=1)])
    index = np.arange(count * size).reshape(count, size)
    a, b = index[:-1].ravel(), np.roll(index, -1, axis=1)[:-1].ravel()
    c, d = b + size, a + size
    diagonals = vertices[a] - vertices[c], vertices[b] - vertices[d]
    short = np.linalg.norm(diagonals[0], axis=1) < np.linalg.norm(diagonals[1], axis=1)
    start, end = np.full(size, count * size), np.full(size, count * size + 1)
    triangles = [
        (a, b, np.where(short, c, d)),
        (np.where(short, a, b), c, d),
        (np.roll(index[0], -1), index[0], start),
        (index[-1], np.roll(index[-1], -1), end),
    ]
    faces = np.concatenate([np.stack(triangle, axis=-1) for triangle in triangles])
    return vertices, faces if volume(vertices, faces) > 0 else faces[:, ::-1]


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Signed volume within a closed surface, in mm³: positive when its faces look outward."""
    a, b, c = (vertices[faces] - vertices.mean(axis=0)).transpose(1, 0, 2)
    return float(np.sum(a * np.cross(b, c)) / 6)


def along(curve: np.ndarray, sections: np.ndarray, up: tuple[float, float, float]) -> np.ndarray:
    """Set flat sections, float64 [N, M, 2], at right angles on a curve, [N, 3]: rings [N, M, 3].

    A section's second axis lies as near to `up` as it can; the curve must never run along `up`.
    """
    forward = np.gradient(curve, axis=0)
    side = np.cross(forward, up)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    over = np.cross(side, forward)
    over /= np.linalg.norm(over, axis=1, keepdims=True)
    return curve[:, None] + sections[..., :1] * side[:, None] + sections[..., 1:] * over[:, None]


def join(parts: list[Mesh]) -> Mesh:
    """One mesh of several, each left as it is: closed parts may overlap."""
    counts = [len(vertices) for vertices, _ in parts]
    firsts = np.cumsum([0, *counts[:-1]])
    vertices = np.concatenate([vertices for vertices, _ in parts])
    return vertices, np.concatenate([faces + first for (_, faces), first in zip(parts, firsts, strict=True)])


def circle(size: int) -> np.ndarray:
    """Angles once around, float64 [size], from 0 up to but without 2π."""
    return np.linspace(0, 2 * np.pi, size, endpoint=False)


def dome(squared_distance: np.ndarray) -> np.ndarray:
    """Height of a unit dome at a squared distance from its middle; 0 from distance 1 outward."""
    return np.sqrt(np.clip(1 - squared_distance, 0, None))


def ridges(phase: np.ndarray) -> np.ndarray:
    """Rounded ridges from 0 to 1 with sharp furrows between them, at every whole number of phase."""
    return np.abs(np.sin(np.pi * phase))


def ramp(start: float, stop: float, x: np.ndarray) -> np.ndarray:
    """Smooth step from 0 at `start` to 1 at `stop`, which may lie on either side of it."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return t * t * (3 - 2 * t)


def strained(vertices: np.ndarray, rng: np.random.Generator, amount: float = 0.025) -> np.ndarray:
    """Vertices after a small homogeneous strain, as burial and tectonics leave in most fossils."""
    strain = rng.normal(0, amount, (3, 3))
    return vertices @ (np.eye(3) + (strain + strain.T) / 2)


def tilted(vertices: np.ndarray, rng: np.random.Generator, most: float = 8.0) -> np.ndarray:
    """Vertices turned about a random axis by a random angle of at most `most` degrees."""
    axis = rng.normal(size=3)
    turn = axis / np.linalg.norm(axis) * np.radians(rng.uniform(0, most))
    return Rotation.from_rotvec(turn).apply(vertices)
