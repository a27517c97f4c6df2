"""Render every mesh and point cloud of a folder from many sides."""

import argparse
import os
import sys
import time
from contextlib import contextmanager
from functools import lru_cache
from os.path import expanduser
from pathlib import Path
from typing import NamedTuple

from fossilvit import (
    cameras,
    commands,
    companions,
    digests,
    inventory,
    isolation,
    layout,
    meshes,
    poses,
    recipes,
    rendering,
    specimens,
    store,
)
from fossilvit.errors import SpecimenError, UserError


class Settings(NamedTuple):
    """What the pictures of all specimens have in common."""

    renderer: str
    size: int
    appearance: str
    antialias: int
    viewpoints: str
    elevation: float
    framing: str
    align: str
    views: int
    out: str
    preview: str | None


def main():
    arguments = parse()
    sources = find(arguments.meshes, arguments.preview or arguments.specimen, arguments.prefer)
    settings = Settings(*(getattr(arguments, name) for name in Settings._fields))
    commands.each(list(sources), lambda identity: render_specimen(sources[identity], identity, settings), "render")


def find(folder_or_file, wanted, prefer):
    """Path of every specimen to render, by ID."""
    path = Path(folder_or_file)
    named = inventory.without_extension(path.name)
    if os.path.isfile(path) or (
        named and not os.path.isdir(path)
    ):  # one that may not be looked at is a file by its name
        return {wanted or named or path.stem: path}
    found = {identity: specimen.path for identity, specimen in inventory.take(path, prefer).specimens.items()}
    if wanted:
        identity = specimens.resolve(wanted, found)
        return {identity: found[identity]}
    return found


def render_specimen(path, identity, settings):
    """Render one specimen; one of bad data, or whose data crash a reader, is recorded as failed, then reported."""
    begin = time.perf_counter()
    record = {**recipes.views(settings._asdict()), "file": meshes.file_facts(path)}
    try:
        with told(path, settings.renderer):
            studio_of(settings)(path, identity, record, begin)
    except SpecimenError as error:
        if not settings.preview:
            record |= {"path": str(path), "companions": getattr(error, "companions", {})}
            failed = {"status": "failed", "reason": str(error), **record, "seconds": since(begin)}
            store.forget_render(settings.out, identity)
            store.write_record(settings.out, identity, failed)
        raise


@contextmanager
def told(path, renderer):
    """Report a crash of compiled code as the fault of the specimen, and that of a driver as the machine's."""
    try:
        yield
    except isolation.Crash as crash:
        if renderer == "offscreen":
            raise UserError(
                f"The offscreen renderer or its driver ended by {crash} at {path}; run again, or take renderer raster."
            ) from None
        failure = SpecimenError(f"{path} ended its process by {crash}; export it again, or smaller.")
        failure.companions = {name: digests.Digests().of(Path(path).parent / name) for name in companions.around(path)}
        raise failure from None


def since(begin):
    """Seconds since then, to the millisecond."""
    return round(time.perf_counter() - begin, 3)


@lru_cache(maxsize=1)
def studio_of(settings):
    """The studio in a child process, which stays for the specimens that come after."""
    return isolation.Child(lambda: studio(settings), rendering.most_specimens(settings.renderer, settings.views))


@contextmanager
def studio(settings):
    """One renderer for all specimens; yields the function that reads, renders and records one."""
    directions = cameras.directions(settings.views, settings.viewpoints, settings.elevation)
    with rendering.renderer(settings.renderer, settings.size, settings.appearance, settings.antialias) as render:

        def shoot(path, identity, record, begin):
            with isolation.memory_bound(meshes.most_memory(path)):
                mesh, looked_for = read(path)
            pose = poses.pose(mesh, settings.align)
            aimed = cameras.aim(directions, settings.framing, mesh, pose)
            images = render(mesh, pose, aimed)
            if settings.preview:
                return preview(identity, aimed, images, settings)
            store.forget_render(settings.out, identity)
            views = []
            for camera, image in zip(aimed, images, strict=True):
                store.write_view(settings.out, identity, len(views), image)
                views.append({**cameras.view_facts(camera, pose, settings.size), "fill": rendering.fill(image)})
            record |= {"companions": looked_for, "mesh": meshes.facts(mesh)}
            record |= {"camera": cameras.facts(pose), "views": views}
            store.write_record(settings.out, identity, {"status": "ok", **record, "seconds": since(begin)})

        yield shoot


def read(path):
    """The mesh in a file, and what it looked for beside it, which an error has as `companions`."""
    with companions.noted() as looked_for:
        try:
            return meshes.read(path), looked_for
        except SpecimenError as error:
            error.companions = looked_for
            raise
        except MemoryError:
            most = meshes.most_memory(path) >> 20
            failure = SpecimenError(f"{path} takes more than {most} MiB of memory to read; export it again.")
            failure.companions = looked_for
            raise failure from None


def preview(identity, aimed, images, settings):
    """Write all views of a specimen as one contact sheet."""
    from fossilvit import figures

    pictures = [
        figures.Picture(image, f"view {view:02d}", cameras.name(camera))
        for view, (camera, image) in enumerate(zip(aimed, images, strict=True))
    ]
    look = f"{settings.appearance}, {settings.viewpoints}, {settings.framing}, align {settings.align}"
    path = layout.preview(identity)
    store.write_image(path, figures.contact_sheet(f"{identity}  ({look})", pictures))
    commands.log.info("%s", path)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    commands.add_meshes(parser, "--in")
    parser.add_argument("--out", type=expanduser, default="data/renders", help="folder of renders")
    parser.add_argument("--specimen", help="only this ID of the folder, or the ID of the one file")
    parser.add_argument(
        "--preview", metavar="SPECIMEN", help="only draw the views of this ID on one sheet, in results/figures"
    )
    parser.add_argument("--views", type=commands.at_least(1), default=12, help="number of views")
    parser.add_argument("--size", type=commands.at_least(1), default=768, help="width and height of a view in pixels")
    parser.add_argument("--renderer", choices=rendering.RENDERERS, default="raster")
    parser.add_argument("--appearance", choices=rendering.APPEARANCES, default="gray")
    parser.add_argument("--antialias", type=int, choices=range(1, 5), default=1, help="samples a pixel, each way")
    parser.add_argument("--viewpoints", choices=cameras.VIEWPOINTS, default="sphere")
    parser.add_argument("--elevation", type=commands.between(-90, 90), default=20.0, help="of a ring, degrees")
    parser.add_argument("--framing", choices=cameras.FRAMINGS, default="fit")
    parser.add_argument("--align", choices=poses.ALIGNMENTS, default="none")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
