"""Render every mesh and point cloud of a folder from many sides.

In: files of meshes. Out: one folder of views per specimen, PNG of uint8 [S, S, 3], with its render.json.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from os.path import expanduser
from pathlib import Path
from typing import Any

from fossilvit import command_line, meshes
from fossilvit.errors import SpecimenError, UserError
from fossilvit.meshes import Mesh
from fossilvit.provenance import recipes
from fossilvit.running import commands, isolation
from fossilvit.scans import companions, inventory, specimens
from fossilvit.store import digests, layout
from fossilvit.store.png import write_image
from fossilvit.store.renders import forget_render, write_record, write_view
from fossilvit.views import cameras, poses, rendering, studio
from fossilvit.views.studio import Settings, Shot

Shoot = Callable[[Mesh], Shot]


def main() -> None:
    arguments = parse()
    sources = find(arguments.meshes, arguments.preview or arguments.specimen, arguments.prefer)
    settings = Settings(*(getattr(arguments, name) for name in Settings._fields))
    work = preview_specimen if arguments.preview else render_specimen
    commands.each(list(sources), lambda identity: work(sources[identity], identity, settings, arguments.out), "render")


def find(folder_or_file: str, wanted: str | None, prefer: Sequence[str]) -> dict[str, str]:
    """Find the specimens to render: their paths, by ID."""
    path = Path(folder_or_file)
    named = inventory.without_extension(path.name)
    # a path that may not be looked at counts as a file if its name ends as one
    if os.path.isfile(path) or (named and not os.path.isdir(path)):
        return {wanted or named or path.stem: str(path)}
    found = {identity: specimen.path for identity, specimen in inventory.take(path, prefer).specimens.items()}
    if wanted:
        identity = specimens.resolve(wanted, found)
        return {identity: found[identity]}
    return found


def render_specimen(path: str, identity: str, settings: Settings, out: str) -> None:
    """Render one specimen. If its data are bad, or crash the reader, record that, and raise the SpecimenError."""
    begin = time.perf_counter()
    record = {**recipes.views(settings._asdict()), "file": meshes.file_facts(path)}
    try:
        with crashes_as_errors(path, settings.renderer):
            photographer(settings)(render_and_record, path, identity, record, begin, out)
    except SpecimenError as error:
        record |= {"path": str(path), "companions": getattr(error, "companions", {})}
        forget_render(out, identity)
        write_record(out, identity, {"status": "failed", "reason": str(error), **record, "seconds": since(begin)})
        raise


def preview_specimen(path: str, identity: str, settings: Settings, out: str) -> None:
    """Draw all views of one specimen on one sheet, and write nothing else."""
    with crashes_as_errors(path, settings.renderer):
        photographer(settings)(draw_preview, path, identity, settings)


@lru_cache(maxsize=1)
def photographer(settings: Settings) -> isolation.Child:
    """A child process with an open renderer, kept for the next specimens. It calls a function with its `shoot`."""
    return isolation.Child(lambda: at_work(settings), rendering.most_specimens(settings.renderer, settings.views))


@contextmanager
def at_work(settings: Settings) -> Iterator[Callable[..., None]]:
    with studio.opened(settings) as shoot:
        yield lambda work, *arguments: work(shoot, *arguments)


def render_and_record(shoot: Shoot, path: str, identity: str, record: dict[str, Any], begin: float, out: str) -> None:
    """Read and render one specimen, and write its views and its record."""
    mesh, looked_for = studio.read(path)
    shot = shoot(mesh)
    forget_render(out, identity)
    views = []
    for view, image in enumerate(shot.images):
        write_view(out, identity, view, image)
        views.append(studio.view_facts(shot, view, image))
    record |= {"companions": looked_for, "mesh": meshes.facts(mesh), "camera": cameras.facts(shot.pose), "views": views}
    write_record(out, identity, {"status": "ok", **record, "seconds": since(begin)})


def draw_preview(shoot: Shoot, path: str, identity: str, settings: Settings) -> None:
    """Read one specimen, and draw its views on one sheet."""
    from fossilvit.pages import contact_sheet

    mesh, _ = studio.read(path)
    shot = shoot(mesh)
    pictures = [
        contact_sheet.Picture(image, f"view {view:02d}", cameras.name(shot.cameras[view]))
        for view, image in enumerate(shot.images)
    ]
    look = f"{settings.appearance}, {settings.viewpoints}, {settings.framing}, align {settings.align}"
    sheet = layout.preview(identity)
    write_image(sheet, contact_sheet.draw(f"{identity}  ({look})", pictures))
    commands.log.info("%s", sheet)


@contextmanager
def crashes_as_errors(path: str, renderer: str) -> Iterator[None]:
    """Report a crash or lack of memory as a SpecimenError, and a crash of a graphics driver as a UserError."""
    try:
        yield
    except isolation.Crash as crash:
        if rendering.uses_driver(renderer):
            raise UserError(
                f"The {renderer} renderer or its driver ended by {crash} at {path}; run again, or take renderer raster."
            ) from None
        failure = SpecimenError(f"{path} ended its process by {crash}; export it again, or smaller.")
        failure.companions = {name: digests.Digests().of(Path(path).parent / name) for name in companions.around(path)}
        raise failure from None


def since(begin: float) -> float:
    """Seconds since then, to the millisecond."""
    return round(time.perf_counter() - begin, 3)


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
    command_line.add_shared(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
