"""Any file -> checked geometry and its facts.

In: a .ply .obj .stl .off. Out: a Mesh in file units, triangles or points.
"""

from typing import NamedTuple

import numpy as np

from fossilvit.errors import SpecimenError
from fossilvit.vectors import unit

HEADER_LINE = 4096
"""Bytes that a line of a header may have."""


class Mesh(NamedTuple):
    """A surface of triangles, or a cloud of points where there is none."""

    vertices: np.ndarray
    """float64 [V, 3], file units, finite, each used by a face (all of a point cloud)."""
    faces: np.ndarray
    """int32 [F, 3], rows of vertices; [0, 3] for a point cloud."""
    normals: np.ndarray
    """float32 [V, 3], unit normals. Their sign means nothing: surfaces are shaded from both sides."""

    @property
    def is_points(self) -> bool:
        return len(self.faces) == 0


def read(path) -> Mesh:
    """Read a mesh or point cloud.

    Raises
    ------
    SpecimenError
        The file cannot be parsed or holds no surface and no points. The sentence names the file and the cause.
    OSError, MemoryError
        The machine could not read it: no fault of the specimen.
    """
    vertices, faces, normals = _load(path)
    finite = np.isfinite(vertices).all(axis=1)
    if len(faces):
        faces = _sound(faces, vertices, finite)
        if not len(faces):
            raise SpecimenError(f"{path} has no face with an area; export the surface again.")
        vertices, faces = _compact(vertices, faces)
        return Mesh(vertices, faces, vertex_normals(vertices, faces))
    if not finite.any():
        raise SpecimenError(f"{path} is empty: it holds no surface and no points; export it again.")
    vertices = vertices[finite]
    if normals is None or len(normals) != len(finite) or not np.isfinite(normals[finite]).all():
        normals = _estimated_normals(vertices)
    else:
        normals = unit(normals[finite])
    return Mesh(vertices, np.zeros((0, 3), np.int32), normals.astype(np.float32))


def _load(path):
    """Vertices [V, 3], faces [F, 3] and normals [V, 3] or None of a file, all of its objects joined."""
    import trimesh

    kind = str(path).rpartition(".")[2].lower()
    try:
        with open(path, "rb") as file:
            scene = trimesh.load_scene(file, file_type=kind, process=False, skip_materials=True)
        parts = [part for part in scene.dump() if len(getattr(part, "vertices", ()))]
    except PermissionError:
        raise SpecimenError(f"{path} may not be read; give yourself permission and run again.") from None
    except (OSError, MemoryError):  # a fault of the machine, not of the data
        raise
    except Exception as error:  # a parser meets whatever a broken file makes of it
        raise SpecimenError(f"{path} cannot be read as {kind.upper()} ({_brief(error)}); export it again.") from error
    surfaces = [part for part in parts if len(getattr(part, "faces", ()))]
    vertices, faces, offset = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], 0
    for part in surfaces or parts:
        vertices.append(np.asarray(part.vertices, np.float64))
        faces.append(np.asarray(getattr(part, "faces", np.zeros((0, 3))), np.int64).reshape(-1, 3) + offset)
        offset += len(part.vertices)
    given = getattr(parts[0], "metadata", {}).get("_ply_raw") if len(parts) == 1 and not surfaces else None
    vertices, faces = np.concatenate(vertices), np.concatenate(faces)
    _require_whole(path, kind, len(vertices), len(faces))
    return vertices, faces, _ply_normals(given)


def _require_whole(path, kind, vertices, faces):
    """Refuse a file that breaks off: it holds less than its header promises."""
    promised = {"ply": _promised_by_ply, "off": _promised_by_off}.get(kind, lambda file: (0, 0))
    with open(path, "rb") as file:
        promised_vertices, promised_faces = promised(file)
    if vertices < promised_vertices or (faces and faces < promised_faces):
        raise SpecimenError(
            f"{path} breaks off: its header promises {promised_vertices} vertices and {promised_faces} faces, "
            f"but {vertices} and {faces} can be read; copy or export it again."
        )


def _promised_by_ply(file):
    header = iter(lambda: file.readline(HEADER_LINE).split(), [b"end_header"])
    counts = {words[1]: int(words[2]) for words in header if words[:1] == [b"element"] and len(words) == 3}
    return counts.get(b"vertex", 0), counts.get(b"face", 0)


def _promised_by_off(file):
    lines = (line.partition(b"#")[0].split() for line in iter(lambda: file.readline(HEADER_LINE), b""))
    numbers = (int(word) for words in lines for word in words if word.isdigit())
    return next(numbers, 0), next(numbers, 0)


def _ply_normals(raw):
    """The normals among the vertex properties of a PLY, [V, 3] or None."""
    data = (raw or {}).get("vertex", {}).get("data")
    try:
        return np.stack([np.asarray(data[name], np.float64).reshape(-1) for name in ("nx", "ny", "nz")], axis=1)
    except (TypeError, KeyError, ValueError, IndexError):
        return None


def _brief(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _sound(faces, vertices, finite):
    """The faces whose corners exist, are finite and span an area."""
    faces = faces[((faces >= 0) & (faces < len(vertices))).all(axis=1)]
    faces = faces[finite[faces].all(axis=1)]
    return faces[(_face_normals(vertices, faces) != 0).any(axis=1)]


def _compact(vertices, faces):
    """Merge equal vertices and drop unused ones; a face keeps its place and its corners their order."""
    used, corners = np.unique(vertices[faces.reshape(-1)], axis=0, return_inverse=True)
    return used, corners.reshape(-1, 3).astype(np.int32)


def _face_normals(vertices, faces):
    """Cross product of two edges of every face, [F, 3]: twice its area long."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(vertices, faces) -> np.ndarray:
    """Unit normals of vertices, weighted by the angle of each face there (Thürmer and Wüthrich 1998).

    So they do not depend on how a flat part is cut into triangles.

    Parameters
    ----------
    vertices : float64 [V, 3]
    faces : int32 [F, 3], none without an area

    Returns
    -------
    float32 [V, 3]
    """
    flat = unit(_face_normals(vertices, faces))
    summed = np.zeros_like(vertices)
    for corner in range(3):
        here, following, previous = (vertices[faces[:, (corner + turn) % 3]] for turn in range(3))
        cosine = (unit(following - here) * unit(previous - here)).sum(axis=1)
        weighted = flat * np.arccos(np.clip(cosine, -1, 1))[:, None]
        for axis in range(3):
            summed[:, axis] += np.bincount(faces[:, corner], weighted[:, axis], minlength=len(vertices))
    return unit(summed).astype(np.float32)


def _estimated_normals(points, neighbors=12):
    """Normals of a point cloud: the direction in which each point's nearest ones vary least (Hoppe et al. 1992)."""
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(points).query(points, k=min(neighbors, len(points)))
    around = points[nearest.reshape(len(points), -1)]
    around = around - around.mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(around.transpose(0, 2, 1) @ around)
    return axes[:, :, 0]


def facts(mesh) -> dict:
    """What a mesh is, for its record: counts, true bounding box and area in file units, watertight or not."""
    counts = {"vertices": len(mesh.vertices), "faces": len(mesh.faces)}
    box = {"bounding_box": [mesh.vertices.min(axis=0).tolist(), mesh.vertices.max(axis=0).tolist()]}
    if mesh.is_points:
        return {"kind": "points", **counts, **box}
    area = float(np.linalg.norm(_face_normals(mesh.vertices, mesh.faces), axis=1).sum() / 2)
    return {"kind": "surface", **counts, **box, "area": area, "watertight": _watertight(mesh.faces)}


def _watertight(faces):
    """Whether every edge joins exactly two faces."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    return bool((uses == 2).all())
