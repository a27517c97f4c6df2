"""A whole collection of example fossils, as mixed as collections of scans are in practice.

In: specimens per category and a seed. Out: files of scans, vertices in millimeters, one folder per category.
"""

from collections.abc import Iterator
from pathlib import Path

import trimesh
from tqdm import tqdm

from fossilvit.examples import CATEGORIES, make
from fossilvit.store import files

FORMATS = (".ply", ".obj", ".stl", ".off")


def write_collection(folder: Path | str, per_category: int, seed: int) -> list[Path]:
    """Write `per_category` specimens of every category, and three unusual files; returns their paths.

    Every category is a folder with files in several formats. The unusual files are a specimen with a Japanese name, a
    point cloud, and a file that breaks off in the middle and cannot be read. A file that already has the same content
    is not written again, and keeps its date.
    """
    paths = []
    for name, content in tqdm(
        contents(per_category, seed), "example fossils", len(CATEGORIES) * per_category + 3, unit="file"
    ):
        paths.append(Path(folder, name))
        if not paths[-1].exists() or paths[-1].read_bytes() != content:
            with files.atomic(paths[-1]) as file:
                file.write(content)
    return paths


def contents(per_category: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file of the collection."""
    for shift, category in enumerate(CATEGORIES):
        for index in range(per_category):
            suffix = FORMATS[(index + shift) % len(FORMATS)]
            yield f"{category}/{category}_{index + 1:02d}{suffix}", exported(specimen(category, index, seed), suffix)
    ammonoid, echinoid, gastropod = (
        specimen(name, per_category, seed) for name in ("ammonoid", "echinoid", "gastropod")
    )
    yield "ammonoid/アンモナイト 標本.ply", exported(ammonoid, ".ply")
    yield "echinoid/echinoid_points.ply", exported(point_cloud(echinoid, seed), ".ply")
    whole = exported(gastropod, ".ply")
    yield "unreadable/truncated scan.ply", whole[: len(whole) // 2]


def specimen(category: str, index: int, seed: int) -> trimesh.Trimesh:
    """One specimen (see `make`) as a Trimesh, with vertices in millimeters."""
    return trimesh.Trimesh(*make(category, index, seed), process=False)


def point_cloud(mesh: trimesh.Trimesh, seed: int, count: int = 20_000) -> trimesh.Trimesh:
    """Point cloud of `count` points, spread evenly over a surface, with its normals: a Trimesh without faces."""
    points, faces = trimesh.sample.sample_surface_even(mesh, count, seed=seed)
    return trimesh.Trimesh(points, vertex_normals=mesh.face_normals[faces], process=False)


def exported(mesh: trimesh.Trimesh, suffix: str) -> bytes:
    """Content of the file of a mesh in the format of one of FORMATS."""
    content = mesh.export(file_type=suffix[1:])
    return content if isinstance(content, bytes) else str(content).encode()
