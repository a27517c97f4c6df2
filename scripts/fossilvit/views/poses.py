"""The pose in which a specimen stands before the cameras.

In: a Mesh in file units. Out: a Pose, the similarity transform that brings the mesh into the unit sphere, as it lies in
its file or along its principal axes; the discs that are drawn for points, float64 [V].
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.meshes import Mesh, axes

ALIGNMENTS = ("none", "principal")
DISC_REACH = 0.75
"""Radius of the disc that is drawn for a point, as a share of the spacing around the point."""
LONELY = 3.0
"""Largest disc radius, in medians, so that a point far from all others does not become a plate."""
LARGEST_DISC = 0.2
"""Largest disc radius, as a share of the distance from the center to the farthest point."""


class Pose(NamedTuple):
    """The transform of a point p in file units to rotation @ (p - center) / radius, within the unit sphere."""

    center: np.ndarray
    """float64 [3], file units: middle of the bounding box along the axes of the pose"""
    rotation: np.ndarray
    """float64 [3, 3]"""
    radius: float
    """file units: distance from the center to the farthest point, including its disc"""

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Bring points in file units, [N, 3], into the unit sphere, float64 [N, 3]."""
        posed: np.ndarray = (np.asarray(points, np.float64) - self.center) @ (self.rotation / self.radius).T
        return posed


def pose(mesh: Mesh, align: str = "none") -> Pose:
    """Center a specimen on its bounding box and scale it to the unit sphere.

    Parameters
    ----------
    mesh : Mesh
    align : one of ALIGNMENTS
        `none` keeps the axes of the file. `principal` turns the specimen to its principal axes; see axes.principal.

    Returns
    -------
    Pose; its radius is 1 if all points coincide.
    """
    rotation = axes.principal(mesh) if align == "principal" else np.eye(3)
    center = rotation.T @ axes.middle(mesh.vertices, rotation)
    return Pose(center, rotation, _radius(mesh, center))


def discs(mesh: Mesh, pose: Pose) -> np.ndarray:
    """Radius of the disc that is drawn for each point, in the unit sphere, float64 [V]; 0 for vertices of a surface."""
    if mesh.spacing is None:
        return np.zeros(len(mesh.vertices))
    return _discs(mesh.spacing, _farthest(mesh.vertices, pose.center)) / pose.radius


def _radius(mesh: Mesh, center: np.ndarray) -> float:
    """Radius in file units of the sphere about a center that encloses a specimen; 1 if all points coincide."""
    farthest = _farthest(mesh.vertices, center)
    if mesh.spacing is None:
        return farthest or 1.0
    with_discs = np.linalg.norm(mesh.vertices - center, axis=1) + _discs(mesh.spacing, farthest)
    return float(max(with_discs.max(), farthest or 1.0))


def _discs(spacing: np.ndarray, farthest: float) -> np.ndarray:
    """Radii of discs in file units, float64 [V]; `farthest` is the distance from the center to the farthest point."""
    reach = DISC_REACH * spacing.astype(np.float64)
    radii: np.ndarray = np.minimum(reach, min(LONELY * np.median(reach), LARGEST_DISC * (farthest or 1.0)))
    return radii


@njit(cache=True)
def _farthest(vertices: np.ndarray, center: np.ndarray) -> float:
    """Distance from a center to the farthest vertex."""
    farthest = 0.0
    for vertex in range(len(vertices)):
        square = 0.0
        for i in range(3):
            square += (vertices[vertex, i] - center[i]) ** 2
        farthest = max(farthest, square)
    return float(np.sqrt(farthest))
