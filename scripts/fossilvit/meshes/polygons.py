"""Polygons, corners int [C] of vertices float64 [V, 3] -> triangles, int64 [T, 3] into the corners."""

import numpy as np

from fossilvit.numbers.vectors import unit

BLOCK = 1 << 18
"""Corners of polygons that are cut at once, which bounds the memory."""
EARS_MOST = 10_000
"""Corners up to which a concave polygon is cut by its ears; a larger one becomes a fan."""
FLAT = 1e-9
"""Share of the largest turn of a polygon; a smaller turn inward counts as straight."""


def triangulate(sizes: np.ndarray, corners: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Cut polygons of N corners into N - 2 triangles each.

    Convex polygons become fans around their first corner, concave quads around the corner that turns inward, and larger
    concave polygons are cut by their ears in their mean plane (mapbox's earcut). Polygons of fewer than three corners
    give no triangles.

    Parameters
    ----------
    sizes : int32 [P], number of corners of each polygon
    corners : int [C], vertices of the first polygon, then those of the next, all existing
    vertices : float64 [V, 3]

    Returns
    -------
    int64 [T, 3], indices into the corners, in the order of the polygons
    """
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    counts = np.maximum(sizes.astype(np.int64) - 2, 0)
    firsts = np.cumsum(counts) - counts
    triangles = np.empty((int(counts.sum()), 3), np.int64)
    for size in np.unique(sizes[sizes >= 3]).tolist():
        of_size = np.flatnonzero(sizes == size)
        block = max(BLOCK // size, 1)
        for begin in range(0, len(of_size), block):
            some = of_size[begin : begin + block]
            cut = _cut(vertices[corners[starts[some, None] + np.arange(size)]])
            triangles[firsts[some, None] + np.arange(size - 2)] = starts[some, None, None] + cut
    return triangles


def _cut(shapes: np.ndarray) -> np.ndarray:
    """Triangles of polygons [P, N, 3], int [P, N - 2, 3], or [1, N - 2, 3] where all are cut alike."""
    size = shapes.shape[1]
    fan = _fan(size)[None]
    if size == 3 or size > EARS_MOST:
        return fan
    turns = _turns(shapes)
    concave = np.flatnonzero((turns < -FLAT * np.abs(turns).max(axis=1, keepdims=True)).any(axis=1))
    if not len(concave):
        return fan
    cut = np.repeat(fan, len(shapes), axis=0)
    if size == 4:
        cut[concave] = (fan + turns[concave].argmin(axis=1)[:, None, None]) % 4
        return cut
    for i in concave:
        cut[i] = _ears(shapes[i], fan[0])
    return cut


def _fan(size: int) -> np.ndarray:
    """Triangles around the first corner of a polygon, int [N - 2, 3]."""
    second = np.arange(1, size - 1)
    return np.stack([np.zeros_like(second), second, second + 1], axis=1)


def _plane_normals(shapes: np.ndarray) -> np.ndarray:
    """Mean normals [P, 3] of polygons [P, N, 3], by Newell's method."""
    following = np.roll(shapes, -1, axis=1)
    return unit(np.cross(shapes - shapes[:, :1], following - shapes[:, :1]).sum(axis=1))


def _turns(shapes: np.ndarray) -> np.ndarray:
    """Turn [P, N] of polygons [P, N, 3] at each corner, seen along their mean normals; negative where it is inward."""
    edges = np.roll(shapes, -1, axis=1) - shapes
    turns = np.cross(edges, np.roll(edges, -1, axis=1))
    return np.roll((turns * _plane_normals(shapes)[:, None]).sum(axis=2), 1, axis=1)


def _ears(shape: np.ndarray, fan: np.ndarray) -> np.ndarray:
    """Triangles of one polygon [N, 3], int [N - 2, 3]; the fan where the polygon crosses itself."""
    import mapbox_earcut

    normal = _plane_normals(shape[None])[0]
    across = unit(np.cross(normal, np.eye(3)[np.abs(normal).argmin()]))
    flat = np.stack([shape @ across, shape @ np.cross(normal, across)], axis=1)
    if not np.isfinite(flat).all():
        return fan
    cut = mapbox_earcut.triangulate_float64(flat, np.array([len(flat)], np.uint32)).reshape(-1, 3)
    return cut if len(cut) == len(fan) else fan
