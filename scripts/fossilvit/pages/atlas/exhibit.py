"""What the atlas shows of one specimen: a thumbnail, a strip of its views, and a mesh to turn.

In: the renders of a specimen, and its scan. Out: a text of two lines: WebP of the thumbnail in base64, and a packed
Exhibit of web/src/data.ts. Both lines are empty if the specimen could not be rendered.
"""

import base64
from typing import Any

import numpy as np

from fossilvit.errors import SpecimenError
from fossilvit.meshes import Mesh
from fossilvit.pages.atlas import coding, pictures, reducing
from fossilvit.pages.atlas.packing import pack
from fossilvit.provenance import recipes
from fossilvit.store import files, layout
from fossilvit.store.files import PathLike
from fossilvit.store.records import fullest, fullest_from_above, has_picture, recorded
from fossilvit.store.renders import best_view, read_view, view_paths
from fossilvit.views import cameras, isolated
from fossilvit.views.isolated import Sitting
from fossilvit.views.poses import Pose
from fossilvit.views.studio import Settings

MOST_VIEWS = 12
"""Views in a strip at most."""


def write(path: str, identity: str, renders: PathLike, out: PathLike) -> SpecimenError | None:
    """Write the exhibit of one specimen and its record.

    Parameters
    ----------
    path : str
        Its scan.
    identity : str
    renders, out : path
        Folders of renders and of exhibits.

    Returns
    -------
    SpecimenError or None
        Why there is no mesh in the exhibit: its scan can no longer be read, although it was rendered.

    Raises
    ------
    SpecimenError
        It could not be rendered, and its exhibit is empty.
    UserError
        There are no sound renders of it.
    OSError, MemoryError
        The machine failed, and there is no record. See isolated.call.
    """
    rendered = layout.render_record(renders, identity)
    record, content = files.read_json(rendered), files.read_bytes(rendered)
    exhibit = layout.exhibit_path(out, identity)
    with recorded(layout.record_path(exhibit), recipes.exhibit(content), exhibit):
        if record["status"] == "ok":
            return _write_shown(path, identity, record, renders, exhibit)
        _write(exhibit, "", "")
    raise SpecimenError("it has no exhibit, because it could not be rendered.")


def _write_shown(
    path: str, identity: str, record: dict[str, Any], renders: PathLike, exhibit: PathLike
) -> SpecimenError | None:
    """Write what there is to see of a specimen that was rendered, and return why it has no mesh."""
    thumbnail = base64.b64encode(pictures.thumbnail(read_view(best_view(renders, identity)))).decode()
    views = _views(identity, record, renders)
    settings = Settings(align="principal", strays=record["strays"])
    try:
        isolated.call(_write_with_mesh, path, identity, settings, record, thumbnail, views, exhibit)
    except SpecimenError as error:
        _write(exhibit, thumbnail, pack({"views": views, "mesh": None}))
        return error
    return None


def _views(identity: str, record: dict[str, Any], renders: PathLike) -> dict[str, Any]:
    """The strip of views: of those that show no mirror image all, or MOST_VIEWS of them, evenly chosen."""
    paths = view_paths(renders, identity)
    true = [number for number, view in enumerate(record["views"]) if not view["mirrored"]]
    chosen = [true[place * len(true) // MOST_VIEWS] for place in range(MOST_VIEWS)] if len(true) > MOST_VIEWS else true
    image, size = pictures.strip([read_view(paths[number]) for number in chosen])
    return {"image": image, "size": size, "numbers": chosen, "all": len(true)}


def _write_with_mesh(
    sitting: Sitting,
    identity: str,
    settings: Settings,
    record: dict[str, Any],
    thumbnail: str,
    views: dict[str, Any],
    exhibit: PathLike,
) -> None:
    """Write an exhibit with its mesh, in the child process."""
    _, shot, _ = sitting
    mesh = packed_mesh(shot.mesh, shot.pose, camera(record, shot.pose.rotation))
    _write(exhibit, thumbnail, pack({"views": views, "mesh": mesh}))


def packed_mesh(mesh: Mesh, pose: Pose, camera: np.ndarray) -> dict[str, Any]:
    """A PackedMesh of web/src/data.ts: a mesh in its principal pose, reduced.

    Parameters
    ----------
    mesh : Mesh
    pose : Pose
    camera : float64 [3, 3], see camera()
    """
    points = pose.apply(mesh.vertices)
    coded = coding.surface(*reducing.surface(points, mesh.faces))
    if not len(coded.faces):  # a point cloud, or a surface of which nothing is left
        coded = coding.cloud(reducing.cloud(points))
    return {
        "positions": coded.positions,
        "faces": coded.faces,
        "step": coded.step * pose.radius,
        "camera": camera.round(6).ravel().tolist(),
    }


def camera(record: dict[str, Any], axes: np.ndarray) -> np.ndarray:
    """The camera of the picture that figures show, float64 [3, 3] with rows right, up and backward.

    Parameters
    ----------
    record : dict
        The render record.
    axes : float64 [3, 3]
        A rotation in coordinates of the file, along whose rows the camera is expressed.
    """
    pose = np.array(record["camera"]["rotation"])
    if has_picture(record):
        in_file = cameras.axes(record["views"][fullest_from_above(record)]["direction"] @ pose)
    else:
        view = record["views"][fullest(record)]
        in_file = np.stack([np.cross(view["up"], view["direction"]), view["up"], view["direction"]]) @ pose
    turned: np.ndarray = in_file @ axes.T
    return turned


def _write(exhibit: PathLike, thumbnail: str, packed: str) -> None:
    with files.atomic(exhibit, "w") as file:
        file.write(f"{thumbnail}\n{packed}\n")
