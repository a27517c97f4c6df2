"""Normals, depth and colors of every pixel -> a picture.

In: the normal toward the camera, float32 [S, S, 3] (right, up, backward), the inverse depth, float64 [S, S] (0 for
background), and for `color` the color, uint8 [S, S, 3]. Out: RGB, uint8 [S, S, 3]; the background is 255, and the
specimen has no channel above BRIGHTEST.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from fossilvit.views import cameras
from fossilvit.views.rendering import BACKGROUND, BRIGHTEST
from fossilvit.views.rendering.occlusion import openness


class Lighting(NamedTuple):
    """Lights fixed to the camera, on a matte (Lambertian) surface."""

    directions: np.ndarray
    """float64 [L, 3], unit vectors toward each light: right, up, backward"""
    strengths: np.ndarray
    """float64 [L], 1 for white"""
    ambient: float
    """light from all around"""


def _toward(*lights: tuple[float, float, float]) -> np.ndarray:
    """Unit vectors, float64 [L, 3], of directions right, up and backward."""
    directions: np.ndarray = np.array(lights) / np.linalg.norm(lights, axis=1, keepdims=True)
    return directions


GRAY = Lighting(_toward((-0.53, 0.62, 0.58), (0.80, 0.05, 0.60)), np.array([0.72, 0.22]), 0.15)
"""A key light from the upper left, as in drawings of fossils, and a weak one from the right."""
WHITENED = Lighting(_toward((-0.62, 0.62, 0.48)), np.array([0.46]), 0.54)
"""One low light from the upper left, as in photographs of fossils coated with ammonium chloride, which show relief
alone (Feldmann 1989, Paleotechniques)."""
FARTHEST = 0.12
"""Brightness of the back of the unit sphere in `depth`; its front has 1."""


def shade(
    appearance: str, normals: np.ndarray, inverse_depth: np.ndarray, color: np.ndarray | None, focal: float
) -> np.ndarray:
    """Paint the picture of a view, uint8 [S, S, 3].

    Parameters
    ----------
    appearance : one of APPEARANCES
    normals, inverse_depth : see above
    color : see above, or None if the specimen has no colors
    focal : float
        Focal length of the view in pixels.
    """
    if appearance == "normals":
        return _of_normals(normals, inverse_depth)
    if appearance == "depth":
        return paint(nearness(inverse_depth, cameras.distance() - 1), inverse_depth)
    if appearance == "whitened":
        sky = openness(inverse_depth, focal)
        return paint(lit(normals, inverse_depth, WHITENED) * sky * sky * sky, inverse_depth)
    light = lit(normals, inverse_depth, GRAY)
    if appearance == "color" and color is not None:
        return _tinted(light, inverse_depth, color)
    return paint(light, inverse_depth)


@njit(cache=True)
def lit(normals: np.ndarray, inverse_depth: np.ndarray, lighting: Lighting) -> np.ndarray:
    """Light that every pixel sends to the camera, 0 to 1, float32 [S, S]."""
    size = len(inverse_depth)
    light = np.zeros((size, size), np.float32)
    for row in range(size):
        for column in range(size):
            if inverse_depth[row, column] == 0.0:
                continue
            right, up, backward = normals[row, column, 0], normals[row, column, 1], normals[row, column, 2]
            sent = lighting.ambient
            for i in range(len(lighting.strengths)):
                toward = lighting.directions[i]
                sent += lighting.strengths[i] * max(0.0, right * toward[0] + up * toward[1] + backward * toward[2])
            light[row, column] = min(sent, 1.0)
    return light


@njit(cache=True, error_model="numpy")
def nearness(inverse_depth: np.ndarray, front: float) -> np.ndarray:
    """Brightness by depth, float32 [S, S]: from 1 at depth `front` to FARTHEST at 2 radii behind it."""
    size = len(inverse_depth)
    near = np.empty((size, size), np.float32)
    for row in range(size):
        for column in range(size):
            behind = (1.0 / inverse_depth[row, column] - front) / 2
            near[row, column] = 1.0 - (1.0 - FARTHEST) * min(max(behind, 0.0), 1.0)
    return near


@njit(cache=True)
def paint(light: np.ndarray, inverse_depth: np.ndarray) -> np.ndarray:
    """Paint light, float32 [S, S], in gray, uint8 [S, S, 3]."""
    size = len(light)
    image = np.empty((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            seen = inverse_depth[row, column] > 0.0
            gray = np.uint8(light[row, column] * BRIGHTEST) if seen else np.uint8(BACKGROUND)
            image[row, column, 0] = image[row, column, 1] = image[row, column, 2] = gray
    return image


@njit(cache=True)
def _tinted(light: np.ndarray, inverse_depth: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Paint the light that a surface of these colors reflects, uint8 [S, S, 3]."""
    image = np.full(color.shape, BACKGROUND, np.uint8)
    for row in range(len(light)):
        for column in range(len(light)):
            if inverse_depth[row, column] > 0.0:
                for channel in range(3):
                    share = color[row, column, channel] / 255
                    image[row, column, channel] = np.uint8(light[row, column] * share * BRIGHTEST)
    return image


@njit(cache=True)
def _of_normals(normals: np.ndarray, inverse_depth: np.ndarray) -> np.ndarray:
    """Paint normals, uint8 [S, S, 3]: right is red, up is green, toward the camera is blue."""
    image = np.full(normals.shape, BACKGROUND, np.uint8)
    for row in range(len(normals)):
        for column in range(len(normals)):
            if inverse_depth[row, column] > 0.0:
                for axis in range(3):
                    image[row, column, axis] = np.uint8((normals[row, column, axis] + 1) / 2 * BRIGHTEST)
    return image
