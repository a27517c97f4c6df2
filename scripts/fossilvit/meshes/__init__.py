"""Any file -> checked geometry and its facts.

In: a .ply .obj .stl .off, also compressed with gzip. Out: a Mesh in file units, triangles or points. The way of a file:
source (its bytes, and what they are) -> ply, obj, stl or off (Geometry as written) -> cleaning -> topology -> normals.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.errors import SpecimenError
from fossilvit.meshes import cleaning, measures, normals, obj, off, ply, source, spacing, stl
from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.source import file_facts, most_memory
from fossilvit.meshes.topology import Topology, topology_of
from fossilvit.vectors import unit

__all__ = ["Mesh", "Texture", "facts", "file_facts", "most_memory", "read"]


LARGEST_UV = 1e30


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
    """int32 [F, 3], rows of vertices, neighbours turned the same way; [0, 3] for a point cloud"""
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


def read(path) -> Mesh:
    """Read a mesh or point cloud.

    Parameters
    ----------
    path : path
        The content decides what it is, not the ending.

    Raises
    ------
    SpecimenError
        The file cannot be parsed or holds no surface and no points. The sentence names the file and the cause.
    OSError, MemoryError
        The machine could not read it: no fault of the specimen.
    """
    try:
        geometry = _parsed(source.load(path), path)
        mesh = _surface(geometry) if len(geometry.sizes) else _points(geometry)
    except Unreadable as error:
        raise SpecimenError(f"{path} {error}") from None
    except PermissionError:
        raise SpecimenError(f"{path} may not be read; give yourself permission and run again.") from None
    except (OSError, MemoryError):  # a fault of the machine, not of the data
        raise
    except Exception as error:  # a parser meets whatever a broken file makes of it
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SpecimenError(f"{path} cannot be read ({cause}); export it again.") from error
    return mesh._replace(format=geometry.format, notes=tuple(geometry.notes))


def _parsed(content, path):
    """What a file of any format holds."""
    parsers = {"ply": ply, "obj": obj, "stl": stl, "off": off}
    geometry = parsers[content.kind].parse(content.data, path)
    return geometry._replace(format=geometry.format + content.packing, notes=(*content.notes, *geometry.notes))


def _surface(geometry):
    if not len(geometry.vertices):
        raise Unreadable("has faces but no vertices")
    faces, places = cleaning.triangles(geometry)
    sound, counts = cleaning.cleaned(geometry.vertices, faces)
    few = int((geometry.sizes < 3).sum())
    if few:
        counts["faces of fewer than three corners"] = few
    if not len(sound.faces):
        raise Unreadable("has no face with an area", "export the surface again")
    joined = topology_of(sound.faces, len(sound.vertices))
    faces = _turned(sound.faces, joined.turned)
    if joined.turned.any():
        counts["faces turned around"] = int(joined.turned.sum())
    inside_out = measures.volume(sound.vertices, faces) < 0
    if inside_out:
        faces = _turned(faces, np.ones(len(faces), bool))
    colors = None if geometry.colors is None else geometry.colors[sound.origin]
    return Mesh(
        sound.vertices,
        faces,
        normals.of_surface(sound.vertices, faces),
        colors,
        texture=_texture(geometry, places, sound.kept, joined.turned ^ inside_out),
        topology=joined,
        cleaned=counts,
    )


def _turned(faces, which):
    """Faces with some of them turned around: their last two corners change places."""
    return np.where(which[:, None], faces[:, [0, 2, 1]], faces) if which.any() else faces


def _texture(geometry, places, kept, turned):
    """The texture of the faces that were kept, with their corners in order; None where there is none."""
    if geometry.uv is None:
        return None
    places = np.arange(len(geometry.corners)).reshape(-1, 3) if places is None else places
    owners = np.repeat(np.arange(len(geometry.sizes)), np.maximum(geometry.sizes - 2, 0))
    uv = geometry.uv[_turned(places[kept], turned)]
    uv = np.where(np.abs(uv) < LARGEST_UV, uv, np.nan).astype(np.float32)
    return Texture(uv, geometry.images, geometry.image[owners[kept]])


def _points(geometry):
    finite = cleaning.places(geometry.vertices)
    if not finite.any():
        raise Unreadable("is empty: it holds no surface and no points", "export it again")
    vertices = geometry.vertices[finite]
    with np.errstate(over="ignore", invalid="ignore"):  # absurd normals
        given = None if geometry.normals is None else unit(geometry.normals[finite])
    if given is None or not np.isclose(np.linalg.norm(given, axis=1), 1).all():
        given = normals.of_points(vertices)
    lost = int(len(finite) - finite.sum())
    return Mesh(
        vertices,
        np.zeros((0, 3), np.int32),
        given.astype(np.float32),
        None if geometry.colors is None else geometry.colors[finite],
        spacing.of_points(vertices),
        cleaned={"vertices that are no numbers": lost} if lost else {},
    )


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
