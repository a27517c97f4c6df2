"""Score neighbors and clusters against the folders that specimens lie in.

In: retrieval.csv, clusters.csv, and duplicates.csv, if there is one; copies do not count. Out: evaluation.csv, one
metric per row.
"""

import argparse
import sys
from collections import Counter
from os.path import expanduser
from typing import Any

from fossilvit import command_line
from fossilvit.answers import evaluation
from fossilvit.collection import duplicates
from fossilvit.errors import UserError
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import specimens
from fossilvit.store import digests, layout
from fossilvit.store.files import PathLike
from fossilvit.store.records import collection_of, recorded
from fossilvit.store.tables import CLUSTERS_COLUMNS, RETRIEVAL_COLUMNS, read_table, write_table


def main() -> None:
    arguments = parse()
    copies, digest = duplicates.read(arguments.duplicates)
    cluster_of = read_clusters(arguments.clusters, copies)
    queries = read_retrieval(arguments.retrieval, cluster_of)
    categories = [specimens.category(identity) for identity in cluster_of]
    scores: dict[str, float] = {"specimens": len(cluster_of), "categories": len(set(categories))}
    scores |= evaluation.retrieval_scores(queries)
    scores |= evaluation.clustering_scores(categories, list(cluster_of.values()))
    scores = {metric: round(value, 6) for metric, value in scores.items()}
    made_from = recipes.evaluation(
        collection_of(arguments.clusters),
        digests.of_file(arguments.clusters),
        digests.of_file(arguments.retrieval),
        digest,
    )
    with recorded(layout.record_path(arguments.out), made_from, arguments.out):
        write_table(arguments.out, ("metric", "value"), scores.items())
    commands.log.info("%s", "\n".join(f"{metric:28} {value:.4g}" for metric, value in scores.items()))


def read_clusters(path: PathLike, copies: list[dict[str, Any]]) -> dict[str, int]:
    """Read the cluster of every specimen that lies in a folder and is no copy of another, by ID.

    Parameters
    ----------
    path : path
    copies : rows of the table of duplicates
    """
    rows = read_table(path, CLUSTERS_COLUMNS, cluster_id=int)
    standing = set(duplicates.originals([row["specimen_id"] for row in rows], copies).tolist())
    counted = [row for number, row in enumerate(rows) if number in standing]
    labeled = {row["specimen_id"]: row["cluster_id"] for row in counted if specimens.category(row["specimen_id"])}
    if rows and not labeled:
        raise UserError("No specimen lies in a folder, so there is nothing to evaluate against.")
    return labeled


def read_retrieval(path: PathLike, cluster_of: dict[str, int]) -> list[evaluation.Retrieval]:
    """Read the scores of every query, that is, of every specimen that is not alone in its folder."""
    scores = evaluation.Retrieval._fields
    rows = read_table(path, RETRIEVAL_COLUMNS, **dict.fromkeys(scores, float))
    sizes = Counter(map(specimens.category, cluster_of))
    queries = {identity for identity in cluster_of if sizes[specimens.category(identity)] > 1}
    if different := queries ^ {row["specimen_id"] for row in rows}:
        raise UserError(
            f"{path} and the clusters are of different collections: {min(different)!r} is in one of them alone; "
            "run scripts.cluster and scripts.search again."
        )
    return [evaluation.Retrieval(*(row[score] for score in scores)) for row in rows]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--retrieval", type=expanduser, default=layout.RETRIEVAL, help="table of every query's scores")
    parser.add_argument("--clusters", type=expanduser, default=layout.CLUSTERS, help="table of clusters")
    command_line.add_duplicates(parser)
    parser.add_argument("--out", type=expanduser, default=layout.EVALUATION, help="table of scores")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
