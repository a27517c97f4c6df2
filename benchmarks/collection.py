"""Write a collection of small meshes, all different; ten thousand take a second or two.

`python -m benchmarks.collection FOLDER --specimens 10000`
"""

import argparse
from pathlib import Path

import numpy as np

CATEGORIES = 20
SUBDIVISIONS = 3
"""Subdivisions of an icosahedron, which give 642 vertices and 1,280 faces."""
HEADER = """ply
format binary_little_endian 1.0
element vertex {vertices}
property float x
property float y
property float z
element face {faces}
property list uchar int vertex_indices
end_header
"""


def write(folder, specimens, seed=0):
    """Write meshes as `group_XX/NNNNN.ply`: spheres dented by random waves, which are similar within a group.

    Parameters
    ----------
    folder : path
    specimens : int
        Number of meshes.
    seed : int
        The same seed gives the same files. Existing files stay as they are.

    Returns
    -------
    list of Path
    """
    import trimesh

    sphere = trimesh.creation.icosphere(SUBDIVISIONS)
    faces = np.empty(len(sphere.faces), [("corners", "u1"), ("indices", "<i4", 3)])
    faces["corners"], faces["indices"] = 3, sphere.faces
    header, ending = HEADER.format(vertices=len(sphere.vertices), faces=len(faces)).encode(), faces.tobytes()
    paths = []
    for index in range(specimens):
        group = index % CATEGORIES
        paths.append(Path(folder, f"group_{group:02d}", f"{index:05d}.ply"))
        if not paths[-1].exists():
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            vertices = sphere.vertices * dents(sphere.vertices, (seed, group), (seed, group, index))
            paths[-1].write_bytes(header + vertices.astype("<f4").tobytes() + ending)
    return paths


def folder_with(work, specimens):
    """A folder to work in, with the given number of meshes in its `data/meshes`."""
    write(work / "data/meshes", specimens)
    return work


def dents(directions, group, own):
    """Distances of a surface from its center by direction, [V, 3] -> [V, 1]; `group` and `own` are seeds."""
    shared, single = np.random.default_rng(group), np.random.default_rng(own)
    waves = shared.normal(0, 2, (4, 3)) + single.normal(0, 0.3, (4, 3))
    return 1 + 0.15 * np.sin(directions @ waves.T + single.normal(0, 0.3, 4)).sum(axis=1, keepdims=True)


def main():
    arguments = parse()
    paths = write(arguments.folder, arguments.specimens, arguments.seed)
    print(f"{len(paths)} meshes in {arguments.folder}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to write to")
    parser.add_argument("--specimens", type=int, default=10_000, help="how many (10,000)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
