"""What every result is made from, in the words of its record.

A stage writes them into the record of what it made, and freshness asks before a run whether they still hold. Both take
them from here, so that the two cannot differ.

In: settings of a stage, digests of what it read. Out: dicts for JSON. Standard library only: this is read at every
start of Snakemake.
"""

import re

from fossilvit import versions
from fossilvit.errors import UserError
from fossilvit.store import digests

VIEW_SETTINGS = ("renderer", "size", "appearance", "antialias", "viewpoints", "elevation", "framing", "align")
"""Settings of rendering, as a render record names them; the number of views is the length of its list."""
SECONDS = re.compile(rb'"seconds": [0-9.]+')
KEPT = ("status", "reason", "file", "mesh", "seconds")
"""What a shard keeps of a render record: all that tells of the specimen, nothing of its views."""


def views(settings) -> dict:
    """How the views of all specimens are made.

    Parameters
    ----------
    settings : dict with VIEW_SETTINGS
    """
    return {**{name: settings[name] for name in VIEW_SETTINGS}, "version": versions.RENDERING}


def render(content) -> str:
    """The digest of a render record as it is written, without the seconds that the rendering took."""
    return digests.of_bytes(SECONDS.sub(b"", content))


def kept(record) -> dict:
    """What a shard keeps of a render record."""
    return {key: record[key] for key in KEPT if key in record}


def timeless(record) -> dict:
    """What a shard keeps of a render record, without the seconds that the rendering took."""
    return {key: record[key] for key in KEPT if key in record and key != "seconds"}


def shard_records(records) -> dict:
    """What a shard keeps of its render records: how all views were made (None without any), and the record of each.

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


def records(by_identity) -> str:
    """The digest of what a shard keeps of its render records."""
    return digests.of_value({identity: timeless(record) for identity, record in by_identity.items()})


def features(content, encoder) -> dict:
    """What the features of a specimen are made from: its render record as it is written, and encoders.recipe."""
    return {"render": render(content), "encoder": encoder}


def broken(content, view) -> dict:
    """The note that a view cannot be read, in the place of a record of features. It holds for this rendering alone."""
    return {"broken": view, "render": render(content)}


def embedding(features_digest, pool) -> dict:
    """What the embedding of a specimen is made from."""
    return {"features": features_digest, "pool": pool, "version": versions.POOLING}


def shard(kept_records, embeddings, features, whiten) -> dict:
    """What the embeddings of a shard are made from.

    Parameters
    ----------
    kept_records : dict of ID to what kept() keeps
    embeddings, features : dict of ID to digest
        Features are read only to whiten.
    whiten : str
    """
    return {
        "records": records(kept_records),
        "embeddings": digests.of_value(embeddings),
        "features": digests.of_value(features) if whiten != "none" else None,
        "whiten": whiten,
        "version": versions.GATHERING,
    }


def collection(shards) -> dict:
    """What the collection is made from.

    Parameters
    ----------
    shards : dict of shard to the record in it
    """
    return {"shards": digests.of_value(shards), "version": versions.WHITENING}


def listing(failed, found) -> dict:
    """What the tables of failures and of files passed over are made from.

    Parameters
    ----------
    failed : dict of ID to reason
        Specimens that could not be rendered.
    found : inventory.Inventory
    """
    return {
        "failed": digests.of_value(failed),
        "left_out": digests.of_value(found.left_out),
        "passed_over": digests.of_value(found.passed_over),
        "version": versions.LISTING,
    }


def clusters(passport, method, pca, min_cluster_size, clusters, seed) -> dict:
    """What the clusters are made from; the passport is the content of embeddings.json."""
    return {
        "collection": passport,
        "method": method,
        "pca": pca,
        "min_cluster_size": min_cluster_size,
        "clusters": clusters,
        "seed": seed,
        "version": versions.CLUSTERING,
    }


def neighbors(passport, metric, topk, query=None) -> dict:
    """What a table of neighbors is made from; the table of all specimens has no query."""
    asked = {} if query is None else {"query": query}
    return {"collection": passport, **asked, "metric": metric, "topk": topk, "version": versions.NEIGHBORS}


def duplicates(passport) -> dict:
    """What the table of duplicates is made from."""
    return {"collection": passport, "version": versions.DUPLICATES}


def evaluation(passport, clusters, retrieval) -> dict:
    """What the scores are made from: the collection, and the digests of two tables."""
    return {"collection": passport, "clusters": clusters, "retrieval": retrieval, "version": versions.EVALUATION}


def figures(passport, clusters, neighbors) -> dict:
    """What the figures are made from: the collection, and the digests of the tables of clusters and of each query."""
    return {"collection": passport, "clusters": clusters, "neighbors": neighbors, "version": versions.FIGURES}


def common(recipes, what):
    """The one recipe that all of several follow; None where there are none.

    Raises
    ------
    UserError
        Two of them differ.
    """
    found = None
    for recipe in recipes:
        if found not in (None, recipe):
            raise UserError(f"The {what} of the collection were made with different settings; run again.")
        found = recipe
    return found
