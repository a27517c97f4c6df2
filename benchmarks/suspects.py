"""How well planted errors in categories are found, and how far to believe a suspicion.

`python -m benchmarks.suspects FOLDER ... --model hog --model custom:FILE.py:FUNCTION`. Each folder is one collection,
with its scans in one folder per category; without any, fossils and dented spheres are generated. Every scan is rendered
in the pose of its file and turned at random. In every draw, 5 % of the specimens, at least two, get another category of
the collection.

1. Methods: precision at the number of planted errors, that is, the share of planted errors among as many of the most
   suspicious specimens. The interval of 95 % is a bootstrap over draws. Behind a mean stands its difference from the
   default, with the interval of a paired bootstrap over collections and models, which are few.
2. Suspicions: of the specimens in a range of suspicions, how many were planted, and how many are also suspects where
   nothing is planted.
3. Lists: how many specimens are listed, how many planted errors are not, and how often the right category is suggested.
4. Nothing planted: the suspects of every collection as it is.

`--large` prints the time and the memory of large collections instead.
"""

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from benchmarks.groups import SURROUNDINGS, head, labeled, mapped, peak, row, share, title
from benchmarks.poses import POSES, collections_parser, interval, parsed
from fossilvit.answers import clustering, evaluation, neighbors, space, suspects

RATE, FEWEST = 0.05, 2
"""Share of specimens that are planted in another category, and their smallest number."""
NEAREST = 5
"""Neighbors that vote."""
BINS = (suspects.LEAST, 0.3, 0.5, 0.8, 0.95, 1.01)
"""Borders of suspicions."""
SHARPNESSES = np.geomspace(0.003, 1.5, 14)
"""Widths of the kernel of scaled distances."""
LARGE = (1_000, 10_000)
PER_CATEGORY = 20


def main():
    arguments = parse()
    os.environ |= SURROUNDINGS
    if arguments.large:
        return print_large()
    with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        cases = [case for case in labeled(pool, arguments) if len(set(case.categories)) > 1]
        results = mapped(pool, tried, cases, "collections", arguments.draws)
    print_methods(cases, results)
    print_suspicions(cases, results)
    print_lists(cases, results)
    print_natural(cases, results)


def tried(case, draws):
    """What every method finds in every draw of one collection, and what the default finds if nothing is planted."""
    clusters = clustering.cluster(case.embeddings, scatter=case.scatter).clusters
    distances = 1 - case.embeddings.astype(np.float64) @ case.embeddings.T.astype(np.float64)
    np.fill_diagonal(distances, np.inf)
    found = []
    for draw in range(draws):
        categories, rows = planted(case.categories, draw)
        listed = suspects.find(case.embeddings, categories, clusters, "cosine").suspects
        labels = evaluation.labels(categories)
        orders = {"default": [one.row for one in listed]}
        unclustered = np.full(len(clusters), suspects.NOISE)
        alone = suspects.find(case.embeddings, categories, unclustered, "cosine").suspects
        orders["default without clusters"] = [one.row for one in alone]
        orders |= {name: ordered(method(distances, labels), labels) for name, method in OTHERS.items()}
        found.append((rows, listed, {name: hits(order, rows) for name, order in orders.items()}))
    return suspects.find(case.embeddings, case.categories, clusters, "cosine").suspects, found


def planted(categories, seed):
    """Categories of which some are wrong, and the rows of these."""
    rng = np.random.default_rng(seed)
    names = np.unique(categories)
    rows = rng.choice(len(categories), max(FEWEST, round(RATE * len(categories))), replace=False)
    wrong = categories.astype(object)
    for one in rows:
        wrong[one] = rng.choice(names[names != categories[one]])
    return wrong.astype(str), rows


def ordered(scores, labels):
    """Rows by their score, the most suspicious first, without those that are alone in their category."""
    order = np.argsort(-scores, kind="stable")
    return order[np.bincount(labels)[labels[order]] > 1]


def hits(order, rows):
    """The share of planted rows among as many of the first."""
    return len({*rows.tolist()} & {*map(int, order[: len(rows)])}) / len(rows)


def nearest(distances, labels):
    """The distance to the nearest specimen of every category, [N, C]."""
    return np.stack([distances[:, labels == label].min(axis=1) for label in range(labels.max() + 1)], axis=1)


def ratio(distances, labels):
    """Distance to the nearest of the own category over that to the nearest of another. Conformal p-values of this
    measure (Vovk et al. 2005) order specimens alike."""
    near, rows = nearest(distances, labels), np.arange(len(labels))
    own = near[rows, labels]
    near[rows, labels] = np.inf
    return np.where(np.isfinite(own), own, 0) / np.maximum(near.min(axis=1), 1e-12)


def shares_of_nearest(distances, labels):
    """The share of every category among the nearest neighbors, [N, C]."""
    order = np.argsort(distances, axis=1)[:, :NEAREST]
    return np.eye(labels.max() + 1)[labels][order].mean(axis=1)


def vote(distances, labels):
    """Share of the nearest neighbors that are of another category; equal ones by their ratio."""
    shares = shares_of_nearest(distances, labels)[np.arange(len(labels)), labels]
    return 1 - shares + 1e-6 * np.minimum(ratio(distances, labels), 1e3)


def confident(distances, labels):
    """How far the probability of another category exceeds that of its own, each less the mean that specimens of it have
    (confident learning, Northcutt et al. 2021)."""
    shares, rows = shares_of_nearest(distances, labels), np.arange(len(labels))
    sizes = np.bincount(labels)
    means = np.array([shares[labels == label, label].mean() if size else 0 for label, size in enumerate(sizes)])
    margins = shares - means
    own = margins[rows, labels]
    margins[rows, labels] = -np.inf
    return margins.max(axis=1) - own


def softmax_of_scaled(distances, labels):
    """1 - the probability of the own category by a kernel on locally scaled distances, of the likeliest width."""
    among = distances.copy()
    np.fill_diagonal(among, 0)
    scales = np.sort(among, axis=1)[:, min(space.NEIGHBOR, len(among) - 1)]
    scaled = distances**2 / np.maximum(np.outer(scales, scales), space.SMALLEST**2)
    member, rows, several = np.eye(labels.max() + 1)[labels], np.arange(len(labels)), np.bincount(labels)[labels] > 1
    best = (-np.inf, np.zeros(len(labels)))
    for width in SHARPNESSES:
        kernel = np.exp(-(scaled - scaled.min(axis=1, keepdims=True)) / width)
        own = (kernel @ member)[rows, labels] / kernel.sum(axis=1)
        likely = np.log(0.95 * own + 0.05 / labels.max() * (1 - own))[several].sum()
        best = max(best, (likely, 1 - own), key=lambda one: one[0])
    return best[1]


OTHERS = {
    "softmax of scaled distances": softmax_of_scaled,
    "ratio of distances, conformal": ratio,
    f"vote of {NEAREST} neighbors": vote,
    f"confident learning, {NEAREST} neighbors": confident,
}
"""Methods that are compared with the default."""


def print_methods(cases, results):
    """Print the precision of every method, and its difference from the default."""
    methods = ["default", "default without clusters", *OTHERS]
    precisions = np.array([[[one[2][name] for one in found] for name in methods] for _, found in results])
    title("Methods")
    head("collection", "specimens", "categories", "planted", *methods)
    for case, (_, found), some in zip(cases, results, precisions, strict=True):
        cells = [f"{one.mean():.3f} ({' to '.join(f'{end:.3f}' for end in interval([one]))})" for one in some]
        row(case.name, len(case.categories), len(set(case.categories)), len(found[0][0]), *cells)
    means = precisions.mean(axis=2).reshape(-1, len(POSES), len(methods)).mean(axis=1)
    cells = []
    for column in range(len(methods)):
        differences = means[:, column] - means[:, 0]
        low, high = interval([differences])
        changed = f" ({differences.mean():+.3f}: {low:+.3f} to {high:+.3f})" if column else ""
        cells.append(f"{means[:, column].mean():.3f}{changed}")
    row("mean", "", "", "", *cells)


def print_suspicions(cases, results):
    """Print how many of the listed specimens were planted, by suspicion."""
    title("Suspicions")
    head("collection", "suspicion", "listed", "mean suspicion", "planted", "suspects anyway", "neither")
    everything = []
    names = sorted({name_of(case) for case in cases})
    for name in [*names, "all"]:
        if name != "all":
            some = [result for case, result in zip(cases, results, strict=True) if name_of(case) == name]
            listed = [
                (one.suspicion, one.row in rows, one.row in {other.row for other in natural})
                for natural, found in some
                for rows, suspicious, _ in found
                for one in suspicious
            ]
            everything += listed
        else:
            listed = everything
        values, wrong, anyway = np.array(listed, float).reshape(-1, 3).T
        place = np.digitize(values, BINS) - 1
        for index, (low, high) in enumerate(zip(BINS[:-1], BINS[1:], strict=True)):
            inside = place == index
            kinds = [wrong[inside], (1 - wrong[inside]) * anyway[inside], (1 - wrong[inside]) * (1 - anyway[inside])]
            row(name, f"{low} to {min(high, 1)}", inside.sum(), share(values[inside]), *map(share, kinds))


def print_lists(cases, results):
    """Print how long lists are, and what they miss."""
    title("Lists")
    head("collection", "planted", "mean number listed", "planted but not listed", "right category suggested")
    for case, (_, found) in zip(cases, results, strict=True):
        errors = sum(len(rows) for rows, _, _ in found)
        hit = [one for rows, listed, _ in found for one in listed if one.row in rows]
        length = np.mean([len(listed) for _, listed, _ in found])
        right = [one.suggested == case.categories[one.row] for one in hit]
        row(case.name, len(found[0][0]), f"{length:.1f}", f"{1 - len(hit) / errors:.1%}", share(right))


def print_natural(cases, results):
    """Print the suspects where nothing is planted."""
    title("Nothing planted")
    head("collection", "suspects")
    for case, (natural, _) in zip(cases, results, strict=True):
        pairs = Counter(
            f"{case.categories[one.row]} more like {one.suggested} ({one.suspicion:.2f})" for one in natural
        )
        row(case.name, "; ".join(f"{number} {pair}" if number > 1 else pair for pair, number in pairs.items()))


def name_of(case):
    """The name of its collection."""
    return case.name.split(" ")[0]


def print_large():
    """Print time and memory by size of the collection."""
    title("Large collections")
    head("specimens", "categories", "planted", "planted that are listed", "listed", "seconds", "peak memory")
    for size in LARGE:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            *cells, seconds, memory = pool.submit(large, size).result()
        row(f"{size:,}", *cells, f"{seconds:.1f}", f"{memory / 2**20:,.0f} MiB")


def large(size):
    """Find planted errors in a collection of groups: counts, seconds and bytes."""
    rng = np.random.default_rng(0)
    number = size // PER_CATEGORY
    labels = np.arange(size) % number
    centers = rng.normal(size=(number, 384))
    points = (centers[labels] + 0.8 * rng.normal(size=(size, 384))).astype(np.float32)
    categories, rows = planted(np.array([f"category {label:04d}" for label in labels]), 0)
    begin = time.perf_counter()
    found = suspects.find(points, categories.tolist(), labels // 2, neighbors.METRICS[0])
    seconds = time.perf_counter() - begin
    hit = len({*rows.tolist()} & {one.row for one in found.suspects})
    return number, len(rows), hit, len(found.suspects), seconds, peak()


def parse():
    parser = collections_parser(__doc__)
    parser.add_argument("--draws", type=int, default=200, help="choices of planted errors per collection (200)")
    parser.add_argument("--large", action="store_true", help="print only large collections")
    return parsed(parser)


if __name__ == "__main__":
    main()
