"""The same shape under another name: a copied file, or a mesh stored in another format, order or place.

In: the table of specimens, and the meshes of those whose facts agree. Out: rows of tables.DUPLICATES_COLUMNS.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

ROUNDING = 2e-5
"""What two roundings to six digits can make of a coordinate and of the corner it counts from, as a share of the largest
coordinate; float32 rounds a hundred times finer."""
DECIMALS = 2e-6
"""What two roundings to six decimals can make of them, in file units: more than that in a small mesh."""
MOST = 1e-4
"""No tolerance is more than this share of the size, however far from the origin a mesh lies."""
SIMILAR = 3 * MOST
"""How far signatures of the same shape can lie apart."""
AREA = 0.03
"""Weight of the area in a signature: rounded corners change it by up to 1 %."""


def find(rows, read) -> list[tuple[str, str, str]]:
    """Every specimen that has the same shape as one before it in order of ID.

    The same is what differs in no more than the order of vertices and faces, the sense of faces, the place and the
    rounding of the file format. Mirrored, turned and scaled shapes are others.

    Parameters
    ----------
    rows : list of dict of column to text
        The table of specimens; failed ones have no shape.
    read : function of an ID
        Gives a mesh (vertices float64 [V, 3], faces int [F, 3]), or None where there is none any more. It is called
        once for a specimen at most, and only where the facts and not the bytes of files agree.

    Returns
    -------
    list of (ID, the first ID of its shape, `file` or `geometry`: what the two have in common), in order of ID
    """
    files = {}
    for row in sorted(rows, key=lambda row: row["specimen_id"]):
        if row["status"] == "ok":
            files.setdefault(row["sha256"], []).append(row)
    first_of = {}
    for group in candidates([copies[0] for copies in files.values()]):
        first_of |= matched(group, read)
    found = []
    for copies in files.values():
        original = copies[0]["specimen_id"]
        first = first_of.get(original, original)
        same_as = "file" if first == original else "geometry"
        found += [(row["specimen_id"], first, same_as) for row in copies if row["specimen_id"] != first]
    return sorted(found)


def candidates(rows) -> list[list[str]]:
    """IDs of specimens whose facts agree, in groups of two and more; IDs are in the order of the rows."""
    pairs = cKDTree(signatures(rows)).query_pairs(SIMILAR, p=np.inf, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows), len(rows)))
    groups = {}
    for row, group in zip(rows, connected_components(graph, directed=False)[1], strict=True):
        groups.setdefault(group, []).append(row["specimen_id"])
    return [group for group in groups.values() if len(group) > 1]


def signatures(rows):
    """The facts of specimens as points, float64 [N, 6]: those of the same shape lie within SIMILAR on every axis.

    They are the number of faces, or less than nothing by that of points; logarithms of size and area; proportions.
    """
    columns = ("vertices", "faces", "min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area")
    table = np.array([[float(row[column] or 1) for column in columns] for row in rows]).reshape(-1, len(columns))
    vertices, faces, extents = table[:, 0], table[:, 1], table[:, 5:8] - table[:, 2:5]
    size, area = np.maximum([extents.max(axis=1), table[:, 8]], np.finfo(float).tiny)
    count = np.where(faces > 0, faces, -vertices)
    return np.column_stack([count, np.log(size), AREA * np.log(area), extents / size[:, None]])


def matched(identities, read) -> dict[str, str]:
    """The first ID of the same shape for every one of a group that is not itself the first.

    A mesh is read once, and only the first of every shape is kept.
    """
    firsts, first_of = {}, {}
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


def same(one, other) -> bool:
    """Whether two meshes are one shape: vertices match both ways within the tolerance and are joined alike."""
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
    return np.array_equal(*_joined(one.faces, other.faces, to_theirs, to_ours))


def tolerance(one, other) -> float:
    """How far apart rounding can leave the same vertex of two meshes, in file units.

    Parameters
    ----------
    one, other : float64 [V, 3]
    """
    coordinate = max(np.abs(one).max(), np.abs(other).max())
    size = max(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max())
    return min(max(ROUNDING * coordinate, DECIMALS), MOST * size)


def _placed(mesh):
    """Vertices from the corner of their bounding box; of points, where scanners repeat some endlessly, each once."""
    vertices = np.unique(mesh.vertices, axis=0) if mesh.is_points else mesh.vertices
    return vertices - vertices.min(axis=0)


def _joined(ours, theirs, to_theirs, to_ours):
    """The faces of two meshes in common names of their vertices, sorted, so that equal ones are equal rows.

    Vertices that are the nearest to each other share a name. So those that one file keeps apart by less than rounding,
    and the other does not, are no difference.
    """
    count = len(to_theirs) + len(to_ours)
    pairs = np.arange(count), np.concatenate([to_theirs + len(to_theirs), to_ours])
    _, names = connected_components(coo_array((np.ones(count, bool), pairs), shape=(count, count)), directed=False)
    for faces in (names[ours], names[theirs + len(to_theirs)]):
        faces = np.sort(faces, axis=1)
        yield faces[np.lexsort(faces.T)]
