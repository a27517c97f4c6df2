"""Group the specimens of a collection into clusters.

In: embeddings, float32 [N, D], and their IDs. Out: clusters.csv, and clusters.json with every number that was used.
"""

import argparse
import sys
from os.path import expanduser
from typing import Any

from fossilvit import command_line
from fossilvit.answers import clustering
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import CLUSTERS_COLUMNS, write_table


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    found = clustering.cluster(
        embeddings, arguments.method, arguments.pca, arguments.min_cluster_size, arguments.clusters, arguments.seed
    )
    rows = zip(identities, found.clusters.tolist(), (f"{strength:.6f}" for strength in found.strengths), strict=True)
    made_from = recipes.clusters(
        read_passport(arguments.emb),
        arguments.method,
        arguments.pca,
        arguments.min_cluster_size,
        arguments.clusters,
        arguments.seed,
    )
    table = layout.within(arguments.out, layout.CLUSTERS)
    with recorded(layout.record_path(table), made_from, table, **found.record):
        write_table(table, CLUSTERS_COLUMNS, rows)
    report(found.record, arguments.pca)


def report(record: dict[str, Any], pca: int) -> None:
    """Log how many clusters there are, and where a setting did not hold."""
    if record.get("pca", pca) < pca:
        commands.log.info("pca %d is reduced to %d: there are no more specimens or dimensions.", pca, record["pca"])
    commands.log.info("%(specimens)d specimens in %(clusters)d clusters, %(noise)d are noise.", record)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    parser.add_argument("--out", type=expanduser, default=layout.RESULTS, help="folder of results")
    parser.add_argument("--method", choices=clustering.METHODS, default="hdbscan")
    parser.add_argument(
        "--pca", type=command_line.at_least(0), default=64, help="principal components kept; 0 keeps all dimensions"
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
        help="for kmeans and agglomerative; a number, or auto",
    )
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
