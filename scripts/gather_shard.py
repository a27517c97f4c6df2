"""Gather the embeddings of one shard of the collection, and put its records beside them.

In: the records of the shard, its embeddings, float32 [D] each, and its features, float32 [V, D] each. Out: one .npz.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit.collection import gathering, whitening
from fossilvit.running import commands
from fossilvit.store import files, layout
from fossilvit.store.shards import write_shard


def main() -> None:
    arguments = parse()
    recorded = files.read_json(arguments.records)
    shard = gathering.gather(recorded["records"], arguments.embeddings)
    made = gathering.passport(shard.records, shard.identities, arguments.features, arguments.embeddings)
    scatter = gathering.scatter(shard, arguments.features, arguments.whiten)
    record = {
        **made,
        "render": recorded["render"],
        "made_from": gathering.shard_recipe(shard, arguments.features, arguments.embeddings, arguments.whiten),
    }
    write_shard(arguments.out, shard.identities, shard.embeddings, shard.records, record, scatter)
    done = len(shard.identities)
    commands.log.info("%s: %d specimens, %d failed.", arguments.out, done, len(shard.records) - done)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--records", type=expanduser, required=True, help="records of the shard's specimens, by gather_records"
    )
    parser.add_argument("--embeddings", type=expanduser, default=layout.EMBEDDINGS, help="folder of embeddings")
    parser.add_argument("--features", type=expanduser, default=layout.FEATURES, help="folder of features")
    parser.add_argument(
        "--whiten", choices=whitening.METHODS, default="none", help="what collect_embeddings is to whiten by"
    )
    parser.add_argument("--out", type=expanduser, required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
