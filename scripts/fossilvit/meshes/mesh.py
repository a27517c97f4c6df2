"""A mesh: a checked surface or point cloud in file units. Its facts go into the render record."""

from typing import Any, NamedTuple, Self

import numpy as np

from fossilvit.meshes import measures
from fossilvit.meshes.topology import Topology


class Texture(NamedTuple):
    """Images on a surface."""

    uv: np.ndarray
    """float32 [F, 3, 2], texture coordinates of each corner; (0, 0) is the lower left of an image, NaN is none"""
    images: tuple[np.ndarray, ...]
    """uint8 [H, W, 3] each"""
    image: np.ndarray
    """int32 [F], image of each face, -1 for none"""


class Strays(NamedTuple):
    """What a scanner left beside a specimen."""

    vertices: np.ndarray
    """bool [V], whether each vertex is part of a stray"""
    parts: int
    """number of strays"""
    share: float
    """their share of the surface, or of the points"""
    distance: float
    """distance of the farthest from the box around the specimen, in file units"""


class Mesh(NamedTuple):
    """A surface of triangles, or a point cloud."""

    vertices: np.ndarray
    """float64 [V, 3], file units, finite; in a surface, faces use all of them and no two are equal"""
    faces: np.ndarray
    """int32 [F, 3], rows of vertices, adjacent faces turned the same way; [0, 3] for a point cloud"""
    normals: np.ndarray
    """float32 [V, 3], unit normals; in an open surface or a point cloud their sign means nothing"""
    colors: np.ndarray | None = None
    """uint8 [V, 3]"""
    spacing: np.ndarray | None = None
    """float32 [V], distance from each point to those around it, file units; None for a surface"""
    texture: Texture | None = None
    topology: Topology | None = None
    """None for a point cloud"""
    format: str = ""
    """format of the file, e.g. `binary PLY`"""
    cleaned: dict[str, int] = {}
    """how many faults of each kind were removed, and how many faces were turned around"""
    notes: tuple[str, ...] = ()
    """remarks on the file for the user"""
    strays: Strays | None = None
    """None if there are none"""

    @property
    def is_points(self) -> bool:
        """Whether the mesh is a point cloud."""
        return len(self.faces) == 0

    def part(self, kept: np.ndarray) -> Self:
        """The part of the mesh that has only these vertices, bool [V], and the faces between them."""
        sound = kept[self.faces].all(axis=1)
        used = kept.copy()
        if not self.is_points:
            used[:] = False
            used[self.faces[sound]] = True
        number = (np.cumsum(used) - 1).astype(np.int32)
        texture = self.texture and self.texture._replace(uv=self.texture.uv[sound], image=self.texture.image[sound])
        return self._replace(
            vertices=self.vertices[used],
            faces=number[self.faces[sound]],
            normals=self.normals[used],
            colors=None if self.colors is None else self.colors[used],
            spacing=None if self.spacing is None else self.spacing[used],
            texture=texture,
        )


def facts(mesh: Mesh) -> dict[str, Any]:
    """Facts of a mesh for its render record.

    Returns
    -------
    dict
        kind (`surface` or `points`), format, vertices, faces, bounding_box [[x, y, z], [x, y, z]], area, volume (None
        unless watertight and orientable), watertight, components (these four None for points), color (`none`,
        `vertices` or `texture`), cleaned (dict of kind of fault to count), notes, strays, strays_share and
        strays_distance; in file units. All but the last three are facts of the whole file.
    """
    surface, topology = not mesh.is_points, mesh.topology
    low, high = measures.box(mesh.vertices)
    closed = topology is not None and topology.watertight and topology.orientable
    return {
        "kind": "surface" if surface else "points",
        "format": mesh.format,
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "bounding_box": [low.tolist(), high.tolist()],
        "area": measures.area(mesh.vertices, mesh.faces) if surface else None,
        "volume": measures.volume(mesh.vertices, mesh.faces) if closed else None,
        "watertight": None if topology is None else topology.watertight,
        "components": None if topology is None else topology.components,
        "color": "texture" if mesh.texture else "vertices" if mesh.colors is not None else "none",
        "cleaned": mesh.cleaned,
        "notes": list(mesh.notes),
        "strays": mesh.strays.parts if mesh.strays else 0,
        "strays_share": mesh.strays.share if mesh.strays else None,
        "strays_distance": mesh.strays.distance if mesh.strays else None,
    }
