"""Group the specimens of a collection."""

import argparse
import sys
from os.path import expanduser
from pathlib import Path

from fossilvit import clustering, commands, layout, recipes, store


def main():
    arguments = parse()
    identities, embeddings = store.read_embeddings(arguments.emb, arguments.ids)
    found = clustering.cluster(
        embeddings, arguments.method, arguments.pca, arguments.min_cluster_size, arguments.clusters, arguments.seed
    )
    rows = zip(identities, found.clusters.tolist(), (f"{strength:.6f}" for strength in found.strengths), strict=True)
    made_from = recipes.clusters(
        store.read_passport(arguments.emb),
        arguments.method,
        arguments.pca,
        arguments.min_cluster_size,
        arguments.clusters,
        arguments.seed,
    )
    table = Path(arguments.out, "clusters.csv")
    with store.recorded(layout.record_path(table), made_from, table, **found.record):
        store.write_table(table, store.CLUSTERS_COLUMNS, rows)
    report(found.record, arguments.pca)


def report(record, pca):
    if record.get("pca", pca) < pca:
        commands.log.info("pca %d is capped at %d: more needs more specimens or dimensions.", pca, record["pca"])
    commands.log.info("%(specimens)d specimens in %(clusters)d clusters, %(noise)d are noise.", record)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--emb", type=expanduser, default="data/embeddings/embeddings.npy", help="embeddings of the collection"
    )
    parser.add_argument("--ids", type=expanduser, help="ID of every row; by default ids.txt beside --emb")
    parser.add_argument("--out", type=expanduser, default="results", help="folder of results")
    parser.add_argument("--method", choices=clustering.METHODS, default="hdbscan")
    parser.add_argument(
        "--pca", type=commands.at_least(0), default=64, help="principal components kept; 0 keeps all dimensions"
    )
    parser.add_argument("--min-cluster-size", type=auto_or(2), default="auto", help="of hdbscan: a number, or auto")
    parser.add_argument(
        "--clusters", type=auto_or(1), default="auto", help="of kmeans, agglomerative: a number, or auto"
    )
    parser.add_argument("--seed", type=commands.at_least(0), default=0, help="of the starts of kmeans")
    return parser.parse_args()


def auto_or(minimum):
    """The type of an argument that is auto or a whole number."""
    return lambda text: text if text == "auto" else commands.at_least(minimum)(text)


if __name__ == "__main__":
    sys.exit(commands.run(main))
