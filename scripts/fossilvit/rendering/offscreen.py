"""Open3D's OffscreenRenderer, for machines with a GPU and its drivers.

In: a Mesh in file units, its Framing, view directions. Out: uint8 [V, H, W, 3]. One renderer serves all specimens.
"""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np

from fossilvit import cameras
from fossilvit.errors import UserError
from fossilvit.rendering import BACKGROUND

LIGHT = np.array((-0.35, 0.45, 0.82))
"""Direction toward the light (right, up, backward), upper left. Filament knows one directional light, no more."""
LUX = 130_000.0
POINT_SIZE = 0.012
"""Diameter of a point, a share of the view."""
PROBE = """
from open3d.visualization import rendering
rendering.OffscreenRenderer(64, 64).render_to_image()
"""


@contextmanager
def renderer(size):
    """Yields render(mesh, framing, directions); see fossilvit.rendering.renderer."""
    _probe()
    from open3d.visualization import rendering

    offscreen = rendering.OffscreenRenderer(size, size)
    offscreen.scene.set_background([1.0, 1.0, 1.0, 1.0])
    offscreen.scene.scene.enable_indirect_light(False)
    offscreen.scene.scene.enable_sun_light(False)
    offscreen.scene.scene.add_directional_light("key", np.ones(3), -LIGHT, LUX, False)
    material = rendering.MaterialRecord()
    material.shader = "defaultLit"
    material.base_color = [0.8, 0.8, 0.8, 1.0]
    material.base_roughness = 1.0
    material.base_reflectance = 0.0
    material.point_size = POINT_SIZE * size

    def render(mesh, framing, directions):
        offscreen.scene.add_geometry("specimen", _geometry(mesh, framing), material)
        try:
            return np.stack([_view(offscreen, direction) for direction in directions])
        finally:
            offscreen.scene.clear_geometry()

    yield render


def _probe():
    """Try the renderer in a process of its own: where drivers are missing it may not raise but crash."""
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        probe = None
    if probe is None or probe.returncode != 0:
        raise UserError(
            "The offscreen renderer cannot run here: Open3D needs a GPU driver, or libvulkan1, mesa-vulkan-drivers, "
            "libegl1, libgl1, libidn2-0, libudev1, libusb-1.0-0 and libx11-6; install them, or set `renderer: raster`, "
            "which needs nothing."
        )


def _geometry(mesh, framing):
    """The specimen as Open3D's tensor geometry; its legacy TriangleMesh can hang the driver."""
    from open3d import core, t

    points = core.Tensor(framing.apply(mesh.vertices).astype(np.float32))
    if mesh.is_points:
        geometry = t.geometry.PointCloud(points)
        outward = np.sign((mesh.normals * points.numpy()).sum(axis=1, keepdims=True))
        geometry.point.normals = core.Tensor((mesh.normals * outward).astype(np.float32))
        return geometry
    both_sides = np.concatenate([mesh.faces, mesh.faces[:, ::-1] + len(mesh.vertices)])
    geometry = t.geometry.TriangleMesh(core.concatenate((points, points)), core.Tensor(both_sides))
    geometry.vertex.normals = core.Tensor(np.concatenate([mesh.normals, -mesh.normals]))
    return geometry


def _view(offscreen, direction):
    """One view, uint8 [H, W, 3]; background is where nothing has a depth, whatever the tone of its white."""
    axes = cameras.axes(direction)
    offscreen.setup_camera(cameras.FIELD_OF_VIEW, np.zeros(3), cameras.distance() * np.asarray(direction), axes[1])
    offscreen.scene.scene.update_light_direction("key", -LIGHT @ axes)
    image = np.minimum(np.asarray(offscreen.render_to_image()), BACKGROUND - 1)
    image[np.isinf(np.asarray(offscreen.render_to_depth_image(z_in_view_space=True)))] = BACKGROUND
    return image
