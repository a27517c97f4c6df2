"""The visible face and its depth against rays cast by Embree, through Open3D."""

import numpy as np
import pytest
from scipy import ndimage

from fossilvit import examples, meshes
from fossilvit.views import cameras, poses
from fossilvit.views.rendering import surfaces
from fossilvit.views.rendering.projection import projection

from .shapes import ball, box, fossil, surface

SIZE = 256
BACKGROUND = 9.0
"""Its depth in radii, behind everything."""
REAL = {
    "pelvis": "leg_bones/pelvis/TLEM2_pelvis.stl",
    "molar": "molars/test1.ply",
    "goat": "natural_objects/goathead/goathead.obj",
    "skull": "natural_objects/skull/skull_low_resolution.obj",
}


@pytest.fixture(scope="module")
def open3d():
    try:
        import open3d
    except (ImportError, OSError) as error:
        pytest.skip(f"open3d cannot be imported here: {error}")
    return open3d


def soup(seed):
    """Triangles of all sizes that lie anyhow and cut each other."""
    random = np.random.default_rng(seed)
    middles, sizes = random.uniform(-1, 1, (300, 1, 3)), random.uniform(0.01, 0.5, (300, 1, 1))
    return surface((middles + sizes * random.normal(size=(300, 3, 3))).reshape(-1, 3), np.arange(900).reshape(-1, 3))


def cast(open3d, mesh, pose, camera):
    """Of every pixel the face that Embree hits, -1 for none, and its depth along the camera's axis."""
    scene = open3d.t.geometry.RaycastingScene()
    scene.add_triangles(pose.apply(mesh.vertices).astype(np.float32), mesh.faces.astype(np.uint32))
    places = (np.arange(SIZE) + 0.5) / SIZE - 0.5
    columns, rows = np.meshgrid(places / camera.focal + camera.shift[0], -places / camera.focal + camera.shift[1])
    looks = np.stack([columns, rows, -np.ones((SIZE, SIZE))], axis=2) @ camera.axes
    origins = np.broadcast_to(cameras.distance() * camera.axes[2], looks.shape)
    hit = scene.cast_rays(open3d.core.Tensor(np.concatenate([origins, looks], axis=2).astype(np.float32)))
    return hit["primitive_ids"].numpy().astype(np.int64), hit["t_hit"].numpy()


def agrees(open3d, mesh, framing="fit", views=4):
    """Nearest face and depth are Embree's in every pixel but along silhouettes; how many pixels these are."""
    pose = poses.pose(mesh)
    along_silhouettes = 0
    for camera in cameras.aim(cameras.frames(views), framing, mesh, pose):
        theirs, far = cast(open3d, mesh, pose, camera)
        screen = surfaces.project(mesh.vertices, projection(pose, camera, SIZE))
        nearest, inverse_depth = surfaces.visible(screen, mesh.faces, SIZE)
        with np.errstate(divide="ignore"):
            depth, far = np.minimum(1 / inverse_depth, BACKGROUND), np.minimum(far, BACKGROUND)
        jump = np.maximum(*(ndimage.maximum_filter(seen, 3) - ndimage.minimum_filter(seen, 3) for seen in (depth, far)))
        apart = np.abs(depth - far)
        assert (apart <= 1e-3 + 1.1 * jump).all()
        wrong = apart > 1e-3 + 0.02 * jump
        along_silhouettes += wrong.sum()
        other = (nearest >= 0) & (theirs >= 0) & ~wrong & (nearest != theirs)
        assert other.sum() <= 0.001 * (nearest >= 0).sum() + beside_an_edge(mesh, screen, nearest, other)
    return along_silhouettes


def beside_an_edge(mesh, screen, nearest, pixels):
    """How many of these pixels lie within a twentieth of one from an edge of their face: its neighbor will do."""
    corners = screen[mesh.faces[nearest[pixels]], :2].astype(np.float64)
    places = np.argwhere(pixels)[:, ::-1].astype(np.float64)
    edges = np.roll(corners, -1, axis=1) - corners
    offsets = places[:, None] - corners
    lengths = np.linalg.norm(edges, axis=2).clip(1e-9)
    distances = np.abs(edges[..., 0] * offsets[..., 1] - edges[..., 1] * offsets[..., 0]) / lengths
    return (distances.min(axis=1) < 0.05).sum()


@pytest.mark.parametrize("framing", cameras.FRAMINGS)
@pytest.mark.parametrize("category", ["ball", *examples.CATEGORIES])
def test_generated_meshes_show_what_rays_hit(open3d, category, framing):
    assert agrees(open3d, ball(4) if category == "ball" else fossil(category), framing) < 0.001 * 4 * SIZE**2


@pytest.mark.parametrize("seed", range(10))
def test_random_triangles_show_what_rays_hit(open3d, seed):
    assert agrees(open3d, soup(seed)) < 0.001 * 4 * SIZE**2


@pytest.mark.parametrize("name", REAL)
def test_real_meshes_show_what_rays_hit(open3d, real_meshes, name):
    assert agrees(open3d, meshes.read(real_meshes / REAL[name])) < 0.001 * 4 * SIZE**2


def test_of_equally_near_faces_the_first_is_seen():
    screen = np.array([(2, 2, 0.25), (14, 2, 0.25), (2, 14, 0.25)], np.float32)
    nearest, _ = surfaces.visible(screen, np.array([(0, 1, 2), (0, 1, 2)], np.int32), 16)
    assert set(np.unique(nearest)) == {-1, 0}


def test_a_pixel_on_an_edge_is_covered_whichever_way_the_face_turns():
    screen = np.array([(2, 2, 0.25), (6, 2, 0.25), (2, 6, 0.25)], np.float32)
    for face in ((0, 1, 2), (2, 1, 0)):
        nearest, _ = surfaces.visible(screen, np.array([face], np.int32), 8)
        assert [(nearest[row] == 0).sum() for row in range(8)] == [0, 0, 5, 4, 3, 2, 1, 0]


def test_what_lies_beyond_the_frame_is_cut_off():
    screen = np.array([(-50, -50, 0.25), (100, -50, 0.25), (-50, 100, 0.25)], np.float32)
    nearest, inverse_depth = surfaces.visible(screen, np.array([(0, 1, 2)], np.int32), 16)
    assert (nearest == 0).all() and np.allclose(inverse_depth, 0.25)
    beyond = screen + np.array([200, 0, 0], np.float32)
    assert (surfaces.visible(beyond, np.array([(0, 1, 2)], np.int32), 16)[0] == -1).all()


def test_normals_of_a_ball_are_its_places():
    """Where a pixel's ray meets the unit sphere, solved here, is the normal there."""
    mesh = ball(6)
    pose = poses.Pose(np.zeros(3), np.eye(3), 1.0)
    (camera,) = cameras.aim([cameras.axes([0.6, 0.0, 0.8])], "fit", mesh, pose)
    seen_by = projection(pose, camera, SIZE)
    screen = surfaces.project(mesh.vertices, seen_by)
    nearest, _ = surfaces.visible(screen, mesh.faces, SIZE)
    flags = surfaces.corners(mesh.vertices, mesh.faces, mesh.normals)
    normals = surfaces.normals(nearest, screen, mesh.vertices, mesh.faces, flags, mesh.normals, seen_by.rotation)
    tangents = ((np.arange(SIZE) + 0.5) / SIZE - 0.5) / camera.focal
    looks = np.stack([*np.meshgrid(tangents, -tangents), -np.ones((SIZE, SIZE))], axis=2)
    square, along = (looks**2).sum(axis=2), -looks[..., 2] * cameras.distance()
    root = along**2 - square * (cameras.distance() ** 2 - 1)
    meets = (root > 0.05) & (nearest >= 0)
    depth = (along - np.sqrt(root.clip(0))) / square
    places = looks * depth[..., None] + [0, 0, cameras.distance()]
    assert meets.mean() > 0.5
    assert np.abs(normals[meets] - places[meets]).max() < 0.01


def test_corners_know_sharp_edges_and_normals_that_point_back():
    sharp = box(1, 1, 1)
    assert (surfaces.corners(sharp.vertices, sharp.faces, sharp.normals) == 0b000111).all()
    mesh = ball(2)
    assert not surfaces.corners(mesh.vertices, mesh.faces, mesh.normals).any()
    assert (surfaces.corners(mesh.vertices, mesh.faces, -mesh.normals) == 0b111000).all()
