"""Render every mesh and point cloud of a folder from many sides."""

import argparse
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from fossilvit import cameras, commands, isolation, meshes, rendering, specimens, store, versions
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    sources = find(arguments.meshes, arguments.specimen)
    with isolation.child(lambda: workshop(arguments)) as draw:
        commands.each(
            list(sources), lambda identity: render_specimen(draw, sources[identity], identity, arguments), "render"
        )


def find(folder_or_file, wanted):
    """Path of every specimen to render, by ID."""
    path = Path(folder_or_file)
    if path.is_file():
        return {wanted or specimens.without_extension(path.name) or path.stem: path}
    found = {identity: specimen.path for identity, specimen in specimens.discover(path).items()}
    if wanted:
        identity = specimens.resolve(wanted, found)
        return {identity: found[identity]}
    return found


def render_specimen(draw, path, identity, arguments):
    """Render one specimen; one of bad data, or whose data crash a reader, is recorded as failed, then reported."""
    begin = time.perf_counter()
    record = {
        "renderer": arguments.renderer,
        "version": versions.RENDERING,
        "size": arguments.size,
        "file": meshes.file_facts(path),
    }
    try:
        with told(path):
            draw(path, identity, record, begin)
    except SpecimenError as error:
        failed = {"status": "failed", "reason": str(error), **record, "seconds": since(begin)}
        store.write_views(arguments.out, identity, [], failed)
        raise


@contextmanager
def told(path):
    """Tell a crash of compiled code, or a lack of memory, as the fault of the specimen."""
    try:
        yield
    except isolation.Crash as crash:
        raise SpecimenError(f"{path} ended its process by {crash}; export it again, or smaller.") from None
    except MemoryError:
        most = meshes.most_memory(path) >> 20
        raise SpecimenError(f"{path} takes more than {most} MiB of memory to read; export it again.") from None


def since(begin):
    """Seconds since then, to the millisecond."""
    return round(time.perf_counter() - begin, 3)


@contextmanager
def workshop(arguments):
    """One renderer for all specimens; yields the function that reads, renders and records one."""
    directions = cameras.directions(arguments.views)
    with rendering.renderer(arguments.renderer, arguments.size) as render:

        def draw(path, identity, record, begin):
            with isolation.memory_bound(meshes.most_memory(path)):
                mesh = meshes.read(path)
            framing = cameras.frame(mesh.vertices)
            images = render(mesh, framing, directions)
            record |= {
                "mesh": meshes.facts(mesh),
                "camera": cameras.facts(framing),
                "views": rendering.facts(images, directions),
                "seconds": since(begin),
            }
            store.write_views(arguments.out, identity, images, {"status": "ok", **record})

        yield draw


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--in", dest="meshes", default="data/meshes", help="folder of meshes, or one file")
    parser.add_argument("--out", default="data/renders", help="folder of renders")
    parser.add_argument("--specimen", help="only this ID of the folder, or the ID of the one file")
    parser.add_argument("--views", type=commands.at_least(1), default=12, help="number of views")
    parser.add_argument("--size", type=commands.at_least(1), default=768, help="width and height of a view in pixels")
    parser.add_argument("--renderer", choices=rendering.RENDERERS, default="raster")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(commands.run(main))
