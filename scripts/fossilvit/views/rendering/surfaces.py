"""A surface of triangles on the screen: which face every pixel shows, and its normal and color there.

In: vertices and faces as a Mesh has them, and a Projection. Out: arrays of a view, [S, S, ...]. Pixels whose inverse
depth is 0 show no face; what other arrays hold there means nothing.
"""

import numpy as np
from numba import njit

from fossilvit.numbers.triples import across, dot, times, unit
from fossilvit.views.rendering.projection import before

SNAP = 256.0
"""Parts of a pixel that vertices are snapped to: so edges are exact in float64 and no crack opens between faces."""
SHARP = np.cos(np.radians(40))
"""A corner whose face turns farther than this from the normal of its vertex lies on a sharp edge, and is kept so."""
SHORTEST = 1e-30
"""Of a weighted sum of normals; they cancel each other where a surface folds onto itself."""
TURNED = 3
"""The bit of a corner's flag for `turned` stands so many places above that for `sharp`."""


@njit(cache=True, error_model="numpy")
def corners(vertices, faces, normals):
    """What is special about the corners of every face, as bits of a uint8 [F].

    Bit 0, 1 or 2: that corner lies on a sharp edge. Bit 3, 4 or 5: the normal of its vertex points to the face's back.
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
def project(vertices, projection):
    """Vertices on the screen, float32 [V, 3]: column, row and inverse depth; centers of pixels are whole numbers."""
    screen = np.empty(vertices.shape, np.float32)
    for vertex in range(len(vertices)):
        right, up, backward = before(vertices[vertex], projection)
        inverse = 1.0 / (projection.distance - backward)
        screen[vertex, 0] = np.rint((projection.column + projection.focal * (right * inverse)) * SNAP) / SNAP
        screen[vertex, 1] = np.rint((projection.row - projection.focal * (up * inverse)) * SNAP) / SNAP
        screen[vertex, 2] = inverse
    return screen


@njit(cache=True, error_model="numpy")
def visible(screen, faces, size):
    """The nearest face of every pixel, int32, and its inverse depth, float64; of equally near ones the first.

    Edge functions as of Pineda 1988, stepped along rows. They are exact, so a pixel on an edge belongs to both faces.
    """
    nearest = np.full((size, size), -1, np.int32)
    inverse_depth = np.zeros((size, size))
    first, last = np.float32(0), np.float32(size - 1)
    for face in range(len(faces)):
        # unsigned, so that no index is looked at for being negative
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
def normals(nearest, screen, vertices, faces, flags, vertex_normals, rotation):
    """The normal of what every pixel shows, toward the camera, float32 [S, S, 3]: right, up, backward.

    A row takes three passes, so that the processor fetches from memory for many pixels at a time.
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
def colors(nearest, screen, faces, vertex_colors):
    """The color of what every pixel shows, uint8 [S, S, 3], interpolated between vertices."""
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
def corner_weights(screen, face, column, row):
    """Perspective-correct weights of the corners of a face at a pixel, not scaled; negative from behind.

    Rows count downward, so the corners of a face seen from its front run clockwise on the screen.
    """
    a, b, c = face[0], face[1], face[2]
    x, y = column - np.float64(screen[a, 0]), row - np.float64(screen[a, 1])
    ux, uy = np.float64(screen[b, 0]) - screen[a, 0], np.float64(screen[b, 1]) - screen[a, 1]
    vx, vy = np.float64(screen[c, 0]) - screen[a, 0], np.float64(screen[c, 1]) - screen[a, 1]
    u, v = y * vx - x * vy, x * uy - y * ux
    return (uy * vx - ux * vy - u - v) * screen[a, 2], u * screen[b, 2], v * screen[c, 2]
