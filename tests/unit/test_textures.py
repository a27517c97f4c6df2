import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from fossilvit import meshes
from fossilvit.views import cameras, poses, rendering
from fossilvit.views.rendering import textures

from .shapes import cloud, surface

FRONT = [cameras.axes([1.0, 0.0, 0.0])]
CORNERS = [(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)]
UV = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
FACES = [(0, 1, 2), (0, 2, 3)]


def sheet(image, uv=UV, which=(0, 0)):
    """A square that faces +x, with a picture on it."""
    texture = meshes.Texture(uv[np.array(FACES)], (image,), np.array(which, np.int32))
    return surface(CORNERS, FACES, texture=texture)


def colored(mesh, size=128):
    pose = poses.pose(mesh)
    with rendering.renderer("raster", size, "color") as render:
        (image,) = render(mesh, pose, cameras.aim(FRONT, "fit", mesh, pose))
    return image


def inside(image):
    """Pixels of the specimen two away from its border."""
    return ndimage.binary_erosion((image != 255).any(axis=2), iterations=2)


@given(st.integers(1, 70), st.integers(1, 70))
def test_every_level_of_a_pyramid_is_half_the_one_before_down_to_one_pixel(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    made = textures.pyramid([image, image])
    assert len(made.first) == 3 and made.first[-1] == len(made.levels)
    assert tuple(made.levels[0]) == (0, height, width) and tuple(made.levels[-1, 1:]) == (1, 1)
    begins = np.cumsum([0, *(level[1] * level[2] for level in made.levels)])
    assert np.array_equal(begins[:-1], made.levels[:, 0]) and begins[-1] == len(made.texels)
    for larger, smaller in zip(made.levels, made.levels[1 : made.first[1]], strict=False):
        assert tuple(smaller[1:]) == (-(-larger[1] // 2), -(-larger[2] // 2))


def test_a_picture_is_not_mirrored_and_not_upside_down():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:32, :32], image[:32, 32:], image[32:, :32], image[32:, 32:] = (255, 0, 0), (0, 255, 0), (0, 0, 255), 255
    shown = colored(sheet(image)).astype(int)
    upper_left, upper_right, lower_left, lower_right = (shown[row, column] for row in (44, 84) for column in (44, 84))
    assert [color.argmax() for color in (upper_left, upper_right, lower_left)] == [0, 1, 2]
    assert np.ptp(lower_right) == 0


def test_a_fine_pattern_seen_from_afar_is_its_mean():
    """Black and white squares of a pixel each, 1024 of them over some 80 pixels, are one gray without moiré."""
    image = np.repeat((np.indices((1024, 1024)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    shown, white = colored(sheet(image)), colored(sheet(np.full_like(image, 255)))
    assert np.ptp(shown[inside(shown)]) <= 2
    assert np.abs(shown[inside(shown)] / white[inside(white)] - 0.5).max() < 0.02


def test_a_picture_repeats_beyond_its_border():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert np.array_equal(colored(sheet(image)), colored(sheet(image, UV + [3, -2])))


def test_a_picture_that_no_perspective_bends_is_shown_as_it_is():
    """A ramp over the sheet stays a straight ramp though the sheet is tilted."""
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 256, axis=0).repeat(3, axis=2)
    mesh = sheet(ramp)
    tilted = mesh._replace(vertices=np.array([(y, y, z) for _, y, z in CORNERS], np.float64))
    pose = poses.pose(tilted)
    (camera,) = cameras.aim(FRONT, "fit", tilted, pose)
    shown, white = colored(tilted, 256), colored(tilted._replace(texture=None), 256)
    row = 128
    columns = np.flatnonzero(inside(shown)[row])
    tangent = ((columns + 0.5) / 256 - 0.5) / camera.focal
    along = tangent * cameras.distance() / (1 + tangent)
    expected = (along * pose.radius + 1) / 2
    assert np.abs(shown[row, columns, 0] / white[row, columns, 0] - expected).max() < 0.02


@pytest.mark.parametrize("missing", ["picture", "coordinates"])
def test_faces_without_a_picture_are_gray(missing):
    image = np.full((4, 4, 3), (200, 20, 20), np.uint8)
    uv = UV.copy()
    if missing == "coordinates":
        uv[3] = np.nan
    shown = colored(sheet(image, uv, (0, -1) if missing == "picture" else (0, 0)))
    colors = set(map(tuple, shown[inside(shown)].tolist()))
    gray = {color for color in colors if len(set(color)) == 1}
    assert len(gray) == 1 and any(color[0] > 5 * color[1] for color in colors)


def test_vertex_colors_are_interpolated():
    mesh = surface(CORNERS, FACES, colors=np.array([(255, 0, 0), (0, 0, 255), (0, 0, 255), (255, 0, 0)], np.uint8))
    shown = colored(mesh).astype(int)
    columns = np.flatnonzero(inside(shown.astype(np.uint8))[64])
    red, blue = shown[64, columns, 0], shown[64, columns, 2]
    assert (np.diff(red) <= 0).all() and (np.diff(blue) >= 0).all()
    assert np.ptp(red + blue) <= 2 and not shown[64, columns, 1].any()


def test_points_have_their_colors_and_without_any_they_are_gray():
    points = np.random.default_rng(0).uniform(-1, 1, (500, 3)) * [0, 1, 1]
    normals = np.tile([1, 0, 0], (500, 1))
    green = colored(cloud(points, normals, colors=np.tile(np.uint8([0, 255, 0]), (500, 1))))
    gray = colored(cloud(points, normals))
    mask = inside(gray)
    assert (gray[mask] == gray[mask][:, :1]).all()
    assert np.array_equal(green[mask][:, 1], gray[mask][:, 1]) and not green[mask][:, [0, 2]].any()
