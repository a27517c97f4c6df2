"""The cameras around a specimen: where each view is taken from, and how the specimen fills its frame.

In: the number of views, a Mesh and its Pose. Out: frames, float64 [V, 3, 3], and Cameras, in coordinates in which the
specimen's bounding box is centered on the origin and its bounding sphere has radius 1.
"""

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
FLIPS = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], np.float64)
"""Signs of x, y and z in the four rotations that keep the principal axes of a specimen but not their senses."""
SIDES = np.array([-1.0, 1.0, 1.0])
"""Signs of x, y and z in a mirror image."""
MIRRORS = ("keep", "ignore")
STEPS = 100
"""Number of steps in which directions come to rest."""
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
    mirrored: bool = False
    """whether it shows the mirror image: its picture is turned left to right before light falls on it"""


def frames(views: int, viewpoints: str = "sphere", elevation: float = 20.0, flippable: bool = False) -> np.ndarray:
    """Frames of the cameras of all views, float64 [views, 3, 3]: rotations with rows right, up and backward.

    Parameters
    ----------
    views : int
    viewpoints : one of VIEWPOINTS
        `sphere`: 12 views stand at the vertices of an icosahedron, as in light field descriptors and RotationNet
        (Kanezaki et al. 2018). Any other number is spread evenly. `ring`: around z as on a turntable, counter-clockwise
        from +x.
    elevation : float
        Degrees of a ring above the plane of x and y.
    flippable : bool
        Whether FLIPS only permute the frames, so that the views of a specimen are the same in each of four poses. This
        takes a multiple of four views; other numbers of views are as without it. The cameras below the plane of x and y
        hold z downward, and half of a ring stands below that plane.
    """
    if flippable and views % len(FLIPS) == 0:
        quarter = views // len(FLIPS)
        directions = _quarter_ring(quarter, elevation) if viewpoints == "ring" else _quarter_sphere(quarter)
        return np.concatenate([axes(direction) * FLIPS[:, None] for direction in directions])
    directions = _ring(views, elevation) if viewpoints == "ring" else _sphere(views)
    return np.stack([axes(direction) for direction in directions])


def aim(frames: np.ndarray, framing: str, mesh: Mesh, pose: Pose, mirror: str = "keep") -> list[Camera]:
    """One camera per frame, or two.

    Parameters
    ----------
    frames : float64 [V, 3, 3]
    framing : one of FRAMINGS
        `fit`: the bounding sphere fills the frame, so that all views of a specimen have one scale. `zoom`: the
        silhouette is in the middle of every frame, and its longer side takes SHARE of it.
    mesh : Mesh
    pose : Pose
    mirror : one of MIRRORS
        `ignore`: behind the cameras follow as many that show the mirror image of the specimen.
    """
    seen = [Camera(frame, FOCAL) for frame in frames]
    if mirror == "ignore":
        seen += [Camera(frame, FOCAL, mirrored=True) for frame in SIDES[:, None] * frames * SIDES]
    if framing == "fit":
        return seen
    points, discs = pose.apply(mesh.vertices), poses.discs(mesh, pose)
    return [_zoomed(camera, points, discs) for camera in seen]


def _zoomed(camera: Camera, points: np.ndarray, discs: np.ndarray) -> Camera:
    """A camera whose frame is cropped to points, float64 [N, 3], and discs of these radii, float64 [N]."""
    seen = points @ camera.axes.T
    depth = distance() - seen[:, 2] - discs
    low = ((seen[:, :2].T - discs) / depth).min(axis=1)
    high = ((seen[:, :2].T + discs) / depth).max(axis=1)
    longer = max((high - low).max(), NARROWEST)
    return camera._replace(focal=SHARE / longer, shift=tuple((low + high) / 2))


def _ring(views: int, elevation: float) -> np.ndarray:
    return _at(2 * np.pi * np.arange(views) / views, elevation)


def _quarter_ring(quarter: int, elevation: float) -> np.ndarray:
    """Directions whose images under FLIPS are two rings, one above and one below, whose azimuths alternate evenly."""
    return _at(np.pi / quarter * (np.arange(quarter) + 0.25), elevation)


def _at(azimuths: np.ndarray, elevation: float) -> np.ndarray:
    up = np.radians(elevation)
    flat = np.cos(up) * np.stack([np.cos(azimuths), np.sin(azimuths)], axis=1)
    return np.insert(flat, 2, np.sin(up), axis=1)


def _sphere(views: int) -> np.ndarray:
    """Directions all around: an icosahedron, or a spherical Fibonacci lattice (Swinbank and Purser 2006)."""
    return (_icosahedron()[:, None] * FLIPS).reshape(-1, 3) if views == 12 else _fibonacci(views)


def _icosahedron() -> np.ndarray:
    """Three vertices of an icosahedron; their images under FLIPS are all twelve."""
    golden = (1 + np.sqrt(5)) / 2
    vertices: np.ndarray = np.array([(0, 1, golden), (golden, 0, 1), (1, golden, 0)]) / np.sqrt(1 + golden**2)
    return vertices


def _quarter_sphere(quarter: int) -> np.ndarray:
    """Directions whose images under FLIPS are spread evenly over the sphere.

    The images repel one another like charges, as in Thomson's problem, until they rest.
    """
    if quarter == 3:
        return _icosahedron()
    index = np.arange(quarter)
    height, azimuth = 1 - (2 * index + 1) / quarter, np.pi / 2 * ((0.3 + 0.618 * index) % 1)
    flat = np.sqrt(1 - height**2)
    # a little upward, because a single direction would rest on the plane of x and y
    directions = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), height + 0.1], axis=1)
    for step in np.linspace(0.1, 0, STEPS) / np.sqrt(4 * quarter):
        apart = directions[:, None] - (directions[:, None] * FLIPS).reshape(-1, 3)
        square = (apart**2).sum(axis=2)
        square[index, 4 * index] = np.inf
        push = (apart / square[..., None] ** 2).sum(axis=1)
        push -= (push * directions).sum(axis=1, keepdims=True) * directions
        directions += step * push / np.linalg.norm(push, axis=1).max()
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.where(directions[:, 2:] < 0, directions * FLIPS[1], directions)


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

    `direction`: unit vector from the center toward the camera. `up`: unit vector that is up in the picture. `mirrored`:
    whether the picture was turned left to right. `pixel`: width of a pixel in file units, at the depth of the center.
    `shift`: middle of the frame, right and up of the center, in file units at that depth.
    """
    scale = distance() * pose.radius
    return {
        "direction": camera.axes[2].tolist(),
        "up": camera.axes[1].tolist(),
        "mirrored": camera.mirrored,
        "pixel": scale / (camera.focal * size),
        "shift": [scale * tangent for tangent in camera.shift],
    }


def name(camera: Camera) -> str:
    """Label of a view for readers: degrees around z from +x, and above or below the plane of x and y."""
    x, y, z = camera.axes[2]
    around, above = round(np.degrees(np.arctan2(y, x))) % 360, round(np.degrees(np.arcsin(np.clip(z, -1, 1))))
    return f"{around}° around, {abs(above)}° {'below' if above < 0 else 'above'}"


def axes(direction: np.ndarray) -> np.ndarray:
    """Rotation from specimen to camera, float64 [3, 3] with rows right, up and backward (toward the camera).

    Up is the specimen's +z, or +y where the camera looks along z.
    """
    backward = np.asarray(direction, np.float64)
    up = np.array([0.0, 0.0, 1.0]) if abs(backward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(up, backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
