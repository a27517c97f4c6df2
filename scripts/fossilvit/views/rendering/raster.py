"""The default renderer: a z-buffer rasterizer compiled with numba.

In: a Mesh in file units, its Pose, Cameras. Out: views, uint8 [S, S, 3], one per camera. It needs no GPU, display or
driver, and draws the same pixels in every run. A view takes two passes: visibility finds the nearest face or point of
every pixel, and shading computes only what is visible.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from fossilvit.meshes import Mesh
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose
from fossilvit.views.rendering import Draw, clouds, looks, surfaces
from fossilvit.views.rendering.looks import Look
from fossilvit.views.rendering.projection import Projection, projection
from fossilvit.views.rendering.shading import shade

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Options of glibc: the most freed memory that it keeps, and the size from which it keeps no freed array, in bytes."""


@contextmanager
def renderer(size: int, appearance: str) -> Iterator[Draw]:
    """Yield the function that draws specimens; see fossilvit.views.rendering.renderer."""
    _keep_memory_at_hand()

    def render(mesh: Mesh, pose: Pose, cameras: Sequence[Camera]) -> Iterator[np.ndarray]:
        see = (_cloud if mesh.is_points else _surface)(mesh, pose, size, colored=appearance == "color")
        for camera in cameras:
            seen_by = projection(pose, camera, size)
            yield shade(appearance, *looks.through(camera, see(seen_by)), seen_by.focal)

    yield render


def _surface(mesh: Mesh, pose: Pose, size: int, colored: bool) -> Callable[[Projection], Look]:
    """Prepare what all views of a surface share, and return the function that sees one view."""
    look = looks.of_surface(mesh, colored)

    def see(projection: Projection) -> Look:
        screen = surfaces.project(mesh.vertices, projection)
        return look(*surfaces.visible(screen, mesh.faces, size), projection, screen)

    return see


def _cloud(mesh: Mesh, pose: Pose, size: int, colored: bool) -> Callable[[Projection], Look]:
    """Prepare what all views of a point cloud share, and return the function that sees one view."""
    discs = looks.discs(mesh, pose, size)
    look = looks.of_cloud(mesh, discs, colored)

    def see(projection: Projection) -> Look:
        return look(*clouds.front(mesh.vertices, mesh.normals, discs, projection, size), projection)

    return see


def _keep_memory_at_hand() -> None:
    """Let glibc keep the memory of one view for the next: to request it again takes a third of the time of a view."""
    allocator = ctypes.CDLL(None)
    if hasattr(allocator, "mallopt"):
        allocator.mallopt(M_MMAP_THRESHOLD, 32 << 20)
        allocator.mallopt(M_TRIM_THRESHOLD, 128 << 20)
