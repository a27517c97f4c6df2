"""Renders: one folder per specimen, with one PNG per view, the list of the views, and the render record."""

from pathlib import Path

from fossilvit.errors import UserError
from fossilvit.store import layout, png
from fossilvit.store.files import WRITING, atomic, existing, read_json, readable, write_json
from fossilvit.store.layout import RENDER_RECORD, render_record, view_list, view_path
from fossilvit.store.png import write_image
from fossilvit.store.records import fullest


def forget_render(renders, identity):
    """Take away what says that a specimen is rendered, before it is rendered again."""
    render_record(renders, identity).unlink(missing_ok=True)
    view_list(renders, identity).unlink(missing_ok=True)


def write_view(renders, identity, view, image):
    """Write one view of a specimen, uint8 [H, W, 3]."""
    write_image(view_path(renders, identity, view), image)


def write_record(renders, identity, record):
    """Write the list of views and the record of a specimen, once all its views are there.

    Other views of an earlier rendering go, and what a killed one left unfinished.

    Parameters
    ----------
    record : dict
        With `status`: `ok` and the facts of every view in `views`, or `failed` and the `reason`.
    """
    folder = render_record(renders, identity).parent
    views = [view_path(renders, identity, view) for view in range(len(record.get("views", ())))]
    for leftover in {*folder.glob("*_view*.png"), *folder.glob(f"{WRITING}*")}.difference(views):
        leftover.unlink()
    with atomic(view_list(renders, identity), "w") as file:
        file.writelines(f"{view.name}\n" for view in views)
    write_json(render_record(renders, identity), record)


def view_paths(renders, identity) -> list[Path]:
    """The PNGs of a specimen's views, in order; none for a failed one."""
    listed = view_list(renders, identity)
    with readable(listed):
        return [listed.with_name(name) for name in listed.read_text(encoding="utf-8").split("\n")[:-1]]


def best_view(renders, identity) -> Path:
    """The view that shows most of a specimen."""
    return view_path(renders, identity, fullest(read_json(render_record(renders, identity))))


def forget_views(renders, identity):
    """Delete the views of a specimen except the best, which figures show."""
    views = view_paths(renders, identity)
    best = best_view(renders, identity) if views else None
    view_list(renders, identity).unlink()
    for view in views:
        if view != best:
            view.unlink()


class BrokenView(UserError):
    """A view is missing or damaged, though the record of its specimen says that it is there."""

    def __init__(self, path, cause):
        super().__init__(f"{path} {cause}; run again, and the specimen is rendered again.")
        self.path = Path(path)


def read_view(path):
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


def specimen_of(renders, record) -> str:
    """The ID of the specimen that a file in its folder of renders belongs to."""
    try:
        return layout.decode(Path(record).parent.relative_to(renders).as_posix())
    except ValueError:
        raise UserError(f"{record} does not lie in {renders}; name the folder of renders that it lies in.") from None


def rendered_ids(renders) -> list[str]:
    """The IDs of all specimens under a folder of renders, sorted."""
    return sorted(specimen_of(renders, record) for record in existing(renders).rglob(RENDER_RECORD))
