"""How well specimens are grouped: against folders, in collections of known structure, and how far to believe it.

`python -m benchmarks.groups FOLDER ... --model hog --model custom:FILE.py:FUNCTION`. Each folder is one collection,
with its scans in one folder per category; without any, fossils and dented spheres are generated. Every scan is rendered
in the pose of its file and turned at random.

1. Methods: agreement of clusters with folders, AMI and ARI, in which all noise is one cluster. Behind a mean stands its
   difference from the default, with the 95 % interval of a paired bootstrap over collections and models. These are few,
   and two encoders see the same scans, so the interval is rather too narrow. UMAP with HDBSCAN and Leiden on shared
   neighbors are compared where umap-learn and igraph are installed, which the project itself does not need.
2. Structures: points whose groups are known, or that have none, without scatter of views.
3. Readings: how pure clusters are by the reading of their stability, and how often a specimen lies in a cluster of its
   own folder by its strength.
4. Strangers: of up to three categories only one specimen is kept. How many of these become noise, and how many others.

`--large` prints the time, the memory and the agreement of large collections instead.
"""

import os
import random
import re
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.poses import (
    POSES,
    collections_parser,
    encoder,
    generated,
    interval,
    parsed,
    scans,
    short,
    turned,
    written,
)
from fossilvit import meshes
from fossilvit.answers import agreement, belonging, clustering, grouping, space, stability, tree
from fossilvit.answers.belonging import NOISE
from fossilvit.collection import pooling, whitening
from fossilvit.errors import SpecimenError
from fossilvit.numbers.vectors import unit
from fossilvit.scans import specimens
from fossilvit.views import studio
from fossilvit.views.studio import USUAL

TABLES = ("methods", "structures", "readings", "strangers")
DIMENSIONS = 64
"""Number of dimensions of points that are drawn without scans."""
SPREAD = 0.6
"""Standard deviation of the points of a group, where the centers of groups have 1."""
SHARED = 5
"""Neighbors of a specimen that Leiden's graph is made of."""
TAIL = 1.2
"""Exponent of the Pareto distribution of sizes; the largest of 12 groups has most of the specimens."""
MEMBERS = 8
"""Points of a group of known structure."""
CURVE = 60
"""Points of a curve."""
CLOUD = 100
"""Points of a cloud without groups."""
JITTER = 0.02
"""Standard deviation of points about a curve of length 2."""
BINS = (0, 0.5, 0.75, 0.9, 1.01)
"""Borders of strengths."""
PLANTED = 3
"""Most categories of which one specimen is kept."""
DISTANCES = (1.2, 1.3, 1.4, 1.5)
"""Values of belonging.FAR that are compared."""
LARGE = (500, 501, 1_000, 2_000, 4_000, 10_000)
LARGEST = 100_000
PER_GROUP = 50
"""Mean number of points per group in large collections."""


SURROUNDINGS = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment of the working processes: without bars, which would only flicker, and with one thread each."""


class Case:
    """One labeled collection as one encoder sees it in one pose."""

    def __init__(self, name, categories, features):
        self.name = name
        self.categories = categories  # str [N]
        self.features = features  # float32 [V, D] each

    @cached_property
    def embeddings(self):
        return np.stack([pooling.pool(views, "mean") for views in self.features])

    @cached_property
    def scatter(self):
        return whitening.sketch(whitening.scatter(self.features, self.features[0].shape[1]))

    @cached_property
    def place(self):
        return space.span(self.embeddings, self.scatter)

    @cached_property
    def points(self):
        return self.place.points()

    def kept(self, rows):
        """The collection with some of its specimens."""
        return Case(self.name, self.categories[rows], [self.features[row] for row in rows])


def main():
    arguments = parse()
    os.environ |= SURROUNDINGS
    if arguments.large:
        return print_large(arguments)
    with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        cases = labeled(pool, arguments) if set(arguments.tables) != {"structures"} else []
        if {"methods", "readings"} & set(arguments.tables):
            results = mapped(pool, labelings, cases, "collections", "methods" in arguments.tables)
        if "methods" in arguments.tables:
            print_methods(cases, [labels for labels, _ in results])
        if "structures" in arguments.tables:
            print_structures(pool, arguments.seeds)
        if "readings" in arguments.tables:
            print_readings(cases, [found for _, found in results])
        if "strangers" in arguments.tables:
            print_strangers(pool, cases, arguments.draws)


def mapped(pool, function, items, title, *more):
    """The results of a function of every item, in order, with a bar."""
    work = [pool.submit(function, item, *more) for item in items]
    return [future.result() for future in tqdm(work, title)]


def labeled(pool, arguments):
    """The cases of all folders."""
    with tempfile.TemporaryDirectory() as name:
        folders = arguments.folders or generated(Path(name), arguments.per_category)
        jobs = [(folder.name, identity, path) for folder in folders for identity, path in scans(folder)]
        paths = [(seed, path) for seed, (_, _, path) in enumerate(jobs)]
        found = mapped(pool, described, paths, "scans", arguments.models, arguments.size, arguments.most_faces)
    cases = []
    for folder in folders:
        members = [(job[1], features) for job, features in zip(jobs, found, strict=True) if job[0] == folder.name]
        members = [(identity, features) for identity, features in members if features]
        categories = np.array([specimens.category(identity) for identity, _ in members])
        for model in arguments.models:
            for pose in POSES:
                features = [one[pose, model] for _, one in members]
                cases.append(Case(f"{folder.name} {short(model)} {pose}", categories, features))
    return cases


def described(scan, models, size, most_faces):
    """The features of a scan by (pose, model), float32 [V, D]; {} if it is left out."""
    seed, path = scan
    try:
        mesh = meshes.read(path)
    except SpecimenError:
        return {}
    if not 0 < len(mesh.faces) <= most_faces:
        return {}
    other = written(*turned(mesh.vertices, mesh.faces, np.random.default_rng(seed)))
    features = {}
    for pose, one in zip(POSES, (mesh, other), strict=True):
        images = studio.render(one, USUAL._replace(size=size))
        for model in models:
            features[pose, model] = np.asarray(encoder(model).encode(images), np.float32)
    return features


def labelings(case, all_methods):
    """The cluster of every specimen by method, int [N]; and everything that the default says."""
    found = clustering.cluster(case.embeddings, scatter=case.scatter)
    labels = {"`upgma`": found.clusters}
    if all_methods:
        labels |= {name: method(case) for name, method in OTHERS.items()}
    return labels, found


def without_scatter(case):
    return clustering.cluster(case.embeddings).clusters


def plain_silhouette(case):
    """The cut with the best silhouette, whatever chance does; specimens that are alone or far are noise, as usual."""
    points = case.points
    distances = space.scaled(points)
    branches = tree.grow(distances)
    found = tree.silhouettes(distances, branches, grouping.most_tried(len(points)))
    groups = tree.cut(branches, int(found.argmax()) + 2)
    return np.where(np.any(strange(points, groups), axis=0), NOISE, groups)


def true_number(case):
    return clustering.cluster(case.embeddings, clusters=len(set(case.categories)), scatter=case.scatter).clusters


def by_other(method):
    return lambda case: clustering.cluster(case.embeddings, method, scatter=case.scatter).clusters


def hdbscan(case, **options):
    """HDBSCAN on principal components, as `method: hdbscan` with `pca: 64`."""
    from sklearn.decomposition import PCA

    vectors = case.embeddings.astype(np.float64)
    return dense(PCA(min(DIMENSIONS, len(vectors) - 1)).fit_transform(vectors), **options)


def hdbscan_leaf(case):
    return hdbscan(case, min_samples=1, cluster_selection_method="leaf")


def hdbscan_scaled(case):
    return dense(space.scaled(case.points), metric="precomputed")


def hdbscan_umap(case):
    """HDBSCAN after UMAP to ten dimensions (McInnes et al. 2018); UMAP needs more specimens than dimensions."""
    import umap

    dimensions = min(10, len(case.embeddings) - 3)
    neighbors = min(15, len(case.embeddings) - 1)
    found = umap.UMAP(neighbors, dimensions, metric="cosine", random_state=0, n_jobs=1)
    return dense(found.fit_transform(case.embeddings.astype(np.float64)))


def leiden(case):
    """Leiden (Traag et al. 2019) on a graph whose weights are the shares of five neighbors that two specimens share."""
    import igraph

    vectors = unit(case.embeddings.astype(np.float64))
    nearest = np.argsort(-vectors @ vectors.T, axis=1)[:, : SHARED + 1]
    member = np.zeros((len(vectors), len(vectors)))
    np.put_along_axis(member, nearest, 1, axis=1)
    shares = np.triu(member @ member.T / (SHARED + 1), 1)
    graph = igraph.Graph(len(vectors), np.argwhere(shares).tolist())
    random.seed(0)  # igraph draws from it
    weights = shares[shares > 0].tolist()
    return np.array(graph.community_leiden("modularity", weights, n_iterations=-1).membership)


def dense(points, min_samples=clustering.CORE_NEIGHBOR, **options):
    from hdbscan import HDBSCAN

    least = clustering.auto_cluster_size(len(points))
    return HDBSCAN(least, min_samples=min_samples, core_dist_n_jobs=1, **options).fit(points).labels_


OTHERS = {
    "`upgma` without scatter": without_scatter,
    "`upgma`, best silhouette": plain_silhouette,
    "`upgma`, true number": true_number,
    "`hdbscan`, `pca: 64`": hdbscan,
    "HDBSCAN leaf, `min_samples` 1": hdbscan_leaf,
    "HDBSCAN, scaled distances": hdbscan_scaled,
    **({"UMAP, HDBSCAN": hdbscan_umap} if find_spec("umap") else {}),
    **({"Leiden, shared neighbors": leiden} if find_spec("igraph") else {}),
    "`kmeans`": by_other("kmeans"),
    "`agglomerative`": by_other("agglomerative"),
}
"""Methods that are compared with the default."""


def strange(points, groups):
    """Which points are alone, and which are far from their group, bool [N] each."""
    return belonging.is_alone(groups), belonging.is_far(groups, belonging.describe(points, groups).within)


def print_methods(cases, labels):
    """Print the agreement of every method with the folders."""
    methods = list(labels[0])
    scores = np.array(
        [
            [scored(case.categories, found[method]) for method in methods]
            for case, found in zip(cases, labels, strict=True)
        ]
    )
    title("Methods")
    head("method", "AMI own", "AMI turned", "AMI", "ARI own", "ARI turned", "ARI", "clusters per folder", "noise")
    for column, method in enumerate(methods):
        cells = []
        for score in range(2):
            cells += [f"{scores[pose :: len(POSES), column, score].mean():.3f}" for pose in range(len(POSES))]
            cells.append(compared(scores[:, :, score], column))
        folders = [len(set(case.categories)) for case in cases]
        row(method, *cells, f"{(scores[:, column, 2] / folders).mean():.2f}", f"{scores[:, column, 3].mean():.1%}")
    print("\nEach cell: AMI/ARI, number of clusters, share of noise.\n")
    head("collection", "folders", *methods)
    for case, values in zip(cases, scores, strict=True):
        cells = [f"{ami:.2f}/{ari:.2f}, {number:.0f}, {noise:.0%}" for ami, ari, number, noise in values]
        row(f"{len(case.categories)} {case.name}", len(set(case.categories)), *cells)


def scored(categories, labels):
    """AMI, ARI, number of clusters, share of noise."""
    ari, ami = agreement.scores(categories, labels)
    return ami, ari, len(set(labels) - {NOISE}), float((np.asarray(labels) == NOISE).mean())


def compared(scores, column):
    """The mean of a method, and its difference from that in column 0; scores are float [cases, methods].

    The poses of a collection stand side by side and are averaged first.
    """
    differences = (scores[:, column] - scores[:, 0]).reshape(-1, len(POSES)).mean(axis=1)
    mean = f"{scores[:, column].mean():.3f}"
    if not column:
        return mean
    low, high = interval([differences])
    return f"{mean} ({differences.mean():+.3f}: {low:+.3f} to {high:+.3f})"


def print_structures(pool, seeds):
    """Print what is found where the truth is known."""
    jobs = [(name, seed) for name in STRUCTURES for seed in range(seeds)]
    found = dict(zip(jobs, mapped(pool, structure, jobs, "structures"), strict=True))
    title("Structures")
    head("collection", "specimens", "true groups", "groups found", "AMI", "answer to the first seed")
    for name in STRUCTURES:
        results = [found[name, seed] for seed in range(seeds)]
        sizes, truths, numbers = (
            ", ".join(distinct(one[key] for one in results)) for key in ("size", "true", "number")
        )
        agreed = "; ".join(
            f"{key} {np.mean([one['agreed'][key] for one in results]):.2f}".strip() for key in results[0]["agreed"]
        )
        row(name, sizes, truths, numbers, agreed, results[0]["answer"])


def distinct(values):
    """Values as words; one stands for all if they are alike."""
    words = [str(value) for value in values]
    return words[:1] if len(set(words)) == 1 else words


def structure(job):
    """What is found in a collection of known structure."""
    name, seed = job
    draw, originals = STRUCTURES[name]
    points, truths = draw(np.random.default_rng(seed))
    found = clustering.cluster(
        unit(points).astype(np.float32), seed=seed, originals=np.zeros(len(points), int) if originals else None
    )
    levels = {"": found.clusters}
    if len(truths) > 1:
        levels = {"coarse": found.levels[0], "best": found.clusters, "fine": found.levels[1]}
    agreed = {
        f"{truth} {level}".strip(): agreement.scores(labels, clusters)[1]
        for truth, labels in truths.items()
        for level, clusters in levels.items()
        if len(set(labels)) > 1
    }
    return {
        "size": len(points),
        "true": " or ".join(str(len(set(labels))) for labels in truths.values()),
        "number": found.record["clusters"],
        "agreed": agreed,
        "answer": found.record["answer"],
    }


def of_groups(*sizes):
    """Gaussian groups of these sizes, about Gaussian centers."""

    def draw(rng):
        labels = np.repeat(np.arange(len(sizes)), sizes)
        return around(rng, rng.normal(size=(len(sizes), DIMENSIONS)), labels, SPREAD), {"": labels}

    return draw


def around(rng, centers, labels, spread):
    return centers[labels] + rng.normal(0, spread, (len(labels), DIMENSIONS))


def unequal(rng, number=12, specimens=240):
    """Groups whose sizes follow a Pareto distribution."""
    labels = pareto(rng, number, specimens)
    return around(rng, rng.normal(size=(number, DIMENSIONS)), labels, SPREAD), {"": labels}


def pareto(rng, groups, specimens):
    """The group of every specimen, int [specimens]; a few groups hold most of them."""
    weights = 1 + rng.pareto(TAIL, groups)
    return rng.choice(groups, specimens, p=weights / weights.sum())


def nested(rng, families=5, species=4):
    """Families of species, which differ half as much as families do."""
    of_species = np.repeat(np.arange(families), species)
    centers = around(rng, rng.normal(size=(families, DIMENSIONS)), of_species, 0.5)
    labels = np.repeat(np.arange(families * species), MEMBERS)
    return around(rng, centers, labels, 0.25), {"families": of_species[labels], "species": labels}


def long_cloud(rng):
    """One Gaussian whose axes grow shorter, as those of embeddings do."""
    return rng.normal(size=(CLOUD, DIMENSIONS)) / np.sqrt(1 + np.arange(DIMENSIONS)), {"": np.zeros(CLOUD)}


def sphere(rng):
    return unit(rng.normal(size=(CLOUD, DIMENSIONS))), {"": np.zeros(CLOUD)}


def line(rng):
    return curve(rng, rng.uniform(-1, 1, CURVE)[:, None] * np.eye(2)[0])


def arc(rng):
    angles = rng.uniform(0, 2, CURVE)
    return curve(rng, np.column_stack([np.cos(angles), np.sin(angles)]))


def regular(rng):
    return curve(rng, np.linspace(-1, 1, CURVE)[:, None] * np.eye(2)[0])


def curve(rng, flat):
    """Points about a curve in a plane, float [N, 2], which lies beside the origin."""
    points = rng.normal(0, JITTER, (len(flat), DIMENSIONS))
    points[:, :2] += flat
    points[:, 2] += 2
    return points, {"": np.zeros(len(flat))}


def copies(rng):
    return np.repeat(rng.normal(size=(1, DIMENSIONS)), MEMBERS, axis=0), {"": np.zeros(MEMBERS)}


STRUCTURES = {
    **{f"2 groups of {size}": (of_groups(size, size), False) for size in (MEMBERS, 15, 40)},
    **{f"{number} groups of {MEMBERS}": (of_groups(*[MEMBERS] * number), False) for number in (5, 20, 60)},
    "groups of very unequal size": (unequal, False),
    "5 families of 4 species": (nested, False),
    "one Gaussian, long axes": (long_cloud, False),
    "evenly on a sphere": (sphere, False),
    "a line": (line, False),
    "an arc": (arc, False),
    "a regular series": (regular, False),
    **{f"{number} of one group": (of_groups(number), False) for number in (3, 5, 10, 12)},
    **{f"{number} of two groups": (of_groups((number + 1) // 2, number // 2), False) for number in (3, 5, 10, 12)},
    "copies, known as such": (copies, True),
    "copies, not known as such": (copies, False),
}
"""Collections: a function of a random generator, and whether all are known to be copies of the first."""


def print_readings(cases, results):
    """Print how pure clusters are by their reading, and specimens in the right cluster by their strength."""
    purities, sizes, right, strengths = {}, {}, [], []
    for case, found in zip(cases, results, strict=True):
        number = found.record["clusters"]
        for cluster in range(number):
            inside = found.clusters == cluster
            most, count = Counter(case.categories[inside]).most_common(1)[0]
            reading = stability.reading(found.stability[cluster]) if number > 1 else "the only cluster"
            purities.setdefault(reading, []).append(count / inside.sum())
            sizes.setdefault(reading, []).append(inside.sum())
            if number > 1:
                right += (case.categories[inside] == most).tolist()
                strengths += found.strengths[inside].tolist()
    title("Readings")
    head("reading", "clusters", "median size", "mean purity", "pure clusters")
    for reading in [*(words for _, words in stability.READINGS), "the only cluster"]:
        some = np.array(purities.get(reading, []))
        middle = f"{np.median(sizes[reading]):.0f}" if len(some) else ""
        row(reading, len(some), middle, share(some), share(some == 1))
    print()
    head("strength", "specimens", "in a cluster of their folder")
    right, place = np.array(right), np.digitize(strengths, BINS) - 1
    for index, (low, high) in enumerate(zip(BINS[:-1], BINS[1:], strict=True)):
        row(f"{low} to {min(high, 1)}", (place == index).sum(), share(right[place == index]))


def share(values):
    return f"{np.mean(values):.1%}" if len(values) else ""


def print_strangers(pool, cases, draws):
    """Print how many strangers, and how many others, become noise."""
    jobs = [(case, rows) for case in cases for seed in range(draws) if len(rows := planted(case.categories, seed))]
    found = mapped(pool, strangers, jobs, "strangers")
    alien = np.concatenate([one for one, _, _ in found])
    alone = np.concatenate([one for _, one, _ in found])
    title("Strangers")
    head("`FAR`", "strangers", "alone", "far", "noise", "others", "alone", "far", "noise")
    for index, distance in enumerate(DISTANCES):
        far = np.concatenate([one[index] for _, _, one in found])
        cells = []
        for some in (alien, ~alien):
            cells += [some.sum(), *(share(noise[some]) for noise in (alone, far, alone | far))]
        row(distance, *cells)


def planted(categories, seed):
    """The specimens that are kept, int [n]: one of up to PLANTED categories, all others. None if all would be alone."""
    rng = np.random.default_rng(seed)
    names, sizes = np.unique(categories, return_counts=True)
    several = names[sizes > 1]
    few = rng.permutation(several)[: max(min(PLANTED, len(several) - 2), 0)]
    rows = [rng.permutation(np.flatnonzero(categories == name))[: 1 if name in few else None] for name in names]
    return np.sort(np.concatenate(rows)) if len(few) else np.zeros(0, int)


def strangers(job):
    """Who is alone in its category; who is alone in its group; and who is far, one row per value of DISTANCES."""
    whole, rows = job
    case = whole.kept(rows)
    points = case.points
    groups = grouping.divide(case.place).groups
    _, category, sizes = np.unique(case.categories, return_inverse=True, return_counts=True)
    usual, far = belonging.FAR, []
    for belonging.FAR in DISTANCES:
        alone, distant = strange(points, groups)
        far.append(distant)
    belonging.FAR = usual
    return sizes[category] == 1, alone, np.array(far)


def print_large(arguments):
    """Print time, memory and agreement by size of the collection."""
    title("Large collections")
    head("specimens", "AMI", "groups found", "true groups", "noise", "seconds", "peak memory", "largest worker")
    for size in [*LARGE, *([LARGEST] if arguments.largest else [])]:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            ami, found, true, noise, seconds, memory, worker = pool.submit(large, size, arguments.threads).result()
        memories = (f"{used / 2**20:,.0f} MiB" if used else "" for used in (memory, worker))
        row(f"{size:,}", f"{ami:.3f}", found, true, f"{noise:.1%}", f"{seconds:.1f}", *memories)


def large(size, threads):
    """Cluster a collection of unequal groups: AMI, groups found and true, noise, seconds, bytes here and in a worker.

    Memory is read from the system's account of each process: getrusage counts what the parent held as well.
    """
    from joblib.externals.loky import get_reusable_executor

    rng = np.random.default_rng(0)
    groups = size // PER_GROUP
    labels = pareto(rng, groups, size)
    points = unit(around(rng, rng.normal(size=(groups, DIMENSIONS)), labels, SPREAD)).astype(np.float32)
    begin = time.perf_counter()
    found = clustering.cluster(points, threads=threads)
    seconds = time.perf_counter() - begin
    ami, _, number, noise = scored(labels, found.clusters)
    memories = peak(), of_workers()
    get_reusable_executor().shutdown()  # or this process would wait for its workers until they tire
    return ami, number, len(set(labels)), noise, seconds, *memories


def peak(process="self"):
    """The most memory that a process has used, in bytes."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())[1])


def of_workers():
    """The largest peak of memory of the processes below this one, in bytes; 0 if there are none."""
    children = [int(one) for path in Path("/proc/self/task").glob("*/children") for one in path.read_text().split()]
    return max((peak(child) for child in children), default=0)


def title(words):
    print(f"\n### {words}\n")


def head(*titles):
    row(*titles)
    print("|---" * len(titles) + "|")


def row(*cells):
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def parse():
    parser = collections_parser(__doc__)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES, help="what to print (all)")
    parser.add_argument("--seeds", type=int, default=3, help="collections of each known structure (3)")
    parser.add_argument("--draws", type=int, default=10, help="choices of strangers per collection (10)")
    parser.add_argument("--large", action="store_true", help="print only large collections")
    parser.add_argument("--largest", action="store_true", help=f"with --large, also {LARGEST:,} specimens")
    parser.add_argument("--threads", type=int, default=2, help="of the clustering of large collections (2)")
    return parsed(parser)


if __name__ == "__main__":
    main()
