"""Any file -> a checked Mesh.

In: a .ply .obj .stl .off, also compressed with gzip. Out: a Mesh in file units, triangles or points. A file passes
through formats.source (its bytes, and their format), one of formats.ply, obj, stl and off (Geometry as written),
cleaning, topology and normals.
"""

import numpy as np

from fossilvit.errors import SpecimenError
from fossilvit.meshes import cleaning, measures, normals, spacing
from fossilvit.meshes.errors import Unreadable
from fossilvit.meshes.formats import obj, off, ply, source, stl
from fossilvit.meshes.mesh import Mesh, Texture
from fossilvit.meshes.topology import topology_of
from fossilvit.numbers.vectors import unit

LARGEST_UV = 1e30


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
