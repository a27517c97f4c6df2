"""Notes in the place of a record that a view is broken, by which freshness has the specimen rendered again.

In: the ID of a specimen, and a view of it that could not be read. Out: a file.
"""

from fossilvit.provenance import recipes
from fossilvit.store import files, layout
from fossilvit.store.files import PathLike


def note_broken(renders: PathLike, identity: str, view: str, result: PathLike) -> None:
    """Write the note beside the result that was to be made of the view.

    Parameters
    ----------
    renders : path
        Folder of renders.
    identity : str
    view : str
        The file name of the view.
    result : path
        The features or the exhibit of the specimen.
    """
    record = files.read_bytes(layout.render_record(renders, identity))
    files.write_json(layout.record_path(result), recipes.broken(record, view))
