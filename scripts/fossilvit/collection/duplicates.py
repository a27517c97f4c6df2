"""Specimens that are there twice: copied files, meshes in another format, order or position, and scans of one object.

In: the table of specimens, the meshes of those whose facts agree, and what the user says of objects. Out: rows of
tables.DUPLICATES_COLUMNS, and the specimens that stand for others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from fossilvit.errors import UserError
from fossilvit.store import digests
from fossilvit.store.files import PathLike
from fossilvit.store.tables import DUPLICATES_COLUMNS, read_table

if TYPE_CHECKING:  # rules on the whole collection have no libraries for meshes
    from fossilvit.meshes import Mesh

ROUNDING = 2e-5
"""Largest rounding error between two files with coordinates of six digits, as a share of the largest coordinate: a
vertex and the corner it is measured from are rounded in each file. float32 rounds a hundred times finer."""
DECIMALS = 2e-6
"""The same for coordinates of six decimals, in file units. In a small mesh it is the larger of the two."""
MOST = 1e-4
"""Largest tolerance, as a share of the size of a mesh, however far from the origin the mesh lies."""
SIMILAR = 3 * MOST
"""Largest distance between the signatures of one shape."""
AREA = 0.03
"""Weight of the area in a signature: rounded corners change the area by up to 1 %."""


def find(rows: Sequence[Mapping[str, str]], read: Callable[[str], "Mesh | None"]) -> list[tuple[str, str, str]]:
    """Find every specimen that has the same shape as one before it in order of ID.

    Shapes are the same if they differ only in the order of vertices and faces, the orientation of faces, the position,
    and the rounding of the file format. Mirrored, rotated and scaled shapes are different.

    Parameters
    ----------
    rows : list of dict of column to text
        The table of specimens. Failed specimens are skipped.
    read : function of an ID
        Returns the mesh (vertices float64 [V, 3], faces int [F, 3]), or None if its file is gone. It is called at most
        once per specimen, and only if the facts of files agree and their bytes differ.

    Returns
    -------
    list of (ID, first ID of the same shape, `file` or `geometry`: what is the same in both), in order of ID
    """
    files: dict[str, list[Mapping[str, str]]] = {}
    for row in sorted(rows, key=lambda row: row["specimen_id"]):
        if row["status"] == "ok":
            files.setdefault(row["sha256"], []).append(row)
    first_of: dict[str, str] = {}
    for group in candidates([copies[0] for copies in files.values()]):
        first_of |= matched(group, read)
    found = []
    for copies in files.values():
        original = copies[0]["specimen_id"]
        first = first_of.get(original, original)
        same_as = "file" if first == original else "geometry"
        found += [(row["specimen_id"], first, same_as) for row in copies if row["specimen_id"] != first]
    return sorted(found)


def with_objects(
    rows: Sequence[Mapping[str, str]], copies: Sequence[tuple[str, str, str]], object_of: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Find every specimen that has the same shape as one before it in order of ID, or shows the same object.

    A copy of a scan shows what the scan shows, whether the table of objects names the copy or not.

    Parameters
    ----------
    rows : list of dict of column to text
        The table of specimens. Failed specimens are skipped.
    copies : list of (ID, first ID of the same shape, what is the same)
        What find() returns.
    object_of : dict of ID to the name of its object

    Returns
    -------
    list of (ID, first ID of the same object, `file`, `geometry` or `object`: what is the same in both), in order of ID
    """
    shape_of = {identity: first for identity, first, _ in copies}
    same = {identity: what for identity, _, what in copies}
    there = sorted(row["specimen_id"] for row in rows if row["status"] == "ok")
    number = {identity: place for place, identity in enumerate(there)}
    shows: dict[str, int] = {}
    links = [(number[identity], number[first]) for identity, first in shape_of.items()]
    for place, identity in enumerate(there):
        if identity in object_of:
            links.append((place, shows.setdefault(object_of[identity], place)))
    first_of = _firsts(links, len(there))
    found = []
    for identity, place in zip(there, first_of, strict=True):
        first = there[place]
        if first != identity:
            found.append((identity, first, same[identity] if shape_of.get(identity) == first else "object"))
    return found


def read(path: PathLike) -> tuple[list[dict[str, Any]], str | None]:
    """Read the table of duplicates, and its digest. Without the table there are no duplicates, and no digest."""
    if not Path(path).exists():
        return [], None
    return read_table(path, DUPLICATES_COLUMNS), digests.of_file(path)


def originals(identities: Sequence[str], rows: Sequence[Mapping[str, str]]) -> np.ndarray:
    """The row of the specimen that stands for each: its own, or that of the one it is a copy of.

    If that one is not in the collection, the first of its copies in the collection stands for all of them.

    Parameters
    ----------
    identities : sequence of str, [N]
        The IDs of the collection.
    rows : list of dict of column to text
        The table of duplicates.

    Returns
    -------
    int [N]
    """
    original_of = {row["specimen_id"]: row["duplicate_of"] for row in rows}
    stands_for = {identity: row for row, identity in enumerate(identities)}
    found = []
    for row, identity in enumerate(identities):
        found.append(stands_for.setdefault(original_of.get(identity, identity), row))
    return np.array(found, int)


def standing(identities: Sequence[str], rows: Sequence[Mapping[str, str]]) -> np.ndarray:
    """Which specimens stand for their object, bool [N]; see originals()."""
    stands: np.ndarray = originals(identities, rows) == np.arange(len(identities))
    return stands


def candidates(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """The IDs of specimens whose facts agree, in groups of two or more. IDs are in the order of the rows."""
    pairs = cKDTree(signatures(rows)).query_pairs(SIMILAR, p=np.inf, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows), len(rows)))
    groups: dict[int, list[str]] = {}
    for row, group in zip(rows, connected_components(graph, directed=False)[1], strict=True):
        groups.setdefault(group, []).append(row["specimen_id"])
    return [group for group in groups.values() if len(group) > 1]


def signatures(rows: Sequence[Mapping[str, str]]) -> np.ndarray:
    """The facts of specimens as points, float64 [N, 6]. Those of one shape differ by at most SIMILAR on every axis.

    The axes are the number of faces (for a point cloud minus the number of points), the logarithms of size and area,
    and the three proportions of the bounding box.

    Raises
    ------
    UserError
        A fact is no finite number.
    """
    columns = ("vertices", "faces", "min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area")
    table = np.array([[_fact(row, column) for column in columns] for row in rows]).reshape(-1, len(columns))
    vertices, faces, extents = table[:, 0], table[:, 1], table[:, 5:8] - table[:, 2:5]
    size, area = np.maximum([extents.max(axis=1), table[:, 8]], np.finfo(float).tiny)
    count = np.where(faces > 0, faces, -vertices)
    return np.column_stack([count, np.log(size), AREA * np.log(area), extents / size[:, None]])


def _fact(row: Mapping[str, str], column: str) -> float:
    """A number in the table of specimens; 1 where its cell is empty."""
    try:
        value = float(row[column] or 1)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise UserError(
            f"The table of specimens has {row[column]!r} as {column} of {row['specimen_id']!r}; delete the table, and "
            "run again."
        )
    return value


def _firsts(links: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The first number of the set that each belongs to, if linked numbers are in one set."""
    pairs = np.array(links, int).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    sets = connected_components(graph, directed=False)[1]
    _, firsts, members = np.unique(sets, return_index=True, return_inverse=True)
    found: list[int] = firsts[members].tolist()
    return found


def matched(identities: Sequence[str], read: Callable[[str], "Mesh | None"]) -> dict[str, str]:
    """The first ID of the same shape, by ID, for every specimen of a group that is not itself the first.

    Every mesh is read once, and only the first of every shape stays in memory.
    """
    firsts: dict[str, Mesh] = {}
    first_of: dict[str, str] = {}
    for identity in identities:
        mesh = read(identity)
        if mesh is None:
            continue
        first = next((first for first, other in firsts.items() if same(mesh, other)), None)
        if first is None:
            firsts[identity] = mesh
        else:
            first_of[identity] = first
    return first_of


def same(one: "Mesh", other: "Mesh") -> bool:
    """Return whether two meshes have one shape: vertices match both ways within the tolerance, and faces match."""
    if one.faces.shape != other.faces.shape or (one.is_points and one.vertices.shape != other.vertices.shape):
        return False
    ours, theirs = _placed(one), _placed(other)
    allowed = tolerance(one.vertices, other.vertices)
    gaps, to_theirs = cKDTree(theirs).query(ours, p=np.inf)
    if (gaps > allowed).any():
        return False
    gaps, to_ours = cKDTree(ours).query(theirs, p=np.inf)
    if (gaps > allowed).any():
        return False
    our_faces, their_faces = _joined(one.faces, other.faces, to_theirs, to_ours)
    return np.array_equal(our_faces, their_faces)


def tolerance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest distance that rounding can leave between the same vertex of two meshes, in file units.

    Parameters
    ----------
    one, other : float64 [V, 3]
    """
    coordinate = max(np.abs(one).max(), np.abs(other).max())
    size = max(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max())
    return float(min(max(ROUNDING * coordinate, DECIMALS), MOST * size))


def _placed(mesh: "Mesh") -> np.ndarray:
    """Vertices relative to the corner of their bounding box. Equal points of a cloud are taken once."""
    vertices = np.unique(mesh.vertices, axis=0) if mesh.is_points else mesh.vertices
    placed: np.ndarray = vertices - vertices.min(axis=0)
    return placed


def _joined(ours: np.ndarray, theirs: np.ndarray, to_theirs: np.ndarray, to_ours: np.ndarray) -> Iterator[np.ndarray]:
    """The faces of two meshes with common numbers for their vertices, sorted, so that equal faces are equal rows.

    A vertex and the nearest vertex of the other mesh share a number. So it makes no difference if one file keeps
    vertices apart that lie closer together than rounding, and the other does not.

    Parameters
    ----------
    ours, theirs : int [F, 3]
    to_theirs, to_ours : int [V]
        For every vertex, the nearest vertex of the other mesh.
    """
    count = len(to_theirs) + len(to_ours)
    pairs = np.arange(count), np.concatenate([to_theirs + len(to_theirs), to_ours])
    _, names = connected_components(coo_array((np.ones(count, bool), pairs), shape=(count, count)), directed=False)
    for faces in (names[ours], names[theirs + len(to_theirs)]):
        faces = np.sort(faces, axis=1)
        yield faces[np.lexsort(faces.T)]
