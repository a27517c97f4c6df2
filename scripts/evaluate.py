"""Score neighbors and clusters against the categories of specimens.

In: retrieval.csv and clusters.csv, and duplicates.csv and the joined sheet, if they are there. Without the sheet,
categories are the folders that specimens lie in. Copies do not count. Out: evaluation.csv, one metric per row, at the
deepest level of categories and then at the others; categories.csv, the same in every category; and confusion.csv, which
counts specimens by their category and that of their nearest neighbor at the deepest level.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from os.path import expanduser
from pathlib import Path
from typing import Any

from fossilvit import command_line
from fossilvit.answers import evaluation, scores
from fossilvit.answers.scores import Scores
from fossilvit.collection import duplicates
from fossilvit.errors import UserError
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.sheet import facts
from fossilvit.store import digests, layout
from fossilvit.store.files import PathLike
from fossilvit.store.records import collection_of, recorded
from fossilvit.store.tables import (
    CATEGORIES_COLUMNS,
    CLUSTERS_COLUMNS,
    CONFUSION_COLUMNS,
    EVALUATION_COLUMNS,
    RETRIEVAL_COLUMNS,
    read_table,
    write_table,
)

Row = tuple[Any, ...]
Cell = float | str


def main() -> None:
    arguments = parse()
    rows = read_table(arguments.clusters, CLUSTERS_COLUMNS, cluster_id=int)
    identities = [row["specimen_id"] for row in rows]
    known = facts.read(arguments.sheet, identities)
    copies, digest = duplicates.read(arguments.duplicates)
    standing = duplicates.standing(identities, copies)
    cluster_of = {row["specimen_id"]: row["cluster_id"] for row, stands in zip(rows, standing, strict=True) if stands}
    levels = {
        level: {identity: labels[identity] for identity in cluster_of if identity in labels}
        for level, labels in reversed(known.levels.items())
    }
    if rows and not any(levels.values()):
        what = "has a category in the sheet" if arguments.sheet else "lies in a folder"
        raise UserError(f"No specimen {what}, so there is nothing to evaluate against.")
    queries = read_retrieval(arguments.retrieval, levels, known.among)
    evaluated: list[Row] = []
    categorized: list[Row] = []
    for level, labels in levels.items():
        neighbors = scores.of_neighbors(queries[level], arguments.seed)
        clusters = scores.of_clusters([*labels.values()], [cluster_of[one] for one in labels], arguments.seed)
        left_out = {"copies": len(rows) - len(cluster_of), "unlabeled": len(cluster_of) - len(labels)}
        evaluated += table_of(level, labels, neighbors, clusters, left_out)
        found = [*scores.categories_rows(neighbors, level), *scores.categories_rows(clusters, level)]
        categorized += sorted(found, key=lambda row: row[1])
    confused = Counter((row["category"], row["nearest"]) for row in queries[known.deepest])
    made_from = recipes.evaluation(
        collection_of(arguments.clusters),
        digests.of_file(arguments.clusters),
        digests.of_file(arguments.retrieval),
        digest,
        known if arguments.sheet else None,
        arguments.seed,
    )
    out = Path(arguments.out)
    categories, confusion = (layout.within(out.parent, table) for table in (layout.CATEGORIES, layout.CONFUSION))
    with recorded(layout.record_path(out), made_from, out, categories, confusion):
        write_table(categories, CATEGORIES_COLUMNS, categorized)
        write_table(confusion, CONFUSION_COLUMNS, ((*pair, count) for pair, count in sorted(confused.items())))
        write_table(out, EVALUATION_COLUMNS, evaluated)
    commands.log.info("%s", "\n".join(in_words(row, len(levels) > 1) for row in evaluated))


def read_retrieval(
    path: PathLike, levels: Mapping[str, Mapping[str, str]], among: Mapping[str, str] | None
) -> dict[str, list[dict[str, Any]]]:
    """Read the scores of every query, that is, of every specimen that may find another of its category, by level.

    Parameters
    ----------
    path : path
    levels : dict of level to the category of every specimen, by ID
    among : dict of ID to the value that neighbors share, or None

    Raises
    ------
    UserError
        The table is missing or broken, or of other specimens or categories.
    """
    numbers = {**dict.fromkeys(evaluation.SCORES, float), "relevant": int, "gallery": int}
    rows = read_table(path, RETRIEVAL_COLUMNS, **numbers)
    columns = ("level", "specimen_id", "category", "relevant", "gallery")
    wanted = {(level, *query) for level, labels in levels.items() for query in queries(labels, among)}
    if different := wanted ^ {tuple(row[column] for column in columns) for row in rows}:
        raise UserError(
            f"{path} and the clusters are of different collections or categories: {min(different)[1]!r} is not the "
            "same query in both; run scripts.cluster and scripts.search again."
        )
    return {level: [row for row in rows if row["level"] == level] for level in levels}


def queries(labels: Mapping[str, str], among: Mapping[str, str] | None) -> Iterator[tuple[str, str, int, int]]:
    """Yield every query: ID, category, number of others of its category, and of all others that are searched.

    Parameters
    ----------
    labels : dict of ID to category
    among : dict of ID to the value that neighbors share, or None
    """
    value_of = dict.fromkeys(labels, "") if among is None else among
    searched = [identity for identity in labels if identity in value_of]
    alike = Counter((value_of[identity], labels[identity]) for identity in searched)
    gallery = Counter(value_of[identity] for identity in searched)
    for identity in searched:
        value, category = value_of[identity], labels[identity]
        if relevant := alike[value, category] - 1:
            yield identity, category, relevant, gallery[value] - 1


def table_of(
    level: str, labels: Mapping[str, str], neighbors: Scores, clusters: Scores, left_out: Mapping[str, int]
) -> Iterator[Row]:
    """Yield the rows of the table of scores at one level."""
    asked = int(neighbors.objects.sum())
    counts = {"specimens": len(labels), "categories": len(set(labels.values())), "queries": asked}
    yield from counted(counts, level)
    yield from scores.evaluation_rows(neighbors, level)
    yield from scores.evaluation_rows(clusters, level)
    yield from counted(
        {f"left_out_{what}": count for what, count in {"singletons": len(labels) - asked, **left_out}.items()}, level
    )


def counted(counts: Mapping[str, int], level: str) -> Iterator[Row]:
    """Yield rows of the table of scores that hold numbers of specimens or categories."""
    for metric, count in counts.items():
        yield metric, count, *[""] * (len(EVALUATION_COLUMNS) - 3), level


def in_words(row: Row, named: bool) -> str:
    """A row of the table of scores in words, with the name of its level if there are several."""
    metric, value, low, high, chance, macro, macro_low, macro_high, macro_chance, level = row
    said = explained(value, low, high, chance)
    if macro != "":
        said += f"; mean of categories {explained(macro, macro_low, macro_high, macro_chance)}"
    return f"{level + ': ' if named else ''}{metric:28} {said}"


def explained(value: Cell, low: Cell, high: Cell, chance: Cell) -> str:
    """A score, its interval and what chance gives, in words."""
    interval = [] if low == "" else [f"95 % interval {low:.3g} to {high:.3g}"]
    known = interval + ([] if chance == "" else [f"chance {chance:.3g}"])
    return (f"{value:.4g}" if value != "" else "unknown") + (f" ({', '.join(known)})" if known else "")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--retrieval", type=expanduser, default=layout.RETRIEVAL, help="table of every query's scores")
    parser.add_argument("--clusters", type=expanduser, default=layout.CLUSTERS, help="table of clusters")
    command_line.add_duplicates(parser)
    command_line.add_sheet(parser)
    parser.add_argument("--seed", type=command_line.at_least(0), default=0, help="seed of the resampling for intervals")
    parser.add_argument(
        "--out",
        type=expanduser,
        default=layout.EVALUATION,
        help="table of scores; categories.csv and confusion.csv are written beside it",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
