"""The default renderer: a z-buffer rasterizer compiled with numba.

Needs no GPU, display or driver and draws the same pixels in every run. In: a Mesh in file units, its Pose, Cameras.
Out: uint8 [S, S, 3] a camera. A view is drawn in two passes: visibility keeps the nearest face or point of every pixel,
shading looks at nothing but what is visible.
"""

import ctypes
from contextlib import contextmanager

from fossilvit.views.rendering import clouds, looks, surfaces
from fossilvit.views.rendering.projection import projection
from fossilvit.views.rendering.shading import shade

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""What glibc calls the most freed memory that it keeps, and the smallest array that it never keeps."""


@contextmanager
def renderer(size, appearance):
    """Yields render(mesh, pose, cameras); see fossilvit.views.rendering.renderer."""
    _keep_memory_at_hand()

    def render(mesh, pose, cameras):
        see = (_cloud if mesh.is_points else _surface)(mesh, pose, size, colored=appearance == "color")
        for camera in cameras:
            seen_by = projection(pose, camera, size)
            yield shade(appearance, *see(seen_by), seen_by.focal)

    yield render


def _surface(mesh, pose, size, colored):
    """What does not change from view to view; the function that gives normals, inverse depth and colors of one."""
    look = looks.of_surface(mesh, colored)

    def see(projection):
        screen = surfaces.project(mesh.vertices, projection)
        return look(*surfaces.visible(screen, mesh.faces, size), projection, screen)

    return see


def _cloud(mesh, pose, size, colored):
    """The same of a point cloud."""
    discs = looks.discs(mesh, pose, size)
    look = looks.of_cloud(mesh, discs, colored)

    def see(projection):
        return look(*clouds.front(mesh.vertices, mesh.normals, discs, projection, size), projection)

    return see


def _keep_memory_at_hand():
    """Let glibc keep the memory of one view for the next: fetching it anew takes a third of the time of a view."""
    allocator = ctypes.CDLL(None)
    if hasattr(allocator, "mallopt"):
        allocator.mallopt(M_MMAP_THRESHOLD, 32 << 20)
        allocator.mallopt(M_TRIM_THRESHOLD, 128 << 20)
