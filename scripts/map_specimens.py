"""Place the specimens of a collection on a map, similar ones near each other.

In: embeddings, float32 [N, D], their IDs, and the table of duplicates. Out: map.csv, which has the place of every
specimen, x and y from -1 to 1, and how far to believe it, and map.json. If there is a former map, its specimens stay
about where they are.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.answers import mapping, neighbors
from fossilvit.answers.following import Spot
from fossilvit.collection import duplicates
from fossilvit.provenance import former, recipes
from fossilvit.running import commands
from fossilvit.store import layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.records import recorded
from fossilvit.store.tables import MAP_COLUMNS, write_table


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    rows, digest = duplicates.read(arguments.duplicates)
    copies = [row for row in rows if row["same"] != "object"]
    originals = duplicates.originals(identities, copies)
    table = layout.within(arguments.out, layout.MAP)
    rows_before = former.rows(table, MAP_COLUMNS, "Specimens get new places", x=float, y=float, trust=float)
    before = {row["specimen_id"]: Spot(row["x"], row["y"], row["trust"]) for row in rows_before}
    found = mapping.place(
        identities, embeddings, arguments.metric, originals, before, arguments.seed, arguments.threads
    )
    made_from = recipes.placing(read_passport(arguments.emb), digest, arguments.metric, arguments.seed)
    spots = zip(identities, *found.places.T.tolist(), found.trust.tolist(), strict=True)
    mean = round(float(found.trust.mean()), mapping.DECIMALS) if identities else 1.0
    facts = {"specimens": len(identities), "neighbors": found.neighbors, "trust": mean}
    with recorded(layout.record_path(table), made_from, table, **facts):
        write_table(table, MAP_COLUMNS, spots)
    if before:
        how = "follows the former one" if found.follows else "is new, because the former one would no longer be true"
        commands.log.info("The map %s.", how)
    commands.log.info("Map of %d specimens, mean trust %.2f: %s", len(identities), mean, table)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    parser.add_argument("--metric", choices=neighbors.METRICS, default="cosine")
    command_line.add_duplicates(parser)
    parser.add_argument("--out", type=expanduser, default=layout.RESULTS, help="folder of results")
    command_line.add_threads(parser)
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
