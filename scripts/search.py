"""Find the nearest neighbors of one specimen, or of every specimen.

In: embeddings, float32 [N, D], and their IDs; and the table of duplicates, if there is one. Out: knn_QUERY.csv; or
knn.csv, and retrieval.csv, which says how early the other specimens of its folder come among the neighbors of each.
Copies are neighbors as others are, but have no scores and do not count in those of others.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from os.path import expanduser
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fossilvit import command_line
from fossilvit.answers import evaluation, neighbors
from fossilvit.collection import duplicates
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import specimens
from fossilvit.store import layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import NEIGHBORS_COLUMNS, RETRIEVAL_COLUMNS, open_table, write_table


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    passport = read_passport(arguments.emb)
    if arguments.query:
        query = specimens.resolve(arguments.query, identities)
        ranked = neighbors.ranked(embeddings, arguments.metric, [identities.index(query)], arguments.topk)
        path = layout.neighbors_table(arguments.out, query)
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk, query)
        with recorded(layout.record_path(path), made_from, path):
            write_table(path, NEIGHBORS_COLUMNS, nearest(identities, *next(ranked)))
        commands.log.info("Neighbors of %s: %s", query, path)
    else:
        ranked = neighbors.ranked(embeddings, arguments.metric)
        path, scores = (layout.within(arguments.out, table) for table in (layout.NEIGHBORS, layout.RETRIEVAL))
        copies, digest = duplicates.read(arguments.duplicates)
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk, duplicates=digest)
        categories = [specimens.category(identity) for identity in identities]
        is_copy = duplicates.originals(identities, copies) != np.arange(len(identities))
        labels = np.where(is_copy, evaluation.UNLABELED, evaluation.labels(categories))
        with recorded(layout.record_path(path), made_from, path, scores):
            write_all(path, scores, identities, labels, ranked, arguments.topk)
        commands.log.info("Neighbors of every specimen: %s", path)


def write_all(
    neighbors_path: Path,
    scores_path: Path,
    identities: list[str],
    labels: np.ndarray,
    ranked: Iterable[neighbors.Ranking],
    topk: int,
) -> None:
    """Write the first neighbors of every specimen, and the retrieval scores of those with a label, int [N]."""
    with (
        open_table(neighbors_path, NEIGHBORS_COLUMNS) as neighbors_table,
        open_table(scores_path, RETRIEVAL_COLUMNS) as retrieval_table,
    ):
        for query, others, distances in tqdm(ranked, total=len(identities), desc="search", unit="query"):
            neighbors_table.writerows(nearest(identities, query, others[:topk], distances[:topk]))
            if scores := evaluation.retrieval(labels, query, others):
                retrieval_table.writerow((identities[query], *(round(score, 6) for score in scores)))


def nearest(
    identities: list[str], query: int, others: Iterable[int], distances: Iterable[float]
) -> Iterator[tuple[str, str, str]]:
    """One row per neighbor: (ID of the query, ID of the neighbor, distance)."""
    for other, distance in zip(others, distances, strict=True):
        yield identities[query], identities[other], f"{distance:.{neighbors.DECIMALS}f}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    parser.add_argument("--query", help="an ID, or the end of exactly one ID; by default every specimen is a query")
    parser.add_argument("--topk", type=command_line.at_least(1), default=10, help="number of neighbors per specimen")
    parser.add_argument("--metric", choices=neighbors.METRICS, default="cosine")
    command_line.add_duplicates(parser)
    parser.add_argument("--out", type=expanduser, default=layout.RESULTS, help="folder of results")
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
