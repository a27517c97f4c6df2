import numpy as np
import pytest
import trimesh

from fossilvit import examples, meshes
from fossilvit.errors import SpecimenError
from fossilvit.examples import collection, shapes

CATEGORIES = list(examples.CATEGORIES)
SEEDS = range(5)


def test_there_are_eight_categories():
    assert CATEGORIES == [
        "ammonoid", "gastropod", "bivalve", "brachiopod", "crinoid", "echinoid", "trilobite", "shark_tooth",
    ]  # fmt: skip


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_fossil_is_a_closed_surface_that_looks_outward(category, seed):
    vertices, faces = examples.make(category, 0, seed)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0
    assert np.isfinite(vertices).all() and 1_000 < len(faces) < 100_000
    assert set(faces.ravel()) == set(range(len(vertices)))


@pytest.mark.parametrize(
    ("category", "least", "most"),
    [("ammonoid", 25, 90), ("gastropod", 20, 70), ("brachiopod", 12, 40), ("crinoid", 45, 120), ("trilobite", 20, 70)],
)
def test_fossils_are_as_large_in_millimeters_as_they_say(category, least, most):
    """The longest side of the bounding box, give or take the strain and the tilt."""
    sizes = [np.ptp(examples.make(category, index, 0)[0], axis=0).max() for index in range(20)]
    assert 0.85 * least < min(sizes) and max(sizes) < 1.15 * most
    assert max(sizes) > 1.2 * min(sizes)


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_fossil_depends_on_its_category_index_and_seed_alone(category):
    first = examples.make(category, 3, 7)
    examples.make("ammonoid", 0, 0)
    again = examples.make(category, 3, 7)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    for index, seed in ((4, 7), (3, 8)):
        other = examples.make(category, index, seed)[0]
        assert other.shape != first[0].shape or np.abs(other - first[0]).max() > 0.1


def test_the_volume_of_a_box_by_hand():
    box = trimesh.creation.box((1, 2, 3))
    assert shapes.volume(box.vertices, box.faces) == pytest.approx(6)
    assert shapes.volume(box.vertices, box.faces[:, ::-1]) == pytest.approx(-6)


def test_a_sweep_of_circles_is_a_cylinder():
    around = shapes.circle(200)
    rings = [np.stack([np.cos(around), np.sin(around), np.full(200, z)], axis=1) for z in (0, 1, 3)]
    for order in (rings, rings[::-1]):
        assert shapes.volume(*shapes.sweep(np.stack(order))) == pytest.approx(3 * np.pi, rel=1e-3)


def test_a_tilt_moves_nothing_relative_to_another():
    points = np.random.default_rng(0).normal(size=(20, 3))
    turned = shapes.tilted(points, np.random.default_rng(1), most=8)
    assert np.allclose(turned @ turned.T, points @ points.T)
    cosines = (turned * points).sum(axis=1) / (points**2).sum(axis=1)
    assert not np.allclose(turned, points) and np.degrees(np.arccos(cosines)).max() <= 8


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fossils")
    return folder, collection.write_collection(folder, 1, 0)


def test_a_collection_has_every_category_in_several_formats_and_three_odd_files(written):
    folder, paths = written
    assert len(paths) == 8 + 3 and all(path.is_file() for path in paths)
    assert {path.parent.name for path in paths} == {*CATEGORIES, "unreadable"}
    assert {path.suffix for path in paths} == {".ply", ".obj", ".stl", ".off"}


def test_every_file_of_a_collection_can_be_read_but_the_broken_one(written):
    kinds = {}
    for path in written[1]:
        try:
            kinds[path.stem] = meshes.facts(meshes.read(path))["kind"]
        except SpecimenError:
            kinds[path.stem] = "broken"
    assert kinds.pop("truncated scan") == "broken"
    assert kinds.pop("echinoid_points") == "points"
    assert set(kinds.values()) == {"surface"} and "アンモナイト 標本" in kinds


def test_a_larger_collection_holds_the_specimens_of_a_smaller_one(written, tmp_path):
    collection.write_collection(tmp_path, 2, 0)
    for category in CATEGORIES:
        (small,) = (written[0] / category).glob(f"{category}_01.*")
        assert (tmp_path / category / small.name).read_bytes() == small.read_bytes()


def test_a_collection_made_again_keeps_its_files_and_mends_what_was_changed(written):
    folder, paths = written
    paths[0].write_bytes(b"changed")
    dates = [path.stat().st_mtime_ns for path in paths]
    collection.write_collection(folder, 1, 0)
    assert [path.stat().st_mtime_ns for path in paths[1:]] == dates[1:]
    assert meshes.read(paths[0]).faces.size
