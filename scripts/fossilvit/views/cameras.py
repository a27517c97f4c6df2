"""The cameras around a specimen: where each view is taken from, and how the specimen fills its frame.

In: the number of views, a Mesh and its Pose. Out: directions, float64 [V, 3], and Cameras, in coordinates in which the
specimen's bounding box is centered on the origin and its bounding sphere has radius 1.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from fossilvit.meshes import Mesh
from fossilvit.views import poses
from fossilvit.views.poses import Pose

FIELD_OF_VIEW = 30.0
"""Full opening angle of every camera in degrees. It is small, as with a macro lens, and perspective distorts little."""

MARGIN = 1.04
"""Size of the frame in bounding spheres; it exceeds 1 so that no pixel of a specimen touches the border."""

FOCAL = 0.5 / np.tan(np.radians(FIELD_OF_VIEW / 2))
"""Focal length for that field of view, in frame widths."""
NARROWEST = 1e-3
"""Smallest extent that a zoomed frame is fitted to, as a tangent, for a single point or a line seen from its end."""
VIEWPOINTS = ("sphere", "ring")
FRAMINGS = ("fit", "zoom")
SHARE = 0.92
"""Share of a zoomed frame that the longer side of the silhouette's bounding box takes."""


class Camera(NamedTuple):
    """A pinhole camera that looks at the center from distance(), with a frame that may be cropped to the specimen."""

    axes: np.ndarray
    """float64 [3, 3], rows right, up and backward (toward the camera)"""
    focal: float
    """focal length in frame widths"""
    shift: tuple[float, float] = (0.0, 0.0)
    """middle of the frame, right and up of the center, as tangents"""


def directions(views: int, viewpoints: str = "sphere", elevation: float = 20.0) -> np.ndarray:
    """Directions from which the specimen is seen, unit vectors float64 [views, 3].

    Parameters
    ----------
    views : int
    viewpoints : one of VIEWPOINTS
        `sphere`: 12 views stand at the vertices of an icosahedron, as in light field descriptors and RotationNet
        (Kanezaki et al. 2018). Any other number lies on a spherical Fibonacci lattice (Swinbank and Purser 2006), which
        is even for every number. `ring`: around z as on a turntable, counter-clockwise from +x.
    elevation : float
        Degrees of a ring above the plane of x and y.
    """
    if viewpoints == "ring":
        return _ring(views, elevation)
    return _icosahedron() if views == 12 else _fibonacci(views)


def aim(directions: Iterable[np.ndarray], framing: str, mesh: Mesh, pose: Pose) -> list[Camera]:
    """One camera per direction.

    Parameters
    ----------
    directions : float64 [V, 3], unit vectors
    framing : one of FRAMINGS
        `fit`: the bounding sphere fills the frame, so that all views of a specimen have one scale. `zoom`: the
        silhouette is in the middle of every frame, and its longer side takes SHARE of it.
    mesh : Mesh
    pose : Pose
    """
    cameras = [Camera(axes(direction), FOCAL) for direction in directions]
    if framing == "fit":
        return cameras
    points, discs = pose.apply(mesh.vertices), poses.discs(mesh, pose)
    return [_zoomed(camera, points, discs) for camera in cameras]


def _zoomed(camera: Camera, points: np.ndarray, discs: np.ndarray) -> Camera:
    """A camera whose frame is cropped to points, float64 [N, 3], and discs of these radii, float64 [N]."""
    seen = points @ camera.axes.T
    depth = distance() - seen[:, 2] - discs
    low = ((seen[:, :2].T - discs) / depth).min(axis=1)
    high = ((seen[:, :2].T + discs) / depth).max(axis=1)
    longer = max((high - low).max(), NARROWEST)
    return camera._replace(focal=SHARE / longer, shift=tuple((low + high) / 2))


def _ring(views: int, elevation: float) -> np.ndarray:
    turn, up = 2 * np.pi * np.arange(views) / views, np.radians(elevation)
    return np.stack([np.cos(up) * np.cos(turn), np.cos(up) * np.sin(turn), np.full(views, np.sin(up))], axis=1)


def _icosahedron() -> np.ndarray:
    golden = (1 + np.sqrt(5)) / 2
    rectangle = np.array([(0, a, b * golden) for b in (1, -1) for a in (1, -1)], np.float64)
    vertices = np.concatenate([np.roll(rectangle, turn, axis=1) for turn in range(3)])
    vertices /= np.sqrt(1 + golden**2)
    return vertices


def _fibonacci(views: int) -> np.ndarray:
    index = np.arange(views)
    height = 1 - (2 * index + 1) / views
    angle = np.pi * (3 - np.sqrt(5)) * index
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)


def distance() -> float:
    """Distance of every camera from the center in radii, at which the unit sphere and MARGIN just fit the frame."""
    return float(MARGIN / np.sin(np.radians(FIELD_OF_VIEW / 2)))


def facts(pose: Pose) -> dict[str, Any]:
    """Facts that all cameras of a specimen share, for its record: center, radius and distance are in file units."""
    return {
        "field_of_view": FIELD_OF_VIEW,
        "center": pose.center.tolist(),
        "rotation": pose.rotation.tolist(),
        "radius": pose.radius,
        "distance": distance() * pose.radius,
    }


def view_facts(camera: Camera, pose: Pose, size: int) -> dict[str, Any]:
    """Facts of one view, `size` pixels wide, for the record.

    `direction`: unit vector from the center toward the camera. `pixel`: width of a pixel in file units, at the depth of
    the center. `shift`: middle of the frame, right and up of the center, in file units at that depth.
    """
    scale = distance() * pose.radius
    return {
        "direction": camera.axes[2].tolist(),
        "pixel": scale / (camera.focal * size),
        "shift": [scale * tangent for tangent in camera.shift],
    }


def name(camera: Camera) -> str:
    """Label of a view for readers: degrees around z from +x, and above the plane of x and y."""
    x, y, z = camera.axes[2]
    around, above = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(np.clip(z, -1, 1)))
    return f"{around:.0f}° around, {above:.0f}° above"


def axes(direction: np.ndarray) -> np.ndarray:
    """Rotation from specimen to camera, float64 [3, 3] with rows right, up and backward (toward the camera).

    Up is the specimen's +z, or +y where the camera looks along z.
    """
    backward = np.asarray(direction, np.float64)
    up = np.array([0.0, 0.0, 1.0]) if abs(backward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(up, backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
