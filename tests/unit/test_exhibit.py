"""An exhibit shows the specimen as figures do, and a scan that is lost costs its mesh and nothing else."""

import numpy as np
import pytest

from fossilvit.errors import SpecimenError, UserError
from fossilvit.pages.atlas import exhibit
from fossilvit.provenance import recipes
from fossilvit.store import files, layout
from fossilvit.store.records import has_picture, read_record, recorded_digest
from fossilvit.store.renders import BrokenView, best_view, read_view, view_paths
from fossilvit.views import cameras, poses, recording, rendering
from fossilvit.views.cameras import Camera
from fossilvit.views.studio import Settings
from scripts import make_exhibits

from . import exhibits
from .shapes import box, fossil, points_on_a_ball, surface
from .test_strays import STRAYS, joined
from .writers import ply_mesh

SMALL = Settings(size=96)
IDENTITY = "shells/a b"
BLOCK = box(3, 2, 1)


@pytest.fixture
def make(tmp_path):
    """Renders a scan and makes its exhibit; returns its thumbnail and the rest."""

    def make(mesh=BLOCK, settings=SMALL, between=lambda path: None):
        path = tmp_path / "meshes/shells/a b.ply"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(scan(mesh))
        recording.render(str(path), IDENTITY, settings, tmp_path / "renders")
        between(path)
        make.without_mesh = exhibit.write(str(path), IDENTITY, tmp_path / "renders", tmp_path / "exhibits")
        return exhibits.read(tmp_path / "exhibits", IDENTITY)

    return make


def scan(mesh):
    """A PLY of a mesh."""
    return ply_mesh(mesh.vertices.tolist(), mesh.faces.tolist(), form="binary_little_endian")


def seen(packed, size):
    """The mesh of an exhibit as its camera sees it, uint8 [size, size, 3]."""
    points, faces = exhibits.shape(packed["positions"], packed["faces"], packed["step"])
    mesh = surface(points, faces)
    with rendering.renderer("raster", size) as draw:
        camera = Camera(np.array(packed["camera"]).reshape(3, 3), cameras.FOCAL)
        return next(draw(mesh, poses.pose(mesh), [camera]))


@pytest.mark.parametrize(
    ("align", "picture", "aside"), [("principal", "pose", False), ("principal", "file", True), ("none", "pose", False)]
)
def test_its_camera_sees_its_mesh_as_figures_show_the_specimen(make, tmp_path, align, picture, aside):
    _, made = make(fossil(), SMALL._replace(align=align, picture=picture))
    assert has_picture(files.read_json(layout.render_record(tmp_path / "renders", IDENTITY))) == aside
    figure, found = read_view(best_view(tmp_path / "renders", IDENTITY)), seen(made["mesh"], SMALL.size)
    in_figure, in_found = figure[..., 0] != 255, found[..., 0] != 255
    assert (in_figure & in_found).sum() > 0.93 * (in_figure | in_found).sum()
    both = in_figure & in_found
    assert np.corrcoef(figure[both][:, 0], found[both][:, 0])[0, 1] > 0.8


def test_its_views_stand_side_by_side(make, tmp_path):
    thumbnail, made = make()
    views = made["views"]
    strip = exhibits.picture(views["image"])
    assert (views["size"], views["numbers"], views["all"]) == (96, [*range(12)], 12)
    assert strip.size == (12 * 96, 96) and thumbnail.size == (96, 96)
    for number, path in enumerate(view_paths(tmp_path / "renders", IDENTITY)):
        shown = np.asarray(strip.convert("RGB"))[:, 96 * number : 96 * (number + 1)]
        assert np.abs(shown.astype(int) - read_view(path)).mean() < 4


@pytest.mark.parametrize(
    ("settings", "numbers", "count"),
    [
        (SMALL._replace(mirror="ignore"), [*range(12)], 12),
        (SMALL._replace(views=4), [*range(4)], 4),
        (SMALL._replace(views=30), [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27], 30),
    ],
)
def test_at_most_twelve_views_are_shown_and_no_mirror_image(make, settings, numbers, count):
    views = make(settings=settings)[1]["views"]
    assert (views["numbers"], views["all"]) == (numbers, count)


def test_a_point_cloud_is_shown_as_points(make):
    mesh = make(points_on_a_ball(6000))[1]["mesh"]
    points, faces = exhibits.shape(mesh["positions"], mesh["faces"], mesh["step"])
    assert not len(faces) and 1000 < len(points) <= 4000
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=0.05)


@pytest.mark.parametrize(("strays", "nearest", "farthest"), [("leave_out", 30, 40), ("keep", 60, 90)])
def test_strays_are_shown_if_views_show_them(make, strays, nearest, farthest):
    """The tooth is 70 long, and its strays lie 90 and 120 from its middle."""
    mesh = make(joined(*STRAYS["two crumbs on both sides"]), SMALL._replace(strays=strays))[1]["mesh"]
    points, _ = exhibits.shape(mesh["positions"], mesh["faces"], mesh["step"])
    assert nearest < np.abs(points).max() < farthest


def test_the_same_specimen_gives_the_same_bytes(make, tmp_path):
    path = layout.exhibit_path(tmp_path / "exhibits", IDENTITY)
    made = [(make(fossil()), path.read_bytes())[1] for _ in range(2)]
    assert made[0] == made[1]


def test_its_record_says_what_it_was_made_from(make, tmp_path):
    make()
    path = layout.exhibit_path(tmp_path / "exhibits", IDENTITY)
    rendered = layout.render_record(tmp_path / "renders", IDENTITY).read_bytes()
    assert read_record(path)["made_from"] == recipes.exhibit(rendered)
    assert recorded_digest(path)


def test_a_specimen_that_could_not_be_rendered_has_an_empty_exhibit(tmp_path):
    path = tmp_path / "x.ply"
    path.write_text("ply\n")
    with pytest.raises(SpecimenError):
        recording.render(str(path), "x", SMALL, tmp_path / "renders")
    with pytest.raises(SpecimenError, match="could not be rendered"):
        exhibit.write(str(path), "x", tmp_path / "renders", tmp_path / "exhibits")
    assert layout.exhibit_path(tmp_path / "exhibits", "x").read_bytes() == b"\n\n"
    assert layout.record_path(tmp_path / "exhibits/x.txt").exists()


def test_a_scan_that_broke_after_its_rendering_costs_the_mesh_only(make):
    thumbnail, made = make(between=lambda path: path.write_bytes(path.read_bytes()[:300]))
    assert "breaks off" in str(make.without_mesh)
    assert made["mesh"] is None
    assert made["views"]["all"] == 12 and np.asarray(thumbnail).any()


def test_a_fault_of_the_machine_leaves_no_exhibit_and_no_record(make, tmp_path):
    make()
    with pytest.raises(OSError, match="No such file"):
        make(between=lambda path: path.unlink())
    assert not [path for path in (tmp_path / "exhibits").rglob("*") if path.suffix == ".json"]


def run(monkeypatch, tmp_path, *arguments):
    folders = ("--renders", tmp_path / "renders", "--out", tmp_path / "exhibits")
    monkeypatch.setattr("sys.argv", ["make_exhibits", *map(str, (*arguments, *folders))])
    make_exhibits.main()


def test_the_command_makes_the_same_of_a_folder_and_of_one_scan_in_it(make, tmp_path, monkeypatch):
    make()
    path = layout.exhibit_path(tmp_path / "exhibits", IDENTITY)
    made = path.read_bytes()
    for arguments in (
        ("--in", tmp_path / "meshes"),
        ("--in", tmp_path / "meshes", "--specimen", "a b"),
        ("--in", tmp_path / "meshes/shells/a b.ply", "--specimen", IDENTITY),
    ):
        path.unlink()
        run(monkeypatch, tmp_path, *arguments)
        assert path.read_bytes() == made


def test_the_command_says_why_a_specimen_has_no_mesh(make, tmp_path, monkeypatch, caplog):
    make()
    (tmp_path / "meshes/shells/a b.ply").write_text("ply\n")
    run(monkeypatch, tmp_path, "--in", tmp_path / "meshes")
    assert "shells/a b has no mesh in the atlas: " in caplog.text


def test_the_command_notes_a_broken_view_for_the_next_run(make, tmp_path, monkeypatch):
    make()
    rendered = layout.render_record(tmp_path / "renders", IDENTITY).read_bytes()
    view = view_paths(tmp_path / "renders", IDENTITY)[5]
    view.write_bytes(view.read_bytes()[:100])
    with pytest.raises(BrokenView, match="is rendered again"):
        run(monkeypatch, tmp_path, "--in", tmp_path / "meshes")
    path = layout.exhibit_path(tmp_path / "exhibits", IDENTITY)
    assert read_record(path) == recipes.broken(rendered, view.name)


def test_the_command_asks_for_renders_where_there_are_none(tmp_path, monkeypatch):
    (tmp_path / "x.ply").write_bytes(scan(BLOCK))
    with pytest.raises(UserError, match="run the stage that makes it first"):
        run(monkeypatch, tmp_path, "--in", tmp_path / "x.ply")
