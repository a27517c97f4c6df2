"""Join the shards into the collection, whitened or not.

In: shards. Out: embeddings.npy, float32 [N, D], ids.txt, embeddings.json, and the table of all specimens.
"""

import argparse
import sys
from os.path import expanduser
from pathlib import Path
from typing import Any

from fossilvit.collection import catalog, gathering, whitening
from fossilvit.errors import UserError
from fossilvit.provenance import backends, recipes
from fossilvit.running import commands
from fossilvit.store import layout
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.shards import read_scatter, read_shard, read_shard_record
from fossilvit.store.tables import SPECIMENS_COLUMNS, write_table


def main() -> None:
    arguments = parse()
    whole = gathering.join(map(read_shard, arguments.shards))
    shards = {Path(shard).stem: read_shard_record(shard) for shard in arguments.shards}
    made = gathering.joint_passport(shards.values())
    if arguments.whiten != "none":
        check_scatter(shards)
    embeddings, record = whitening.whiten(whole.embeddings, map(read_scatter, arguments.shards), arguments.whiten)
    write_table(arguments.specimens, SPECIMENS_COLUMNS, catalog.specimens(whole.records))
    passport = {**made, **record}
    write_embeddings(arguments.out, whole.identities, embeddings, passport, recipes.collection(shards))
    failed = len(whole.records) - len(whole.identities)
    strays = sum(bool((record.get("mesh") or {}).get("strays")) for record in whole.records.values())
    if difference := backends.difference(made["backends"]):
        commands.log.warning(difference)
    commands.log.info("%d specimens of dimension %d, %d failed, %d with strays.", *embeddings.shape, failed, strays)


def check_scatter(shards: dict[str, dict[str, Any]]) -> None:
    """Check that shards hold the scatter of views, which whitening needs.

    Parameters
    ----------
    shards : dict of the name of a shard to its record

    Raises
    ------
    UserError
    """
    for shard, record in shards.items():
        if record["made_from"]["whiten"] == "none":
            raise UserError(
                f"Shard {shard} does not hold how views differ, which whitening needs; gather it again with --whiten "
                "views."
            )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("shards", type=expanduser, nargs="+", help="files of shards")
    parser.add_argument("--out", type=expanduser, default=layout.EMBEDDINGS, help="folder of embeddings")
    parser.add_argument(
        "--whiten", choices=whitening.METHODS, default="none", help="views: the shards were gathered with it too"
    )
    parser.add_argument("--specimens", type=expanduser, default=layout.SPECIMENS, help="table of all specimens")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
