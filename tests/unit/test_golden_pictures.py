"""Pictures as they were when somebody looked at them and found them right.

`python -m tests.unit.test_golden_pictures` draws them anew; look at them before you commit them.
"""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from skimage.metrics import structural_similarity

from fossilvit import examples, meshes
from fossilvit.views import cameras, poses, rendering

from .shapes import cloud, surface

GOLDEN = Path(__file__).with_name("golden")
SIZE = 160
LOOKS = {
    **{appearance: {"appearance": appearance} for appearance in rendering.APPEARANCES},
    "antialiased": {"antialias": 2},
    "zoomed": {"framing": "zoom"},
    "aligned": {"align": "principal"},
    "ring": {"viewpoints": "ring"},
}


def ammonoid():
    """A generated shell with stripes of color."""
    vertices, faces = examples.make("ammonoid", 0, 0)
    stripes = np.where(np.sin(20 * vertices[:, 0])[:, None] > 0, [190, 140, 90], [120, 70, 40])
    return surface(vertices, faces, colors=stripes.astype(np.uint8))


def echinoid():
    """Points on a generated test, their normals estimated, with a color for the height of each."""
    solid = trimesh.Trimesh(*examples.make("echinoid", 0, 0), process=False)
    points = np.asarray(trimesh.sample.sample_surface_even(solid, 6_000, seed=0)[0])
    height = (points[:, 2:] - points[:, 2].min()) / np.ptp(points[:, 2])
    colors = (height * [220, 180, 60] + (1 - height) * [60, 60, 160]).astype(np.uint8)
    return cloud(points, meshes.normals.of_points(points), colors=colors)


SPECIMENS = {"ammonoid": ammonoid, "echinoid": echinoid}


def row(mesh, appearance="gray", antialias=1, framing="fit", align="none", viewpoints="sphere"):
    """Three of twelve views beside each other, uint8 [SIZE, 3 * SIZE, 3]."""
    pose = poses.pose(mesh, align)
    aimed = cameras.aim(cameras.frames(12, viewpoints)[::4], framing, mesh, pose)
    with rendering.renderer("raster", SIZE, appearance, antialias) as render:
        return np.concatenate(list(render(mesh, pose, aimed)), axis=1)


@pytest.fixture(scope="module")
def specimens():
    return {name: make() for name, make in SPECIMENS.items()}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SPECIMENS)
def test_a_picture_looks_as_it_did(specimens, name, look):
    drawn = row(specimens[name], **LOOKS[look])
    golden = np.asarray(Image.open(GOLDEN / f"{name}_{look}.png").convert("RGB"))
    assert structural_similarity(drawn, golden, channel_axis=2) > 0.99
    assert np.abs(drawn.astype(int) - golden).mean() < 0.5


def test_pictures_differ_enough_from_one_another_to_tell():
    """Else the comparison above could not fail."""
    for name in SPECIMENS:
        pictures = [np.asarray(Image.open(GOLDEN / f"{name}_{look}.png").convert("RGB")) for look in LOOKS]
        for index, one in enumerate(pictures):
            for other in pictures[:index]:
                unlike = structural_similarity(one, other, channel_axis=2) < 0.99
                assert unlike or np.abs(one.astype(int) - other).mean() > 0.5


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in SPECIMENS.items():
        for look, settings in LOOKS.items():
            Image.fromarray(row(make(), **settings)).save(GOLDEN / f"{name}_{look}.png", optimize=True)
