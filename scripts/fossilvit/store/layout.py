"""Where every file of the workflow lies.

Standard library only: this is read at every start of Snakemake.
"""

import re
from hashlib import blake2b
from pathlib import Path

MESHES = "data/meshes"
RENDERS, FEATURES, EMBEDDINGS, SHARDS = "data/renders", "data/features", "data/embeddings", "data/shards"
RESULTS, FIGURES, LOGS = "results", "results/figures", "logs"

RENDER_RECORD, VIEW_LIST = "render.json", "views.txt"
COLLECTION = "embeddings"
"""The name of the array and the record of the whole collection, which lie beside those of specimens."""

# One per specimen, shard or query: patterns with a wildcard, as Snakemake's rules need them.
RENDER_RECORDS = f"{RENDERS}/{{id}}/{RENDER_RECORD}"
VIEW_LISTS = f"{RENDERS}/{{id}}/{VIEW_LIST}"
FEATURE_ARRAYS, EMBEDDING_ARRAYS = f"{FEATURES}/{{id}}.npy", f"{EMBEDDINGS}/{{id}}.npy"
SHARD_RECORDS, SHARD_EMBEDDINGS = f"{SHARDS}/{{shard}}.json", f"{SHARDS}/{{shard}}.npz"
QUERY_TABLES, QUERY_RECORDS = f"{RESULTS}/knn_{{query}}.csv", f"{RESULTS}/knn_{{query}}.json"

# One per collection.
ENCODER = "data/encoder.json"
ARRAY = f"{EMBEDDINGS}/{COLLECTION}.npy"
IDS = f"{EMBEDDINGS}/ids.txt"
PASSPORT = f"{EMBEDDINGS}/{COLLECTION}.json"
SPECIMENS = f"{RESULTS}/specimens.csv"
FAILED, PASSED_OVER, LISTING_RECORD = f"{RESULTS}/failed.csv", f"{RESULTS}/passed_over.csv", f"{RESULTS}/failed.json"
DUPLICATES, DUPLICATES_RECORD = f"{RESULTS}/duplicates.csv", f"{RESULTS}/duplicates.json"
CLUSTERS, CLUSTERS_RECORD = f"{RESULTS}/clusters.csv", f"{RESULTS}/clusters.json"
NEIGHBORS, RETRIEVAL, NEIGHBORS_RECORD = f"{RESULTS}/knn.csv", f"{RESULTS}/retrieval.csv", f"{RESULTS}/knn.json"
EVALUATION, EVALUATION_RECORD = f"{RESULTS}/evaluation.csv", f"{RESULTS}/evaluation.json"
FIGURES_RECORD = "figures.json"
DIGESTS = ".fossilvit/digests.json"

PREVIEW = "preview_"
"""What the names of sheets begin with that are drawn to try settings."""
LONGEST_NAME = 255
"""Bytes of the longest name that file systems take."""
LONGEST_ENDING = 5
"""Bytes of `.json`, the longest ending of a file named after a specimen; the names of views are cut to fit."""
UNSAFE = re.compile(
    r"[{}<>]"  # which Snakemake takes for its own
    r"|%(?=[0-9a-f]{2})"  # which would be decoded
    r"|\.(?=(?:npy|json|png|txt|log)(?:/|\Z))"  # a folder so named would be in the way of another specimen's file
    rf"|^{COLLECTION[0]}(?={COLLECTION[1:]}\Z)",
    re.IGNORECASE,
)
"""Characters of an ID that no path of the workflow may hold, where they stand."""


def encode(identity) -> str:
    """An ID as it stands in paths: itself, but `%7B` for `{` and so on, as in the addresses of web pages."""
    return UNSAFE.sub(lambda character: f"%{ord(character[0]):02X}", identity)


def decode(path) -> str:
    """The ID that stands in a path."""
    return re.sub("%([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), path)


def render_record(renders, identity) -> Path:
    """The file that says how the rendering of a specimen went, written last."""
    return Path(renders, encode(identity), RENDER_RECORD)


def view_list(renders, identity) -> Path:
    """The file that names the views of a specimen, one per line; it is there only while all of them are."""
    return Path(renders, encode(identity), VIEW_LIST)


def view_name(identity, view) -> str:
    """The name of the PNG of one view, counted from 0; the specimen's own name is cut where that gets too long."""
    ending = f"_view{view:02d}.png"
    name = encode(identity).rpartition("/")[2]
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def view_path(renders, identity, view) -> Path:
    """The PNG of one view, counted from 0."""
    return Path(renders, encode(identity), view_name(identity, view))


def array_path(folder, identity) -> Path:
    """The features or the embedding of one specimen."""
    return Path(folder, f"{encode(identity)}.npy")


def record_path(path) -> Path:
    """The record beside a result: what the result was made from, and its digest."""
    path = Path(path)
    return path.with_name(f"{path.name.rpartition('.')[0]}.json")


def shard_records(shard) -> Path:
    """The render records of one shard."""
    return Path(SHARD_RECORDS.format(shard=shard))


def shard_embeddings(shard) -> Path:
    """The embeddings of one shard."""
    return Path(SHARD_EMBEDDINGS.format(shard=shard))


def within(folder, path) -> Path:
    """The place of a file of the workflow in another folder."""
    return Path(folder, Path(path).name)


def flat(identity) -> str:
    """An ID as part of a file name, `__` for `/`; of one that is too long its end, behind a digest of the whole."""
    name = encode(identity).replace("/", "__")
    room = LONGEST_NAME - len("neighbors_.json")
    if len(name.encode()) <= room:
        return name
    digest = blake2b(name.encode(), digest_size=8).hexdigest()
    return digest + name.encode()[len(digest) - room :].decode(errors="ignore")


def neighbors_table(results, identity) -> Path:
    """The table of one query's neighbors."""
    return within(results, QUERY_TABLES.format(query=flat(identity)))


def query_of(table) -> str:
    """The name of the query in the path of its table of neighbors."""
    before, after = Path(QUERY_TABLES).name.split("{query}")
    return Path(table).name.removeprefix(before).removesuffix(after)


def preview(identity) -> Path:
    """The sheet of a specimen's views that is drawn to try settings."""
    return Path(FIGURES, f"{PREVIEW}{flat(identity)}.png")
