"""Find the specimens whose neighbors and cluster contradict their category.

In: embeddings, float32 [N, D], and their IDs; the table of clusters; the table of duplicates and the joined sheet, if
there are any. Out: suspects.csv, the most suspicious first, and suspects.json with the answer in a sentence. Copies and
further scans of an object do not count.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from os.path import expanduser
from typing import Any

import numpy as np

from fossilvit import command_line
from fossilvit.answers import neighbors, suspects
from fossilvit.collection import duplicates
from fossilvit.errors import UserError
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.sheet import facts
from fossilvit.store import digests, layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.files import PathLike
from fossilvit.store.records import recorded
from fossilvit.store.tables import CLUSTERS_COLUMNS, SUSPECTS_COLUMNS, read_table, write_table


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    clusters = read_clusters(arguments.clusters, identities)
    copies, digest = duplicates.read(arguments.duplicates)
    known = facts.read(arguments.sheet, identities)
    categories = [known.categories.get(identity, "") for identity in identities]
    found = suspects.find(
        embeddings,
        categories,
        clusters,
        arguments.metric,
        duplicates.standing(identities, copies),
        None if known.among is None else [known.among.get(identity, "") for identity in identities],
    )
    made_from = recipes.suspects(
        read_passport(arguments.emb),
        digests.of_file(arguments.clusters),
        digest,
        arguments.metric,
        known if arguments.sheet else None,
    )
    said = answer(found, identities, categories)
    record = {"answer": said, "checked": found.checked, "alone": found.alone}
    with recorded(layout.record_path(arguments.out), made_from, arguments.out, **record):
        write_table(arguments.out, SUSPECTS_COLUMNS, rows(found.suspects, identities, categories, clusters))
    commands.log.info("%s", said)


def read_clusters(path: PathLike, identities: Sequence[str]) -> np.ndarray:
    """Read the cluster of every specimen of the collection, int [N]."""
    cluster_of = {row["specimen_id"]: row["cluster_id"] for row in read_table(path, CLUSTERS_COLUMNS, cluster_id=int)}
    if different := cluster_of.keys() ^ set(identities):
        raise UserError(
            f"{path} and the embeddings are of different collections: {min(different)!r} is in one of them alone; "
            "run scripts.cluster again."
        )
    return np.array([cluster_of[identity] for identity in identities], int)


def rows(
    found: Sequence[suspects.Suspect], identities: Sequence[str], categories: Sequence[str], clusters: np.ndarray
) -> Iterator[tuple[Any, ...]]:
    """Yield one row of the table per suspect."""
    for one in found:
        yield (
            identities[one.row],
            categories[one.row],
            one.suggested,
            _number(one.suspicion),
            identities[one.nearest_same],
            _number(one.distance_same),
            identities[one.nearest_suggested],
            _number(one.distance_suggested),
            int(clusters[one.row]),
            one.cluster_same,
            one.cluster_suggested,
        )


def _number(value: float) -> str:
    return f"{value:.{neighbors.DECIMALS}f}"


def answer(found: suspects.Found, identities: Sequence[str], categories: Sequence[str]) -> str:
    """What was found, in one or two sentences."""
    alone = f" {found.alone:,} alone in their category cannot be checked." if found.alone else ""
    if not found.checked:
        return "No category can be checked: that takes two categories, and two specimens in one of them." + alone
    if not found.suspects:
        return f"None of {found.checked:,} specimens looks as if it were in the wrong category.{alone}"
    first = found.suspects[0]
    return (
        f"{len(found.suspects):,} of {found.checked:,} specimens may be in the wrong category. The most suspicious is "
        f"{identities[first.row]!r} in {categories[first.row]!r}, which looks more like {first.suggested!r} "
        f"(suspicion {first.suspicion:.2f}).{alone}"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    parser.add_argument("--clusters", type=expanduser, default=layout.CLUSTERS, help="table of clusters")
    command_line.add_duplicates(parser)
    command_line.add_sheet(parser)
    parser.add_argument("--metric", choices=neighbors.METRICS, default="cosine")
    parser.add_argument("--out", type=expanduser, default=layout.SUSPECTS, help="table of suspects")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
