"""One specimen -> its views.

In: a Mesh, and Settings. Out: views, uint8 [V, S, S, 3], and the pose and the cameras that made them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from fossilvit.meshes import Mesh, strays
from fossilvit.views import cameras, poses, rendering
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose
from fossilvit.views.rendering import Draw


class Settings(NamedTuple):
    """Settings of the views, the same for all specimens. README.md explains each."""

    views: int = 12
    viewpoints: str = "sphere"
    elevation: float = 20.0
    """Degrees of a ring above the plane of x and y."""
    framing: str = "fit"
    align: str = "principal"
    mirror: str = "keep"
    strays: str = "leave_out"
    picture: str = "pose"
    size: int = 768
    """Width and height of a view in pixels."""
    appearance: str = "gray"
    antialias: int = 1
    renderer: str = "raster"


STRAYS = ("leave_out", "keep")
PICTURES = ("pose", "file")
USUAL = Settings()


class Shot(NamedTuple):
    """The views of one specimen, with its pose and cameras."""

    mesh: Mesh
    """what the views show: without strays, if they are left out"""
    pose: Pose
    cameras: list[Camera]
    images: Iterator[np.ndarray]
    """uint8 [S, S, 3], one per camera; each is drawn only when the iterator reaches it"""
    draw: Draw
    """what draws further views"""


Shoot = Callable[[Mesh], Shot]
"""A function that takes the views of a mesh."""


def render(mesh: Mesh, settings: Settings = USUAL) -> np.ndarray:
    """Render the views of one mesh, uint8 [V, S, S, 3].

    Raises
    ------
    UserError
        This machine cannot run the renderer.
    """
    with opened(settings) as shoot:
        return np.stack(list(shoot(mesh).images))


@contextmanager
def opened(settings: Settings) -> Iterator[Shoot]:
    """Yield the function that shoots one mesh after another, all with one renderer."""
    flippable = settings.align == "principal"
    frames = cameras.frames(settings.views, settings.viewpoints, settings.elevation, flippable)
    with rendering.renderer(settings.renderer, settings.size, settings.appearance, settings.antialias) as draw:

        def shoot(mesh: Mesh) -> Shot:
            shown = strays.without(mesh) if settings.strays == "leave_out" else mesh
            pose = poses.pose(shown, settings.align)
            aimed = cameras.aim(frames, settings.framing, shown, pose, settings.mirror)
            return Shot(shown, pose, aimed, draw(shown, pose, aimed), draw)

        yield shoot


def picture(shot: Shot, view: int, settings: Settings) -> np.ndarray:
    """Draw a view again with the z axis of the file upward, as people look at it, uint8 [S, S, 3]."""
    pose = poses.pose(shot.mesh)
    frame = cameras.axes(shot.cameras[view].axes[2] @ shot.pose.rotation)
    return next(shot.draw(shot.mesh, pose, cameras.aim(frame[None], settings.framing, shot.mesh, pose)))


def view_facts(shot: Shot, view: int, image: np.ndarray) -> dict[str, Any]:
    """The facts of one view for the render record: those of its camera, and how much of the view the specimen fills."""
    return {**cameras.view_facts(shot.cameras[view], shot.pose, len(image)), "fill": rendering.fill(image)}
