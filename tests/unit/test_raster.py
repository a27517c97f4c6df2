import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from fossilvit import cameras, fossils, meshes, rendering
from fossilvit.rendering import raster

SIZE = 128
TWELVE = cameras.directions(12)
FRONT = np.array([[1.0, 0.0, 0.0]])


def surface(vertices, faces):
    vertices, faces = np.asarray(vertices, np.float64), np.asarray(faces, np.int32)
    return meshes.Mesh(vertices, faces, meshes.normals.of_surface(vertices, faces))


def ball(subdivisions=5):
    made = trimesh.creation.icosphere(subdivisions=subdivisions)
    return surface(made.vertices, made.faces)


def fossil(category="gastropod"):
    return surface(*fossils.make(category, 0, 0))


def points_on_a_ball(count=20_000):
    points = np.random.default_rng(0).normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return meshes.Mesh(points, np.zeros((0, 3), np.int32), points.astype(np.float32))


def drawn(mesh, directions=TWELVE, size=SIZE, framing=None):
    with rendering.renderer("raster", size) as render:
        return render(mesh, framing or cameras.frame(mesh.vertices), directions)


def masks(images):
    return (images != 255).any(axis=3)


def disc_area(size):
    """Share of a view that the unit sphere fills: its rim is seen asin(1/d) from the middle, at tan of that."""
    half_angle = np.arcsin(1 / cameras.distance())
    radius = np.tan(half_angle) / np.tan(np.radians(cameras.FIELD_OF_VIEW / 2)) / 2
    return np.pi * radius**2


def test_views_are_rgb_gray_of_the_size_asked_for():
    images = drawn(fossil(), TWELVE[:3], 50)
    assert images.shape == (3, 50, 50, 3) and images.dtype == np.uint8
    assert (images == images[..., :1]).all()


@pytest.mark.parametrize("size", [64, 256, 768])
def test_a_sphere_fills_the_disc_of_its_perspective_silhouette(size):
    framing = cameras.Framing(np.zeros(3), 1.0)
    fill = rendering.fill(drawn(ball(), FRONT, size, framing))
    assert fill[0] == pytest.approx(disc_area(size), rel=2 / size + 2e-3)


def test_a_sphere_is_a_filled_round_disc_from_every_side():
    framing = cameras.Framing(np.zeros(3), 1.0)
    rows, columns = np.indices((256, 256)) + 0.5 - 128
    distance = np.hypot(rows, columns) / 256
    radius = np.sqrt(disc_area(256) / np.pi)
    for mask in masks(drawn(ball(), TWELVE, 256, framing)):
        assert mask[distance < radius - 1 / 256].all()
        assert not mask[distance > radius + 1 / 256].any()


def test_a_cube_seen_from_the_front_is_a_square_of_one_gray():
    """The near side of the cube of edge 2 lies 1 before the middle, so its half edge is seen at 1 / (d - 1)."""
    box = trimesh.creation.box((2, 2, 2))
    mesh = surface(box.vertices, box.faces)
    image = drawn(mesh, FRONT, 200)[0, :, :, 0]
    framing = cameras.frame(mesh.vertices)
    half = 1 / framing.radius
    pixels = 100 * half / (cameras.distance() - half) / np.tan(np.radians(cameras.FIELD_OF_VIEW / 2))
    inside = np.abs(np.arange(200) + 0.5 - 100) < pixels
    assert np.array_equal(image != 255, np.outer(inside, inside))
    assert len(np.unique(image[image != 255])) == 1


def test_a_plane_facing_the_camera_has_the_gray_of_lamberts_law():
    plane = surface([(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)], [(0, 1, 2), (0, 2, 3)])
    image = drawn(plane, FRONT)[0, :, :, 0]
    lit = sum(
        strength * light[2] / np.sqrt(light @ light)
        for strength, light in zip(raster.STRENGTHS, raster.LIGHTS, strict=True)
    )
    assert set(np.unique(image)) == {int((raster.AMBIENT + lit) * raster.BRIGHTEST), 255}


def test_the_key_light_comes_from_the_upper_left():
    image = drawn(ball(), FRONT)[0, :, :, 0].astype(float)
    quarter = SIZE // 3
    upper_left, lower_right = image[quarter, quarter], image[-quarter, -quarter]
    assert upper_left > lower_right + 50


@pytest.mark.parametrize("direction", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0.6, 0.48, 0.64)])
def test_what_lies_to_the_right_of_an_observer_is_drawn_to_the_right_and_what_lies_up_above(direction):
    """Right of one who looks along f with the head to u is f x u: the picture is no mirror image."""
    direction = np.array(direction, np.float64)
    right = np.cross(-direction, (0, 0, 1))
    right /= np.linalg.norm(right)
    up = np.cross(right, -direction)
    framing = cameras.Framing(np.zeros(3), 1.0)
    for place, axis, sign in ((right, 1, 1), (up, 0, -1)):
        small = ball(2)
        mask = masks(drawn(small._replace(vertices=0.1 * small.vertices + 0.7 * place), [direction], SIZE, framing))[0]
        center = np.array(ndimage.center_of_mass(mask)) + 0.5 - SIZE / 2
        assert sign * center[axis] > SIZE / 5 and abs(center[1 - axis]) < 1


def test_the_nearer_of_two_surfaces_is_seen_whichever_comes_first():
    near = np.array([(0.5, -0.3, -0.3), (0.5, 0.3, -0.3), (0.5, 0, 0.4)])
    slanted = np.array([(-0.5, -0.9, -0.4), (-0.9, 0.9, -0.4), (-0.5, 0, 0.8)])
    framing = cameras.Framing(np.zeros(3), 1.0)
    alone = drawn(surface(near, [(0, 1, 2)]), FRONT, SIZE, framing)
    for parts in ((near, slanted), (slanted, near)):
        both = drawn(surface(np.concatenate(parts), [(0, 1, 2), (3, 4, 5)]), FRONT, SIZE, framing)
        assert np.array_equal(both[masks(alone)], alone[masks(alone)])
        assert masks(both).sum() > masks(alone).sum() > 100


def test_of_equally_near_faces_the_first_is_seen():
    screen = np.array([(2.0, 2.0, 0.25), (14.0, 2.0, 0.25), (2.0, 14.0, 0.25)])
    nearest = raster._visible_faces(screen, np.array([(0, 1, 2), (0, 1, 2)], np.int32), 16)
    assert set(np.unique(nearest)) == {-1, 0}


def test_drawing_twice_gives_the_same_bits():
    assert np.array_equal(drawn(fossil()), drawn(fossil()))
    assert np.array_equal(drawn(points_on_a_ball(500)), drawn(points_on_a_ball(500)))


def test_one_renderer_draws_one_specimen_after_another():
    with rendering.renderer("raster", SIZE) as render:
        for mesh in (ball(2), fossil(), points_on_a_ball(300), ball(2)):
            assert np.array_equal(render(mesh, cameras.frame(mesh.vertices), TWELVE), drawn(mesh))


def test_the_order_of_faces_does_not_change_the_picture():
    mesh = ball(3)
    order = np.random.default_rng(0).permutation(len(mesh.faces))
    assert np.array_equal(drawn(mesh), drawn(mesh._replace(faces=mesh.faces[order])))


@pytest.mark.parametrize("make", [lambda: ball(3), fossil], ids=["ball", "fossil"])
def test_an_inside_out_surface_looks_the_same(make):
    mesh = make()
    inside_out = surface(mesh.vertices, mesh.faces[:, ::-1])
    difference = np.abs(drawn(mesh).astype(int) - drawn(inside_out))
    assert np.array_equal(masks(drawn(mesh)), masks(drawn(inside_out)))
    assert difference.max() <= 1 or (difference > 1).mean() < 1e-4


def test_place_and_units_do_not_change_the_silhouette():
    mesh = fossil()
    moved = surface(mesh.vertices * 1000 + [5e5, 5e6, -100], mesh.faces)
    assert (masks(drawn(mesh)) != masks(drawn(moved))).mean() < 1e-3


@given(st.integers(0, 10_000))
def test_a_convex_solid_has_no_crack(seed):
    hull = trimesh.convex.convex_hull(np.random.default_rng(seed).normal(size=(40, 3)))
    for mask in masks(drawn(surface(hull.vertices, hull.faces), TWELVE[:3])):
        assert np.array_equal(mask, ndimage.binary_fill_holes(mask))


SOUPS = hnp.arrays(np.float64, st.tuples(st.integers(3, 12), st.just(3)), elements=st.floats(-1000, 1000, width=32))


@given(SOUPS, st.sampled_from([128, 200]))
def test_no_specimen_touches_the_border_or_is_as_white_as_the_background(vertices, size):
    faces = np.array([(a, a + 1, a + 2) for a in range(len(vertices) - 2)], np.int32)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    faces = faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-6]
    cloud = meshes.Mesh(vertices, np.zeros((0, 3), np.int32), np.tile(np.float32([0, 0, 1]), (len(vertices), 1)))
    for mesh in (surface(vertices, faces), cloud) if len(faces) else (cloud,):
        images = drawn(mesh, TWELVE[:3], size)
        assert images[~masks(images)].min(initial=255) == 255
        assert images[masks(images)].max(initial=0) <= raster.BRIGHTEST < 255
        border = masks(images).copy()
        border[:, 1:-1, 1:-1] = False
        assert not border.any()


def test_a_cloud_of_points_spread_on_a_sphere_fills_its_disc_without_a_hole():
    framing = cameras.Framing(np.zeros(3), 1.0)
    points, _ = trimesh.sample.sample_surface_even(trimesh.creation.icosphere(subdivisions=5), 20_000, seed=0)
    cloud = meshes.Mesh(np.asarray(points), np.zeros((0, 3), np.int32), np.asarray(points, np.float32))
    for size in (128, 512):
        for mask in masks(drawn(cloud, TWELVE[:4], size, framing)):
            assert np.array_equal(mask, ndimage.binary_fill_holes(mask))
            assert mask.mean() == pytest.approx(disc_area(size), rel=0.02)


def test_a_cloud_of_points_strewn_at_random_has_next_to_no_hole():
    """Chance leaves spots with no point near: fewer than one pixel in a thousand."""
    framing = cameras.Framing(np.zeros(3), 1.0)
    for mask in masks(drawn(points_on_a_ball(), TWELVE[:4], 512, framing)):
        assert (ndimage.binary_fill_holes(mask) & ~mask).sum() < 1e-3 * mask.sum()
        assert mask.mean() == pytest.approx(disc_area(512), rel=0.02)


def test_a_cloud_of_points_is_shaded_as_the_surface_it_lies_on():
    solid, cloud = drawn(ball(), TWELVE[:3], 256), drawn(points_on_a_ball(), TWELVE[:3], 256)
    both = masks(solid) & masks(cloud)
    assert np.abs(solid[both].astype(int) - cloud[both]).mean() < 4


def test_points_are_lit_whichever_way_their_normals_point():
    cloud = points_on_a_ball(2_000)
    assert np.array_equal(drawn(cloud), drawn(cloud._replace(normals=-cloud.normals)))


@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_fewest_points_are_still_seen_in_every_view(count):
    cloud = points_on_a_ball(count)
    assert (rendering.fill(drawn(cloud)) > 0).all()


def test_fill_is_the_share_of_pixels_that_are_not_background():
    images = np.full((2, 4, 5, 3), 255, np.uint8)
    images[0, :2, 0] = 254
    images[0, 3, 3, 1] = 0
    assert rendering.fill(images).tolist() == [3 / 20, 0]


@pytest.fixture(scope="module")
def open3d():
    try:
        import open3d
    except (ImportError, OSError) as error:
        pytest.skip(f"open3d cannot be imported here: {error}")
    return open3d


@pytest.mark.parametrize("category", ["ball", *fossils.CATEGORIES])
def test_the_visible_surface_is_the_one_that_rays_hit(open3d, category):
    """Embree's rays through the pixel centers: where both hit, the depth is the same but for silhouettes."""
    size = 192
    mesh = ball(4) if category == "ball" else fossil(category)
    points = cameras.frame(mesh.vertices).apply(mesh.vertices)
    scene = open3d.t.geometry.RaycastingScene()
    scene.add_triangles(points.astype(np.float32), mesh.faces.astype(np.uint32))
    half = np.tan(np.radians(cameras.FIELD_OF_VIEW / 2))
    columns, rows = np.meshgrid((np.arange(size) + 0.5) / size * 2 - 1, 1 - (np.arange(size) + 0.5) / size * 2)
    looks = np.stack([columns * half, rows * half, -np.ones((size, size))], axis=2)
    for direction in TWELVE[::3]:
        axes = cameras.axes(direction)
        origins = np.broadcast_to(cameras.distance() * direction, looks.shape)
        hit = scene.cast_rays(open3d.core.Tensor(np.concatenate([origins, looks @ axes], axis=2).astype(np.float32)))
        far = hit["t_hit"].numpy()
        screen = raster._project(points @ axes.T, cameras.distance(), size / 2 / half, size)
        nearest = raster._visible_faces(screen, mesh.faces, size)
        seen, struck = nearest >= 0, np.isfinite(far)
        assert (seen ^ struck).mean() < 1e-3
        rim = ndimage.binary_dilation(struck, iterations=2) & ~ndimage.binary_erosion(struck, iterations=2)
        assert not (seen ^ struck)[~rim].any()
        both = seen & struck
        corners = (points @ axes.T)[mesh.faces[nearest[both]]]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        camera = np.array([0, 0, cameras.distance()])
        depth = ((corners[:, 0] - camera) * normal).sum(axis=1) / (looks[both] * normal).sum(axis=1)
        assert (np.abs(depth - far[both]) > 1e-3).mean() < 1e-3
