"""Find the nearest neighbours of one specimen, or of all and how well those of their folders come first."""

import argparse
import sys
from os.path import expanduser
from pathlib import Path

from tqdm import tqdm

from fossilvit import commands, evaluation, layout, neighbours, recipes, specimens, store


def main():
    arguments = parse()
    identities, embeddings = store.read_embeddings(arguments.emb, arguments.ids)
    passport = store.read_passport(arguments.emb)
    if arguments.query:
        query = specimens.resolve(arguments.query, identities)
        ranked = neighbours.ranked(embeddings, arguments.metric, [identities.index(query)], arguments.topk)
        path = layout.neighbors_table(arguments.out, query)
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk, query)
        with store.recorded(layout.record_path(path), made_from, path):
            store.write_table(path, store.NEIGHBORS_COLUMNS, nearest(identities, *next(ranked)))
        commands.log.info("Neighbours of %s: %s", query, path)
    else:
        ranked = neighbours.ranked(embeddings, arguments.metric)
        path, scores = (Path(arguments.out, name) for name in (store.NEIGHBORS, store.RETRIEVAL))
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk)
        with store.recorded(layout.record_path(path), made_from, path, scores):
            write_all(path, scores, identities, ranked, arguments.topk)
        commands.log.info("Neighbours of every specimen: %s", path)


def write_all(neighbors, scored, identities, ranked, topk):
    """Write the first neighbours and the scores of every specimen."""
    labels = evaluation.labels([specimens.category(identity) for identity in identities])
    with (
        store.table(neighbors, store.NEIGHBORS_COLUMNS) as neighbors_table,
        store.table(scored, store.RETRIEVAL_COLUMNS) as retrieval_table,
    ):
        for query, others, distances in tqdm(ranked, total=len(identities), desc="search", unit="query"):
            neighbors_table.writerows(nearest(identities, query, others[:topk], distances[:topk]))
            if scores := evaluation.retrieval(labels, query, others):
                retrieval_table.writerow((identities[query], *(round(score, 6) for score in scores)))


def nearest(identities, query, others, distances):
    """A row a neighbour: (ID of the query, ID of the neighbour, distance)."""
    for other, distance in zip(others, distances, strict=True):
        yield identities[query], identities[other], f"{distance:.{neighbours.DECIMALS}f}"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--emb", type=expanduser, default="data/embeddings/embeddings.npy", help="embeddings of the collection"
    )
    parser.add_argument("--ids", type=expanduser, help="ID of every row; by default ids.txt beside --emb")
    parser.add_argument("--query", help="an ID, or an unambiguous end of one; by default every specimen is a query")
    parser.add_argument("--topk", type=commands.at_least(1), default=10, help="neighbours of a specimen")
    parser.add_argument("--metric", choices=neighbours.METRICS, default="cosine")
    parser.add_argument("--out", type=expanduser, default="results", help="folder of results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
