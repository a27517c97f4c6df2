"""Files of specimens and queries that are gone, previews, and files that killed processes left unfinished.

In: the IDs of the collection, and the folders of the workflow. Out: the paths to delete. Standard library only:
Snakemake reads this at every start.
"""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal

from fossilvit.scans import specimens
from fossilvit.store import files, layout
from fossilvit.store.files import PathLike

SPECIMEN_RULES = ("render_views", "make_exhibit", "extract_features", "pool_embedding")
SHARD_RULES = ("gather_records", "gather_shard", "pack_exhibits")
OF_COLLECTION = {Path(path).name for path in (layout.ARRAY, layout.IDS, layout.PASSPORT)}
"""Files in the folder of embeddings that belong to no specimen."""


def find(
    identities: Collection[str], shards: int | Literal["auto"], data: PathLike, logs: PathLike, results: PathLike
) -> list[Path]:
    """List every file that belongs to no specimen, and every preview, sorted. Files of the user are not listed.

    Parameters
    ----------
    identities : collection of str
        The IDs of all specimens.
    shards : int or "auto"
        Number of shards.
    data, logs, results : path
        The folders of the workflow.
    """
    known = set(identities)
    used = set(specimens.members(known, shards))
    queries = {layout.decode(layout.query_of(path)) for path in _query_tables(results)}
    return sorted(
        [
            *_orphans(layout.within(data, layout.RENDERS), known, _rendered),
            *_orphans(layout.within(data, layout.EXHIBITS), known, _named(".txt", ".json")),
            *_orphans(layout.within(data, layout.FEATURES), known, _named(".npy", ".json")),
            *_orphans(layout.within(data, layout.EMBEDDINGS), known, _embedded),
            *_orphans(layout.within(data, layout.SHARDS), used, _named(".json", ".npz")),
            *(path for rule in SPECIMEN_RULES for path in _orphans(Path(logs, rule), known, _named(".log"))),
            *(path for rule in SHARD_RULES for path in _orphans(Path(logs, rule), used, _named(".log"))),
            *_orphans(Path(logs, "search_query"), queries, _named(".log")),
            *layout.within(results, layout.FIGURES).glob(f"{layout.PREVIEW}*.png"),
        ]
    )


def former(results: PathLike, asked_for: Collection[str]) -> list[Path]:
    """List the results that former runs made and this run does not make, with their records, sorted.

    Parameters
    ----------
    results : path
        Folder of results.
    asked_for : collection of str
        The paths of results that this run makes and others may not, as layout has them.
    """
    chunks = _within(results, Path(layout.CHUNK_RECORDS).parent).glob(Path(layout.CHUNK_RECORDS.format(shard="*")).name)
    optional: list[tuple[PathLike, ...]] = [
        *((Path(layout.RESULTS, table.name),) for table in _query_tables(results)),
        *(layout.EVALUATION_TABLES, (layout.SUSPECTS,), (layout.SHEET,), (layout.MAP,), (layout.ATLAS_PAGE,)),
        *(layout.chunks(layout.shard_of(record)) for record in chunks),
    ]
    found = []
    for files_of_one in optional:
        if str(files_of_one[0]) not in asked_for:
            paths = [_within(results, path) for path in files_of_one]
            record = layout.record_path(paths[0])
            if record.exists():
                found += [record, *(path for path in paths if path.exists())]
    return sorted(found)


def delete(paths: Collection[Path]) -> None:
    """Delete files, and the folders that become empty."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in sorted({parent for path in paths for parent in path.parents}, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _within(results: PathLike, path: PathLike) -> Path:
    """The path that a result has in a folder of results."""
    return Path(results, Path(path).relative_to(layout.RESULTS))


def _query_tables(results: PathLike) -> Iterator[Path]:
    return Path(results).glob(Path(layout.QUERY_TABLES.format(query="*")).name)


def _orphans(folder: Path, known: Collection[str], owner_of: Callable[[str], str | None]) -> Iterator[Path]:
    """Files under a folder whose owner is unknown, and unfinished files.

    Parameters
    ----------
    folder : path
    known : collection of str
        The owners that exist: IDs, shards or queries.
    owner_of : function of a path within the folder
        Returns its owner; None for a file of the user.
    """
    for here, _, names in os.walk(folder):
        for name in names:
            path = Path(here, name)
            owner = owner_of(path.relative_to(folder).as_posix())
            if name.startswith(files.WRITING) or (owner is not None and owner not in known):
                yield path


def _named(*extensions: str) -> Callable[[str], str | None]:
    return lambda path: layout.decode(path.rpartition(".")[0]) if path.endswith(extensions) else None


def _embedded(path: str) -> str | None:
    """The ID that a file in the folder of embeddings belongs to; None for one of the collection or of the user."""
    return None if path in OF_COLLECTION else _named(".npy", ".json")(path)


def _rendered(path: str) -> str | None:
    """The ID that a file in the folder of renders belongs to; None for a file of the user."""
    folder, _, name = path.rpartition("/")
    identity = layout.decode(folder)
    view = layout.view_name(identity, 0).removesuffix("00.png")
    ours = name in (layout.RENDER_RECORD, layout.VIEW_LIST) or name.startswith(view)
    return identity if ours else None
