"""A checked surface or point cloud, and its facts."""

from typing import NamedTuple

import numpy as np

from fossilvit.meshes import measures
from fossilvit.meshes.topology import Topology


class Texture(NamedTuple):
    """Pictures on a surface."""

    uv: np.ndarray
    """float32 [F, 3, 2], coordinates of every corner of a face, (0, 0) the lower left of a picture; NaN for none"""
    images: tuple
    """uint8 [H, W, 3] each"""
    image: np.ndarray
    """int32 [F], the picture of every face, -1 for none"""


class Mesh(NamedTuple):
    """A surface of triangles, or a cloud of points where there is none."""

    vertices: np.ndarray
    """float64 [V, 3], file units, finite, each used by a face and no two equal (all of a point cloud)"""
    faces: np.ndarray
    """int32 [F, 3], rows of vertices, neighbors turned the same way; [0, 3] for a point cloud"""
    normals: np.ndarray
    """float32 [V, 3], unit normals; of an open surface or a point cloud their sign means nothing"""
    colors: np.ndarray | None = None
    """uint8 [V, 3]"""
    spacing: np.ndarray | None = None
    """float32 [V], how far the points around each lie, file units; None for a surface"""
    texture: Texture | None = None
    topology: Topology | None = None
    """None for a point cloud"""
    format: str = ""
    """what the file is, e.g. `binary PLY`"""
    cleaned: dict = {}
    """what was taken away or turned, of each kind how many"""
    notes: tuple = ()
    """what else deserves to be known about the file, in plain words"""

    @property
    def is_points(self) -> bool:
        return len(self.faces) == 0


def facts(mesh) -> dict:
    """What a mesh is, for its record.

    Returns
    -------
    dict
        kind (`surface` or `points`), vertices, faces, bounding_box [[x, y, z], [x, y, z]], area, volume (None unless
        watertight and orientable), watertight, components (None for points), color (`none`, `vertices` or `texture`),
        cleaned (dict of kind of fault to count) and notes; in file units.
    """
    surface = not mesh.is_points
    low, high = measures.box(mesh.vertices)
    closed = surface and mesh.topology.watertight and mesh.topology.orientable
    return {
        "kind": "surface" if surface else "points",
        "format": mesh.format,
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "bounding_box": [low.tolist(), high.tolist()],
        "area": measures.area(mesh.vertices, mesh.faces) if surface else None,
        "volume": measures.volume(mesh.vertices, mesh.faces) if closed else None,
        "watertight": mesh.topology.watertight if surface else None,
        "components": mesh.topology.components if surface else None,
        "color": "texture" if mesh.texture else "vertices" if mesh.colors is not None else "none",
        "cleaned": mesh.cleaned,
        "notes": list(mesh.notes),
    }
