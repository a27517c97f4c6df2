"""Make what the atlas shows of every specimen: a thumbnail, a strip of views, and a mesh to turn.

In: files of meshes, and renders. Out: exhibits, one text per specimen.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.pages.atlas import exhibit
from fossilvit.provenance.notes import note_broken
from fossilvit.running import commands
from fossilvit.scans import finding
from fossilvit.store import layout
from fossilvit.store.renders import BrokenView


def main() -> None:
    arguments = parse()
    sources = finding.scans(arguments.meshes, arguments.specimen, arguments.prefer)

    def make(identity: str) -> None:
        try:
            without_mesh = exhibit.write(sources[identity], identity, arguments.renders, arguments.out)
        except BrokenView as broken:
            result = layout.exhibit_path(arguments.out, identity)
            note_broken(arguments.renders, identity, broken.path.name, result)
            raise
        if without_mesh:
            commands.log.warning("%s has no mesh in the atlas: %s", identity, without_mesh)

    commands.each(list(sources), make, "exhibit")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    command_line.add_meshes(parser, "--in")
    parser.add_argument("--specimen", help="only this ID of the folder, or the ID of the one file")
    parser.add_argument("--renders", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--out", type=expanduser, default=layout.EXHIBITS, help="folder of exhibits")
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
