"""Group the specimens of a collection into clusters.

In: embeddings, float32 [N, D], their IDs, the features, float32 [V, D], and the table of duplicates. Out: clusters.csv,
cluster_summary.csv, the tree of specimens tree.nwk, cluster_history.csv, and clusters.json: the answer in a sentence
and every number that was used. Clusters keep the IDs of the former result.
"""

import argparse
import os
import sys
from os.path import expanduser
from pathlib import Path
from typing import Any

import numpy as np

from fossilvit import command_line
from fossilvit.answers import clustering, history, summary
from fossilvit.collection import duplicates, gathering
from fossilvit.provenance import former, recipes
from fossilvit.running import commands
from fossilvit.store import layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.files import PathLike, existing
from fossilvit.store.newick import write_tree
from fossilvit.store.records import recorded
from fossilvit.store.tables import (
    CLUSTER_HISTORY_COLUMNS,
    CLUSTER_SUMMARY_COLUMNS,
    CLUSTERS_COLUMNS,
    write_table,
)


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    copies, digest = duplicates.read(arguments.duplicates)
    originals = duplicates.originals(identities, copies)
    passport = read_passport(arguments.emb)
    standing = {identities[row]: row for row in np.unique(originals).tolist()}
    features = existing(arguments.features) if arguments.features else beside(arguments.emb)
    scatter = gathering.sampled_scatter([*standing], embeddings.shape[1], passport, features)
    if scatter is None:
        commands.log.info("Clusters do not take into account how the views of one specimen differ.")
    found = clustering.cluster(
        embeddings,
        arguments.method,
        arguments.pca,
        arguments.min_cluster_size,
        arguments.clusters,
        arguments.seed,
        scatter,
        originals,
        arguments.threads,
    )
    made_from = recipes.clusters(
        passport,
        digest,
        arguments.method,
        arguments.pca,
        arguments.min_cluster_size,
        arguments.clusters,
        arguments.seed,
    )
    table, brief, tree, story = (
        layout.within(arguments.out, path)
        for path in (layout.CLUSTERS, layout.CLUSTER_SUMMARY, layout.TREE, layout.CLUSTER_HISTORY)
    )
    lost = "Clusters get new IDs"
    clusters_before = former.rows(table, CLUSTERS_COLUMNS, lost, cluster_id=int)
    events = former.rows(story, CLUSTER_HISTORY_COLUMNS, lost, cluster_id=int, run=int)
    names, new = follow({one: int(found.clusters[row]) for one, row in standing.items()}, clusters_before, events)
    with recorded(layout.record_path(table), made_from, table, brief, tree, story, **found.record):
        write_table(story, CLUSTER_HISTORY_COLUMNS, [*(row.values() for row in events), *new])
        write_table(brief, CLUSTER_SUMMARY_COLUMNS, summary.clusters(found, identities, originals, names))
        write_table(table, CLUSTERS_COLUMNS, summary.specimens(found, identities, originals, names))
        write_tree(tree, found.tree, identities)
    report(found.record, arguments.pca)


def beside(embeddings: PathLike) -> Path:
    """The folder of features beside the folder of embeddings."""
    return layout.within(Path(os.path.abspath(embeddings)).parent.parent, layout.FEATURES)


def follow(
    current: dict[str, int], former: list[dict[str, Any]], events: list[dict[str, Any]]
) -> tuple[dict[int, int], list[tuple[Any, ...]]]:
    """The ID of every cluster, and the new rows of the history.

    Parameters
    ----------
    current : dict of ID of a specimen that stands for its object to cluster
    former, events : rows of the former clusters.csv and of the history
    """
    used = 1 + max((row["cluster_id"] for row in [*former, *events]), default=-1)
    standing = (row for row in former if not row["same_as"] or row["specimen_id"] in current)
    was = {row["specimen_id"]: row["cluster_id"] for row in standing}
    names, new = history.follow(was, current, max(used, 0))
    run = 1 + max((row["run"] for row in events), default=0)
    rows = [
        (run, event.cluster, event.event, event.specimens, "" if event.origin is None else event.origin)
        for event in new
    ]
    return names, rows


def report(record: dict[str, Any], pca: int) -> None:
    """Log the answer, and where a setting did not hold."""
    if record.get("pca", pca) < pca:
        commands.log.info("pca %d is reduced to %d: there are no more specimens or dimensions.", pca, record["pca"])
    commands.log.info("%s", record["answer"])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    parser.add_argument(
        "--features", type=expanduser, help="folder of features; by default that beside the folder of embeddings"
    )
    command_line.add_duplicates(parser)
    parser.add_argument("--out", type=expanduser, default=layout.RESULTS, help="folder of results")
    parser.add_argument("--method", choices=clustering.METHODS, default="upgma")
    parser.add_argument(
        "--pca",
        type=command_line.at_least(0),
        default=64,
        help="principal components kept, but not by upgma; 0 keeps all dimensions",
    )
    parser.add_argument(
        "--min-cluster-size",
        type=command_line.auto_or(2),
        default="auto",
        help="for hdbscan; a number, or auto",
    )
    parser.add_argument(
        "--clusters",
        type=command_line.auto_or(1),
        default="auto",
        help="for all but hdbscan; a number, or auto",
    )
    command_line.add_threads(parser)
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
