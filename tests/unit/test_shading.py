import numpy as np
import pytest

from fossilvit.views import cameras, poses, rendering
from fossilvit.views.rendering import shading

from .shapes import ball, box, fossil, surface

FRONT = [cameras.axes([1.0, 0.0, 0.0])]
ONE = poses.Pose(np.zeros(3), np.eye(3), 1.0)
SIZE = 256


def look(mesh, appearance, pose=ONE, frames=FRONT):
    with rendering.renderer("raster", SIZE, appearance) as render:
        return np.stack(list(render(mesh, pose, cameras.aim(frames, "fit", mesh, pose))))


def test_normals_of_planes_are_shown_as_right_up_and_toward_the_camera():
    toward = surface([(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)], [(0, 1, 2), (0, 2, 3)])
    tilted = surface([(0, -0.5, -1), (1, 0.5, -1), (1, 0.5, 1), (0, -0.5, 1)], [(0, 1, 2), (0, 2, 3)])
    for mesh, normal in ((toward, (0, 0, 1)), (tilted, (-np.sqrt(0.5), 0, np.sqrt(0.5)))):
        image = look(mesh, "normals", poses.pose(mesh))[0].astype(int)
        (color,) = np.unique(image[(image != 255).any(axis=2)], axis=0)
        assert np.abs(color - (np.array(normal) + 1) / 2 * 250).max() <= 1


def test_depth_is_brightest_at_the_front_and_falls_evenly():
    """The middle of a ball is its front; a plane halfway down has the gray halfway."""
    image = look(ball(), "depth")[0, ..., 0]
    assert image[SIZE // 2, SIZE // 2] == 250 or image[SIZE // 2, SIZE // 2] == 249
    half = surface([(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)], [(0, 1, 2), (0, 2, 3)])
    gray = look(half, "depth", ONE._replace(radius=2.0))[0, SIZE // 2, SIZE // 2, 0]
    assert gray == int((1 - (1 - shading.FARTHEST) / 2) * 250)


def test_the_key_light_of_every_lit_appearance_comes_from_the_upper_left():
    for appearance in ("gray", "whitened", "color"):
        image = look(ball(), appearance)[0, :, :, 0].astype(float)
        assert image[SIZE // 3, SIZE // 3] > image[-SIZE // 3, -SIZE // 3] + 30


def test_whitened_is_paler_than_gray_and_darkens_the_hollows():
    solid = {appearance: look(ball(), appearance) for appearance in ("gray", "whitened")}
    means = {name: image[image != 255].mean() for name, image in solid.items()}
    assert means["whitened"] > means["gray"] + 20
    groove = surface(
        [(0, -1, -1), (0, -0.05, -1), (-0.3, 0, -1), (0, 0.05, -1), (0, 1, -1)]
        + [(0, -1, 1), (0, -0.05, 1), (-0.3, 0, 1), (0, 0.05, 1), (0, 1, 1)],
        [face for i in range(4) for face in ((i, i + 1, i + 6), (i, i + 6, i + 5))],
    )
    row = look(groove, "whitened")[0, SIZE // 2, :, 0].astype(int)
    assert row[SIZE // 2] < 0.7 * row[SIZE // 4]


def test_the_lights_stay_with_the_camera():
    """A ball is lit the same from every side."""
    views = look(ball(6), "gray", frames=cameras.frames(6)).astype(int)
    assert np.abs(views - views[0]).mean() < 1


@pytest.mark.parametrize("appearance", rendering.APPEARANCES)
def test_nothing_of_a_specimen_is_brighter_than_the_brightest(appearance):
    for mesh in (box(1, 1, 1), fossil("crinoid")):
        images = look(mesh, appearance, poses.pose(mesh), cameras.frames(4))
        specimen = images[(images != 255).any(axis=3)]
        assert specimen.max() <= rendering.BRIGHTEST


def test_color_without_colors_is_gray():
    mesh = fossil("echinoid")
    assert np.array_equal(look(mesh, "color", poses.pose(mesh)), look(mesh, "gray", poses.pose(mesh)))
