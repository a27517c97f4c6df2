"""A scan of any format -> a checked Mesh.

In: a .ply .obj .stl .off, also compressed with gzip. Out: a Mesh in file units, triangles or points. The steps are
formats.source (bytes and their format), one of formats.ply, obj, stl and off (Geometry as written), cleaning, topology
and normals.
"""

from collections.abc import Callable

import numpy as np

from fossilvit.errors import SpecimenError
from fossilvit.meshes import cleaning, measures, normals, resolution, spacing, strays
from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats import obj, off, ply, source, stl
from fossilvit.meshes.geometry import Geometry
from fossilvit.meshes.mesh import Mesh, Texture
from fossilvit.meshes.topology import topology_of
from fossilvit.numbers.vectors import unit
from fossilvit.store.files import PathLike

LARGEST_UV = 1e30
"""Texture coordinates beyond it count as none."""
HIDDEN = (
    "cannot be read; messages show nothing of its content, because it lies outside the folder of scans: "
    "copy it into the folder to learn what is wrong."
)
"""The end of the message about a scan whose content may not be shown."""


def read(path: PathLike, outside: bool = False) -> Mesh:
    """Read a scan.

    Parameters
    ----------
    path : path
        The content of the file decides its format, not the ending of its name.
    outside : bool
        Whether it lies outside the folder of scans. Then the message of an error holds nothing of its content.

    Raises
    ------
    SpecimenError
        The file cannot be parsed, or holds neither a surface nor points. The message names the file and the cause.
    OSError, MemoryError
        The machine could not read the file. The specimen may be sound.
    """
    try:
        geometry = _parsed(source.load(path), path)
        mesh = strays.marked(_surface(geometry) if len(geometry.sizes) else _points(geometry))
        coarse = resolution.check(strays.without(mesh).vertices)
    except Unreadable as error:
        raise SpecimenError(f"{path} {HIDDEN if outside else error}") from None
    except PermissionError:
        raise SpecimenError(f"{path} may not be read; give yourself permission and run again.") from None
    except (OSError, MemoryError, ImportError):  # a fault of the machine, not of the data
        raise
    except Exception as error:  # a broken file can make a parser fail in any way
        raise SpecimenError(f"{path} {HIDDEN if outside else unforeseen('read', error)}") from error
    return mesh._replace(format=geometry.format, notes=(*geometry.notes, *mesh.notes, *coarse))


def unforeseen(what: str, error: Exception) -> str:
    """The end of the message about an unforeseen error; `what` cannot be done to the scan, e.g. `read`."""
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return f"cannot be {what} ({cause}); export it again."


def _parsed(content: source.Source, path: PathLike) -> Geometry:
    """The geometry in the content of a file, by the parser of its format."""
    parsers: dict[str, Callable[[np.ndarray, PathLike], Geometry]]
    parsers = {"ply": ply.parse, "obj": obj.parse, "stl": stl.parse, "off": off.parse}
    if content.kind not in parsers:
        raise Unreadable("is not PLY, OBJ, STL or OFF, neither by its content nor by its name", "export it as PLY")
    geometry = parsers[content.kind](content.data, path)
    return geometry._replace(format=geometry.format + content.packing, notes=(*content.notes, *geometry.notes))


def _surface(geometry: Geometry) -> Mesh:
    """A checked surface, its faces turned outward."""
    if not len(geometry.vertices):
        raise Unreadable("has faces but no vertices")
    faces, corners = cleaning.triangles(geometry)
    sound, counts = cleaning.cleaned(geometry.vertices, faces)
    few = int((geometry.sizes < 3).sum())
    if few:
        counts["faces of fewer than three corners"] = few
    if not len(sound.faces):
        resolution.check(geometry.vertices[cleaning.usable(geometry.vertices)])
        raise Unreadable("has no face with an area", "export the surface again")
    if not measures.area(sound.vertices, sound.faces):  # not even as a number of 64 bits
        raise Unreadable("is too small, or too thin, to be drawn", "export it in a smaller unit, e.g. in millimeters")
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
        texture=_texture(geometry, corners, sound.kept, joined.turned ^ inside_out),
        topology=joined,
        cleaned=counts,
    )


def _turned(faces: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Faces int [F, 3], those in the mask bool [F] turned around by swapping their last two corners."""
    return np.where(which[:, None], faces[:, [0, 2, 1]], faces) if which.any() else faces


def _texture(geometry: Geometry, corners: np.ndarray | None, kept: np.ndarray, turned: np.ndarray) -> Texture | None:
    """The texture of a surface, its corners in the order of the faces; None where the geometry has no texture.

    Parameters
    ----------
    geometry : Geometry
    corners : int64 [T, 3] or None
        Corners of every triangle of the file, as from `cleaning.triangles`.
    kept : int64 [F], the triangle that each face of the surface was
    turned : bool [F], the faces that were turned around
    """
    if geometry.uv is None or geometry.image is None:
        return None
    corners = np.arange(len(geometry.corners)).reshape(-1, 3) if corners is None else corners
    owners = np.repeat(np.arange(len(geometry.sizes)), np.maximum(geometry.sizes - 2, 0))
    uv = geometry.uv[_turned(corners[kept], turned)]
    uv = np.where(np.abs(uv) < LARGEST_UV, uv, np.nan).astype(np.float32)
    return Texture(uv, geometry.images, geometry.image[owners[kept]])


def _points(geometry: Geometry) -> Mesh:
    """A checked point cloud; its normals are estimated where the file has no sound ones."""
    finite = cleaning.usable(geometry.vertices)
    if not finite.any():
        raise Unreadable("is empty: it holds no surface and no points", "export it again")
    vertices = geometry.vertices[finite]
    with np.errstate(over="ignore", invalid="ignore"):  # normals of a broken file
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
