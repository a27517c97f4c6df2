"""Open3D's OffscreenRenderer, for machines with a GPU and its drivers.

In: a Mesh in file units, its Pose, Cameras. Out: uint8 [S, S, 3] a camera. Open3D draws every face or point in a flat
color of its own, so an image tells which of them each pixel shows, and a depth image how far away. What that looks like
is computed as the rasterizer does: no light, tone or filter of a driver comes into a picture.
"""

import subprocess
import sys
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import numpy as np

from fossilvit.errors import UserError
from fossilvit.numbers.vectors import unit
from fossilvit.views import poses
from fossilvit.views.rendering import looks, surfaces
from fossilvit.views.rendering.projection import projection
from fossilvit.views.rendering.shading import shade

COLORS = 1 << 24
"""How many there are, and so the most faces or points that can be told apart."""
PLACES = np.array([1 << 16, 1 << 8, 1], np.int32)
"""What red, green and blue count in a color's number."""
CORNERS = 8
"""Of the polygon that is drawn for the disc of a point, and lies within it."""
CHECKED = 1000
"""About so many pixels of every view are checked."""
IN_PLACE = poses.Pose(np.zeros(3), np.eye(3), 1.0)
"""Of what is in the unit sphere already."""
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


@contextmanager
def renderer(size, appearance):
    """Yields render(mesh, pose, cameras); see fossilvit.views.rendering.renderer. It holds one specimen at a time."""
    _probe()
    offscreen = _unadorned(size)

    def render(mesh, pose, cameras):
        prepare = _cloud if mesh.is_points else _surface
        polygons, look = prepare(mesh, pose, size, colored=appearance == "color")
        _put(offscreen.scene, polygons)
        for camera in cameras:
            nearest, inverse_depth = _view(offscreen, polygons, camera, size)
            seen_by = projection(pose, camera, size)
            yield shade(appearance, *look(nearest, inverse_depth, seen_by), seen_by.focal)

    try:
        yield render
    finally:
        offscreen = None  # frees it before another is made: Open3D's one engine ends with any of its renderers


def _probe():
    """Try the renderer in a process of its own: where drivers are missing it may not raise but crash or hang."""
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
        f"The offscreen renderer cannot run here, Open3D finds no EGL or Vulkan that works: {cure}{wsl}, or set "
        "`renderer: raster`, which needs nothing."
    )


def _under_wsl():
    version = Path("/proc/version")
    return version.exists() and "microsoft" in version.read_text().lower()


def _unadorned(size):
    """An OffscreenRenderer that draws colors as they are; its ambient occlusion would leak a megabyte an image."""
    from open3d import utility
    from open3d.visualization import rendering

    utility.set_verbosity_level(utility.VerbosityLevel.Error)
    offscreen = rendering.OffscreenRenderer(size, size)
    offscreen.scene.set_background([1.0, 1.0, 1.0, 1.0])
    view = offscreen.scene.view
    view.set_post_processing(False)
    view.set_antialiasing(False)
    view.set_ambient_occlusion(False)
    offscreen.scene.scene.enable_sun_light(False)
    return offscreen


def _surface(mesh, pose, size, colored):
    """What is drawn of a surface; the function that gives normals, inverse depth and colors of what a view shows.

    What is drawn are corners of polygons, float32 [N, C, 3], in the unit sphere: the faces.
    """
    look = looks.of_surface(mesh, colored)

    def see(nearest, inverse_depth, projection):
        return look(nearest, inverse_depth, projection, surfaces.project(mesh.vertices, projection))

    return pose.apply(mesh.vertices).astype(np.float32)[mesh.faces], see


def _cloud(mesh, pose, size, colored):
    """The same of a point cloud: polygons within the discs of the points."""
    discs = looks.discs(mesh, pose, size)
    return _within_discs(mesh, pose, discs), looks.of_cloud(mesh, discs, colored)


def _within_discs(mesh, pose, discs):
    normals = mesh.normals @ pose.rotation.T
    across = unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)]))
    along = np.cross(normals, across)
    turns = 2 * np.pi * np.arange(CORNERS)[:, None] / CORNERS
    rims = np.cos(turns) * across[:, None] + np.sin(turns) * along[:, None]
    return (pose.apply(mesh.vertices)[:, None] + discs[:, None, None] * rims).astype(np.float32)


def _put(scene, polygons):
    """Let a scene hold these alone, each in the color of its number."""
    from open3d import core, t
    from open3d.visualization import rendering

    count, corners, _ = polygons.shape
    material = rendering.MaterialRecord()
    material.shader = "defaultUnlit"
    fan = np.array([(0, corner, corner + 1) for corner in range(1, corners - 1)], np.int32)
    faces = corners * np.arange(count, dtype=np.int32)[:, None, None] + fan
    surface = t.geometry.TriangleMesh(core.Tensor(polygons.reshape(-1, 3)), core.Tensor(faces.reshape(-1, 3)))
    surface.vertex.colors = core.Tensor(np.repeat(_colors(count), corners, axis=0))
    scene.clear_geometry()
    scene.add_geometry("specimen", surface, material, False)


def _colors(count):
    """The colors of so many numbers, float32 [N, 3], 0 to 1."""
    if count > COLORS:
        raise UserError(
            f"The offscreen renderer tells at most {COLORS:,} faces or points apart, and a specimen has {count:,}; "
            "reduce it, or set `renderer: raster`."
        )
    return (np.arange(count)[:, None] // PLACES % 256 / 255).astype(np.float32)


def _view(offscreen, polygons, camera, size):
    """The polygon that every pixel shows, int32 [S, S] or -1, and its inverse depth, float64 [S, S] or 0.

    A faulty view is drawn once more.
    """
    for _ in range(2):
        nearest, inverse_depth = _drawn(offscreen, camera, size)
        fault = _fault(nearest, polygons, camera)
        if not fault:
            return nearest, inverse_depth
    raise UserError(
        f"The offscreen renderer drew a {fault} view twice, a fault of the graphics driver and not of the specimen; "
        "run again, or set `renderer: raster`."
    )


def _drawn(offscreen, camera, size):
    seen_by = projection(IN_PLACE, camera, size)
    # Open3D counts pixels from their corners, and looks along +z with y down.
    intrinsic = np.array([[seen_by.focal, 0, seen_by.column + 0.5], [0, seen_by.focal, seen_by.row + 0.5], [0, 0, 1]])
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = seen_by.rotation * [[1], [-1], [-1]]
    extrinsic[2, 3] = seen_by.distance
    offscreen.setup_camera(intrinsic, extrinsic, size, size)
    depth = np.asarray(offscreen.render_to_depth_image(z_in_view_space=True))
    numbers = np.asarray(offscreen.render_to_image()) @ PLACES
    return np.where(np.isfinite(depth), numbers, np.int32(-1)), 1 / depth.astype(np.float64)


def _fault(nearest, polygons, camera):
    """What is wrong with a view, in a word; None for a sound one.

    `blank`: it shows nothing, though the specimen spreads over some pixels in every direction. `clipped`: it reaches
    the border, though no corner does. `garbled`: a pixel shows a polygon that lies elsewhere.
    """
    size = len(nearest)
    seen_by = projection(IN_PLACE, camera, size)
    rows, columns = np.nonzero(nearest >= 0)
    if not len(rows):
        spread = np.cov(_places(polygons, seen_by).reshape(-1, 2).T)
        return "blank" if np.linalg.eigvalsh(spread)[0] >= 1 else None
    if min(rows.min(), columns.min()) == 0 or max(rows.max(), columns.max()) == size - 1:
        places = _places(polygons, seen_by)
        if places.min() >= 1 and places.max() <= size - 2:
            return "clipped"
    if nearest.max() >= len(polygons):
        return "garbled"
    some = slice(None, None, len(rows) // CHECKED + 1)
    pixels = np.stack([columns[some], rows[some]], axis=1)
    places = _places(polygons[nearest[rows[some], columns[some]]], seen_by)
    within = (places.min(axis=1) - 1 <= pixels) & (pixels <= places.max(axis=1) + 1)
    return None if within.all() else "garbled"


def _places(polygons, seen_by):
    """Column and row of the corners of polygons, float32 [N, C, 2]."""
    return surfaces.project(polygons.reshape(-1, 3), seen_by)[:, :2].reshape(*polygons.shape[:2], 2)
