"""One scan -> its renders on disk.

In: the path and the ID of a scan, and Settings. Out: one PNG per view, uint8 [S, S, 3], and the render record.
"""

import time
from typing import Any

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.provenance import recipes
from fossilvit.store import layout, records
from fossilvit.store.files import PathLike
from fossilvit.store.renders import forget_render, write_picture, write_record, write_view
from fossilvit.views import cameras, isolated, studio
from fossilvit.views.isolated import Sitting
from fossilvit.views.studio import Settings


def render(path: str, identity: str, settings: Settings, out: PathLike) -> None:
    """Render one specimen, and write its views and its record.

    Parameters
    ----------
    path : str
    identity : str
    settings : Settings
    out : path
        Folder of renders.

    Raises
    ------
    SpecimenError
        Its data are bad or crash the reader, which the record says.
    UserError, OSError
        The machine failed, and there is no record. See isolated.call.
    """
    begin = time.perf_counter()
    record = {**recipes.views(settings._asdict()), "file": meshes.file_facts(path)}
    try:
        isolated.call(_record, path, identity, settings, record, begin, out)
    except SpecimenError as error:
        record |= {"path": path, "companions": error.companions}
        forget_render(out, identity)
        write_record(out, identity, {"status": "failed", "reason": str(error), **record, "seconds": _since(begin)})
        raise
    except BaseException:
        _forget_unfinished(out, identity)
        raise


def _record(
    sitting: Sitting, identity: str, settings: Settings, record: dict[str, Any], begin: float, out: PathLike
) -> None:
    """Draw and write the views of one specimen, and write its record, in the child process."""
    mesh, shot, looked_for = sitting
    forget_render(out, identity)
    views = []
    for view, image in enumerate(shot.images):
        write_view(out, identity, view, image)
        views.append(studio.view_facts(shot, view, image))
    record |= {"companions": looked_for, "mesh": meshes.facts(mesh), "camera": cameras.facts(shot.pose), "views": views}
    if records.has_picture(record):
        write_picture(out, identity, studio.picture(shot, records.fullest_from_above(record), settings))
    write_record(out, identity, {"status": "ok", **record, "seconds": _since(begin)})


def _forget_unfinished(out: PathLike, identity: str) -> None:
    """Delete the views of a specimen that has no record, because its rendering was not finished."""
    record = layout.render_record(out, identity)
    for view in () if record.exists() else record.parent.glob("*.png"):
        view.unlink(missing_ok=True)


def _since(begin: float) -> float:
    """Seconds since then, to the millisecond."""
    return round(time.perf_counter() - begin, 3)
