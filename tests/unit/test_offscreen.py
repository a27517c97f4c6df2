import subprocess
import sys

import numpy as np
import pytest
import trimesh

from fossilvit import cameras, fossils, meshes, rendering
from fossilvit.errors import UserError
from fossilvit.rendering import offscreen

SIZE = 192
DIRECTIONS = cameras.directions(12)[:3]
DRAW = f"""
import sys
import numpy as np
from fossilvit import cameras, meshes, rendering
directions = cameras.directions(12)[:3]
views = []
with rendering.renderer("offscreen", {SIZE}) as render:
    for path in sys.argv[2:]:
        mesh = meshes.read(path)
        views.append(render(mesh, cameras.frame(mesh.vertices), directions))
np.save(sys.argv[1], np.stack(views))
"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offscreen")
    trimesh.creation.icosphere(subdivisions=4).export(folder / "sphere.ply")
    trimesh.Trimesh(*fossils.make("ammonoid", 0, 0), process=False).export(folder / "ammonoid.ply")
    return [folder / "sphere.ply", folder / "ammonoid.ply"]


@pytest.fixture(scope="module")
def views(paths, repository):
    """Of both specimens, uint8 [2, 3, SIZE, SIZE, 3], by one renderer in a process of its own: drivers may hang."""
    try:
        offscreen._probe()
    except UserError as error:
        pytest.skip(str(error))
    target = paths[0].with_name("views.npy")
    process = [sys.executable, "-c", DRAW, target, *paths]
    try:
        done = subprocess.run(process, cwd=repository / "scripts", capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("the driver of the offscreen renderer hangs here")
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(target)


@pytest.fixture(scope="module")
def ours(paths):
    drawn = []
    with rendering.renderer("raster", SIZE) as render:
        for path in paths:
            mesh = meshes.read(path)
            drawn.append(render(mesh, cameras.frame(mesh.vertices), DIRECTIONS))
    return np.stack(drawn)


def test_views_are_rgb_of_the_size_asked_for(views):
    assert views.shape == (2, 3, SIZE, SIZE, 3) and views.dtype == np.uint8


def test_the_corners_are_background_and_nothing_of_the_specimen_is_as_white(views):
    assert (views[:, :, [0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    specimen = (views != 255).any(axis=-1)
    assert views[specimen].max() < 255


def test_it_sees_the_same_silhouettes_as_the_rasteriser(views, ours):
    """One renderer drew both specimens, so nothing of the first is left in the views of the second either."""
    for theirs, mine in zip(views, ours, strict=True):
        assert np.allclose(rendering.fill(theirs), rendering.fill(mine), rtol=0.03)
        assert ((theirs != 255).any(axis=-1) != (mine != 255).any(axis=-1)).mean() < 0.02


def test_the_specimen_is_shaded(views):
    for specimen in views:
        for view in specimen:
            assert view[(view != 255).any(axis=-1)].std() > 8


@pytest.mark.parametrize("failure", ["missing driver", "hanging driver"])
def test_a_machine_without_drivers_is_told_what_to_install_or_take_instead(monkeypatch, failure):
    def run(arguments, **options):
        if failure == "hanging driver":
            raise subprocess.TimeoutExpired(arguments, 120)
        return subprocess.CompletedProcess(arguments, -11)

    monkeypatch.setattr(offscreen.subprocess, "run", run)
    with pytest.raises(UserError, match="mesa-vulkan-drivers.*renderer: raster"), rendering.renderer("offscreen", 64):
        pass
