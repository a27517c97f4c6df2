"""Every file format of FossilViT.

What a stage leaves for the next one passes through here and nowhere else. A file appears whole or not at all.
"""

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fossilvit import digests, files, layout
from fossilvit.errors import UserError
from fossilvit.files import WRITING, atomic, read_json, readable, write_json
from fossilvit.layout import RENDER_RECORD, record_path, render_record, view_list, view_path

CLUSTERS_COLUMNS = ("specimen_id", "cluster_id", "prob")
NEIGHBORS_COLUMNS = ("query_id", "neighbor_id", "distance")
RETRIEVAL_COLUMNS = ("specimen_id", "nearest_neighbor", "first_tier", "second_tier", "average_precision")
FAILED_COLUMNS = ("specimen_id", "stage", "reason")
PASSED_OVER_COLUMNS = ("file", "reason")
SPECIMENS_COLUMNS = (
    *("specimen_id", "status", "format", "kind", "vertices", "faces"),
    *("min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area", "volume", "watertight", "components", "color"),
    *("cleaned", "notes", "bytes", "sha256", "seconds", "reason"),
)
DUPLICATES_COLUMNS = ("specimen_id", "duplicate_of", "same")
IDS = "ids.txt"
EMBEDDINGS = "embeddings.npy"
EMBEDDINGS_RECORD = "embeddings.json"
NEIGHBORS = "knn.csv"
RETRIEVAL = "retrieval.csv"


def write_array(path, array):
    """Write one array as .npy."""
    with atomic(path) as file:
        np.save(file, array, allow_pickle=False)


def read_array(path):
    """Read one .npy array; one that holds Python objects is refused."""
    with readable(path, BadZipFile):
        return np.load(path, allow_pickle=False)


@contextmanager
def table(path, columns):
    """Open a CSV of UTF-8 text with LF line ends, its header written, as a csv.writer."""
    with atomic(path, "w", synced=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield writer


def write_table(path, columns, rows):
    """Write a whole CSV.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences, as long as columns
    """
    with table(path, columns) as writer:
        writer.writerows(rows)


def read_table(path, columns, **types) -> list[dict]:
    """Read a CSV of those columns, a dict of column to value for every row.

    Parameters
    ----------
    columns : sequence of str
    types : int or float for every column that holds numbers; the others are text
    """
    with readable(path), open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != list(columns):
            raise ValueError(f"its columns should be {','.join(columns)}")
        return [row | {column: number(row[column]) for column, number in types.items()} for row in reader]


def write_image(path, image):
    """Write a picture, uint8 [H, W, 3], as PNG."""
    from fossilvit import png

    with atomic(path, synced=True) as file:
        file.write(png.encode(image))


def read_image(path):
    """Read a PNG, uint8 [H, W, 3]."""
    from fossilvit import png

    with readable(path):
        return png.decode(Path(path).read_bytes())


@contextmanager
def recorded(record, made_from, *results, **facts):
    """Write results, then the record of what they are made from; an earlier record goes before they change.

    Parameters
    ----------
    record : path
    made_from : dict
    results : paths
        What is written within the context; their digests are recorded.
    facts : values for JSON
        What else the record is to say; it stands first.
    """
    Path(record).unlink(missing_ok=True)
    yield
    digest = {Path(result).name: digests.of_file(result) for result in results}
    write_json(record, {**facts, "made_from": made_from, "sha256": digest})


# Renders: one folder per specimen, with one PNG per view, the list of these, and the record.


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
    """The view of a specimen that shows most of it: the one whose PNG takes the most bytes, of those that are kept."""
    views = range(len(read_json(render_record(renders, identity))["views"]))
    return _fullest(path for view in views if (path := view_path(renders, identity, view)).exists())


def forget_views(renders, identity):
    """Delete the views of a specimen but the best, which figures show."""
    views = view_paths(renders, identity)
    view_list(renders, identity).unlink()
    if views:
        views.remove(_fullest(views))
    for view in views:
        view.unlink()


def _fullest(views):
    return max(views, key=lambda path: path.stat().st_size)


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
    from fossilvit import png

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


def rendered(renders) -> list[str]:
    """The IDs of all specimens under a folder of renders, sorted."""
    return sorted(specimen_of(renders, record) for record in _existing(renders).rglob(RENDER_RECORD))


# Features and embeddings: one .npy per specimen, and beside it the record of what it was made from.


def write_result(path, array, made_from):
    """Write an array as .npy, and its record beside it: what it was made from, and its digest."""
    with recorded(record_path(path), made_from, path):
        write_array(path, array)


def read_record(path) -> dict:
    """The record of a result, which lies beside it."""
    return read_json(record_path(path))


def arrays(folder) -> list[str]:
    """The IDs of all specimens with an array under a folder, sorted."""
    found = (path.relative_to(folder).as_posix().removesuffix(".npy") for path in _existing(folder).rglob("*.npy"))
    return sorted(layout.decode(path) for path in found if not path.rpartition("/")[2].startswith("."))


def recorded_digest(path) -> str:
    """The digest of a result, by the record beside it."""
    return read_record(path)["sha256"][Path(path).name]


# Shards: the embeddings of some specimens, and the records of these and of those that failed. To whiten the collection,
# also the scatter of their views.


def write_shard(path, identities, embeddings, records, record, scatter=None):
    """Write a shard as .npz, its records as texts of JSON.

    Parameters
    ----------
    identities : list of str, [N]
    embeddings : float32 [N, D]
    records : dict of ID to what is kept of its render record
    record : dict
        How and from what the shard was made.
    scatter : float32 [R, D] or None
        None is left out.
    """
    with atomic(path) as file:
        np.savez(
            file,
            ids=np.array(identities, dtype=str),
            embeddings=np.asarray(embeddings, np.float32),
            records=np.array(json.dumps(records).encode()),
            record=np.array(json.dumps(record).encode()),
            **({} if scatter is None else {"scatter": scatter}),
        )


def read_shard(path):
    """A shard as (ids, embeddings [N, D], records by ID)."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        return shard["ids"].tolist(), shard["embeddings"], json.loads(shard["records"].item())


def read_shard_record(path) -> dict:
    """How and from what a shard was made."""
    with readable(path, BadZipFile):
        return files.read_shard_record(path)


def read_scatter(path):
    """The scatter of views of a shard, float32 [R, D]."""
    with readable(path, BadZipFile), np.load(path, allow_pickle=False) as shard:
        if "scatter" in shard:
            return shard["scatter"]
    raise UserError(f"{path} holds no scatter of views to whiten by; gather it again with --whiten views.")


# The collection: its embeddings, the ID of every row, and how it was made.


def write_embeddings(folder, identities, embeddings, facts, made_from):
    """Write the collection: embeddings.npy, float32 [N, D], ids.txt and embeddings.json.

    Parameters
    ----------
    facts : dict
        How all embeddings were made; their number and D are added to it.
    made_from : dict
    """
    embeddings = np.asarray(embeddings, np.float32)
    array, ids = Path(folder, EMBEDDINGS), Path(folder, IDS)
    number, dimension = embeddings.shape
    facts = {"specimens": number, "dimension": dimension, **facts}
    with recorded(Path(folder, EMBEDDINGS_RECORD), made_from, array, ids, **facts):
        write_array(array, embeddings)
        with atomic(ids, "w") as file:
            file.writelines(f"{identity}\n" for identity in identities)


def collection_of(table) -> dict | None:
    """The passport of the collection that a table was made from, by its record; None where it has none."""
    path = record_path(table)
    return read_json(path)["made_from"]["collection"] if path.exists() else None


def read_passport(embeddings) -> dict:
    """What is known of a collection: the content of embeddings.json beside its embeddings.

    Of embeddings without one, only the digest is known.
    """
    path = record_path(embeddings)
    return read_json(path) if path.exists() else {"sha256": {Path(embeddings).name: digests.of_file(embeddings)}}


def read_embeddings(path, ids=None):
    """The collection as (ids, embeddings [N, D]); the IDs stand in ids.txt beside it unless named.

    Raises
    ------
    UserError
        A file is missing or unreadable, or the two do not belong together.
    """
    path = Path(path)
    ids = Path(ids or path.with_name(IDS))
    embeddings = read_array(path)
    with readable(ids):
        identities = ids.read_text(encoding="utf-8").split("\n")[:-1]
    if embeddings.ndim != 2 or len(embeddings) != len(identities):
        raise UserError(
            f"{path} of shape {list(embeddings.shape)} and {ids} of {len(identities)} lines do not belong together; "
            "make both anew with scripts.pool_embeddings or snakemake."
        )
    return identities, embeddings


def _existing(folder):
    if not Path(folder).is_dir():
        raise UserError(f"The folder {folder} does not exist; run the stage before this one, or name another folder.")
    return Path(folder)
