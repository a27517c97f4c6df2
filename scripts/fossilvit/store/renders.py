"""Renders: one folder per specimen, with one PNG per view, the list of views and the render record.

In: views, uint8 [H, W, 3], and a record. Out: these files, and what they hold.
"""

from pathlib import Path
from typing import Any

import numpy as np

from fossilvit.errors import UserError
from fossilvit.store import layout, png
from fossilvit.store.files import WRITING, PathLike, atomic, existing, read_json, readable, write_json
from fossilvit.store.layout import RENDER_RECORD, picture_name, render_record, view_list, view_path
from fossilvit.store.png import write_image
from fossilvit.store.records import has_picture, shown


def forget_render(renders: PathLike, identity: str) -> None:
    """Delete the render record and the list of views of a specimen, before it is rendered again."""
    render_record(renders, identity).unlink(missing_ok=True)
    view_list(renders, identity).unlink(missing_ok=True)


def write_view(renders: PathLike, identity: str, view: int, image: np.ndarray) -> None:
    """Write one view of a specimen, uint8 [H, W, 3]."""
    write_image(view_path(renders, identity, view), image)


def write_picture(renders: PathLike, identity: str, image: np.ndarray) -> None:
    """Write the picture of a specimen for people, uint8 [H, W, 3]."""
    write_image(render_record(renders, identity).with_name(picture_name(identity)), image)


def write_record(renders: PathLike, identity: str, record: dict[str, Any]) -> None:
    """Write the list of views and the render record of a specimen, after all its views.

    Other views of an earlier rendering are deleted, and unfinished files of one that was killed.

    Parameters
    ----------
    record : dict
        Its `status` is `ok`, with the facts of every view in `views`, or `failed`, with the `reason`.
    """
    folder = render_record(renders, identity).parent
    views = [view_path(renders, identity, view) for view in range(len(record.get("views", ())))]
    pictures = [folder / picture_name(identity)] if views and has_picture(record) else []
    for leftover in {*folder.glob("*.png"), *folder.glob(f"{WRITING}*")}.difference(views, pictures):
        leftover.unlink()
    with atomic(view_list(renders, identity), "w") as file:
        file.writelines(f"{view.name}\n" for view in views)
    write_json(render_record(renders, identity), record)


def view_paths(renders: PathLike, identity: str) -> list[Path]:
    """The PNGs of a specimen's views, in order. A failed specimen has none."""
    listed = view_list(renders, identity)
    with readable(listed):
        return [listed.with_name(name) for name in listed.read_text(encoding="utf-8").split("\n")[:-1]]


def best_view(renders: PathLike, identity: str) -> Path:
    """The PNG that figures show of a specimen; see records.shown."""
    record = render_record(renders, identity)
    return record.with_name(shown(identity, read_json(record)))


def forget_views(renders: PathLike, identity: str) -> None:
    """Delete the views of a specimen, except the best one, which figures show."""
    views = view_paths(renders, identity)
    best = best_view(renders, identity) if views else None
    view_list(renders, identity).unlink()
    for view in views:
        if view != best:
            view.unlink()


class BrokenView(UserError):
    """A view is missing or damaged, although the render record says that it exists."""

    def __init__(self, path: PathLike, cause: str) -> None:
        super().__init__(f"{path} {cause}; run again, and the specimen is rendered again.")
        self.path = Path(path)


def read_view(path: PathLike) -> np.ndarray:
    """Read one view, uint8 [H, W, 3].

    Raises
    ------
    BrokenView
    """
    try:
        return png.decode(Path(path).read_bytes())
    except FileNotFoundError:
        raise BrokenView(path, "does not exist") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise BrokenView(path, f"cannot be read ({error})") from None


def specimen_of(renders: PathLike, record: PathLike) -> str:
    """The ID of the specimen that a render record belongs to.

    Raises
    ------
    UserError
        The record does not lie in the folder of renders.
    """
    try:
        return layout.decode(Path(record).parent.relative_to(renders).as_posix())
    except ValueError:
        raise UserError(f"{record} does not lie in {renders}; name the folder of renders that it lies in.") from None


def rendered_ids(renders: PathLike) -> list[str]:
    """The IDs of all specimens that have a render record under a folder of renders, sorted."""
    return sorted(specimen_of(renders, record) for record in existing(renders).rglob(RENDER_RECORD))
