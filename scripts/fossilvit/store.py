"""Every path, file format and atomic write of FossilViT.

What a stage leaves for the next one passes through here and nowhere else. A file appears whole or not at all.
"""

import csv
import json
import os
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fossilvit import specimens
from fossilvit.errors import UserError

CLUSTERS_COLUMNS = ("specimen_id", "cluster_id", "prob")
NEIGHBORS_COLUMNS = ("query_id", "neighbor_id", "distance")
RETRIEVAL_COLUMNS = ("specimen_id", "nearest_neighbor", "first_tier", "second_tier", "average_precision")
FAILED_COLUMNS = ("specimen_id", "stage", "reason")
SPECIMENS_COLUMNS = (
    *("specimen_id", "status", "format", "kind", "vertices", "faces"),
    *("min_x", "min_y", "min_z", "max_x", "max_y", "max_z", "area", "volume", "watertight", "components", "color"),
    *("cleaned", "notes", "bytes", "sha256", "seconds"),
)
DUPLICATES_COLUMNS = ("specimen_id", "duplicate_of", "same")
IDS = "ids.txt"
EMBEDDINGS = "embeddings.npy"
EMBEDDINGS_RECORD = "embeddings.json"
NEIGHBORS = "knn.csv"
RETRIEVAL = "retrieval.csv"
RENDER_RECORD = "render.json"
VIEW_LIST = "views.txt"
WRITING = ".writing-"
"""What the names of unfinished files begin with."""


@contextmanager
def atomic(path, mode="wb"):
    """Open a file that takes its name only once it is complete; after an error nothing is left of it.

    What a killed process left is overwritten by the next that writes the same file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    temporary = path.with_name(WRITING + blake2b(os.fsencode(path.name), digest_size=8).hexdigest())
    try:
        with open(temporary, mode, **options) as file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path, value):
    """Write a value as indented UTF-8 JSON."""
    with atomic(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def read_json(path):
    """Read a JSON file."""
    with _told(path), open(path, encoding="utf-8") as file:
        return json.load(file)


def write_array(path, array):
    """Write one array as .npy."""
    with atomic(path) as file:
        np.save(file, array, allow_pickle=False)


def read_array(path):
    """Read one .npy array; one that holds Python objects is refused."""
    with _told(path):
        return np.load(path, allow_pickle=False)


@contextmanager
def table(path, columns):
    """Open a CSV of UTF-8 text with LF line ends, its header written, as a csv.writer."""
    with atomic(path, "w") as file:
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
    with _told(path), open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != list(columns):
            raise ValueError(f"its columns should be {','.join(columns)}")
        return [row | {column: number(row[column]) for column, number in types.items()} for row in reader]


def write_image(path, image):
    """Write a picture, uint8 [H, W, 3], as PNG."""
    from fossilvit import png

    with atomic(path) as file:
        file.write(png.encode(image))


def read_image(path):
    """Read a PNG, uint8 [H, W, 3]."""
    from fossilvit import png

    with _told(path):
        return png.decode(Path(path).read_bytes())


# Renders: a folder a specimen, with a PNG a view, the list of these, and the record.


def render_record(renders, identity) -> Path:
    """The file that says how the rendering of a specimen went, written last."""
    return Path(renders, identity, RENDER_RECORD)


def view_list(renders, identity) -> Path:
    """The file that names the views of a specimen, a line each; it is there only while all of them are."""
    return Path(renders, identity, VIEW_LIST)


def view_path(renders, identity, view) -> Path:
    """The PNG of one view, counted from 0."""
    return Path(renders, identity, f"{identity.rpartition('/')[2]}_view{view:02d}.png")


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
    folder = Path(renders, identity)
    views = [view_path(renders, identity, view) for view in range(len(record.get("views", ())))]
    for leftover in {*folder.glob("*_view*.png"), *folder.glob(f"{WRITING}*")}.difference(views):
        leftover.unlink()
    with atomic(view_list(renders, identity), "w") as file:
        file.writelines(f"{view.name}\n" for view in views)
    write_json(render_record(renders, identity), record)


def view_paths(renders, identity) -> list[Path]:
    """The PNGs of a specimen's views, in order; none for a failed one."""
    listed = view_list(renders, identity)
    with _told(listed):
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


def read_view(path):
    """Read one view, uint8 [H, W, 3]; one that is gone takes the list of views with it: the next run renders again."""
    if not Path(path).exists():
        Path(path).with_name(VIEW_LIST).unlink(missing_ok=True)
        raise UserError(f"{path} does not exist; render the specimen again, which snakemake does when run again.")
    return read_image(path)


def rendered(renders) -> list[str]:
    """The IDs of all specimens under a folder of renders, sorted."""
    return sorted(path.parent.relative_to(renders).as_posix() for path in _existing(renders).rglob(RENDER_RECORD))


# Features and embeddings: an .npy a specimen.


def array_path(folder, identity) -> Path:
    """The features or the embedding of one specimen."""
    return Path(folder, f"{identity}.npy")


def arrays(folder) -> list[str]:
    """The IDs of all specimens with an array under a folder, sorted."""
    found = (path.relative_to(folder).as_posix().removesuffix(".npy") for path in _existing(folder).rglob("*.npy"))
    return sorted(identity for identity in found if not identity.rpartition("/")[2].startswith("."))


# Shards: the embeddings of some specimens, and the records of these and of those that failed. To whiten the collection,
# also the scatter of their views.


def write_shard(path, identities, embeddings, records, scatter=None):
    """Write a shard as .npz, its records as one text of JSON.

    Parameters
    ----------
    identities : list of str, [N]
    embeddings : float32 [N, D]
    records : dict of ID to record
    scatter : float32 [R, D] or None
        None is left out.
    """
    with atomic(path) as file:
        np.savez(
            file,
            ids=np.array(identities, dtype=str),
            embeddings=np.asarray(embeddings, np.float32),
            records=np.array(json.dumps(records).encode()),
            **({} if scatter is None else {"scatter": scatter}),
        )


def read_shard(path):
    """A shard as (ids, embeddings [N, D], records by ID)."""
    with _told(path), np.load(path, allow_pickle=False) as shard:
        return shard["ids"].tolist(), shard["embeddings"], json.loads(shard["records"].item())


def read_scatter(path):
    """The scatter of views of a shard, float32 [R, D]."""
    with _told(path), np.load(path, allow_pickle=False) as shard:
        if "scatter" in shard:
            return shard["scatter"]
    raise UserError(f"{path} holds no scatter of views to whiten by; gather it again with --whiten views.")


# The collection: its embeddings, the ID of every row, and how it was made.


def write_embeddings(folder, identities, embeddings, record):
    """Write the collection: embeddings.npy, float32 [N, D], ids.txt and embeddings.json.

    Parameters
    ----------
    record : dict
        What was done to the embeddings of the specimens; their number and D are added to it.
    """
    embeddings = np.asarray(embeddings, np.float32)
    write_array(Path(folder, EMBEDDINGS), embeddings)
    with atomic(Path(folder, IDS), "w") as file:
        file.writelines(f"{identity}\n" for identity in identities)
    specimens, dimension = embeddings.shape
    write_json(Path(folder, EMBEDDINGS_RECORD), {"specimens": specimens, "dimension": dimension, **record})


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
    with _told(ids):
        identities = ids.read_text(encoding="utf-8").split("\n")[:-1]
    if embeddings.ndim != 2 or len(embeddings) != len(identities):
        raise UserError(
            f"{path} of shape {list(embeddings.shape)} and {ids} of {len(identities)} lines do not belong together; "
            "make both anew with scripts.pool_embeddings or snakemake."
        )
    return identities, embeddings


def neighbors_table(results, identity) -> Path:
    """The table of one query's neighbours."""
    return Path(results, f"knn_{specimens.flat(identity)}.csv")


def _existing(folder):
    if not Path(folder).is_dir():
        raise UserError(f"The folder {folder} does not exist; run the stage before this one, or name another folder.")
    return Path(folder)


@contextmanager
def _told(path):
    """Turn what goes wrong with reading a file of ours into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the stage that makes it first.") from None
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, BadZipFile) as error:
        raise UserError(f"{path} cannot be read ({error}); delete it and run again.") from None
