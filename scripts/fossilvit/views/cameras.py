"""Where the views of a specimen are taken from, and how it fills the frame.

In: the number of views, the points of a specimen in its pose. Out: directions and cameras in coordinates in which the
specimen's bounding box is centered on the origin and its bounding sphere has radius 1.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.views import poses

FIELD_OF_VIEW = 30.0
"""Full opening angle of every camera in degrees: perspective as of a macro lens, little distortion."""

MARGIN = 1.04
"""How much larger than the bounding sphere the frame is, so that no pixel of a specimen touches the border."""

FOCAL = 0.5 / np.tan(np.radians(FIELD_OF_VIEW / 2))
"""Of that field of view, in frame widths."""
NARROWEST = 1e-3
"""Tangent below which a frame does not narrow further: a single point, a line seen from its end."""
VIEWPOINTS = ("sphere", "ring")
FRAMINGS = ("fit", "zoom")
SHARE = 0.92
"""Of the frame, what the longer side of a zoomed silhouette's bounding box takes."""


class Camera(NamedTuple):
    """One view: a pinhole camera at distance() from the center, looking at it, its frame cropped to what it shows."""

    axes: np.ndarray
    """float64 [3, 3], rows right, up and backward: toward the camera"""
    focal: float
    """frame widths"""
    shift: tuple[float, float] = (0.0, 0.0)
    """the middle of the frame, right and up of the center, as tangents"""


def directions(views, viewpoints="sphere", elevation=20.0) -> np.ndarray:
    """From where the specimen is seen, unit vectors float64 [views, 3].

    Parameters
    ----------
    views : int
    viewpoints : one of VIEWPOINTS
        `sphere`: 12 views stand at the vertices of an icosahedron, as in light field descriptors and RotationNet
        (Kanezaki et al. 2018); any other number lies on a spherical Fibonacci lattice (Swinbank and Purser 2006),
        evenly for every number. `ring`: around z as on a turntable, the first from +x, counter-clockwise.
    elevation : float
        Degrees above the plane of x and y, of a ring.
    """
    if viewpoints == "ring":
        return _ring(views, elevation)
    return _icosahedron() if views == 12 else _fibonacci(views)


def aim(directions, framing, mesh, pose) -> list[Camera]:
    """A camera for every direction.

    Parameters
    ----------
    directions : float64 [V, 3], unit vectors
    framing : one of FRAMINGS
        `fit`: the bounding sphere fills the frame, so all views of a specimen have one scale. `zoom`: the specimen is
        in the middle of every frame, and the longer side of what it shows takes SHARE of it.
    mesh : Mesh
    pose : Pose
    """
    cameras = [Camera(axes(direction), FOCAL) for direction in directions]
    if framing == "fit":
        return cameras
    points, discs = pose.apply(mesh.vertices), poses.discs(mesh, pose)
    return [_zoomed(camera, points, discs) for camera in cameras]


def _zoomed(camera, points, discs):
    seen = points @ camera.axes.T
    depth = distance() - seen[:, 2] - discs
    low = ((seen[:, :2].T - discs) / depth).min(axis=1)
    high = ((seen[:, :2].T + discs) / depth).max(axis=1)
    longer = max((high - low).max(), NARROWEST)
    return camera._replace(focal=SHARE / longer, shift=tuple((low + high) / 2))


def _ring(views, elevation):
    turn, up = 2 * np.pi * np.arange(views) / views, np.radians(elevation)
    return np.stack([np.cos(up) * np.cos(turn), np.cos(up) * np.sin(turn), np.full(views, np.sin(up))], axis=1)


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


def facts(pose) -> dict:
    """What all cameras of a specimen share, for its record: the center, radius and distance in file units."""
    return {
        "field_of_view": FIELD_OF_VIEW,
        "center": pose.center.tolist(),
        "rotation": pose.rotation.tolist(),
        "radius": pose.radius,
        "distance": distance() * pose.radius,
    }


def view_facts(camera, pose, size) -> dict:
    """What one view of so many pixels is, for the record.

    `direction`: from where it was taken. `pixel`: file units across a pixel, at the depth of the center. `shift`: the
    middle of the frame, right and up of the center, file units at that depth.
    """
    scale = distance() * pose.radius
    return {
        "direction": camera.axes[2].tolist(),
        "pixel": scale / (camera.focal * size),
        "shift": [scale * tangent for tangent in camera.shift],
    }


def name(camera) -> str:
    """From where a view was taken, to be read: degrees around z from +x, and above the plane of x and y."""
    x, y, z = camera.axes[2]
    around, above = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(np.clip(z, -1, 1)))
    return f"{around:.0f}° around, {above:.0f}° above"


def axes(direction) -> np.ndarray:
    """The rotation from specimen to camera, float64 [3, 3] with rows right, up and backward (toward the camera).

    Up is the specimen's +z, or +y where the camera looks along z.
    """
    backward = np.asarray(direction, np.float64)
    up = np.array([0.0, 0.0, 1.0]) if abs(backward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(up, backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
