"""A whole collection of example fossils, in the mixed state in which collections of scans arrive."""

from pathlib import Path

import trimesh
from tqdm import tqdm

from fossilvit.fossils import CATEGORIES, make

FORMATS = (".ply", ".obj", ".stl", ".off")


def write_collection(folder: Path | str, per_category: int, seed: int) -> list[Path]:
    """Write `per_category` specimens of every category, and three odd files; returns the paths written.

    Every category is a folder with files in several formats. The odd ones are a specimen with a Japanese
    name, a point cloud, and a file that breaks off in the middle and cannot be read.
    """
    folder = Path(folder)
    meshes = {}
    for shift, category in enumerate(CATEGORIES):
        for index in range(per_category):
            suffix = FORMATS[(index + shift) % len(FORMATS)]
            meshes[f"{category}/{category}_{index + 1:02d}{suffix}"] = specimen(category, index, seed)
    meshes["ammonoid/アンモナイト 標本.ply"] = specimen("ammonoid", per_category, seed)
    meshes["echinoid/echinoid_points.ply"] = point_cloud(specimen("echinoid", per_category, seed), seed)
    meshes["unreadable/truncated scan.ply"] = specimen("gastropod", per_category, seed)

    paths = [folder / name for name in meshes]
    for path, mesh in zip(tqdm(paths, desc="example fossils", unit="file"), meshes.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        mesh.export(path)
    truncate(paths[-1])
    return paths


def specimen(category: str, index: int, seed: int) -> trimesh.Trimesh:
    """One specimen (see `make`) as a Trimesh, its vertices in millimetres."""
    return trimesh.Trimesh(*make(category, index, seed), process=False)


def point_cloud(mesh: trimesh.Trimesh, seed: int, count: int = 20_000) -> trimesh.Trimesh:
    """`count` points spread evenly over a surface, with its normals: a Trimesh that has no faces."""
    points, faces = trimesh.sample.sample_surface_even(mesh, count, seed=seed)
    return trimesh.Trimesh(points, vertex_normals=mesh.face_normals[faces], process=False)


def truncate(path: Path) -> None:
    """Cut a file off in the middle, as an interrupted copy does."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
