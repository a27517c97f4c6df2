"""How long it takes to read a mesh, against trimesh on the same file in the same run.

`python -m benchmarks.reading [FILE ...]`; without files a torus is generated and read in every format.

Both make a clean surface of a file. Ours checks every face, merges equal vertices, drops faulty and duplicate faces,
turns faces to agree with their neighbors, and computes normals. trimesh.load merges equal vertices and drops values
that are not numbers. The last column is trimesh when it only parses (process=False). The best of some rounds counts,
after a round that compiles.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import trimesh

from benchmarks import best, torus

WRITERS = {
    "binary.ply": {"file_type": "ply"},
    "text.ply": {"file_type": "ply", "encoding": "ascii"},
    "binary.stl": {"file_type": "stl"},
    "text.stl": {"file_type": "stl_ascii"},
    "text.obj": {"file_type": "obj", "include_normals": False},
    "text.off": {"file_type": "off"},
}


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        paths = arguments.files or generated(Path(folder), arguments.faces)
        print(f"{'file':40} {'faces':>9} {'ours s':>8} {'trimesh s':>9} {'ratio':>6} {'parse only s':>12}")
        ratios = [compare(path, arguments.rounds) for path in paths]
    print(f"{'geometric mean':40} {'':9} {'':8} {'':9} {np.exp(np.log(ratios).mean()):6.2f}")


def generated(folder, faces):
    """Write a torus with the given number of faces in every format, and return the paths."""
    made = torus(faces)
    for name, options in WRITERS.items():
        made.export(folder / name, **options)
    return [folder / name for name in WRITERS]


def compare(path, rounds):
    """Print the line of one file, and return our time divided by that of trimesh."""
    from fossilvit import meshes

    faces = len(meshes.read(path).faces)
    ours = best(lambda: meshes.read(path), rounds)
    theirs = best(lambda: trimesh.load(path), rounds)
    parsing = best(lambda: trimesh.load(path, process=False), rounds)
    print(f"{str(path)[-40:]:40} {faces:9} {ours:8.3f} {theirs:9.3f} {ours / theirs:6.2f} {parsing:12.3f}", flush=True)
    return ours / theirs


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="meshes to read")
    parser.add_argument("--faces", type=int, default=200_000, help="faces of the generated torus (200,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts (3)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
