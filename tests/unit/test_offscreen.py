import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from fossilvit import meshes
from fossilvit.errors import UserError
from fossilvit.views import cameras, poses, rendering
from fossilvit.views.rendering import engine, offscreen, surfaces

from .shapes import ball, box, fossil, points_on_a_ball, surface

pytestmark = pytest.mark.slow

SIZE = 192
THREE = cameras.frames(12)[:3]
DRAW = """
import sys
from functools import partial
import numpy as np
from fossilvit.views.rendering import engine, offscreen
from tests.unit import test_offscreen
probed = partial(offscreen.renderer, start=engine.Open3D)  # by the fixture
np.savez(sys.argv[1], **test_offscreen.drawn_by(probed))
"""


def specimens():
    plain, points = fossil(), points_on_a_ball(5000)
    half = ball(4)
    half = surface(half.vertices, half.faces[half.vertices[half.faces].mean(axis=1)[:, 2] > 0][:, ::-1])
    picture = np.random.default_rng(0).integers(0, 256, (32, 16, 3)).astype(np.uint8)
    picture[..., 2] = 0
    image = np.arange(len(plain.faces), dtype=np.int32) % 3 - 1
    pictures = meshes.Texture(plain.vertices[plain.faces][..., :2].astype(np.float32), (picture, 255 - picture), image)
    return {
        "fossil": plain,
        "box": box(3, 2, 1),
        "open and inside out": half,
        "points": points,
        "colored": plain._replace(colors=rainbow(plain.vertices)),
        "colored points": points._replace(colors=rainbow(points.vertices)),
        "textured": plain._replace(texture=pictures),
    }


def rainbow(vertices):
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return (255 * (vertices - low) / (high - low)).astype(np.uint8)


LOOKS = [
    *((name, "fit", "gray") for name in ("fossil", "box", "open and inside out", "points")),
    *((name, "zoom", "gray") for name in ("fossil", "box", "open and inside out", "points")),
    *(("fossil", "fit", appearance) for appearance in ("whitened", "normals", "depth")),
    *((name, "zoom", "color") for name in ("colored", "colored points", "textured", "fossil")),
]


def drawn_by(renderer):
    """Views of every look, uint8 [3, SIZE, SIZE, 3] each, by one renderer per appearance."""
    shown, views = specimens(), {}
    for appearance in rendering.APPEARANCES:
        with renderer(SIZE, appearance) as render:
            for specimen, framing, _ in (look for look in LOOKS if look[2] == appearance):
                mesh = shown[specimen]
                pose = poses.pose(mesh)
                images = render(mesh, pose, cameras.aim(THREE, framing, mesh, pose))
                views[f"{specimen}, {framing}, {appearance}"] = np.stack(list(images))
    return views


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, repository):
    """Drawn in a process of its own: drivers may hang."""
    try:
        engine.probe()
    except UserError as error:
        pytest.skip(str(error))
    target = tmp_path_factory.mktemp("offscreen") / "views.npz"
    try:
        done = subprocess.run(
            [sys.executable, "-c", DRAW, target],
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=200,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the driver of the offscreen renderer hangs here")
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(np.load(target))


@pytest.fixture(scope="module")
def ours():
    return drawn_by(partial(rendering.renderer, "raster"))


def masks(images):
    return (images != 255).any(axis=-1)


def test_views_are_rgb_of_the_size_asked_for(theirs):
    for views in theirs.values():
        assert views.shape == (3, SIZE, SIZE, 3) and views.dtype == np.uint8


def test_background_is_white_and_nothing_of_a_specimen_is_nearly_so(theirs):
    for views in theirs.values():
        assert (views[masks(views)] <= rendering.BRIGHTEST).all()
        assert (~masks(views)[:, [0, 0, -1, -1], [0, -1, 0, -1]]).all()


@pytest.mark.parametrize("look", LOOKS, ids=", ".join)
def test_silhouettes_are_those_of_the_rasterizer_to_the_pixel(theirs, ours, look):
    """One renderer drew them all, so nothing of one specimen is left in the views of the next either.

    Of points, all but those that lie on the rim and are seen from their edge: ours take a pixel, Open3D's none.
    """
    different = masks(theirs[", ".join(look)]) != masks(ours[", ".join(look)])
    assert different.mean() < (3e-3 if "points" in look[0] else 1e-4)


@pytest.mark.parametrize("look", LOOKS, ids=", ".join)
def test_pictures_are_those_of_the_rasterizer(theirs, ours, look):
    """Of points, almost: Open3D draws polygons for their discs."""
    theirs, ours = theirs[", ".join(look)], ours[", ".join(look)]
    both = masks(theirs) & masks(ours)
    apart = np.abs(theirs[both].astype(int) - ours[both]).max(axis=-1)
    points = "points" in look[0]
    assert (apart > 3).mean() < (0.05 if points else 1e-3)
    assert apart.mean() < (2 if points else 0.1)


def test_appearances_differ(theirs):
    looks = [theirs[f"fossil, fit, {appearance}"] for appearance in ("gray", "whitened", "normals", "depth")]
    for i, one in enumerate(looks):
        for other in looks[:i]:
            assert np.abs(one[masks(one)].astype(int) - other[masks(one)]).mean() > 10


def test_colors_show_and_what_has_none_is_gray(theirs):
    for name in ("colored", "colored points", "textured"):
        views = theirs[f"{name}, zoom, color"]
        assert np.ptp(views[masks(views)].astype(int), axis=1).mean() > 20
    assert np.array_equal(theirs["fossil, zoom, color"], theirs["fossil, zoom, gray"])


def test_the_edges_of_a_box_are_sharp(theirs):
    for view in theirs["box, fit, gray"]:
        assert len(np.unique(view)) <= 4


class StandIn:
    """Stands in for Open3D, and does the next of some harms to every image of triangles that it draws."""

    def __init__(self, harms):
        self.harms, self.closed = iter(harms), False

    def start(self, size):
        self.size = size
        return self

    def put(self, polygons):
        self.vertices = polygons.reshape(-1, 3)

    def draw(self, seen_by):
        screen = surfaces.project(self.vertices, seen_by)
        faces = np.arange(len(screen), dtype=np.int32).reshape(-1, 3)
        nearest, inverse_depth = surfaces.visible(screen, faces, self.size)
        return next(self.harms)(nearest), inverse_depth

    def close(self):
        self.closed = True


def drawn(harms, mesh=None, size=64, direction=(0.6, 0.48, 0.64)):
    """One view of a specimen, drawn by a stand-in that does all these harms."""
    mesh = mesh or fossil()
    pose, stand_in = poses.pose(mesh), StandIn(harms)
    try:
        with offscreen.renderer(size, "gray", stand_in.start) as render:
            (image,) = render(mesh, pose, cameras.aim([cameras.axes(direction)], "fit", mesh, pose))
    finally:
        assert stand_in.closed and next(stand_in.harms, None) is None
    return image


def sound(nearest):
    return nearest


def blank(nearest):
    return np.full_like(nearest, -1)


def moved(nearest):
    return np.roll(nearest, len(nearest) // 2, axis=1)


def of_one_color(nearest):
    return np.where(nearest >= 0, 0, -1)


def of_colors_that_nothing_has(nearest):
    return np.where(nearest >= 0, nearest + 1_000_000, -1)


FAULTS = [(blank, "blank"), (moved, "clipped"), (of_one_color, "garbled"), (of_colors_that_nothing_has, "garbled")]


@pytest.mark.parametrize(("harm", "told"), FAULTS)
def test_a_faulty_view_is_drawn_again_once_and_then_is_the_fault_of_the_machine(harm, told):
    assert np.array_equal(drawn([harm, sound]), drawn([sound]))
    with pytest.raises(UserError, match=f"{told} view twice.*renderer: raster") as error:
        drawn([harm, harm])
    assert type(error.value) is UserError


def test_a_plate_seen_edge_on_may_be_blank():
    plate = surface([(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)], [(0, 1, 2), (0, 2, 3)])
    assert (drawn([blank], plate, direction=(0, 0.8, 0.6)) == 255).all()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_a_specimen_may_reach_the_border_of_a_view_of_few_pixels(size):
    assert not masks(drawn([sound], ball(3), size)).all() or size < 8


def test_a_specimen_of_more_faces_than_there_are_colors_is_told():
    assert (engine.colors(70_000)[[255, 256, 69_999]] * 255).tolist() == [[0, 0, 255], [0, 1, 0], [1, 17, 111]]
    with pytest.raises(UserError, match="16,777,216 faces or points.*16,777,217.*renderer: raster"):
        engine.colors((1 << 24) + 1)


@pytest.mark.parametrize("views", [1, 12, 5000, 1_000_000])
def test_a_process_is_replaced_before_open3d_gives_blank_images(views):
    assert rendering.most_specimens("raster", views) is None
    most = rendering.most_specimens("offscreen", views)
    assert most == 1 or 4 * views * most < 131_000


@pytest.fixture
def told(monkeypatch, tmp_path):
    """The sentence for a machine on which Open3D fails in such a way, without such packages."""
    kernel = tmp_path / "version"

    def fail(failure, missing=(), wsl=False):
        def run(arguments, **options):
            if failure == "hangs":
                raise subprocess.TimeoutExpired(arguments, 120)
            return subprocess.CompletedProcess(arguments, -11)

        kernel.write_text(f"Linux version 6.6.87.2{'-microsoft-standard-WSL2' * wsl} (gcc 11.2.0)")
        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(engine, "find_library", lambda name: None if name in missing else f"lib{name}.so")
        monkeypatch.setattr(engine, "KERNEL", kernel)
        with pytest.raises(UserError) as error, rendering.renderer("offscreen", 64):
            pass
        return str(error.value)

    return fail


@pytest.mark.parametrize("failure", ["crashes", "hangs"])
def test_a_machine_without_drivers_is_told_what_to_install_or_take_instead(told, failure):
    sentence = told(failure, missing=("EGL", "vulkan", "vulkan_lvp"))
    assert "install libegl1, libvulkan1, mesa-vulkan-drivers, or set `renderer: raster`" in sentence
    assert "update the graphics driver" in told(failure)


def test_under_wsl_the_variable_for_its_gpu_is_told(told):
    assert "GALLIUM_DRIVER=d3d12" in told("crashes", wsl=True)
    assert "GALLIUM_DRIVER" not in told("crashes")


def test_the_packages_are_those_that_are_installed(repository):
    lines = (repository / "envs" / "system-packages.txt").read_text().splitlines()
    assert sorted(engine.PACKAGES.values()) == [line for line in lines if not line.startswith("#")]
