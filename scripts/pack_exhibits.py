"""Pack the exhibits of one shard into the two chunks that the atlas loads.

In: the exhibit of every specimen of the shard. Out: thumbnails-SHARD.js and exhibits-SHARD.js, which the page loads as
scripts, the only files that a page from disk may load.
"""

import argparse
import sys
from os.path import expanduser
from pathlib import Path

from fossilvit.pages.atlas import page
from fossilvit.provenance import recipes
from fossilvit.running import commands
from fossilvit.store import files, layout
from fossilvit.store.records import recorded


def main() -> None:
    arguments = parse()
    identities = [
        layout.decode(Path(path).relative_to(arguments.exhibits).with_suffix("").as_posix()) for path in arguments.files
    ]
    found = page.read_exhibits(arguments.exhibits, identities)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    names = [page.chunk_name(part, arguments.shard) for part in page.PARTS]
    paths = [out / f"{name}.js" for name in names]
    with recorded(
        layout.record_path(paths[-1]), recipes.chunk(page.exhibit_digests(arguments.exhibits, identities)), *paths
    ):
        for name, path, texts in zip(names, paths, found, strict=True):
            with files.atomic(path) as file:
                file.write(page.chunk(name, texts).encode())
    commands.log.info("%s: %d specimens.", paths[-1], len(identities))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("files", type=expanduser, nargs="+", help="exhibit of every specimen of the shard")
    parser.add_argument("--exhibits", type=expanduser, default=layout.EXHIBITS, help="folder of exhibits")
    parser.add_argument("--shard", required=True, help="name of the shard")
    parser.add_argument("--out", type=expanduser, default=layout.CHUNKS, help="folder of chunks")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
