"""Render every mesh and point cloud of a folder from many sides.

In: files of meshes. Out: one folder of views per specimen, PNG of uint8 [S, S, 3], with its render.json.
"""

import argparse
import sys
from os.path import expanduser

from fossilvit import command_line
from fossilvit.running import commands
from fossilvit.scans import finding
from fossilvit.store import layout
from fossilvit.store.png import write_image
from fossilvit.views import cameras, isolated, poses, recording, rendering, studio
from fossilvit.views.isolated import Sitting
from fossilvit.views.studio import Settings


def main() -> None:
    arguments = parse()
    sources = finding.scans(arguments.meshes, arguments.preview or arguments.specimen, arguments.prefer)
    settings = Settings(*(getattr(arguments, name) for name in Settings._fields))

    def render(identity: str) -> None:
        if arguments.preview:
            isolated.call(draw_preview, sources[identity], identity, settings)
        else:
            recording.render(sources[identity], identity, settings, arguments.out)

    commands.each(list(sources), render, "render")


def draw_preview(sitting: Sitting, identity: str, settings: Settings) -> None:
    """Draw the views of one specimen on one sheet."""
    from fossilvit.pages import contact_sheet, preview

    mesh, shot, _ = sitting
    pictures = preview.pictures(mesh, shot, settings)
    look = f"{settings.appearance}, {settings.viewpoints}, {settings.framing}, align {settings.align}"
    sheet = layout.preview(identity)
    write_image(sheet, contact_sheet.draw(f"{identity}  ({look})", pictures))
    for note in mesh.notes:
        commands.log.info("%s: %s", identity, note)
    commands.log.info("%s", sheet)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    usual = Settings()
    command_line.add_meshes(parser, "--in")
    parser.add_argument("--out", type=expanduser, default=layout.RENDERS, help="folder of renders")
    parser.add_argument("--specimen", help="only this ID of the folder, or the ID of the one file")
    parser.add_argument(
        "--preview", metavar="SPECIMEN", help="only draw the views of this ID on one sheet, in results/figures"
    )
    parser.add_argument("--views", type=command_line.at_least(1), default=usual.views, help="number of views")
    parser.add_argument(
        "--size", type=command_line.at_least(1), default=usual.size, help="pixels, width and height of a view"
    )
    parser.add_argument("--renderer", choices=rendering.RENDERERS, default=usual.renderer)
    parser.add_argument("--appearance", choices=rendering.APPEARANCES, default=usual.appearance)
    parser.add_argument(
        "--antialias", type=int, choices=range(1, 5), default=usual.antialias, help="samples per pixel, each way"
    )
    parser.add_argument("--viewpoints", choices=cameras.VIEWPOINTS, default=usual.viewpoints)
    parser.add_argument(
        "--elevation", type=command_line.between(-90, 90), default=usual.elevation, help="of a ring, degrees"
    )
    parser.add_argument("--framing", choices=cameras.FRAMINGS, default=usual.framing)
    parser.add_argument("--align", choices=poses.ALIGNMENTS, default=usual.align)
    parser.add_argument("--mirror", choices=cameras.MIRRORS, default=usual.mirror)
    parser.add_argument("--strays", choices=studio.STRAYS, default=usual.strays)
    parser.add_argument("--picture", choices=studio.PICTURES, default=usual.picture, help="what figures show")
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
