"""Where every file of the workflow lies.

Standard library only: this is read at every start of Snakemake.
"""

from pathlib import Path

from fossilvit import specimens

RENDERS, FEATURES, EMBEDDINGS, SHARDS = "data/renders", "data/features", "data/embeddings", "data/shards"
RESULTS, FIGURES = "results", "results/figures"
FAILED, SPECIMENS = "results/failed.csv", "results/specimens.csv"
ENCODER = "data/encoder.json"
RENDER_RECORD = "render.json"
VIEW_LIST = "views.txt"
FIGURES_RECORD = "figures.json"


def render_record(renders, identity) -> Path:
    """The file that says how the rendering of a specimen went, written last."""
    return Path(renders, identity, RENDER_RECORD)


def view_list(renders, identity) -> Path:
    """The file that names the views of a specimen, one per line; it is there only while all of them are."""
    return Path(renders, identity, VIEW_LIST)


def view_name(identity, view) -> str:
    """The name of the PNG of one view, counted from 0."""
    return f"{identity.rpartition('/')[2]}_view{view:02d}.png"


def view_path(renders, identity, view) -> Path:
    """The PNG of one view, counted from 0."""
    return Path(renders, identity, view_name(identity, view))


def array_path(folder, identity) -> Path:
    """The features or the embedding of one specimen."""
    return Path(folder, f"{identity}.npy")


def record_path(path) -> Path:
    """The record beside a result: what the result was made from, and its digest."""
    path = Path(path)
    return path.with_name(f"{path.name.rpartition('.')[0]}.json")


def shard_records(shard) -> Path:
    """The render records of one shard."""
    return Path(SHARDS, f"{shard}.json")


def shard_embeddings(shard) -> Path:
    """The embeddings of one shard."""
    return Path(SHARDS, f"{shard}.npz")


def neighbors_table(results, identity) -> Path:
    """The table of one query's neighbours."""
    return Path(results, f"knn_{specimens.flat(identity)}.csv")
