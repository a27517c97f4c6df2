"""Write the embeddings, with what the sheet says of every specimen, to one Parquet file for other programs.

In: embeddings, float32 [N, D], their IDs, and the joined sheet, if there is one. Out: embeddings.parquet with the
columns id, vector, and those of the sheet; without a sheet, with the folder of every specimen.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.collection import exporting
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import digests, layout
from fossilvit.store.embeddings import read_embeddings, read_passport
from fossilvit.store.records import recorded


def main() -> None:
    arguments = parse()
    identities, embeddings = read_embeddings(arguments.emb, arguments.ids)
    columns = exporting.columns(arguments.sheet, identities)
    said = digests.of_file(arguments.sheet) if arguments.sheet else None
    with recorded(
        layout.record_path(arguments.out), recipes.parquet(read_passport(arguments.emb), said), arguments.out
    ):
        exporting.write(arguments.out, identities, embeddings, columns)
    commands.log.info(
        "%d vectors of dimension %d, with %d columns about specimens: %s",
        *embeddings.shape,
        len(columns),
        arguments.out,
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--emb", type=expanduser, default=layout.ARRAY, help="embeddings of the collection")
    parser.add_argument("--ids", type=expanduser, help="IDs, one per row; by default ids.txt beside --emb")
    command_line.add_sheet(parser)
    parser.add_argument("--out", type=expanduser, default=layout.PARQUET, help="Parquet file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
