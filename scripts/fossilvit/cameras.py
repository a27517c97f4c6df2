"""Where the views of a specimen are taken from, and how it fills the frame.

In: the number of views, the points of a specimen. Out: directions and cameras in coordinates in which the specimen's
bounding box is centred on the origin and its bounding sphere has radius 1.
"""

from typing import NamedTuple

import numpy as np

FIELD_OF_VIEW = 30.0
"""Full opening angle of every camera in degrees: perspective as of a macro lens, little distortion."""

MARGIN = 1.04
"""How much larger than the bounding sphere the frame is, so that no pixel of a specimen touches the border."""


class Framing(NamedTuple):
    """The similarity that brings a specimen into the unit sphere: (point - center) / radius."""

    center: np.ndarray
    """float64 [3], file units: the middle of the bounding box."""
    radius: float
    """File units: distance from the center to the farthest point."""

    def apply(self, points) -> np.ndarray:
        """Points in file units, [N, 3], to the unit sphere, float64 [N, 3]."""
        return (np.asarray(points, np.float64) - self.center) / self.radius


def frame(points) -> Framing:
    """Center points on their bounding box and scale them to the unit sphere.

    Parameters
    ----------
    points : float [N, 3], N at least 1

    Returns
    -------
    Framing, of radius 1 where all points are one.
    """
    points = np.asarray(points, np.float64)
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.sqrt(((points - center) ** 2).sum(axis=1).max()))
    return Framing(center, radius or 1.0)


def directions(views) -> np.ndarray:
    """From where the specimen is seen, unit vectors float64 [views, 3].

    12 views stand at the vertices of an icosahedron, as in light field descriptors and RotationNet (Kanezaki et al.
    2018). Any other number lies on a spherical Fibonacci lattice (Swinbank and Purser 2006), evenly for every number.
    """
    return _icosahedron() if views == 12 else _fibonacci(views)


def _icosahedron():
    golden = (1 + np.sqrt(5)) / 2
    rectangle = np.array([(0, a, b * golden) for b in (1, -1) for a in (1, -1)], np.float64)
    vertices = np.concatenate([np.roll(rectangle, turn, axis=1) for turn in range(3)])
    return vertices / np.sqrt(1 + golden**2)


def _fibonacci(views):
    index = np.arange(views)
    height = 1 - (2 * index + 1) / views
    angle = np.pi * (3 - np.sqrt(5)) * index
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)


def distance() -> float:
    """How far every camera stands from the center, in radii: the unit sphere just fits, with MARGIN."""
    return MARGIN / np.sin(np.radians(FIELD_OF_VIEW / 2))


def facts(framing) -> dict:
    """What all cameras of a specimen share, for its record: lengths and the center in file units."""
    return {
        "field_of_view": FIELD_OF_VIEW,
        "center": framing.center.tolist(),
        "radius": framing.radius,
        "distance": distance() * framing.radius,
    }


def axes(direction) -> np.ndarray:
    """The rotation from specimen to camera, float64 [3, 3] with rows right, up and backward (toward the camera).

    Up is the specimen's +z, or +y where the camera looks along z.
    """
    backward = np.asarray(direction, np.float64)
    up = np.array([0.0, 0.0, 1.0]) if abs(backward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(up, backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
