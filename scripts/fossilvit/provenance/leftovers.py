"""Files of specimens and queries that are no longer there, previews, and files that killed processes left unfinished.

In: the IDs of the collection and the folders that its stages write to. Out: paths to delete. Standard library only:
this is read at every start of Snakemake.
"""

import os
from pathlib import Path

from fossilvit.scans import specimens
from fossilvit.store import files, layout

SPECIMEN_RULES = ("render_views", "extract_features", "pool_embedding")
SHARD_RULES = ("gather_records", "gather_shard")


def find(identities, shards, data, logs, results) -> list[Path]:
    """Every file that belongs to no specimen and every preview, sorted; what is not of our making is passed over.

    Parameters
    ----------
    identities : collection of str
        The IDs of the specimens that there are.
    shards : int or "auto"
        Number of shards.
    data, logs, results : path
        The folders of the workflow.
    """
    known = set(identities)
    used = set(specimens.members(known, shards))
    tables = {layout.decode(layout.query_of(path)) for path in _query_tables(results)}
    return sorted(
        [
            *_of_others(layout.within(data, layout.RENDERS), known, _rendered),
            *_of_others(layout.within(data, layout.FEATURES), known, _named(".npy", ".json")),
            *_of_others(layout.within(data, layout.EMBEDDINGS), known | {layout.COLLECTION}, _named(".npy", ".json")),
            *_of_others(layout.within(data, layout.SHARDS), used, _named(".json", ".npz")),
            *(path for rule in SPECIMEN_RULES for path in _of_others(Path(logs, rule), known, _named(".log"))),
            *(path for rule in SHARD_RULES for path in _of_others(Path(logs, rule), used, _named(".log"))),
            *_of_others(Path(logs, "search_query"), tables, _named(".log")),
            *layout.within(results, layout.FIGURES).glob(f"{layout.PREVIEW}*.png"),
        ]
    )


def former(results, queries, labeled) -> list[Path]:
    """Tables that former runs made and this one does not, with their records, sorted.

    Parameters
    ----------
    results : path
    queries : collection of str
        The names of queries, as in the names of their tables.
    labeled : bool
        Whether there are folders of specimens to compare groups with.
    """
    made = {Path(layout.QUERY_TABLES.format(query=query)).name for query in queries}
    made |= {Path(layout.EVALUATION).name} if labeled else set()
    tables = [*_query_tables(results), layout.within(results, layout.EVALUATION)]
    pairs = [(table, layout.record_path(table)) for table in tables if table.name not in made]
    return sorted(path for table, record in pairs if record.exists() for path in (table, record))


def delete(paths):
    """Delete files, and the folders that this empties."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in sorted({parent for path in paths for parent in path.parents}, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _query_tables(results):
    return Path(results).glob(Path(layout.QUERY_TABLES.format(query="*")).name)


def _of_others(folder, known, owner):
    """Files under a folder whose owner, told from the path in it, is unknown, and unfinished ones."""
    for here, _, names in os.walk(folder):
        for name in names:
            path = Path(here, name)
            identity = owner(path.relative_to(folder).as_posix())
            if name.startswith(files.WRITING) or (identity is not None and identity not in known):
                yield path


def _named(*extensions):
    return lambda path: layout.decode(path.rpartition(".")[0]) if path.endswith(extensions) else None


def _rendered(path):
    """The ID that a file of renders belongs to; None for a file that is not of our making."""
    folder, _, name = path.rpartition("/")
    identity = layout.decode(folder)
    view = layout.view_name(identity, 0).removesuffix("00.png")
    ours = name in (layout.RENDER_RECORD, layout.VIEW_LIST) or name.startswith(view)
    return identity if ours else None
