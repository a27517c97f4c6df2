"""Find the nearest neighbours of one specimen, or of all."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from fossilvit import commands, neighbours, specimens, store


def main():
    arguments = parse()
    identities, embeddings = store.read_embeddings(arguments.emb, arguments.ids)
    query = specimens.resolve(arguments.query, identities) if arguments.query else None
    rows = None if query is None else [identities.index(query)]
    ranked = neighbours.ranked(embeddings, arguments.metric, rows, arguments.topk)
    path = Path(arguments.out, "knn.csv") if query is None else store.neighbors_table(arguments.out, query)
    store.write_table(path, store.NEIGHBORS_COLUMNS, table(identities, ranked))
    commands.log.info("Neighbours of %s: %s", "every specimen" if query is None else query, path)


def table(identities, ranked):
    """A row a neighbour: (ID of the query, ID of the neighbour, distance)."""
    for query, others, distances in tqdm(ranked, desc="search", unit="query"):
        for other, distance in zip(others, distances, strict=True):
            yield identities[query], identities[other], f"{distance:.{neighbours.DECIMALS}f}"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", default="data/embeddings/embeddings.npy", help="embeddings of the collection")
    parser.add_argument("--ids", help="ID of every row; by default ids.txt beside --emb")
    parser.add_argument("--query", help="an ID, or an unambiguous end of one; by default every specimen is a query")
    parser.add_argument("--topk", type=commands.at_least(1), default=10, help="neighbours of a specimen")
    parser.add_argument("--metric", choices=neighbours.METRICS, default="cosine")
    parser.add_argument("--out", default="results", help="folder of results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
