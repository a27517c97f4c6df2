"""Score neighbours and clusters against the folders that specimens lie in."""

import argparse
import sys

from fossilvit import commands, evaluation, neighbours, specimens, store
from fossilvit.errors import UserError


def main():
    arguments = parse()
    identities, embeddings = store.read_embeddings(arguments.emb, arguments.ids)
    categories = [specimens.category(identity) for identity in identities]
    labelled = [row for row, category in enumerate(categories) if category]
    if categories and not labelled:
        raise UserError("No specimen lies in a folder, so there is nothing to evaluate against.")
    scores = score(
        [categories[row] for row in labelled],
        embeddings[labelled],
        read_clusters(arguments.clusters, identities),
        [identities[row] for row in labelled],
        arguments.metric,
    )
    store.write_table(arguments.out, ("metric", "value"), scores.items())
    commands.log.info("%s", "\n".join(f"{metric:28} {value:.4g}" for metric, value in scores.items()))


def read_clusters(path, identities):
    """Cluster of every specimen, by ID."""
    cluster_of = {row["specimen_id"]: int(row["cluster_id"]) for row in store.read_table(path, store.CLUSTERS_COLUMNS)}
    if missing := set(identities) - cluster_of.keys():
        raise UserError(f"{path} does not know {min(missing)!r}; run scripts.cluster again.")
    return cluster_of


def score(categories, embeddings, cluster_of, identities, metric):
    """Every score of the labelled specimens, rounded to 6 decimals."""
    rankings = ((query, others) for query, others, _ in neighbours.ranked(embeddings, metric))
    scores = {"specimens": len(identities), "categories": len(set(categories))}
    scores |= evaluation.retrieval_scores(categories, rankings)
    scores |= evaluation.clustering_scores(categories, [cluster_of[identity] for identity in identities])
    return {metric: round(value, 6) for metric, value in scores.items()}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", default="data/embeddings/embeddings.npy", help="embeddings of the collection")
    parser.add_argument("--ids", help="ID of every row; by default ids.txt beside --emb")
    parser.add_argument("--clusters", default="results/clusters.csv", help="table of clusters")
    parser.add_argument("--metric", choices=neighbours.METRICS, default="cosine")
    parser.add_argument("--out", default="results/evaluation.csv", help="table of scores")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
