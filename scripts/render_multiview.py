"""Render every mesh and point cloud of a folder from many sides."""

import argparse
import sys
from pathlib import Path

from fossilvit import cameras, commands, meshes, rendering, specimens, store, versions
from fossilvit.errors import SpecimenError


def main():
    arguments = parse()
    sources = find(arguments.meshes, arguments.specimen)
    directions = cameras.directions(arguments.views)
    with rendering.renderer(arguments.renderer, arguments.size) as render:
        commands.each(
            list(sources),
            lambda identity: render_specimen(sources[identity], arguments.out, identity, render, directions, arguments),
            "render",
        )


def find(folder_or_file, wanted):
    """Path of every specimen to render, by ID."""
    path = Path(folder_or_file)
    if path.is_file():
        return {wanted or path.stem: path}
    found = {identity: specimen.path for identity, specimen in specimens.discover(path).items()}
    if wanted:
        identity = specimens.resolve(wanted, found)
        return {identity: found[identity]}
    return found


def render_specimen(path, out, identity, render, directions, arguments):
    """Render one specimen; one of bad data is recorded as failed, then reported."""
    record = {"renderer": arguments.renderer, "version": versions.RENDERING, "size": arguments.size}
    try:
        mesh = meshes.read(path)
    except SpecimenError as error:
        store.write_views(out, identity, [], {"status": "failed", "reason": str(error), **record})
        raise
    framing = cameras.frame(mesh.vertices)
    images = render(mesh, framing, directions)
    record |= {
        "mesh": {"file": Path(path).name, **meshes.facts(mesh)},
        "camera": cameras.facts(framing),
        "views": rendering.facts(images, directions),
    }
    store.write_views(out, identity, images, {"status": "ok", **record})


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
