"""Find the nearest neighbors of one specimen, or of every specimen.

In: embeddings, float32 [N, D], and their IDs; the table of duplicates and the joined sheet, if they are there. Out:
knn_QUERY.csv; or knn.csv, and retrieval.csv, which says how early the other specimens of its category come among the
neighbors of each, at the deepest level of categories and then at the others. Without the sheet, categories are folders.
Copies are neighbors as others are, but have no scores and do not count in those of others.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from os.path import expanduser
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fossilvit import command_line
from fossilvit.answers import evaluation, neighbors
from fossilvit.collection import duplicates
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.scans import specimens
from fossilvit.sheet import facts
from fossilvit.store import layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import NEIGHBORS_COLUMNS, RETRIEVAL_COLUMNS, open_table, write_table


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    passport = read_passport(arguments.emb)
    known = facts.read(arguments.sheet, identities)
    said = known if arguments.sheet else None
    if known.among is not None and (lost := sum(identity not in known.among for identity in identities)):
        commands.log.info("%d specimens have no neighbors: the sheet has no value for them that neighbors share.", lost)
    if arguments.query:
        query = specimens.resolve(arguments.query, identities)
        ranked = neighbors.ranked(embeddings, arguments.metric, [identities.index(query)])
        row, others, distances = next(shared(ranked, identities, known.among))
        path = layout.neighbors_table(arguments.out, query)
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk, query, facts=said)
        with recorded(layout.record_path(path), made_from, path):
            found = nearest(identities, row, others[: arguments.topk], distances[: arguments.topk])
            write_table(path, NEIGHBORS_COLUMNS, found)
        commands.log.info("Neighbors of %s: %s", query, path)
    else:
        ranked = shared(neighbors.ranked(embeddings, arguments.metric), identities, known.among)
        path, scores = (layout.within(arguments.out, table) for table in (layout.NEIGHBORS, layout.RETRIEVAL))
        copies, digest = duplicates.read(arguments.duplicates)
        made_from = recipes.neighbors(passport, arguments.metric, arguments.topk, duplicates=digest, facts=said)
        standing = duplicates.standing(identities, copies)
        levels = {
            level: [
                labels.get(identity, "") if stands else ""
                for identity, stands in zip(identities, standing, strict=True)
            ]
            for level, labels in reversed(known.levels.items())
        }
        with recorded(layout.record_path(path), made_from, path, scores):
            write_all(path, scores, identities, levels, ranked, arguments.topk)
        commands.log.info("Neighbors of every specimen: %s", path)


def shared(
    ranked: Iterable[neighbors.Ranking], identities: list[str], among: Mapping[str, str] | None
) -> Iterator[neighbors.Ranking]:
    """Yield rankings without the neighbors that do not share the value of the query.

    Parameters
    ----------
    ranked : iterable of Ranking
    identities : list of str, [N]
    among : dict of ID to value, or None
        A specimen without a value shares it with none. None keeps all neighbors.
    """
    if among is None:
        yield from ranked
        return
    values = evaluation.labels([among.get(identity, "") for identity in identities])
    for query, others, distances in ranked:
        kept = (values[others] == values[query]) & (values[query] != evaluation.UNLABELED)
        yield query, others[kept], distances[kept]


def write_all(
    neighbors_path: Path,
    scores_path: Path,
    identities: list[str],
    levels: Mapping[str, list[str]],
    ranked: Iterable[neighbors.Ranking],
    topk: int,
) -> None:
    """Write the first neighbors of every specimen, and the retrieval scores of those with others of their category.

    Parameters
    ----------
    neighbors_path, scores_path : paths
    identities : list of str, [N]
    levels : dict of level to list of str, [N]
        The category of every specimen; empty for one that is not scored.
    ranked : iterable of Ranking
    topk : int
    """
    numbers = {level: evaluation.labels(categories) for level, categories in levels.items()}
    scored: dict[str, list[tuple[Any, ...]]] = {level: [] for level in levels}
    with open_table(neighbors_path, NEIGHBORS_COLUMNS) as neighbors_table:
        for query, others, distances in tqdm(ranked, total=len(identities), desc="search", unit="query"):
            neighbors_table.writerows(nearest(identities, query, others[:topk], distances[:topk]))
            for level, categories in levels.items():
                if found := evaluation.retrieval(numbers[level], query, others):
                    *scores, relevant, gallery, first = found
                    counted = level, categories[query], categories[first], relevant, gallery
                    scored[level].append((identities[query], *(round(score, 6) for score in scores), *counted))
    write_table(scores_path, RETRIEVAL_COLUMNS, chain.from_iterable(scored.values()))


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
    command_line.add_sheet(parser)
    parser.add_argument("--out", type=expanduser, default=layout.RESULTS, help="folder of results")
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
