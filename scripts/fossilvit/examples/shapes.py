"""Closed surfaces from stacks of rings: the few shapes that all growth models are built from.

In: rings, float64 [N, M, 3]. Out: a Mesh, vertices float64 [V, 3] and outward faces int64 [F, 3].
"""

import numpy as np
from scipy.spatial.transform import Rotation

Mesh = tuple[np.ndarray, np.ndarray]
"""Vertices, float64 [V, 3], in millimeters when a model is complete, and outward faces, int64 [F, 3]."""


def sweep(rings: np.ndarray) -> Mesh:
    """Join a stack of closed rings, float64 [N, M, 3], to one watertight surface.

    Each ring is joined to the next by quads, which are split along their shorter diagonal. Each end is closed by a fan
    about the center of its ring.
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
    """Signed volume within a closed surface, in cubic units of vertices; positive if its faces look outward."""
    a, b, c = (vertices[faces] - vertices.mean(axis=0)).transpose(1, 0, 2)
    return float(np.sum(a * np.cross(b, c)) / 6)


def along(curve: np.ndarray, sections: np.ndarray, up: tuple[float, float, float]) -> np.ndarray:
    """Set flat sections, float64 [N, M, 2], at right angles on a curve, [N, 3]; returns rings, [N, M, 3].

    The second axis of a section lies as near to `up` as possible. The curve must never run along `up`.
    """
    forward = np.gradient(curve, axis=0)
    side = np.cross(forward, up)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    over = np.cross(side, forward)
    over /= np.linalg.norm(over, axis=1, keepdims=True)
    rings: np.ndarray = curve[:, None] + sections[..., :1] * side[:, None] + sections[..., 1:] * over[:, None]
    return rings


def join(parts: list[Mesh]) -> Mesh:
    """Join several meshes without changing them; closed parts may overlap."""
    counts = [len(vertices) for vertices, _ in parts]
    firsts = np.cumsum([0, *counts[:-1]])
    vertices = np.concatenate([vertices for vertices, _ in parts])
    return vertices, np.concatenate([faces + first for (_, faces), first in zip(parts, firsts, strict=True)])


def circle(size: int) -> np.ndarray:
    """Angles once around, float64 [size], from 0 to 2π without 2π itself."""
    return np.linspace(0, 2 * np.pi, size, endpoint=False)


def dome(squared_distance: np.ndarray) -> np.ndarray:
    """Height of a unit dome at a squared distance from its middle; 0 from distance 1 outward."""
    height: np.ndarray = np.sqrt(np.clip(1 - squared_distance, 0, None))
    return height


def ridges(phase: np.ndarray) -> np.ndarray:
    """Height of rounded ridges, 0 to 1, with a sharp furrow at every whole number of phase."""
    height: np.ndarray = np.abs(np.sin(np.pi * phase))
    return height


def ramp(start: float, stop: float, x: np.ndarray) -> np.ndarray:
    """Smooth step from 0 at `start` to 1 at `stop`, which may be less than `start`."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    step: np.ndarray = t * t * (3 - 2 * t)
    return step


def strained(vertices: np.ndarray, rng: np.random.Generator, amount: float = 0.025) -> np.ndarray:
    """Strain vertices homogeneously by a small amount, as burial and tectonics have strained most fossils."""
    strain = rng.normal(0, amount, (3, 3))
    deformed: np.ndarray = vertices @ (np.eye(3) + (strain + strain.T) / 2)
    return deformed


def tilted(vertices: np.ndarray, rng: np.random.Generator, most: float = 8.0) -> np.ndarray:
    """Turn vertices about a random axis by a random angle of at most `most` degrees."""
    axis = rng.normal(size=3)
    turn = axis / np.linalg.norm(axis) * np.radians(rng.uniform(0, most))
    turned: np.ndarray = Rotation.from_rotvec(turn).apply(vertices)
    return turned
