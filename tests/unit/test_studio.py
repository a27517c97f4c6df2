"""Views of one specimen as it may lie in different scans."""

import numpy as np
import pytest

from fossilvit.collection import pooling
from fossilvit.encoders import Options, create
from fossilvit.meshes import strays
from fossilvit.views import studio
from fossilvit.views.studio import Settings

from .shapes import fossil, surface
from .test_poses import turned
from .test_strays import STRAYS, joined

SMALL = Settings(size=96)


def embedding(mesh, **changes):
    features = create("hog", Options()).encode(studio.render(mesh, SMALL._replace(**changes)))
    return pooling.pool(np.asarray(features, np.float32), "mean")


def same_pictures(one, other):
    """Whether views are the same in another order, but for few pixels that rounding moves, uint8 [V, S, S, 3] each."""
    differ = np.array([[(a != b).any(axis=2).mean() for b in other] for a in one])
    return len(set(differ.argmin(axis=1))) == len(one) and differ.min(axis=1).max() < 0.01


@pytest.mark.parametrize("change", [{}, {"views": 8}, {"viewpoints": "ring"}, {"framing": "zoom"}])
@pytest.mark.parametrize("category", ["gastropod", "trilobite"])
def test_a_turned_specimen_has_the_same_views(category, change):
    settings = SMALL._replace(**change)
    mesh = fossil(category)
    for seed in range(3):
        assert same_pictures(studio.render(mesh, settings), studio.render(turned(mesh, seed), settings))


def test_its_embedding_is_the_same():
    mesh = fossil("gastropod")
    assert embedding(mesh) @ embedding(turned(mesh, 1)) > 0.999
    assert embedding(mesh, align="none") @ embedding(turned(mesh, 1), align="none") < 0.99


def test_flips_of_the_principal_axes_change_nothing(monkeypatch):
    """The pose may come out in any of four ways, and the guess which does not matter."""
    from fossilvit.meshes import axes
    from fossilvit.views import cameras

    mesh, found = fossil("gastropod"), axes.principal(fossil("gastropod"))
    views = studio.render(mesh, SMALL)
    for flip in cameras.FLIPS[1:]:
        monkeypatch.setattr(axes, "principal", lambda mesh, flip=flip: flip[:, None] * found)
        assert same_pictures(views, studio.render(mesh, SMALL))


@pytest.mark.parametrize("appearance", ["gray", "whitened", "color", "normals", "depth"])
def test_a_mirrored_view_is_a_view_of_the_mirror_image(appearance):
    mesh = fossil("gastropod")
    mesh = mesh._replace(colors=(np.abs(mesh.normals) * 255).astype(np.uint8))
    image = surface(mesh.vertices * [-1, 1, 1], mesh.faces[:, ::-1], colors=mesh.colors)
    settings = SMALL._replace(appearance=appearance, align="none", framing="zoom", mirror="ignore")
    views = studio.render(mesh, settings)
    assert len(views) == 24
    expected = studio.render(image, settings._replace(mirror="keep"))
    assert (np.abs(views[12:].astype(int) - expected) > 2).any(axis=3).mean() < 0.005


def test_a_specimen_and_its_mirror_image_are_one_if_the_side_is_ignored():
    mesh = fossil("gastropod")
    image = turned(surface(mesh.vertices * [1, 1, -1], mesh.faces[:, ::-1]), 2)
    assert embedding(mesh, mirror="ignore") @ embedding(image, mirror="ignore") > 0.999
    assert embedding(mesh) @ embedding(image) < 0.995


def test_strays_change_no_view():
    marked = strays.marked(joined(*STRAYS["a crumb of the turntable"]))
    clean = studio.render(joined(STRAYS["a crumb of the turntable"][0]), SMALL)
    assert np.array_equal(studio.render(marked, SMALL), clean)
    assert not np.array_equal(studio.render(marked, SMALL._replace(strays="keep")), clean)


def test_a_picture_for_people_shows_the_same_side_with_the_z_axis_of_the_file_upward():
    """A cone that stands in its file stands in the picture, though its long axis lies along x in the pose."""
    import trimesh

    cone = trimesh.creation.cone(radius=1, height=4)
    mesh = surface(cone.vertices, cone.faces)
    settings = SMALL._replace(picture="file")
    with studio.opened(settings) as shoot:
        shot = shoot(mesh)
        image = studio.picture(shot, 0, settings)
    rows = np.flatnonzero((image != 255).any(axis=(1, 2)))
    widths = (image[rows] != 255).any(axis=2).sum(axis=1)
    assert len(rows) > widths.max() and widths[0] < widths[-1] / 3
