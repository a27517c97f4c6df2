"""What the faces or points that a view shows look like, whoever found out which these are.

In: a Mesh; of a view the nearest face or point of every pixel, int32 [S, S] or -1. Out: normals, float32 [S, S, 3],
inverse depth, float64 [S, S], and colors, uint8 [S, S, 3] or None where there are none: what shading needs.
"""

import numpy as np

from fossilvit.views import cameras, poses
from fossilvit.views.rendering import clouds, surfaces, textures

UNPAINTED = np.full((1, 3), 255, np.uint8)
"""The color of faces without a picture: they show as gray."""


def of_surface(mesh, colored):
    """The function that looks at a view of a surface: (nearest, inverse depth, projection, projected vertices)."""
    flags = surfaces.corners(mesh.vertices, mesh.faces, mesh.normals)
    pictures = textures.pyramid(mesh.texture.images) if colored and mesh.texture else None

    def look(nearest, inverse_depth, projection, screen):
        rotation = projection.rotation
        normals = surfaces.normals(nearest, screen, mesh.vertices, mesh.faces, flags, mesh.normals, rotation)
        return normals, inverse_depth, color(nearest, screen)

    def color(nearest, screen):
        if pictures:
            uv, _, image = mesh.texture
            return textures.colors(nearest, screen, mesh.faces, uv, image, pictures, UNPAINTED[0])
        if colored and mesh.colors is not None:
            return surfaces.colors(nearest, screen, mesh.faces, mesh.colors)

    return look


def of_cloud(mesh, discs, colored):
    """The function that looks at a view of a point cloud: (nearest, inverse depth, projection)."""
    has_colors = colored and mesh.colors is not None
    colors = mesh.colors if has_colors else UNPAINTED[:0]

    def look(nearest, inverse_depth, projection):
        cloud = mesh.vertices, mesh.normals, discs, colors
        normals, blended, shown = clouds.blended(*cloud, projection, nearest, inverse_depth)
        return normals, blended, shown if has_colors else None

    return look


def discs(mesh, pose, size):
    """Radii of the discs that stand for points, float64 [N], in the unit sphere: none is smaller than a pixel."""
    return np.maximum(poses.discs(mesh, pose), cameras.distance() / cameras.FOCAL / size)
