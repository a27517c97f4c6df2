"""A mesh in whole numbers that compress well, which web/src/viewer decodes.

In: points, float64 [V, 3], and faces, int [F, 3]. Out: differences of positions, int16, and codes of corners, uint16.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

STEPS = 4095
"""Steps from the center to the farthest coordinate. Half as many would take 5 % less."""


class Coded(NamedTuple):
    """A mesh in whole numbers."""

    positions: np.ndarray
    """int16 [3 V], in steps, the difference of each point from the one before: all x, then all y, then all z"""
    faces: np.ndarray
    """uint16 [3 F], corner by corner how far its point lies behind the next new one; 0 is the next new one itself"""
    step: float
    """a step, in the unit of the points"""


def surface(points: np.ndarray, faces: np.ndarray) -> Coded:
    """Code a surface. Faces that have no area in whole numbers are left out, and points without faces.

    Faces follow their neighbors, so that most corners were named shortly before, and points lie near the one before.
    """
    whole, step = _whole(points)
    sides = whole[faces[:, 1:]] - whole[faces[:, :1]]
    faces = faces[np.cross(sides[:, 0], sides[:, 1]).any(axis=1)]
    corners = _walked(faces, _around_edges(faces)).ravel()
    points_used, first, place = np.unique(corners, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    is_new = np.zeros(len(corners), np.int64)
    is_new[first] = 1
    codes = np.cumsum(is_new) - is_new - number[place]
    return Coded(_differences(whole[points_used[order]]), codes.astype(np.uint16), step)


def cloud(points: np.ndarray) -> Coded:
    """Code a point cloud, which has no faces."""
    whole, step = _whole(points)
    return Coded(_differences(whole), np.zeros(0, np.uint16), step)


def _whole(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Points in whole steps, int64 [V, 3], and the step; 1 if all points lie in the center."""
    step = float(np.abs(points).max()) / STEPS or 1.0
    return np.rint(points / step).astype(np.int64), step


def _differences(whole: np.ndarray) -> np.ndarray:
    """The difference of every point from the one before, that of the first from 0, axis by axis, int16 [3 V]."""
    return np.diff(whole, axis=0, prepend=0).T.astype(np.int16).ravel()


def _around_edges(faces: np.ndarray) -> np.ndarray:
    """For every side of a face the next one at the same edge, and for the last the first, int64 [3 F].

    Side 3 f + i goes from corner i of face f to the next. A side at the rim is its own next one.
    """
    ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2).astype(np.int64), axis=1)
    edges = ends @ [faces.max(initial=0) + 1, 1]
    order = np.argsort(edges, kind="stable")
    firsts, lasts = (np.flatnonzero(np.diff(edges[order], **end)) for end in ({"prepend": -1}, {"append": -1}))
    following = np.roll(order, -1)
    following[lasts] = order[firsts]
    around = np.empty_like(order)
    around[order] = following
    return around


@njit(cache=True)
def _walked(faces: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Faces in the order of a walk in depth to neighbors, int [F, 3]; each begins with the side that was crossed."""
    walked = np.empty_like(faces)
    done = np.zeros(len(faces), np.bool_)
    sides = np.empty(3 * len(faces) + 1, np.int64)
    count = 0
    for start in range(len(faces)):
        sides[0], waiting = 3 * start, 1
        while waiting:
            waiting -= 1
            face, crossed = sides[waiting] // 3, sides[waiting] % 3
            if done[face]:
                continue
            done[face] = True
            for corner in range(3):
                walked[count, corner] = faces[face, (crossed + corner) % 3]
            count += 1
            for side in (0, 2, 1):
                beyond = around[3 * face + (crossed + side) % 3]
                if not done[beyond // 3]:
                    sides[waiting] = beyond
                    waiting += 1
    return walked
