"""Open3D as an engine that draws colored polygons.

In: polygons, float32 [N, C, 3], and Projections, both in the unit sphere. Out: the number of the polygon that every
pixel shows, int32 [S, S] or -1, and its inverse depth, float64 [S, S] or 0.

Tests use another Engine, and may replace KERNEL and find_library here.
"""

import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path
from typing import Protocol

import numpy as np

from fossilvit.errors import UserError
from fossilvit.views.rendering.projection import Projection

COLORS = 1 << 24
"""Number of 8-bit RGB colors, and so the most faces or points that images can distinguish."""
PLACES = np.array([1 << 16, 1 << 8, 1], np.int32)
"""Weights of red, green and blue in the number that a color encodes."""
PROBE = """
from open3d.visualization import rendering
rendering.OffscreenRenderer(64, 64).render_to_image()
"""
PACKAGES = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "X11": "libx11-6",
    "idn2": "libidn2-0",
    "udev": "libudev1",
    "usb-1.0": "libusb-1.0-0",
    "vulkan": "libvulkan1",
    "vulkan_lvp": "mesa-vulkan-drivers",
}
"""Debian's package of every library that Open3D needs, as in envs/system-packages.txt."""
KERNEL = Path("/proc/version")
"""The file in which Linux names its kernel; that of WSL2 is from Microsoft."""


class Engine(Protocol):
    """What the offscreen renderer needs of Open3D."""

    def put(self, polygons: np.ndarray) -> None:
        """Replace what is drawn by polygons, float32 [N, C, 3], each in the color that encodes its number."""

    def draw(self, seen_by: Projection) -> tuple[np.ndarray, np.ndarray]:
        """Draw a view: the number of the polygon at every pixel, and its inverse depth."""

    def close(self) -> None:
        """Free what the engine holds, before another is started."""


def start(size: int) -> Engine:
    """Start Open3D for views of size x size pixels.

    Raises
    ------
    UserError
        Open3D does not run on this machine.
    """
    probe()
    return Open3D(size)


def probe() -> None:
    """Try Open3D in another process, since it may crash or hang if drivers are missing.

    Raises
    ------
    UserError
        Open3D does not run on this machine.
    """
    try:
        works = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=120).returncode == 0
    except subprocess.TimeoutExpired:
        works = False
    if works:
        return
    missing = [package for library, package in PACKAGES.items() if not find_library(library)]
    cure = f"install {', '.join(missing)}" if missing else "update the graphics driver"
    wsl = " (under WSL2 also set GALLIUM_DRIVER=d3d12, for its GPU)" if _under_wsl() else ""
    raise UserError(
        f"The offscreen renderer cannot run here, since Open3D finds no EGL or Vulkan that works: {cure}{wsl}, or set "
        "`renderer: raster`, which needs no driver."
    )


def _under_wsl() -> bool:
    return KERNEL.exists() and "microsoft" in KERNEL.read_text().lower()


class Open3D:
    """The Engine that is Open3D's OffscreenRenderer, on a machine that probe() has tried.

    Parameters
    ----------
    size : int
        Width and height of a view in pixels.
    """

    def __init__(self, size: int) -> None:
        from open3d import utility
        from open3d.visualization import rendering

        utility.set_verbosity_level(utility.VerbosityLevel.Error)
        self._size, self._renderer = size, rendering.OffscreenRenderer(size, size)
        scene = self._renderer.scene
        scene.set_background([1.0, 1.0, 1.0, 1.0])
        scene.view.set_post_processing(False)
        scene.view.set_antialiasing(False)
        scene.view.set_ambient_occlusion(False)  # It would leak a megabyte per image.
        scene.scene.enable_sun_light(False)

    def put(self, polygons: np.ndarray) -> None:
        """Replace the scene by polygons; see Engine."""
        from open3d import core, t
        from open3d.visualization import rendering

        count, corners, _ = polygons.shape
        material = rendering.MaterialRecord()
        material.shader = "defaultUnlit"
        fan = np.array([(0, corner, corner + 1) for corner in range(1, corners - 1)], np.int32)
        faces = corners * np.arange(count, dtype=np.int32)[:, None, None] + fan
        cpu = core.Device("CPU:0")
        surface = t.geometry.TriangleMesh(
            core.Tensor(polygons.reshape(-1, 3), core.float32, cpu), core.Tensor(faces.reshape(-1, 3), core.int32, cpu)
        )
        surface.vertex.colors = core.Tensor(np.repeat(colors(count), corners, axis=0), core.float32, cpu)
        self._renderer.scene.clear_geometry()
        self._renderer.scene.add_geometry("specimen", surface, material, False)

    def draw(self, seen_by: Projection) -> tuple[np.ndarray, np.ndarray]:
        """Draw a view; see Engine."""
        # Open3D counts pixels from their corners, and looks along +z with y down.
        focal, column, row = seen_by.focal, seen_by.column + 0.5, seen_by.row + 0.5
        extrinsic = np.eye(4)
        extrinsic[:3, :3] = seen_by.rotation * [[1], [-1], [-1]]
        extrinsic[2, 3] = seen_by.distance
        intrinsic = np.array([[focal, 0, column], [0, focal, row], [0, 0, 1]])
        self._renderer.setup_camera(intrinsic, extrinsic, self._size, self._size)
        depth = np.asarray(self._renderer.render_to_depth_image(z_in_view_space=True))
        numbers = np.asarray(self._renderer.render_to_image()) @ PLACES
        return np.where(np.isfinite(depth), numbers, np.int32(-1)), 1 / depth.astype(np.float64)

    def close(self) -> None:
        """Free the renderer. All renderers of a process share one engine of Open3D, which ends with any of them."""
        del self._renderer


def colors(count: int) -> np.ndarray:
    """The colors that encode the numbers 0 to count - 1, float32 [N, 3], 0 to 1.

    Raises
    ------
    UserError
        There are not as many colors.
    """
    if count > COLORS:
        raise UserError(
            f"The offscreen renderer can distinguish at most {COLORS:,} faces or points, and a specimen has {count:,}; "
            "reduce it, or set `renderer: raster`."
        )
    return (np.arange(count)[:, None] // PLACES % 256 / 255).astype(np.float32)
