"""How the settings of views change neighbors: scans in the pose of their files, and each turned at random.

`python -m benchmarks.poses FOLDER ... --model hog --model custom:FILE.py:FUNCTION`. Each folder is one collection, with
its scans in one folder per category; without any, fossils and dented spheres are generated. The first table shows the
mean average precision of every collection and model by setting, in both poses, and last their mean. Behind it stands
its difference from the defaults, with the 95 % interval of a paired bootstrap over specimens.

The second table asks for the same specimen again: turned, turned and decimated to a tenth of its faces, turned and
without a tenth of its surface. It shows how often it finds itself first among all specimens of its collection, and the
median and lowest cosine of the two embeddings.
"""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import trimesh
from tqdm import tqdm

from benchmarks import collection
from fossilvit import encoders, meshes
from fossilvit.answers import evaluation, neighbors
from fossilvit.collection import pooling
from fossilvit.encoders import Options
from fossilvit.errors import SpecimenError
from fossilvit.examples import CATEGORIES
from fossilvit.examples.collection import exported, specimen
from fossilvit.meshes import strays
from fossilvit.scans import inventory, specimens
from fossilvit.views import studio
from fossilvit.views.studio import USUAL

CHANGES = {
    "defaults": {},
    "align: none": {"align": "none"},
    "mirror: ignore": {"mirror": "ignore"},
    "strays: keep": {"strays": "keep"},
    "antialias: 3": {"antialias": 3},
    "appearance: whitened": {"appearance": "whitened"},
    "appearance: normals": {"appearance": "normals"},
    "appearance: depth": {"appearance": "depth"},
    "framing: zoom": {"framing": "zoom"},
    "viewpoints: ring": {"viewpoints": "ring"},
    "size: 224": {"size": 224},
    "size: 768": {"size": 768},
    "views: 4": {"views": 4},
    "views: 8": {"views": 8},
    "views: 10": {"views": 10},
    "views: 20": {"views": 20},
    "views: 40": {"views": 40},
}
"""Rows of the first table: what differs from the defaults."""
POSES = ("own", "turned")
AGAIN = ("turned", "decimated", "cropped")
RESAMPLES = 2000
"""Resamples of a bootstrap."""


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as name:
        folders = arguments.folders or generated(Path(name), arguments.per_category)
        jobs = [(str(folder), identity, path) for folder in folders for identity, path in scans(folder)]
        rows = {name: CHANGES[name] for name in arguments.rows}
        with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
            work = [pool.submit(described, path, rows, arguments, seed) for seed, (_, _, path) in enumerate(jobs)]
            found = [future.result() for future in tqdm(work, "scans", unit="scan")]
    sets = {}
    for (folder, identity, _), embeddings in zip(jobs, found, strict=True):
        if embeddings:
            sets.setdefault(Path(folder).name, []).append((identity, embeddings))
    print_precisions(sets, arguments)
    if arguments.again:
        print_again(sets, arguments)


def generated(folder, per_category):
    """Write two collections: example fossils, and spheres with dents, whose principal axes are of nearly one length."""
    for category in CATEGORIES:
        for index in range(per_category):
            path = folder / "fossils" / category / f"{index}.ply"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(exported(specimen(category, index, 0), ".ply"))
    collection.write(folder / "dented_spheres", 3 * collection.CATEGORIES)
    return [folder / "fossils", folder / "dented_spheres"]


def scans(folder):
    """ID and path of every scan that lies in a folder with others of its category."""
    found = inventory.take(folder, []).specimens
    return [(identity, one.path) for identity, one in sorted(found.items()) if specimens.category(identity)]


def described(path, rows, arguments, seed):
    """The embeddings of a scan by (row, pose, model); of AGAIN only with the first row. {} if it is left out."""
    try:
        mesh = meshes.read(path)
    except SpecimenError:
        return {}
    if not 0 < len(mesh.faces) <= arguments.most_faces:
        return {}
    rng = np.random.default_rng(seed)
    surfaces = {"own": (mesh.vertices, mesh.faces), "turned": turned(mesh.vertices, mesh.faces, rng)}
    if arguments.again:
        body = strays.without(mesh)
        surfaces["decimated"] = turned(*decimated(body.vertices, body.faces), rng)
        surfaces["cropped"] = turned(*cropped(body.vertices, body.faces, rng), rng)
    embeddings = {}
    for pose, surface in surfaces.items():
        one = mesh if pose == "own" else written(*surface)
        for row, change in rows.items():
            if pose in POSES or row == next(iter(rows)):
                images = studio.render(one, USUAL._replace(**{"size": arguments.size, **change}))
                for model in arguments.models:
                    features = encoder(model).encode(images)
                    embeddings[row, pose, model] = pooling.pool(np.asarray(features, np.float32), "mean")
    return embeddings


@cache
def encoder(model):
    return encoders.create(model, Options())


def turned(vertices, faces, rng):
    """A surface turned at random."""
    return vertices @ trimesh.transformations.random_rotation_matrix(rng.random(3))[:3, :3].T, faces


def decimated(vertices, faces):
    """A surface reduced to a tenth of its faces (quadric error metrics, Garland and Heckbert 1997)."""
    from open3d import geometry, utility

    full = geometry.TriangleMesh(utility.Vector3dVector(vertices), utility.Vector3iVector(faces))
    small = full.simplify_quadric_decimation(len(faces) // 10)
    return np.asarray(small.vertices), np.asarray(small.triangles)


def cropped(vertices, faces, rng):
    """A surface without the tenth of its area that lies farthest in a random direction."""
    along = vertices[faces].mean(axis=1) @ rng.normal(size=3)
    area = trimesh.triangles.area(vertices[faces])
    order = np.argsort(along)
    return vertices, faces[order[np.cumsum(area[order]) <= 0.9 * area.sum()]]


def written(vertices, faces):
    """A surface as it is read from a file."""
    with tempfile.NamedTemporaryFile(suffix=".ply") as file:
        file.write(exported(trimesh.Trimesh(vertices, faces, process=False), ".ply"))
        file.flush()
        return meshes.read(file.name)


def print_precisions(sets, arguments):
    """Print the mean average precision of every row."""
    models, first = arguments.models, arguments.rows[0]
    columns = [(name, model) for name in sets for model in models]
    precisions = {
        (row, pose, name, model): precision(sets[name], (row, pose, model))
        for row in arguments.rows
        for pose in POSES
        for name, model in columns
    }

    def change(row, pose):
        """The interval of the difference of a row from the first."""
        low, high = interval(
            [
                np.mean(
                    [precisions[row, pose, name, one] - precisions[first, pose, name, one] for one in models], axis=0
                )
                for name in sets
            ]
        )
        return f"{low:+.3f} to {high:+.3f}"

    titles = [f"{name} {short(model)} {pose}" for name, model in columns for pose in POSES]
    print("| |", " | ".join([*titles, "mean own", "mean turned"]), "|")
    print("|---" * (len(titles) + 3) + "|")
    for row in arguments.rows:
        cells = [f"{precisions[row, pose, *column].mean():.3f}" for column in columns for pose in POSES]
        for pose in POSES:
            mean = np.mean([precisions[row, pose, *column].mean() for column in columns])
            cells.append(f"{mean:.3f}" if row == first else f"{mean:.3f} ({change(row, pose)})")
        print(f"| {row} |", " | ".join(cells), "|", flush=True)


def precision(members, key):
    """Average precision of every specimen that is not alone in its category."""
    labels = evaluation.labels([specimens.category(identity) for identity, _ in members])
    embeddings = np.stack([found[key] for _, found in members])
    scores = [evaluation.retrieval(labels, query, order) for query, order, _ in neighbors.ranked(embeddings, "cosine")]
    return np.array([score.average_precision for score in scores if score])


def interval(differences):
    """95 % interval of a mean difference over several collections, each float [N], by a bootstrap over specimens."""
    rng = np.random.default_rng(0)
    means = [rng.choice(one, (RESAMPLES, len(one))).mean(axis=1) for one in differences]
    return np.percentile(np.mean(means, axis=0), [2.5, 97.5])


def print_again(sets, arguments):
    """Print how well specimens find themselves again."""
    row = arguments.rows[0]
    print("\n| |", " | ".join(AGAIN), "|")
    print("|---" * (len(AGAIN) + 1) + "|")
    for name, members in sets.items():
        for model in arguments.models:
            own = np.stack([found[row, "own", model] for _, found in members])
            cells = []
            for pose in AGAIN:
                cosines = np.stack([found[row, pose, model] for _, found in members]) @ own.T
                itself = np.diag(cosines)
                first = (cosines.argmax(axis=1) == np.arange(len(own))).mean()
                cells.append(f"{first:.0%}, {np.median(itself):.4f}, {itself.min():.4f}")
            print(f"| {name}, {short(model)} |", " | ".join(cells), "|", flush=True)


def short(model):
    return "net" if ":" in model else model


def parse():
    parser = collections_parser(__doc__)
    parser.add_argument("--rows", nargs="+", choices=CHANGES, default=list(CHANGES), help="settings to compare")
    parser.add_argument("--again", action="store_true", help="also print the second table, for the first row")
    return parsed(parser)


def collections_parser(description):
    """A parser of the arguments that say which collections are compared, and how they are seen."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="collections of labeled scans")
    parser.add_argument("--model", dest="models", action="append", help="an encoder; may be repeated (hog)")
    parser.add_argument("--size", type=int, default=320, help="width and height of a view in pixels (320)")
    parser.add_argument("--most-faces", type=int, default=400_000, help="larger scans are left out (400,000)")
    parser.add_argument("--per-category", type=int, default=8, help="generated fossils per category (8)")
    parser.add_argument("--processes", type=int, default=2, help="(2)")
    return parser


def parsed(parser):
    """The arguments; hog is the model if none is named."""
    arguments = parser.parse_args()
    arguments.models = arguments.models or ["hog"]
    return arguments


if __name__ == "__main__":
    main()
