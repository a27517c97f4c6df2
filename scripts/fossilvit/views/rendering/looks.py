"""What the visible faces or points look like. All renderers share this, however they find what is visible.

In: a Mesh; the nearest face or point of every pixel of a view, int32 [S, S] or -1, and its inverse depth, float64
[S, S]. Out, for shading: a Look, that is normals, float32 [S, S, 3], inverse depth, float64 [S, S], and colors, uint8
[S, S, 3], or None if there are none.
"""

from collections.abc import Callable

import numpy as np

from fossilvit.meshes import Mesh
from fossilvit.views import cameras, poses
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose
from fossilvit.views.rendering import clouds, surfaces, textures
from fossilvit.views.rendering.projection import Projection

UNPAINTED = np.full((1, 3), 255, np.uint8)
"""Color of faces without an image: they show as gray."""

Look = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Normals, inverse depth and colors of a view."""


def of_surface(mesh: Mesh, colored: bool) -> Callable[[np.ndarray, np.ndarray, Projection, np.ndarray], Look]:
    """Prepare the function (nearest, inverse depth, projection, projected vertices) -> Look for views of a surface."""
    flags = surfaces.corners(mesh.vertices, mesh.faces, mesh.normals)
    texture, vertex_colors = (mesh.texture, mesh.colors) if colored else (None, None)
    pyramid = textures.pyramid(texture.images) if texture else None

    def look(nearest: np.ndarray, inverse_depth: np.ndarray, projection: Projection, screen: np.ndarray) -> Look:
        rotation = projection.rotation
        normals = surfaces.normals(nearest, screen, mesh.vertices, mesh.faces, flags, mesh.normals, rotation)
        return normals, inverse_depth, colors(nearest, screen)

    def colors(nearest: np.ndarray, screen: np.ndarray) -> np.ndarray | None:
        if texture and pyramid:
            return textures.colors(nearest, screen, mesh.faces, texture.uv, texture.image, pyramid, UNPAINTED[0])
        if vertex_colors is not None:
            return surfaces.colors(nearest, screen, mesh.faces, vertex_colors)
        return None

    return look


def of_cloud(mesh: Mesh, discs: np.ndarray, colored: bool) -> Callable[[np.ndarray, np.ndarray, Projection], Look]:
    """Prepare the function (nearest, inverse depth, projection) -> Look for views of a point cloud."""
    colors = mesh.colors if colored else None

    def look(nearest: np.ndarray, inverse_depth: np.ndarray, projection: Projection) -> Look:
        cloud = mesh.vertices, mesh.normals, discs, UNPAINTED[:0] if colors is None else colors
        normals, blended, shown = clouds.blended(*cloud, projection, nearest, inverse_depth)
        return normals, blended, None if colors is None else shown

    return look


def through(camera: Camera, look: Look) -> Look:
    """The look of a view, turned left to right if its camera shows the mirror image."""
    if not camera.mirrored:
        return look
    normals, inverse_depth, colors = (None if layer is None else np.ascontiguousarray(layer[:, ::-1]) for layer in look)
    assert normals is not None and inverse_depth is not None
    normals[..., 0] = -normals[..., 0]
    return normals, inverse_depth, colors


def discs(mesh: Mesh, pose: Pose, size: int) -> np.ndarray:
    """Radii of the discs that are drawn for points, float64 [N], in the unit sphere; at least one pixel each."""
    radii: np.ndarray = np.maximum(poses.discs(mesh, pose), cameras.distance() / cameras.FOCAL / size)
    return radii
