"""How true maps of specimens are, how little specimens jump when others are added, and what large maps take.

`python -m benchmarks.mapping FOLDER ... --per-category 50`. Each folder is one collection, with its scans in one folder
per category; without any, fossils and dented spheres are generated.

1. Methods: the mean trust of maps, the share of the 5 nearest on the map that have the same category (of as many as
   there are), and seconds. Behind a mean stands its difference from the default, with the 95 % interval of a paired
   bootstrap over specimens. UMAP is compared where umap-learn is installed, which the project does not need:
   `pip install --no-deps --target /tmp/umap umap-learn pynndescent`, and PYTHONPATH=/tmp/umap before the command.
2. Additions: some specimens are left out and added again. How far the others move, in shares of the longer side of the
   map, and the mean trust before, after, and of a map from scratch.

`--large` prints the time and the memory of large maps of random points instead.
"""

import resource
import tempfile
import time
from argparse import Namespace
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.groups import head, row, title
from benchmarks.poses import collections_parser, described, generated, interval, parsed, scans
from fossilvit.answers import mapping, neighbors, projection, trust
from fossilvit.answers.following import Spot
from fossilvit.answers.projection import Surroundings
from fossilvit.numbers.vectors import unit
from fossilvit.scans import specimens

NEAR = 5
"""Neighbors on the map whose category is compared."""
ADDED = {"1": 1, "5 %": 0.05, "a third": 1 / 3, "30 in a row": 30}
"""Specimens that are added: a number, or a share."""
LARGE = (1_000, 10_000)
LARGEST = 100_000
DIMENSIONS = 384
PER_GROUP = 50
SPREAD = 0.6
"""Standard deviation of the points of a group, where the centers of groups have 1."""
SETTINGS = {
    "t-SNE (default)": {},
    "t-SNE, perplexity 5": {"PERPLEXITY": 5},
    "t-SNE, perplexity 15": {"PERPLEXITY": 15},
    "t-SNE, perplexity 50": {"PERPLEXITY": 50},
    "t-SNE, early exaggeration 4": {"EXAGGERATION": 4},
    "t-SNE, no early iterations": {"EARLY": 0},
    "t-SNE, 1,500 late iterations": {"LATE": 1500},
}
"""Rows of the first table: what differs from the default in answers/projection.py."""


def main():
    arguments = parse()
    if arguments.large:
        return print_large(arguments)
    cases = labeled(arguments)
    print_methods(cases)
    print_additions(cases, arguments.draws)


def labeled(arguments):
    """(IDs, embeddings) of every collection by its name, in the poses of the files."""
    settings = Namespace(**vars(arguments), again=False)
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        folders = arguments.folders or generated(Path(name), arguments.per_category)
        jobs = [(folder.name, identity, path) for folder in folders for identity, path in scans(folder)]
        work = [pool.submit(described, path, {"": {}}, settings, seed) for seed, (_, _, path) in enumerate(jobs)]
        found = [future.result() for future in tqdm(work, "scans", unit="scan")]
    cases = {}
    for (name, identity, _), embeddings in zip(jobs, found, strict=True):
        if embeddings:
            cases.setdefault(name, []).append((identity, embeddings["", "own", arguments.models[0]]))
    return {name: ([one for one, _ in some], np.stack([one for _, one in some])) for name, some in cases.items()}


def print_methods(cases):
    """Print how true maps are by method."""
    methods = {name: settled(changes) for name, changes in SETTINGS.items()}
    methods |= {"t-SNE, spectral start": spectral, "principal components": components}
    if find_spec("umap"):
        methods |= {f"UMAP, {number} neighbors": umap(number) for number in (5, 15, 30)}
    title("Methods")
    head(
        "",
        *(f"{name}, {len(some)}: {what}" for name, (some, _) in cases.items() for what in ("trust", "category")),
        "mean trust",
        "mean category",
        "seconds",
    )
    first = None
    for name, method in methods.items():
        scores, seconds = [], []
        for identities, embeddings in cases.values():
            begin = time.process_time()
            places = method(embeddings)
            seconds.append(time.process_time() - begin)
            scores.append((trust.shares(places, surroundings(embeddings).nearest), same_category(places, identities)))
        first = first or scores
        cells = [f"{np.nanmean(score):.3f}" for pair in scores for score in pair]
        for which in (0, 1):
            mean = f"{np.mean([np.nanmean(pair[which]) for pair in scores]):.3f}"
            gaps = [pair[which] - usual[which] for pair, usual in zip(scores, first, strict=True)]
            low, high = interval([gap[~np.isnan(gap)] for gap in gaps])
            cells.append(mean if scores is first else f"{mean} ({low:+.3f} to {high:+.3f})")
        row(name, *cells, f"{sum(seconds):.1f}")


def settled(changes):
    """A map of t-SNE with other constants."""

    def places(embeddings):
        usual = {name: getattr(projection, name) for name in changes}
        try:
            for name, value in changes.items():
                setattr(projection, name, value)
            return projection.fresh(surroundings(embeddings), 0, 1)
        finally:
            for name, value in usual.items():
                setattr(projection, name, value)

    return places


def spectral(embeddings):
    """t-SNE that begins with the spectral embedding of the graph of neighbors."""
    from openTSNE import initialization

    around = surroundings(embeddings)
    graph = projection.tsne(np.zeros((len(embeddings), 2)), around, 1).affinities.P
    start = initialization.spectral(graph, random_state=0)
    usual = projection.components
    try:
        projection.components = lambda vectors, seed: start / start[:, 0].std()
        return settled({})(embeddings)
    finally:
        projection.components = usual


def components(embeddings):
    return projection.components(unit(embeddings.astype(float)), 0)


def umap(number):
    """A map of UMAP (McInnes et al. 2018)."""

    def places(embeddings):
        from umap import UMAP

        return (
            UMAP(n_neighbors=number, metric="cosine", random_state=0, n_jobs=1).fit_transform(embeddings).astype(float)
        )

    return places


def surroundings(embeddings):
    """What is near to what, by cosine distance."""
    count = len(embeddings)
    number = max(projection.neighbors_needed(count), trust.looked_at(count))
    found = [(others, distances) for _, others, distances in neighbors.ranked(embeddings, "cosine", topk=number)]
    nearest, distances = (np.array(some) for some in zip(*found, strict=True))
    return Surroundings(unit(embeddings.astype(float)), nearest, np.sqrt(2 * distances))


def same_category(places, identities):
    """The share of the nearest on the map of the category of each, of as many as there are; NaN where there is none."""
    categories = np.array([specimens.category(identity) for identity in identities])
    gaps = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(gaps, np.inf)
    shares = []
    for order, category in zip(np.argsort(gaps, axis=1), categories, strict=True):
        others = min((categories == category).sum() - 1, NEAR)
        shares.append((categories[order[:others]] == category).mean() if others else np.nan)
    return np.array(shares)


def print_additions(cases, draws):
    """Print how far specimens move when others are added."""
    title("Additions")
    head("", "added", "moved, median", "moved, 95th percentile", "trust before", "after", "from scratch", "difference")
    for name, (identities, embeddings) in cases.items():
        count = len(identities)
        for words, number in ADDED.items():
            size = max(round(number * count), 2) if number < 1 else number
            if 2 * size > count:
                continue
            parts = size if number > 1 else 1
            found = [added(identities, embeddings, size, parts, seed) for seed in range(draws)]
            moved, before, after, scratch = (np.concatenate(some) for some in zip(*found, strict=True))
            low, high = interval([after - scratch])
            row(
                f"{name}, {count}",
                words,
                *(f"{np.percentile(moved, part):.1%}" for part in (50, 95)),
                *(f"{np.mean(some):.3f}" for some in (before, after, scratch)),
                f"{low:+.3f} to {high:+.3f}",
            )


def added(identities, embeddings, size, parts, seed):
    """How far the others move; the trust in all before, after, and from scratch, where `size` are added in `parts`."""
    names, rng = np.array(identities), np.random.default_rng(seed)
    out = rng.permutation(len(names))[:size]
    there = np.ones(len(names), bool)
    there[out] = False
    others = there.copy()
    first = found = mapping.place(names[there].tolist(), embeddings[there])
    for part in np.array_split(out, parts):
        spots = zip(*found.places.T.tolist(), found.trust.tolist(), strict=True)
        former = dict(zip(names[there].tolist(), map(Spot._make, spots), strict=True))
        there[part] = True
        found = mapping.place(names[there].tolist(), embeddings[there], former=former)
    moved = np.linalg.norm(found.places[others] - first.places, axis=1) / 2
    return moved, first.trust, found.trust, mapping.place(identities, embeddings).trust


def print_large(arguments):
    """Print what large maps take."""
    title("Large maps")
    head("specimens", "seconds of the processor", "of these for a map with one more", "peak memory", "mean trust")
    for size in [*LARGE, *([LARGEST] if arguments.largest else [])]:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            first, second, memory, mean = pool.submit(large, size).result()
        row(f"{size:,}", f"{first:.0f}", f"{second:.0f}", f"{memory / 2**20:,.0f} MiB", f"{mean:.3f}")


def large(size):
    """Seconds of a map, seconds of the next with one specimen more, peak memory in bytes, and mean trust."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(size // PER_GROUP, DIMENSIONS))
    points = centers[rng.integers(len(centers), size=size + 1)] + rng.normal(0, SPREAD, (size + 1, DIMENSIONS))
    points = points.astype(np.float32)
    names = [f"{number:06}" for number in range(size + 1)]
    begin = time.process_time()
    found = mapping.place(names[:-1], points[:-1])
    between = time.process_time()
    spots = zip(*found.places.T.tolist(), found.trust.tolist(), strict=True)
    found = mapping.place(names, points, former=dict(zip(names, map(Spot._make, spots), strict=False)))
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return between - begin, time.process_time() - between, memory, found.trust.mean()


def parse():
    parser = collections_parser(__doc__)
    parser.add_argument("--draws", type=int, default=5, help="choices of the specimens that are added (5)")
    parser.add_argument("--large", action="store_true", help="print only large maps")
    parser.add_argument("--largest", action="store_true", help=f"with --large, also {LARGEST:,} specimens")
    return parsed(parser)


if __name__ == "__main__":
    main()
