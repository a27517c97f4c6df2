"""How long a view takes on one core, against rivals on the same mesh in the same run, and how much memory it takes.

`python -m benchmarks.render [FILE ...]`; without files, three tori with waves and a point cloud are generated.

Ours is the default renderer. Three parts are timed alone: `geometry` (project the vertices, find the nearest surface at
every pixel), `shading` (for points also their blending) and `PNG`. `total` is the time of everything between reading a
file and writing its views. It includes the view's share of what is prepared once per specimen, and the allocation of
memory, which the parts do not. The rivals:

Embree: Open3D's RaycastingScene finds what the rays through all pixels hit. Its tree and the rays are built before the
clock starts, and nothing is shaded or compressed. Points have no surface to hit.
offscreen: Open3D's OffscreenRenderer draws a picture and returns it; with a software Vulkan it runs on the CPU. Its
points are squares as wide as our discs.

Everything is measured in new processes, which use the same single core from their first thread on. A time is the mean
over twelve views (FEW for the offscreen renderer) in the best of some rounds, after a view in which code compiles.
Memory is what the kernel counts as resident (on Linux only): while many small specimens are read, rendered and
compressed one after another, and at the peak of rendering and compressing a large one.
"""

import argparse
import ctypes
import multiprocessing
import os
import re
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from benchmarks import best, torus
from fossilvit import meshes
from fossilvit.store import png
from fossilvit.views import cameras, poses, rendering
from fossilvit.views.rendering import clouds, looks, surfaces
from fossilvit.views.rendering.projection import projection
from fossilvit.views.rendering.shading import shade

LARGE = 2_000_000
"""Faces of the large mesh."""
VIEWS = cameras.frames(12)
FEW = 3
"""Number of views of the offscreen renderer, which may need seconds per view."""
PATIENCE = 120
"""Seconds after which the offscreen renderer is ended, because software Vulkan may hang."""
SETTLED = 20
"""Number of specimens after which memory should no longer grow."""


def main():
    arguments = parse()
    stay_on_one_core()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare_all(arguments.files or generated(folder), arguments)
        if sys.platform == "linux":
            measure_memory(folder, arguments)


def stay_on_one_core():
    """Pin this process, and those that it starts, to one core where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def generated(folder):
    """Write the tori and the point cloud, and return their paths."""
    tori = [write_torus(folder / f"torus_{faces}.ply", faces) for faces in (10_000, 342_000, LARGE)]
    return [*tori, write_torus(folder / "points.ply", 40_000, only_points=True)]


def write_torus(path, faces, only_points=False):
    """Write a torus with waves, about `faces` faces and half as many points, and return the path."""
    import trimesh  # imported here, because the processes whose memory is measured must not load it

    made = torus(faces)
    made.vertices *= 1 + 0.1 * np.sin(3 * made.vertices).prod(axis=1, keepdims=True)
    (trimesh.PointCloud(made.vertices) if only_points else made).export(path)
    return path


def compare_all(paths, arguments):
    """Print the table of times, and the reason if a rival has none."""
    columns = ("geometry", "shading", "PNG", "total", "Embree", "offscreen", "/Embree", "offscreen/")
    print(f"milliseconds a view of {arguments.size} x {arguments.size} pixels on one core")
    print(f"{'file':20} {'faces/points':>12}", *(f"{column:>10}" for column in columns))
    reasons = [compare(path, arguments) for path in paths]
    print("/Embree: total / Embree, goal at most 0.5. offscreen/: offscreen / total, goal at least 25.")
    for reason in sorted(set(filter(None, reasons))):
        print(f"no time of the offscreen renderer: {reason}")


def compare(path, arguments):
    """Print the line of one file, and return the reason if the offscreen renderer has no time, else None."""
    elements, *times, total, embree = alone(our_times_and_embrees, path, arguments.size, arguments.rounds)
    offscreen, reason = (None, None) if arguments.skip_offscreen else attempt(path, arguments.size)
    ratios = embree and total / embree, offscreen and offscreen / total
    cells = ("-" if value is None else f"{value:.2f}" for value in (*times, total, embree, offscreen, *ratios))
    print(f"{path.name[-20:]:20} {elements:12}", *(f"{cell:>10}" for cell in cells), flush=True)
    return reason


def alone(work, *arguments):
    """The result of a function that is called in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def attempt(path, size):
    """The time of the offscreen renderer and None, or None and the reason."""
    try:
        return alone(offscreen_time, path, size), None
    except BrokenProcessPool:
        return None, f"it crashed, or hung for {PATIENCE} s"
    except Exception as error:
        return None, " ".join(f"{type(error).__name__}: {error}".split())


def our_times_and_embrees(path, size, rounds):
    """The number of faces or points, and milliseconds per view: geometry, shading, PNG, total, and Embree or None."""
    mesh = meshes.read(path)
    pose = poses.pose(mesh)
    views = [projection(pose, camera, size) for camera in cameras.aim(VIEWS, "fit", mesh, pose)]
    discs = looks.discs(mesh, pose, size) if mesh.is_points else None
    look = looks.of_cloud(mesh, discs, colored=False) if mesh.is_points else looks.of_surface(mesh, colored=False)
    sights = [see(mesh, discs, view, size) for view in views]
    images = [show(look, sight) for sight in sights]
    return (
        len(mesh.faces) or len(mesh.vertices),
        a_view(lambda view: see(mesh, discs, view, size), views, rounds),
        a_view(lambda sight: show(look, sight), sights, rounds),
        a_view(png.encode, images, rounds),
        a_view(lambda frames: rendered(mesh, frames, size), [VIEWS], rounds) / len(VIEWS),
        None if mesh.is_points else embree_time(mesh, pose, views, size, rounds),
    )


def see(mesh, discs, view, size):
    """The nearest element and inverse depth of every pixel, the view, and for a surface its projected vertices."""
    if mesh.is_points:
        return *clouds.front(mesh.vertices, mesh.normals, discs, view, size), view
    screen = surfaces.project(mesh.vertices, view)
    return *surfaces.visible(screen, mesh.faces, size), view, screen


def show(look, sight):
    """The picture of what `see` returns."""
    _, _, view, *_ = sight
    return shade("gray", *look(*sight), view.focal)


def rendered(mesh, frames, size):
    """The views of a specimen as PNG."""
    pose = poses.pose(mesh)
    with rendering.renderer("raster", size) as render:
        return [png.encode(image) for image in render(mesh, pose, cameras.aim(frames, "fit", mesh, pose))]


def embree_time(mesh, pose, views, size, rounds):
    """Milliseconds per view that Embree takes to find what all pixels show."""
    import open3d

    scene = open3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(pose.apply(mesh.vertices).astype(np.float32), mesh.faces.astype(np.uint32))
    casts = [open3d.core.Tensor(rays(view, size)) for view in views]
    return a_view(lambda cast: scene.cast_rays(cast, nthreads=1), casts, rounds)


def rays(view, size):
    """Origins and directions of the rays through the centers of all pixels, in the unit sphere, float32 [S, S, 6]."""
    row, column = np.indices((size, size))
    ahead = np.stack([column - view.column, view.row - row, np.full(row.shape, -view.focal)], axis=2)
    origins = np.broadcast_to(view.distance * view.rotation[2], ahead.shape)
    return np.concatenate([origins, ahead / view.focal @ view.rotation], axis=2).astype(np.float32)


def offscreen_time(path, size):
    """Milliseconds per view of the offscreen renderer."""
    signal.alarm(PATIENCE)  # ends this process
    for stream in (1, 2):  # for what the driver prints
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    from open3d.visualization import rendering as filament

    material = filament.MaterialRecord()
    material.shader = "defaultLit"
    mesh = meshes.read(path)
    if mesh.is_points:
        disc = np.median(poses.discs(mesh, poses.pose(mesh)))
        material.point_size = 2 * disc * cameras.FOCAL * size / cameras.distance()
    offscreen = filament.OffscreenRenderer(size, size)
    offscreen.scene.add_geometry("specimen", open3ds(mesh), material)

    def draw(frame):
        _, up, backward = frame
        eye = cameras.distance() * backward
        offscreen.setup_camera(cameras.FIELD_OF_VIEW, np.zeros(3), eye, up)
        return np.asarray(offscreen.render_to_image())

    return a_view(draw, VIEWS[:FEW], rounds=1)


def open3ds(mesh):
    """A mesh as Open3D has it, in the unit sphere."""
    from open3d import core, t

    points = core.Tensor(poses.pose(mesh).apply(mesh.vertices).astype(np.float32))
    if mesh.is_points:
        return t.geometry.PointCloud({"positions": points, "normals": core.Tensor(mesh.normals)})
    geometry = t.geometry.TriangleMesh(points, core.Tensor(mesh.faces))
    geometry.vertex.normals = core.Tensor(mesh.normals)
    return geometry


def a_view(work, views, rounds):
    """Milliseconds per view that a function takes, after a first view in which code compiles."""

    def once():
        for view in views:
            work(view)

    work(views[0])
    return 1000 * best(once, rounds) / len(views)


def measure_memory(folder, arguments):
    """Print how memory grows over many specimens, and how much one large mesh takes."""
    from benchmarks import reading

    small = reading.generated(folder, 2_000)
    before, after = alone(memory_of_many, small, arguments.specimens)
    print(f"memory after {SETTLED} specimens {before / 2**20:.1f} MiB, after {arguments.specimens:,}", end=" ")
    print(f"{after / 2**20:.1f} MiB: {after / before - 1:+.1%}, goal at most 5 %")
    beyond = alone(memory_of_one, write_torus(folder / "large.ply", LARGE), small[0], arguments.size)
    print(f"memory beyond a mesh of {LARGE:,} faces: {beyond / LARGE:.0f} bytes a face, goal at most 100")


def memory_of_many(paths, specimens):
    """Resident bytes after SETTLED specimens and after all, with 4 views each in varying sizes."""
    taken = []
    for specimen in range(specimens):
        rendered(meshes.read(paths[specimen % len(paths)]), VIEWS[::3], 64 + specimen % 65)
        taken.append(resident())
    return taken[:SETTLED][-1], taken[-1]


def memory_of_one(path, tiny, size):
    """Bytes by which resident memory grows at the peak of rendering two views, with compiled code."""
    rendered(meshes.read(tiny), VIEWS[:1], 64)
    mesh = meshes.read(path)
    ctypes.CDLL(None).malloc_trim(0)  # return what reading has freed, or rendering reuses it unnoticed
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of reading
    before = resident()
    rendered(mesh, VIEWS[:2], size)
    return resident("VmHWM") - before


def resident(entry="VmRSS"):
    """Bytes of memory that this process uses, or used at its peak (VmHWM)."""
    return 1024 * int(re.search(rf"{entry}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="meshes and point clouds to render")
    parser.add_argument("--size", type=int, default=768, help="width and height of a view in pixels (768)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts (3)")
    parser.add_argument("--skip-offscreen", action="store_true", help="leave the offscreen renderer out")
    parser.add_argument("--specimens", type=int, default=2_000, help="specimens that memory is watched over (2,000)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
