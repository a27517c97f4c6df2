"""A surface of triangles on the screen: which face every pixel shows, and its normal and color there.

In: vertices and faces of a Mesh, and a Projection. Out: arrays of a view, [S, S, ...]. Pixels whose inverse depth is 0
show no face, and other arrays have no meaning there.
"""

import numpy as np
from numba import njit

from fossilvit.numbers.triples import across, dot, times, unit
from fossilvit.views.rendering.projection import Projection, before

SNAP = 256.0
"""Vertices snap to 1/256 of a pixel, so that edges are exact in float64 and no crack opens between faces."""
SHARP = np.cos(np.radians(40))
"""Cosine of the largest angle between a face and the normal of its vertex; beyond it the corner lies on a sharp edge,
which stays sharp."""
SHORTEST = 1e-30
"""Least length of a weighted sum of normals, which cancel where a surface folds onto itself."""
TURNED = 3
"""Distance from a corner's bit for `sharp` to its bit for `turned`."""


@njit(cache=True, error_model="numpy")
def corners(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Flags of the corners of every face, bits of uint8 [F].

    Bits 0 to 2: the corner lies on a sharp edge. Bits 3 to 5: the normal of its vertex points to the back of the face.
    """
    flags = np.zeros(len(faces), np.uint8)
    for face in range(len(faces)):
        normal = across(vertices, faces[face, 0], faces[face, 1], faces[face, 2])
        sharp = SHARP * np.sqrt(dot(normal, normal))
        for corner in range(3):
            vertex = faces[face, corner]
            along = dot(normal, (normals[vertex, 0], normals[vertex, 1], normals[vertex, 2]))
            if abs(along) < sharp:
                flags[face] |= 1 << corner
            elif along < 0.0:
                flags[face] |= 1 << corner + TURNED
    return flags


@njit(cache=True, error_model="numpy")
def project(vertices: np.ndarray, projection: Projection) -> np.ndarray:
    """Project vertices to column, row and inverse depth, float32 [V, 3]; centers of pixels are whole numbers."""
    screen = np.empty(vertices.shape, np.float32)
    for vertex in range(len(vertices)):
        right, up, backward = before(vertices[vertex], projection)
        inverse = 1.0 / (projection.distance - backward)
        screen[vertex, 0] = np.rint((projection.column + projection.focal * (right * inverse)) * SNAP) / SNAP
        screen[vertex, 1] = np.rint((projection.row - projection.focal * (up * inverse)) * SNAP) / SNAP
        screen[vertex, 2] = inverse
    return screen


@njit(cache=True, error_model="numpy")
def visible(screen: np.ndarray, faces: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest face of every pixel, int32 [S, S] or -1, and its inverse depth, float64 [S, S].

    The first of equally near faces counts. Edge functions (Pineda 1988) are stepped along rows; they are exact, so that
    a pixel on an edge belongs to both faces.
    """
    nearest = np.full((size, size), -1, np.int32)
    inverse_depth = np.zeros((size, size))
    first, last = np.float32(0), np.float32(size - 1)
    for face in range(len(faces)):
        # Unsigned indices spare the check for negative ones.
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        left, right = np.ceil(max(min(ax, min(bx, cx)), first)), min(max(ax, max(bx, cx)), last)
        top, bottom = np.ceil(max(min(ay, min(by, cy)), first)), min(max(ay, max(by, cy)), last)
        ux, uy, vx, vy = np.float64(bx) - ax, np.float64(by) - ay, np.float64(cx) - ax, np.float64(cy) - ay
        area = ux * vy - uy * vx
        if left > right or top > bottom or area == 0.0:
            continue
        near = np.float64(screen[a, 2])
        share = 1.0 / area
        nearer_b, nearer_c = (screen[b, 2] - near) * share, (screen[c, 2] - near) * share
        by_column, by_row = nearer_b * vy - nearer_c * uy, nearer_c * ux - nearer_b * vx
        side = 1.0 if area > 0.0 else -1.0
        area, ux, uy, vx, vy = side * area, side * ux, side * uy, side * vx, side * vy
        x = left - np.float64(ax)
        for row in range(np.uint32(top), np.uint32(bottom) + 1):
            y = row - np.float64(ay)
            u, v = x * vy - y * vx, y * ux - x * uy
            inverse = near + x * by_column + y * by_row
            for column in range(np.uint32(left), np.uint32(right) + 1):
                if min(min(u, v), area - u - v) >= 0.0 and inverse > inverse_depth[row, column]:
                    inverse_depth[row, column] = inverse
                    nearest[row, column] = face
                u, v, inverse = u + vy, v - uy, inverse + by_column
    return nearest, inverse_depth


@njit(cache=True, error_model="numpy")
def normals(
    nearest: np.ndarray,
    screen: np.ndarray,
    vertices: np.ndarray,
    faces: np.ndarray,
    flags: np.ndarray,
    vertex_normals: np.ndarray,
    rotation: np.ndarray,
) -> np.ndarray:
    """Normal of every pixel toward the camera, float32 [S, S, 3]: right, up, backward; interpolated between vertices.

    A row takes three passes, so that the processor fetches from memory for many pixels at once.
    """
    size = len(nearest)
    shown = np.empty((size, size, 3), np.float32)
    columns, vertex_of, weights = np.empty(size, np.uint32), np.empty((size, 3), np.uint32), np.empty((size, 3))
    for row in range(size):
        count = 0
        for column in range(size):
            face = nearest[row, column]
            if face >= 0:
                columns[count] = column
                for corner in range(3):
                    vertex_of[count, corner] = faces[face, corner]
                count += 1
        for pixel in range(count):
            a, b, c = corner_weights(screen, vertex_of[pixel], columns[pixel], row)
            weights[pixel, 0], weights[pixel, 1], weights[pixel, 2] = a, b, c
        for pixel in range(count):
            column = columns[pixel]
            face = nearest[row, column]
            x = y = z = 0.0
            for corner in range(3):
                vertex, weight = vertex_of[pixel, corner], weights[pixel, corner]
                if flags[face] & 1 << corner:
                    nx, ny, nz = unit(across(vertices, faces[face, 0], faces[face, 1], faces[face, 2]))
                else:
                    nx, ny, nz = vertex_normals[vertex, 0], vertex_normals[vertex, 1], vertex_normals[vertex, 2]
                    if flags[face] & 1 << corner + TURNED:
                        weight = -weight
                x, y, z = x + weight * nx, y + weight * ny, z + weight * nz
            scale = 1.0 / max(np.sqrt(x * x + y * y + z * z), SHORTEST)
            right, up, backward = times(rotation, (x, y, z))
            shown[row, column, 0], shown[row, column, 1] = right * scale, up * scale
            shown[row, column, 2] = backward * scale
    return shown


@njit(cache=True, error_model="numpy")
def colors(nearest: np.ndarray, screen: np.ndarray, faces: np.ndarray, vertex_colors: np.ndarray) -> np.ndarray:
    """Color of every pixel, uint8 [S, S, 3], interpolated between vertices."""
    size = len(nearest)
    shown = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            face = nearest[row, column]
            if face < 0:
                continue
            a, b, c = corner_weights(screen, faces[face], column, row)
            for channel in range(3):
                mixed = (
                    a * vertex_colors[faces[face, 0], channel]
                    + b * vertex_colors[faces[face, 1], channel]
                    + c * vertex_colors[faces[face, 2], channel]
                )
                shown[row, column, channel] = np.rint(mixed / (a + b + c))
    return shown


@njit(cache=True, error_model="numpy")
def corner_weights(screen: np.ndarray, face: np.ndarray, column: int, row: int) -> tuple[float, float, float]:
    """Perspective-correct weights of the corners of a face at a pixel, not normalized; negative for a face's back.

    Rows count downward, so the corners of a face seen from its front run clockwise on the screen.
    """
    a, b, c = face[0], face[1], face[2]
    x, y = column - np.float64(screen[a, 0]), row - np.float64(screen[a, 1])
    ux, uy = np.float64(screen[b, 0]) - screen[a, 0], np.float64(screen[b, 1]) - screen[a, 1]
    vx, vy = np.float64(screen[c, 0]) - screen[a, 0], np.float64(screen[c, 1]) - screen[a, 1]
    u, v = y * vx - x * vy, x * uy - y * ux
    return (uy * vx - ux * vy - u - v) * screen[a, 2], u * screen[b, 2], v * screen[c, 2]
