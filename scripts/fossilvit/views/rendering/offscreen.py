"""The renderer that lets Open3D find what is visible, for machines with a GPU and its drivers.

In: a Mesh in file units, its Pose, Cameras. Out: views, uint8 [S, S, 3], one per camera. Open3D draws every face or
point in its own flat color, so that an image shows which of them each pixel shows, and a depth image shows how far away
it is. Light and colors are computed as in the rasterizer: no light, tone or filter of a driver enters a picture.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from fossilvit.errors import UserError
from fossilvit.meshes import Mesh
from fossilvit.numbers.vectors import unit
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose
from fossilvit.views.rendering import Draw, engine, looks, surfaces
from fossilvit.views.rendering.engine import Engine
from fossilvit.views.rendering.looks import Look
from fossilvit.views.rendering.projection import Projection, projection
from fossilvit.views.rendering.shading import shade

CORNERS = 8
"""Corners of the polygon that is drawn for the disc of a point; it lies within the disc."""
CHECKED = 1000
"""Approximate number of pixels that are checked per view."""
IN_PLACE = Pose(np.zeros(3), np.eye(3), 1.0)
"""Pose of polygons, which lie in the unit sphere already."""


@contextmanager
def renderer(size: int, appearance: str, start: Callable[[int], Engine] = engine.start) -> Iterator[Draw]:
    """Yield the function that draws specimens, one at a time; see fossilvit.views.rendering.renderer.

    Parameters
    ----------
    size : int
    appearance : one of APPEARANCES
    start : function of the size
        Starts the engine that draws polygons. Tests use a stand-in for Open3D.
    """
    drawing = start(size)

    def render(mesh: Mesh, pose: Pose, cameras: Sequence[Camera]) -> Iterator[np.ndarray]:
        prepare = _cloud if mesh.is_points else _surface
        polygons, look = prepare(mesh, pose, size, colored=appearance == "color")
        drawing.put(polygons)
        for camera in cameras:
            nearest, inverse_depth = _view(drawing, polygons, projection(IN_PLACE, camera, size))
            seen_by = projection(pose, camera, size)
            seen = looks.through(camera, look(nearest, inverse_depth, seen_by))
            yield shade(appearance, *seen, seen_by.focal)

    try:
        yield render
    finally:
        drawing.close()


def _surface(
    mesh: Mesh, pose: Pose, size: int, colored: bool
) -> tuple[np.ndarray, Callable[[np.ndarray, np.ndarray, Projection], Look]]:
    """Polygons to draw, float32 [N, C, 3] in the unit sphere, and the function that looks at views of them.

    The polygons of a surface are its faces.
    """
    look = looks.of_surface(mesh, colored)

    def see(nearest: np.ndarray, inverse_depth: np.ndarray, projection: Projection) -> Look:
        return look(nearest, inverse_depth, projection, surfaces.project(mesh.vertices, projection))

    return pose.apply(mesh.vertices).astype(np.float32)[mesh.faces], see


def _cloud(
    mesh: Mesh, pose: Pose, size: int, colored: bool
) -> tuple[np.ndarray, Callable[[np.ndarray, np.ndarray, Projection], Look]]:
    """Polygons and function of a point cloud, as above; the polygons lie within the discs of the points."""
    discs = looks.discs(mesh, pose, size)
    return _within_discs(mesh, pose, discs), looks.of_cloud(mesh, discs, colored)


def _within_discs(mesh: Mesh, pose: Pose, discs: np.ndarray) -> np.ndarray:
    """Polygons within discs of these radii, float32 [N, C, 3] in the unit sphere."""
    normals = mesh.normals @ pose.rotation.T
    across = unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)]))
    along = np.cross(normals, across)
    turns = 2 * np.pi * np.arange(CORNERS)[:, None] / CORNERS
    rims = np.cos(turns) * across[:, None] + np.sin(turns) * along[:, None]
    polygons: np.ndarray = pose.apply(mesh.vertices)[:, None] + discs[:, None, None] * rims
    return polygons.astype(np.float32)


def _view(drawing: Engine, polygons: np.ndarray, seen_by: Projection) -> tuple[np.ndarray, np.ndarray]:
    """Draw a view, once more if it is faulty: the polygon at every pixel, int32 [S, S] or -1, and its inverse depth."""
    for _ in range(2):
        nearest, inverse_depth = drawing.draw(seen_by)
        fault = _fault(nearest, polygons, seen_by)
        if not fault:
            return nearest, inverse_depth
    raise UserError(
        f"The offscreen renderer drew a {fault} view twice, which is a fault of the graphics driver and not of the "
        "specimen; run again, or set `renderer: raster`."
    )


def _fault(nearest: np.ndarray, polygons: np.ndarray, seen_by: Projection) -> str | None:
    """The fault of a view in one word; None if it is sound.

    `blank`: it shows nothing, though the specimen spreads over some pixels in every direction. `clipped`: it reaches
    the border, though no corner of a polygon does. `garbled`: a pixel shows a polygon that lies elsewhere.
    """
    size = len(nearest)
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


def _places(polygons: np.ndarray, seen_by: Projection) -> np.ndarray:
    """Column and row of the corners of polygons, float32 [N, C, 2]."""
    screen = surfaces.project(polygons.reshape(-1, 3), seen_by)
    return screen[:, :2].reshape(*polygons.shape[:2], 2)
