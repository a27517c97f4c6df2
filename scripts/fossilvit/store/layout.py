"""The path of every file of the workflow, by specimen, shard or query.

In: a folder and an ID. Out: a path; patterns with a wildcard are for Snakemake. Standard library only: Snakemake reads
this at every start.
"""

import re
from hashlib import blake2b
from pathlib import Path

from fossilvit.store.files import PathLike

MESHES = "data/meshes"
RENDERS, FEATURES, EMBEDDINGS, SHARDS = "data/renders", "data/features", "data/embeddings", "data/shards"
EXHIBITS = "data/exhibits"
RESULTS, FIGURES, ATLAS, LOGS = "results", "results/figures", "results/atlas", "logs"

RENDER_RECORD, VIEW_LIST = "render.json", "views.txt"
COLLECTION = "embeddings"
"""The name of the array of the collection and of its record, which lie beside those of specimens."""

# One file per specimen, shard or query: patterns with a wildcard, as Snakemake's rules need them.
RENDER_RECORDS = f"{RENDERS}/{{id}}/{RENDER_RECORD}"
VIEW_LISTS = f"{RENDERS}/{{id}}/{VIEW_LIST}"
FEATURE_ARRAYS, EMBEDDING_ARRAYS = f"{FEATURES}/{{id}}.npy", f"{EMBEDDINGS}/{{id}}.npy"
EXHIBIT_FILES = f"{EXHIBITS}/{{id}}.txt"
SHARD_RECORDS, SHARD_EMBEDDINGS = f"{SHARDS}/{{shard}}.json", f"{SHARDS}/{{shard}}.npz"
CHUNKS = f"{ATLAS}/chunks"
EXHIBIT_CHUNKS, THUMBNAIL_CHUNKS = f"{CHUNKS}/exhibits-{{shard}}.js", f"{CHUNKS}/thumbnails-{{shard}}.js"
CHUNK_RECORDS = f"{CHUNKS}/exhibits-{{shard}}.json"
QUERY_TABLES, QUERY_RECORDS = f"{RESULTS}/knn_{{query}}.csv", f"{RESULTS}/knn_{{query}}.json"

# One file per collection.
ENCODER = "data/encoder.json"
ARRAY = f"{EMBEDDINGS}/{COLLECTION}.npy"
IDS = f"{EMBEDDINGS}/ids.txt"
PASSPORT = f"{EMBEDDINGS}/{COLLECTION}.json"
SPECIMENS = f"{RESULTS}/specimens.csv"
FAILED, PASSED_OVER, LISTING_RECORD = f"{RESULTS}/failed.csv", f"{RESULTS}/passed_over.csv", f"{RESULTS}/failed.json"
DUPLICATES, DUPLICATES_RECORD = f"{RESULTS}/duplicates.csv", f"{RESULTS}/duplicates.json"
CLUSTERS, CLUSTERS_RECORD = f"{RESULTS}/clusters.csv", f"{RESULTS}/clusters.json"
CLUSTER_SUMMARY, CLUSTER_HISTORY = f"{RESULTS}/cluster_summary.csv", f"{RESULTS}/cluster_history.csv"
TREE = f"{RESULTS}/tree.nwk"
NEIGHBORS, RETRIEVAL, NEIGHBORS_RECORD = f"{RESULTS}/knn.csv", f"{RESULTS}/retrieval.csv", f"{RESULTS}/knn.json"
EVALUATION, EVALUATION_RECORD = f"{RESULTS}/evaluation.csv", f"{RESULTS}/evaluation.json"
CATEGORIES, CONFUSION = f"{RESULTS}/categories.csv", f"{RESULTS}/confusion.csv"
EVALUATION_TABLES = (EVALUATION, CATEGORIES, CONFUSION)
SUSPECTS, SUSPECTS_RECORD = f"{RESULTS}/suspects.csv", f"{RESULTS}/suspects.json"
SHEET, SHEET_RECORD = f"{RESULTS}/sheet.csv", f"{RESULTS}/sheet.json"
MAP, MAP_RECORD = f"{RESULTS}/map.csv", f"{RESULTS}/map.json"
ATLAS_PAGE, ATLAS_RECORD = f"{ATLAS}/index.html", f"{ATLAS}/index.json"
PARQUET, PARQUET_RECORD = f"{RESULTS}/embeddings.parquet", f"{RESULTS}/embeddings.json"
FIGURES_RECORD = "figures.json"
DIGESTS = ".fossilvit/digests.json"

PREVIEW = "preview_"
"""Prefix of the names of contact sheets that are drawn to try settings."""
LONGEST_NAME = 255
"""Length of the longest file name that file systems accept, in bytes."""
LONGEST_ENDING = 5
"""Length of `.json` in bytes, the longest ending of a file named after a specimen. Names of views are cut to fit."""
UNSAFE = re.compile(
    r"[{}<>]"  # special to Snakemake
    r"|%(?=[0-9a-f]{2})"  # would be decoded
    r"|\.(?=(?:npy|json|png|txt|log)(?:/|\Z))"  # such a folder could have the path of another specimen's file
    rf"|^{COLLECTION[0]}(?={COLLECTION[1:]}\Z)",
    re.IGNORECASE,
)
"""Characters of an ID that must be encoded in paths, at the places where they would do harm."""


def encode(identity: str) -> str:
    """An ID as it stands in paths: `%7B` for `{` and so on, as in the addresses of web pages; the rest is unchanged."""
    return UNSAFE.sub(lambda character: f"%{ord(character[0]):02X}", identity)


def decode(path: str) -> str:
    """The ID that stands in a path."""
    return re.sub("%([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), path)


def render_record(renders: PathLike, identity: str) -> Path:
    """The render record of a specimen, which is written last."""
    return Path(renders, encode(identity), RENDER_RECORD)


def view_list(renders: PathLike, identity: str) -> Path:
    """The file that names the views of a specimen, one per line. It exists only while all of them do."""
    return Path(renders, encode(identity), VIEW_LIST)


def view_name(identity: str, view: int) -> str:
    """The file name of the PNG of one view, counted from 0. The specimen's name in it is cut if it is too long."""
    return _png_name(identity, f"_view{view:02d}.png")


def picture_name(identity: str) -> str:
    """The file name of the PNG that shows a specimen to people, if it is none of its views."""
    return _png_name(identity, "_picture.png")


def _png_name(identity: str, ending: str) -> str:
    name = encode(identity).rpartition("/")[2]
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def view_path(renders: PathLike, identity: str, view: int) -> Path:
    """The PNG of one view, counted from 0."""
    return Path(renders, encode(identity), view_name(identity, view))


def array_path(folder: PathLike, identity: str) -> Path:
    """The features or the embedding of one specimen."""
    return Path(folder, f"{encode(identity)}.npy")


def record_path(path: PathLike) -> Path:
    """The record beside a result: what the result was made from, and its digest."""
    path = Path(path)
    return path.with_name(f"{path.name.rpartition('.')[0]}.json")


def exhibit_path(folder: PathLike, identity: str) -> Path:
    """What the atlas shows of one specimen."""
    return Path(folder, f"{encode(identity)}.txt")


def shard_records(shard: str) -> Path:
    """The render records of one shard."""
    return Path(SHARD_RECORDS.format(shard=shard))


def shard_embeddings(shard: str) -> Path:
    """The embeddings of one shard."""
    return Path(SHARD_EMBEDDINGS.format(shard=shard))


def chunks(shard: str) -> tuple[str, str]:
    """The two chunks of one shard that lie beside the atlas."""
    return EXHIBIT_CHUNKS.format(shard=shard), THUMBNAIL_CHUNKS.format(shard=shard)


def shard_of(chunk_record: PathLike) -> str:
    """The shard whose chunks a record belongs to."""
    return Path(chunk_record).stem.partition("-")[2]


def within(folder: PathLike, path: PathLike) -> Path:
    """The path that a file of the workflow has in another folder."""
    return Path(folder, Path(path).name)


def flat(identity: str) -> str:
    """An ID as part of a file name, with `__` for `/`. If it is too long, a digest of the whole precedes its end."""
    name = encode(identity).replace("/", "__")
    room = LONGEST_NAME - len("neighbors_.json")
    if len(name.encode()) <= room:
        return name
    digest = blake2b(name.encode(), digest_size=8).hexdigest()
    return digest + name.encode()[len(digest) - room :].decode(errors="ignore")


def neighbors_table(results: PathLike, identity: str) -> Path:
    """The table of one query's neighbors."""
    return within(results, QUERY_TABLES.format(query=flat(identity)))


def query_of(table: PathLike) -> str:
    """The name of the query in the path of its table of neighbors."""
    before, after = Path(QUERY_TABLES).name.split("{query}")
    return Path(table).name.removeprefix(before).removesuffix(after)


def preview(identity: str) -> Path:
    """The contact sheet of a specimen's views that is drawn to try settings."""
    return Path(FIGURES, f"{PREVIEW}{flat(identity)}.png")
