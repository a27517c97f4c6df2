"""One specimen -> its views.

In: a mesh or its file, and Settings. Out: views, uint8 [V, S, S, 3], and the pose and the cameras that made them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.meshes import Mesh
from fossilvit.running import isolation
from fossilvit.scans import companions
from fossilvit.views import cameras, poses, rendering
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose


class Settings(NamedTuple):
    """Settings of the views, the same for all specimens. README.md explains each."""

    views: int = 12
    viewpoints: str = "sphere"
    elevation: float = 20.0
    """Degrees of a ring above the plane of x and y."""
    framing: str = "fit"
    align: str = "none"
    size: int = 768
    """Width and height of a view in pixels."""
    appearance: str = "gray"
    antialias: int = 1
    renderer: str = "raster"


USUAL = Settings()


class Shot(NamedTuple):
    """The views of one specimen, with its pose and cameras."""

    pose: Pose
    cameras: list[Camera]
    images: Iterator[np.ndarray]
    """uint8 [S, S, 3], one per camera; each is drawn only when the iterator reaches it"""


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
    directions = cameras.directions(settings.views, settings.viewpoints, settings.elevation)
    with rendering.renderer(settings.renderer, settings.size, settings.appearance, settings.antialias) as draw:

        def shoot(mesh: Mesh) -> Shot:
            pose = poses.pose(mesh, settings.align)
            aimed = cameras.aim(directions, settings.framing, mesh, pose)
            return Shot(pose, aimed, draw(mesh, pose, aimed))

        yield shoot


def read(path: str) -> tuple[Mesh, dict[str, str | None]]:
    """Read the mesh in a file, with as much memory as its size allows.

    Returns
    -------
    mesh : Mesh
    looked_for : dict of name to SHA-256 or None
        The files that the mesh names.

    Raises
    ------
    SpecimenError
        The file cannot be read. Its `companions` are the files that were looked for.
    """
    with companions.noted() as looked_for:
        try:
            with isolation.memory_bound(meshes.most_memory(path)):
                return meshes.read(path), looked_for
        except SpecimenError as error:
            error.companions = looked_for
            raise
        except MemoryError:
            most = meshes.most_memory(path) >> 20
            failure = SpecimenError(f"{path} takes more than {most} MiB of memory to read; export it again.")
            failure.companions = looked_for
            raise failure from None


def view_facts(shot: Shot, view: int, image: np.ndarray) -> dict[str, Any]:
    """The facts of one view for the render record: those of its camera, and how much of the view the specimen fills."""
    return {**cameras.view_facts(shot.cameras[view], shot.pose, len(image)), "fill": rendering.fill(image)}
