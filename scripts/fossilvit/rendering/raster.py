"""The default renderer: a z-buffer rasteriser compiled with numba.

Needs no GPU, display or driver and draws the same pixels on every machine. In: a Mesh in file units, its Framing, view
directions. Out: uint8 [V, H, W, 3]. Every view is drawn in two passes: visibility keeps the nearest face (or point) of
every pixel, shading lights what is visible from both sides.
"""

from contextlib import contextmanager

import numpy as np
from numba import njit

from fossilvit import cameras
from fossilvit.rendering import BACKGROUND

LIGHTS = np.array([(-0.53, 0.62, 0.58), (0.80, 0.05, 0.60)])
"""Directions toward the key light, upper left as in drawings of fossils, and a weak fill: right, up, backward."""
STRENGTHS = np.array([0.72, 0.22])
AMBIENT = 0.15
BRIGHTEST = 250
SHARP = np.cos(np.radians(40))
"""A corner whose face turns farther than this from the mean around its vertex lies on a sharp edge, and is kept so."""
NOTHING = -1
TOLERANCE = -1e-9
"""Least barycentric weight inside a face: what rounding leaves of 0, so that no crack opens between faces."""
SPACING_NEIGHBOR = 8
"""The disc of a point reaches a share DISC_REACH of the way to this nearest neighbour."""
DISC_REACH = 0.75
LARGEST_DISC = 0.8 * (cameras.MARGIN - 1)
"""In radii of the specimen, so that no disc reaches beyond the frame."""


@contextmanager
def renderer(size):
    """Yields render(mesh, framing, directions); see fossilvit.rendering.renderer."""
    lights = LIGHTS / np.linalg.norm(LIGHTS, axis=1, keepdims=True)

    def render(mesh, framing, directions):
        points = framing.apply(mesh.vertices)
        radii = _disc_radii(points) if mesh.is_points else None
        images = np.empty((len(directions), size, size), np.uint8)
        for image, direction in zip(images, directions, strict=True):
            axes = cameras.axes(direction)
            seen = points @ axes.T
            if mesh.is_points:
                normals = mesh.normals @ axes.T
                nearest = _visible_points(seen, normals, radii, cameras.distance(), _focal(size), size)
                _shade_points(nearest, seen, normals, cameras.distance(), lights, image)
            else:
                screen = _project(seen, cameras.distance(), _focal(size), size)
                nearest = _visible_faces(screen, mesh.faces, size)
                _shade_faces(nearest, screen, seen, mesh.faces, mesh.normals @ axes.T, lights, image)
        return np.repeat(images[..., None], 3, axis=3)

    yield render


def _focal(size):
    """Pixels a unit at depth 1."""
    return size / 2 / np.tan(np.radians(cameras.FIELD_OF_VIEW / 2))


def _disc_radii(points):
    """Radius of the disc that stands for each point: local spacing, bounded where a point is alone."""
    from scipy.spatial import cKDTree

    if len(points) == 1:
        return np.full(1, LARGEST_DISC)
    neighbors = min(SPACING_NEIGHBOR + 1, len(points))
    reach = DISC_REACH * cKDTree(points).query(points, k=[neighbors])[0][:, 0]
    return np.minimum(reach, min(3 * np.median(reach), LARGEST_DISC))


@njit(cache=True)
def _project(seen, distance, focal, size):
    """Camera coordinates to (column, row, inverse depth) in pixels, float64 [V, 3]."""
    screen = np.empty_like(seen)
    for i in range(len(seen)):
        inverse = 1.0 / (distance - seen[i, 2])
        screen[i, 0] = size / 2 + focal * seen[i, 0] * inverse
        screen[i, 1] = size / 2 - focal * seen[i, 1] * inverse
        screen[i, 2] = inverse
    return screen


@njit(cache=True)
def _span(low, high, size):
    """The pixels whose centers lie between two coordinates, as first and last."""
    return max(0, int(np.ceil(low - 0.5))), min(size - 1, int(np.floor(high - 0.5)))


@njit(cache=True)
def _visible_faces(screen, faces, size):
    """The nearest face of every pixel, int32 [size, size]; of equally near ones the first."""
    nearest = np.full((size, size), NOTHING, np.int32)
    inverse_depth = np.zeros((size, size))
    for face in range(len(faces)):
        ax, ay, az = screen[faces[face, 0]]
        bx, by, bz = screen[faces[face, 1]]
        cx, cy, cz = screen[faces[face, 2]]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        first_row, last_row = _span(min(ay, by, cy), max(ay, by, cy), size)
        first_column, last_column = _span(min(ax, bx, cx), max(ax, bx, cx), size)
        b_by_x, b_by_y = (cy - ay) / area, (cx - ax) / area
        c_by_x, c_by_y = (ay - by) / area, (bx - ax) / area
        for row in range(first_row, last_row + 1):
            y = row + 0.5 - ay
            for column in range(first_column, last_column + 1):
                x = column + 0.5 - ax
                b = x * b_by_x - y * b_by_y
                c = x * c_by_x + y * c_by_y
                a = 1.0 - b - c
                if a >= TOLERANCE and b >= TOLERANCE and c >= TOLERANCE:
                    inverse = a * az + b * bz + c * cz
                    if inverse > inverse_depth[row, column]:
                        inverse_depth[row, column] = inverse
                        nearest[row, column] = face
    return nearest


@njit(cache=True)
def _shade_faces(nearest, screen, seen, faces, normals, lights, image):
    """Light every pixel by the normal interpolated on its face, into uint8 [size, size]."""
    for row in range(len(nearest)):
        for column in range(len(nearest)):
            face = nearest[row, column]
            if face == NOTHING:
                image[row, column] = BACKGROUND
                continue
            a, b, c = faces[face]
            fx, fy, fz = _unit_normal(seen[a], seen[b], seen[c])
            weights = _weights(screen[a], screen[b], screen[c], column + 0.5, row + 0.5)
            x = y = z = 0.0
            for corner in range(3):
                weight = weights[corner]
                vx, vy, vz = normals[faces[face, corner]]
                agreement = vx * fx + vy * fy + vz * fz
                if abs(agreement) < SHARP:
                    vx, vy, vz = fx, fy, fz
                elif agreement < 0.0:
                    weight = -weight
                x, y, z = x + weight * vx, y + weight * vy, z + weight * vz
            side = 1.0 if _faces_camera(screen[a], screen[b], screen[c]) else -1.0
            image[row, column] = _gray(side * x, side * y, side * z, lights)


@njit(cache=True)
def _unit_normal(a, b, c):
    """The normal of a face, counter-clockwise seen from its tip."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@njit(cache=True)
def _faces_camera(a, b, c):
    """Whether corners run counter-clockwise on the screen, whose rows count downward."""
    return (b[0] - a[0]) * (c[1] - a[1]) < (b[1] - a[1]) * (c[0] - a[0])


@njit(cache=True)
def _visible_points(seen, normals, radii, distance, focal, size):
    """The point whose disc is nearest at every pixel, int32 [size, size]."""
    nearest = np.full((size, size), NOTHING, np.int32)
    depths = np.full((size, size), np.inf)
    for point in range(len(seen)):
        px, py, pz = seen[point, 0], seen[point, 1], seen[point, 2] - distance
        nx, ny, nz = normals[point]
        radius = radii[point]
        plane = nx * px + ny * py + nz * pz
        column, row, reach = size / 2 - focal * px / pz, size / 2 + focal * py / pz, -focal * radius / pz
        first_row, last_row = _span(row - reach, row + reach, size)
        first_column, last_column = _span(column - reach, column + reach, size)
        if first_row > last_row or first_column > last_column:
            first_row = last_row = min(max(int(row), 0), size - 1)
            first_column = last_column = min(max(int(column), 0), size - 1)
            plane = 0.0
        for i in range(first_row, last_row + 1):
            y = (size / 2 - i - 0.5) / focal
            for j in range(first_column, last_column + 1):
                x = (j + 0.5 - size / 2) / focal
                along = nx * x + ny * y - nz
                depth = -pz
                if plane != 0.0:
                    if along * plane <= 0.0:
                        continue
                    depth = plane / along
                    offset = (x * depth - px) ** 2 + (y * depth - py) ** 2 + (depth + pz) ** 2
                    if offset > radius * radius:
                        continue
                if depth < depths[i, j]:
                    depths[i, j] = depth
                    nearest[i, j] = point
    return nearest


@njit(cache=True)
def _shade_points(nearest, seen, normals, distance, lights, image):
    """Light every pixel by the normal of its point, into uint8 [size, size]."""
    for row in range(len(nearest)):
        for column in range(len(nearest)):
            point = nearest[row, column]
            if point == NOTHING:
                image[row, column] = BACKGROUND
                continue
            nx, ny, nz = normals[point]
            px, py, pz = seen[point]
            side = 1.0 if nx * -px + ny * -py + nz * (distance - pz) > 0.0 else -1.0
            image[row, column] = _gray(side * nx, side * ny, side * nz, lights)


@njit(cache=True)
def _weights(a, b, c, x, y):
    """Perspective-correct barycentric weights at a pixel."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    wb = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
    wc = ((y - a[1]) * (b[0] - a[0]) - (x - a[0]) * (b[1] - a[1])) / area
    wa, wb, wc = (1.0 - wb - wc) * a[2], wb * b[2], wc * c[2]
    total = wa + wb + wc
    return wa / total, wb / total, wc / total


@njit(cache=True)
def _gray(x, y, z, lights):
    """Matte (Lambertian) gray of a surface with this normal, 0 to BRIGHTEST."""
    length = max(np.sqrt(x * x + y * y + z * z), 1e-12)
    light = AMBIENT
    for i in range(len(lights)):
        light += STRENGTHS[i] * max(0.0, (x * lights[i, 0] + y * lights[i, 1] + z * lights[i, 2]) / length)
    return np.uint8(min(light, 1.0) * BRIGHTEST)
