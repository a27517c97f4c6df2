"""The recipe of every result, as its record holds it.

A stage writes the recipe into the record of its result. Before the next run, freshness compares it with the current
recipe. Both call the functions of this file, so that the two recipes cannot differ in form.

In: the settings of a stage, and the digests of what it read. Out: dicts for JSON. Standard library only: Snakemake
reads this at every start.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fossilvit import versions
from fossilvit.errors import UserError
from fossilvit.scans.inventory import Inventory
from fossilvit.sheet.facts import FOLDER, Facts
from fossilvit.store import digests
from fossilvit.store.digests import Digest

VIEW_SETTINGS = (
    *("renderer", "size", "appearance", "antialias", "viewpoints", "elevation", "framing", "align", "mirror", "strays"),
    "picture",
)
"""Settings of rendering, as a render record names them. The number of views is the length of its list of views."""
SECONDS = re.compile(rb'"seconds": [0-9.]+')
PAGE = Path(__file__).parents[1] / "pages/atlas/web"
"""The folder of the page of the atlas."""
PAGE_FILES = ("page.html", "dist/atlas.js", "dist/atlas.css", "dist/licenses.txt")
"""What the page is made of, beside the collection."""
KEPT = ("status", "reason", "file", "mesh", "seconds")
"""The parts of a render record that a shard keeps: the facts of the specimen, but not those of its views."""

Recipe = TypeVar("Recipe")


def views(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of the views of all specimens.

    Parameters
    ----------
    settings : dict with VIEW_SETTINGS
    """
    return {**{name: settings[name] for name in VIEW_SETTINGS}, "version": versions.RENDERING}


def view_count(settings: Mapping[str, Any]) -> int:
    """Number of views of a specimen: that of the settings, or twice that if its mirror image is seen too."""
    views: int = settings["views"]
    return 2 * views if settings["mirror"] == "ignore" else views


def render(content: bytes) -> str:
    """The digest of the content of a render record, without the seconds that the rendering took."""
    return digests.of_bytes(SECONDS.sub(b"", content))


def kept(record: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a render record that a shard keeps."""
    return {key: record[key] for key in KEPT if key in record}


def timeless(record: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a render record that a shard keeps, without the seconds that the rendering took."""
    return {key: record[key] for key in KEPT if key in record and key != "seconds"}


def shard_records(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The content of a shard's file of render records.

    Parameters
    ----------
    records : dict of ID to render record

    Returns
    -------
    dict with `version`, `render` (how all views were made; None if there are none) and `records` by ID

    Raises
    ------
    UserError
        Two specimens were rendered with different settings.
    """
    rendered = [record for record in records.values() if record["status"] == "ok"]
    settings = ({"views": len(record["views"]), **views(record), "version": record["version"]} for record in rendered)
    return {
        "version": versions.GATHERING,
        "render": common(settings, "views"),
        "records": {identity: kept(record) for identity, record in records.items()},
    }


def records(by_identity: Mapping[str, Mapping[str, Any]]) -> str:
    """The digest of the render records that a shard keeps."""
    return digests.of_value({identity: timeless(record) for identity, record in by_identity.items()})


def features(content: bytes, encoder: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of the features of a specimen: the content of its render record, and the recipe of the encoder."""
    return {"render": render(content), "encoder": encoder}


def exhibit(content: bytes) -> dict[str, Any]:
    """The recipe of what the atlas shows of a specimen: the content of its render record."""
    return {"render": render(content), "version": versions.EXHIBITS}


def chunk(exhibits: Mapping[str, str]) -> dict[str, Any]:
    """The recipe of the chunks of a shard: the digest of the exhibit of every specimen by its ID."""
    return {"exhibits": digests.of_value(exhibits), "version": versions.CHUNKS}


def broken(content: bytes, view: str) -> dict[str, Any]:
    """The note that a view cannot be read, which takes the place of a record of features.

    It is valid only for the rendering that wrote this content of the render record.
    """
    return {"broken": view, "render": render(content)}


def embedding(features_digest: str | None, pool: str) -> dict[str, Any]:
    """The recipe of the embedding of a specimen."""
    return {"features": features_digest, "pool": pool, "version": versions.POOLING}


def shard(
    kept_records: Mapping[str, Mapping[str, Any]],
    embeddings: Mapping[str, str],
    features: Mapping[str, str],
    whiten: str,
) -> dict[str, Any]:
    """The recipe of the embeddings of a shard.

    Parameters
    ----------
    kept_records : dict of ID to what kept() returns
    embeddings, features : dict of ID to digest
    whiten : str
    """
    return {
        "records": records(kept_records),
        "embeddings": digests.of_value(embeddings),
        "features": digests.of_value(features),
        "whiten": whiten,
        "version": versions.GATHERING,
    }


def collection(shards: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of the collection.

    Parameters
    ----------
    shards : dict of the name of a shard to its record
    """
    return {"shards": digests.of_value(shards), "version": versions.WHITENING}


def listing(failed: Mapping[str, str], found: Inventory) -> dict[str, Any]:
    """The recipe of the tables of failures and of files passed over.

    Parameters
    ----------
    failed : dict of ID to reason
        Specimens that could not be rendered.
    found : Inventory
    """
    return {
        "failed": digests.of_value(failed),
        "left_out": digests.of_value(found.left_out),
        "passed_over": digests.of_value(found.passed_over),
        "version": versions.LISTING,
    }


def clusters(
    passport: Mapping[str, Any],
    duplicates: str | None,
    method: str,
    pca: int,
    min_cluster_size: int | str,
    clusters: int | str,
    seed: int,
) -> dict[str, Any]:
    """The recipe of the tables of clusters and of their tree.

    The former clusters are not part of it, though their numbers last: otherwise every run would have another recipe.

    Parameters
    ----------
    passport : dict
    duplicates : str or None
        The digest of the table of duplicates; None if there is none.
    method, pca, min_cluster_size, clusters, seed : the settings
    """
    return {
        "collection": passport,
        "duplicates": duplicates,
        "method": method,
        "pca": pca,
        "min_cluster_size": min_cluster_size,
        "clusters": clusters,
        "seed": seed,
        "version": versions.CLUSTERING,
    }


def placing(passport: Mapping[str, Any], duplicates: str | None, metric: str, seed: int) -> dict[str, Any]:
    """The recipe of the map of specimens.

    The former map is not part of it, though places last: otherwise every run would have another recipe.

    Parameters
    ----------
    passport : dict
    duplicates : str or None
        The digest of the table of duplicates; None if there is none.
    metric : str
    seed : int
    """
    return {
        "collection": passport,
        "duplicates": duplicates,
        "metric": metric,
        "seed": seed,
        "version": versions.MAPPING,
    }


def neighbors(
    passport: Mapping[str, Any],
    metric: str,
    topk: int,
    query: str | None = None,
    duplicates: str | None = None,
    facts: Facts | None = None,
) -> dict[str, Any]:
    """The recipe of a table of neighbors. Without a query it is the table of all specimens.

    Parameters
    ----------
    passport : dict
    metric : str
    topk : int
    query : str or None
    duplicates : str or None
        The digest of the table of duplicates, if there is one. It counts only for the table of all specimens.
    facts : Facts or None
        None if there is no sheet. Categories count only for the table of all specimens.
    """
    asked = {"duplicates": duplicates, "categories": _categories(facts)} if query is None else {"query": query}
    return {
        "collection": passport,
        **asked,
        "among": _among(facts),
        "metric": metric,
        "topk": topk,
        "version": versions.NEIGHBORS,
    }


def sheet(passport: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The recipe of the joined sheet: the passport, and the digest of what the sheet says of all scans."""
    return {"collection": passport, "said": said, "version": versions.SHEET}


def duplicates(passport: Mapping[str, Any], facts: Facts | None) -> dict[str, Any]:
    """The recipe of the table of duplicates: the passport, and what the sheet says of objects, if anything."""
    objects = digests.of_value(facts.objects) if facts and facts.objects else None
    return {"collection": passport, "objects": objects, "version": versions.DUPLICATES}


def evaluation(
    passport: Mapping[str, Any] | None,
    clusters: str,
    retrieval: str,
    duplicates: str | None,
    facts: Facts | None,
    seed: int,
) -> dict[str, Any]:
    """The recipe of the scores.

    Parameters
    ----------
    passport : dict or None
    clusters, retrieval, duplicates : digests of the tables; None if there is no table
    facts : Facts or None
        None if there is no sheet.
    seed : int
    """
    return {
        "collection": passport,
        "clusters": clusters,
        "retrieval": retrieval,
        "duplicates": duplicates,
        "categories": _categories(facts),
        "seed": seed,
        "version": versions.EVALUATION,
    }


def suspects(
    passport: Mapping[str, Any], clusters: str, duplicates: str | None, metric: str, facts: Facts | None
) -> dict[str, Any]:
    """The recipe of the table of suspects.

    Parameters
    ----------
    passport : dict
    clusters, duplicates : digests of the tables; None if there is no table
    metric : str
    facts : Facts or None
        None if there is no sheet.
    """
    return {
        "collection": passport,
        "clusters": clusters,
        "duplicates": duplicates,
        "categories": _categories(facts),
        "among": _among(facts),
        "metric": metric,
        "version": versions.SUSPECTS,
    }


def parquet(passport: Mapping[str, Any], sheet: str | None) -> dict[str, Any]:
    """The recipe of the Parquet file: the passport, and the digest of the joined sheet, if there is one."""
    return {"collection": passport, "sheet": sheet, "version": versions.PARQUET}


def _categories(facts: Facts | None) -> str | None:
    """The digest of the categories, their levels in order. Folders need none, as IDs say them."""
    return digests.of_value([*facts.levels.items()]) if facts and [*facts.levels] != [FOLDER] else None


def _among(facts: Facts | None) -> str | None:
    """The digest of what neighbors must share; None if all specimens are compared."""
    return digests.of_value(facts.among) if facts and facts.among is not None else None


def figures(passport: Mapping[str, Any] | None, clusters: str, tables: Mapping[str, str]) -> dict[str, Any]:
    """The recipe of the figures: the passport, and the digests of the tables that they show.

    Parameters
    ----------
    passport : dict or None
    clusters : str
    tables : dict of file name to digest
        The tables of the neighbors of queries, of confusions and of suspects.
    """
    return {"collection": passport, "clusters": clusters, "tables": tables, "version": versions.FIGURES}


def atlas(
    passport: Mapping[str, Any], tables: Mapping[str, str], parts: Mapping[str, Any], digest: Digest = digests.of_file
) -> dict[str, Any]:
    """The recipe of the atlas.

    Parameters
    ----------
    passport : dict
    tables : dict of file name to digest
        The tables that it shows.
    parts : dict
        What it is made of beside tables: the digest of all `exhibits`, or the number of `shards` in chunks beside it.
    digest : function of a path
    """
    page = {name: digest(str(PAGE / name)) for name in PAGE_FILES}
    return {"collection": passport, "tables": tables, "parts": parts, "page": page, "version": versions.ATLAS}


def common(recipes: Iterable[Recipe], what: str) -> Recipe | None:
    """The one recipe that several results share; None if there are no results.

    Raises
    ------
    UserError
        Two recipes differ.
    """
    found = None
    for recipe in recipes:
        if found not in (None, recipe):
            raise UserError(f"The {what} of the collection were made with different settings; run again.")
        found = recipe
    return found
