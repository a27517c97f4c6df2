import csv
import io

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from fossilvit import examples
from fossilvit.collection import catalog, duplicates
from fossilvit.errors import UserError
from fossilvit.meshes import read
from fossilvit.store.tables import SPECIMENS_COLUMNS

SEEDS = st.integers(0, 2**32 - 1)
AXES = np.eye(3)


class Shape:
    """A mesh as duplicates are told by: vertices float64 [V, 3] and faces int32 [F, 3]."""

    def __init__(self, vertices, faces=()):
        self.vertices = np.asarray(vertices, np.float64)
        self.faces = np.asarray(faces, np.int32).reshape(-1, 3)
        self.is_points = not len(self.faces)

    def moved(self, vertices):
        return Shape(vertices, self.faces)


def row(identity, shape, digest=None, status="ok"):
    """The row of a specimen in the table of specimens, as it is read from there."""
    mesh = {
        "kind": "points" if shape.is_points else "surface",
        "vertices": len(shape.vertices),
        "faces": len(shape.faces),
        "bounding_box": [shape.vertices.min(axis=0).tolist(), shape.vertices.max(axis=0).tolist()],
        "area": None if shape.is_points else float(trimesh.Trimesh(shape.vertices, shape.faces, process=False).area),
    }
    record = {"status": status, "file": {"sha256": digest or identity}, "mesh": mesh if status == "ok" else None}
    text = io.StringIO()
    csv.writer(text).writerows(catalog.specimens({identity: record}))
    return dict(zip(SPECIMENS_COLUMNS, next(csv.reader([text.getvalue()])), strict=True))


def found(**shapes):
    """The duplicates among shapes by ID."""
    return duplicates.find([row(identity, shape) for identity, shape in shapes.items()], shapes.get)


def shuffled(shape, rng):
    """The same shape with its vertices, faces and the corners of every face in another order."""
    order = rng.permutation(len(shape.vertices))
    faces = np.argsort(order)[shape.faces[rng.permutation(len(shape.faces))]]
    return Shape(shape.vertices[order], rng.permuted(faces, axis=1))


def surface():
    return Shape(*examples.make("ammonoid", 1, 0))


def cloud(count=500):
    return Shape(np.random.default_rng(5).normal(size=(count, 3)))


def grid():
    """Two by two squares in a plane, each cut into two triangles."""
    vertices = [(x, y, 0) for x in range(3) for y in range(3)]
    corners = [3 * x + y for x in range(2) for y in range(2)]
    return Shape(vertices, [face for c in corners for face in ((c, c + 1, c + 3), (c + 1, c + 4, c + 3))])


SHAPES = {"surface": surface(), "points": cloud(), "plane": grid(), "one point": cloud(1)}
DETAILED = ["surface", "points"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
@given(SEEDS)
def test_another_order_in_another_place_with_six_digits_is_a_duplicate(name, seed):
    rng, shape = np.random.default_rng(seed), SHAPES[name]
    other = shuffled(shape, rng)
    for vertices in (
        other.vertices,
        other.vertices + rng.normal(size=3),
        (other.vertices + rng.normal(size=3)).astype(np.float32),
        (other.vertices + rng.normal(size=3)).round(6),
        np.vectorize(lambda value: float(f"{value:.6g}"))(other.vertices + rng.normal(size=3)),
    ):
        assert found(a=shape, b=other.moved(vertices)) == [("b", "a", "geometry")]


@pytest.mark.parametrize("name", DETAILED)
@given(SEEDS, st.sampled_from([1e-6, 1, 1e6]), st.sampled_from([0, 1, 1e5]))
def test_one_vertex_moved_by_a_thousandth_of_the_size_is_no_duplicate(name, seed, scale, place):
    rng, shape = np.random.default_rng(seed), SHAPES[name]
    vertices = shape.vertices.copy()
    direction = rng.normal(size=3)
    direction *= 1e-3 * np.ptp(vertices, axis=0).max() / np.linalg.norm(direction)
    vertices[rng.integers(len(vertices))] += direction
    one, other = (shape.moved(scale * (corners + place)) for corners in (shape.vertices, vertices))
    assert found(a=one, b=other) == [] and not duplicates.same(one, other)


@pytest.mark.parametrize("name", DETAILED)
@pytest.mark.parametrize(
    "change",
    [
        *(np.eye(3) - 2 * np.outer(axis, axis) for axis in AXES),
        *(trimesh.transformations.rotation_matrix(angle, axis)[:3, :3] for axis in AXES for angle in (0.01, np.pi)),
        1.001 * np.eye(3),
        np.diag([1, 1, 1.001]),
    ],
    ids=[*("mirrored " + axis for axis in "xyz"), *(f"turned {x} {a}" for x in "xyz" for a in (0.01, "pi")), "s", "z"],
)
def test_mirrored_turned_and_scaled_shapes_are_no_duplicates(name, change):
    shape = SHAPES[name]
    assert found(a=shape, b=shape.moved(shape.vertices @ change.T)) == []


def test_the_same_vertices_joined_otherwise_are_no_duplicate():
    shape = grid()
    turned = shape.faces.copy()
    turned[:2] = (0, 1, 4), (0, 4, 3)
    other = Shape(shape.vertices, turned)
    assert duplicates.candidates([row("a", shape), row("b", other)]) == [["a", "b"]]
    assert found(a=shape, b=other) == []


def test_vertices_apart_by_less_than_rounding_in_one_file_are_no_difference():
    """A plane cut along its middle, vertices 3 to 5, and the same plane in one piece."""
    whole = grid()
    right = (whole.faces >= 3).all(axis=1)
    faces = np.where(right[:, None] & (whole.faces < 6), whole.faces + 6, whole.faces)
    cut = Shape(np.concatenate([whole.vertices, whole.vertices[3:6] + 1e-15]), faces)
    for other in (cut, cut.moved(cut.vertices + 0.1)):
        assert found(a=whole, b=other) == found(a=other, b=whole) == [("b", "a", "geometry")]


def test_a_point_more_or_a_surface_and_its_points_are_no_duplicates():
    assert found(a=cloud(500), b=cloud(499), c=surface(), d=Shape(surface().vertices)) == []


def test_a_cloud_of_endlessly_repeated_points_is_compared_at_once():
    """Scanners write the origin for every beam that met nothing."""
    shape = Shape(np.concatenate([np.zeros((100_000, 3)), cloud().vertices]))
    assert found(a=shape, b=shape.moved(shape.vertices + 1)) == [("b", "a", "geometry")]


def test_all_of_a_shape_name_its_first_in_order_of_id():
    shape, other = surface(), cloud()
    shapes = {"d": shape, "b/標本, 1": shape, "c": other, "a": other, "e": grid()}
    assert duplicates.find([row(identity, shapes[identity]) for identity in shapes], shapes.get) == [
        ("c", "a", "geometry"),
        ("d", "b/標本, 1", "geometry"),
    ]


def test_the_same_file_is_told_without_reading_it():
    rows = [row("b", surface(), "same"), row("a", surface(), "same"), row("c", cloud())]
    assert duplicates.find(rows, None) == [("b", "a", "file")]


def test_what_is_in_common_is_told_of_the_pair():
    """b is a stored otherwise, and c a copy of b's file: c and a have no more than their geometry in common."""
    rows = [row("a", surface()), row("b", surface(), "b"), row("c", surface(), "b"), row("d", surface(), "a")]
    shapes = dict.fromkeys("ab", surface())
    assert duplicates.find(rows, shapes.get) == [("b", "a", "geometry"), ("c", "a", "geometry"), ("d", "a", "file")]


def test_a_failed_specimen_is_no_duplicate():
    assert duplicates.find([row(identity, surface(), "same", "failed") for identity in "ab"], None) == []


@pytest.mark.parametrize("gone", "abc")
def test_a_mesh_that_has_gone_is_passed_over(gone):
    shapes = dict.fromkeys(sorted({*"abc"} - {gone}), surface())
    first, second = shapes
    rows = [row(identity, surface()) for identity in "abc"]
    assert duplicates.find(rows, shapes.get) == [(second, first, "geometry")]


def test_a_mesh_is_read_once_and_only_if_another_has_its_facts():
    asked = []
    shapes = {"a": surface(), "b": surface(), "c": surface(), "d": cloud(), "e": grid()}

    def reading(identity):
        asked.append(identity)
        return shapes[identity]

    assert len(duplicates.find([row(identity, shape) for identity, shape in shapes.items()], reading)) == 2
    assert sorted(asked) == ["a", "b", "c"]


def table(*identities, failed=()):
    return [{"specimen_id": one, "status": "failed" if one in failed else "ok"} for one in identities]


def test_scans_of_one_object_are_told_with_the_first_of_them():
    object_of = {"d": "NHM 1", "b": "NHM 1", "c": "標本", "a": "only one"}
    assert duplicates.with_objects(table("d", "c", "b", "a"), [], object_of) == [("d", "b", "object")]


def test_without_objects_the_copies_are_as_they_were():
    copies = [("c", "b", "geometry"), ("d", "a", "file")]
    assert duplicates.with_objects(table(*"abcd"), copies, {}) == copies


def test_objects_and_copies_join_and_what_is_in_common_with_the_first_is_told():
    """c is a copy of b, which shows the object of a; d is a copy of a, and e is a copy of the copy c."""
    copies = [("c", "b", "geometry"), ("d", "a", "file"), ("e", "b", "file")]
    assert duplicates.with_objects(table(*"edcba"), copies, {"a": "x", "b": "x"}) == [
        ("b", "a", "object"),
        ("c", "a", "object"),
        ("d", "a", "file"),
        ("e", "a", "object"),
    ]


def test_a_copy_of_two_objects_makes_them_one():
    assert duplicates.with_objects(table(*"abcd"), [("d", "c", "file")], {"a": "x", "c": "x", "d": "y", "b": "y"}) == [
        ("b", "a", "object"),
        ("c", "a", "object"),
        ("d", "a", "object"),
    ]


def test_a_failed_scan_shows_no_object():
    assert duplicates.with_objects(table(*"abc", failed="a"), [], dict.fromkeys("abc", "x")) == [("c", "b", "object")]
    assert duplicates.with_objects([], [], {"a": "x"}) == []


@given(st.lists(st.sampled_from("xyz"), max_size=8), st.data())
def test_every_specimen_of_a_set_but_the_first_has_one_row(names, data):
    identities = [f"{number:02}" for number in range(len(names))]
    numbers = st.integers(0, max(len(names) - 1, 0))
    pairs = data.draw(st.lists(st.tuples(numbers, numbers).map(sorted), max_size=4 if names else 0))
    copies = sorted({identities[b]: (identities[b], identities[a], "file") for a, b in pairs if a < b}.values())
    sets = {one: {one} for one in identities}
    links = [(one, first) for one, first, _ in copies]
    links += [
        (a, b) for a, x in zip(identities, names, strict=True) for b, y in zip(identities, names, strict=True) if x == y
    ]
    for a, b in links:
        joined = sets[a] | sets[b]
        sets |= dict.fromkeys(joined, joined)
    found = duplicates.with_objects(table(*identities), copies, dict(zip(identities, names, strict=True)))
    assert [row[:2] for row in found] == [(one, min(sets[one])) for one in identities if one != min(sets[one])]


def rows_of(*pairs):
    return [{"specimen_id": one, "duplicate_of": other, "same": "file"} for one, other in pairs]


def test_the_original_stands_for_its_copies():
    rows = rows_of(("b", "a"), ("d", "a"))
    assert duplicates.originals(["a", "b", "c", "d"], rows).tolist() == [0, 0, 2, 0]
    assert duplicates.originals(["b", "a"], rows).tolist() == [1, 1]
    assert duplicates.originals(["a", "b"], []).tolist() == [0, 1] and duplicates.originals([], rows).dtype == int


def test_the_first_copy_stands_for_all_if_the_original_is_not_in_the_collection():
    assert duplicates.originals(["b", "c", "d"], rows_of(("d", "a"), ("b", "a"))).tolist() == [0, 1, 0]


def test_without_a_table_there_are_no_copies_and_a_table_has_a_digest(tmp_path):
    assert duplicates.read(tmp_path / "duplicates.csv") == ([], None)
    (tmp_path / "duplicates.csv").write_text("specimen_id,duplicate_of,same\nb,a,file\n")
    rows, digest = duplicates.read(tmp_path / "duplicates.csv")
    assert rows == rows_of(("b", "a")) and len(digest) == 64


def test_an_empty_collection_has_no_duplicates():
    assert duplicates.find([], None) == [] and duplicates.candidates([row("a", cloud())]) == []


@pytest.mark.parametrize("place", [0, 40])
def test_other_formats_of_a_fossil_are_duplicates(tmp_path, place):
    shape = surface()
    shapes = {}
    for extension, options in {"ply": {}, "obj": {"digits": 6}, "stl": {}, "off": {"digits": 6}}.items():
        path = tmp_path / f"fossil.{extension}"
        mesh = trimesh.Trimesh(shape.vertices + place * (extension != "ply"), shape.faces, process=False)
        mesh.export(path, **options)
        shapes[extension] = read(path)
    assert found(**shapes) == [("off", "obj", "geometry"), ("ply", "obj", "geometry"), ("stl", "obj", "geometry")]


@pytest.mark.parametrize("size", [None, 1])
def test_a_collection_of_ten_thousand_different_shapes_is_read_nowhere(size):
    """All have the same number of faces, as after decimation, or are even scaled to the same length."""
    rng = np.random.default_rng(0)
    rows = []
    for number, (extents, area) in enumerate(zip(rng.random((10_000, 3)), rng.random(10_000), strict=True)):
        extents[0] = size or extents[0]
        record = {
            "status": "ok",
            "file": {"sha256": str(number)},
            "mesh": {"vertices": 50_000, "faces": 100_000, "bounding_box": [[0, 0, 0], extents.tolist()], "area": area},
        }
        rows += catalog.specimens({f"{number:05}": record})
    table = [dict(zip(SPECIMENS_COLUMNS, map(str, cells), strict=True)) for cells in rows]
    asked = []
    assert duplicates.find(table, asked.append) == [] and len(asked) < 10


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "many"])
def test_a_fact_that_is_no_finite_number_is_named_with_its_specimen(value):
    rows = [row("a", cloud(4)), row("shells/b", cloud(4)) | {"max_x": value}]
    with pytest.raises(UserError, match=f"has '{value}' as max_x of 'shells/b'"):
        duplicates.find(rows, {}.get)
