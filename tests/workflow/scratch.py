"""What a run from scratch makes, without Snakemake: every stage once over the whole folder, in one process.

`python -m tests.workflow.scratch` reads one JSON of {folder, settings, shards, queries} per line and answers with the
exit code. Each is done in a fork, so that what is imported is imported once.
"""

import importlib
import json
import os
import sys
import traceback

from fossilvit.scans.specimens import shard_count
from fossilvit.store import tables

STAGES = ("render_multiview", "extract_features", "pool_embeddings", "gather_records", "gather_shard", "cluster")
STAGES += ("fetch_weights", "list_files", "collect_embeddings", "join_sheet", "find_duplicates", "search", "evaluate")
STAGES += ("find_suspects", "export_embeddings", "draw_figures", "make_exhibits", "map_specimens", "pack_exhibits")
STAGES += ("draw_atlas",)


def main():
    stages = {name: importlib.import_module(f"scripts.{name}") for name in STAGES}
    for module in (
        "sklearn.cluster",
        "sklearn.decomposition",
        "hdbscan",
        "skimage.feature",
        "fossilvit.pages.contact_sheet",
    ):
        importlib.import_module(module)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(done(stages, **json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


def done(stages, folder, settings, shards, queries) -> int:
    """Do every stage in a folder, and return the exit code."""
    os.chdir(folder)
    os.environ[tables.MARK] = str(int(settings["byte_order_mark"]))
    try:
        for stage, *arguments in commands(settings, shards, queries):
            sys.argv = [stage, *map(str, arguments)]
            stages[stage].main()
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def commands(settings, shards, queries):
    """The commands of a run, in order."""
    encoder = [part for name in ("model", "token", "precision") for part in (f"--{name}", settings["extract"][name])]
    whiten = ("--whiten", settings["collection"]["whiten"])
    table = ("--emb", "data/embeddings/embeddings.npy")
    search = ("--topk", settings["search"]["topk"], "--metric", settings["search"]["metric"])
    files = [f"data/shards/{shard}.npz" for shard in shards]
    yield "fetch_weights", *encoder
    prefer = ("--prefer", *settings["prefer"])
    meshes = ("--meshes", settings["meshes"], *prefer)
    views = ("--views", "keep" if settings["keep_renders"] else "forget")
    yield (
        "render_multiview",
        "--in",
        settings["meshes"],
        *prefer,
        *(f"--{name}={value}" for name, value in settings["render"].items()),
    )
    if settings["atlas"] != "none":
        yield "make_exhibits", "--in", settings["meshes"], *prefer
    yield "extract_features", *encoder, *views, "--threads", 1
    yield "pool_embeddings", "--pool", settings["pool"]
    for (shard, members), file in zip(shards.items(), files, strict=True):
        records = f"data/shards/{shard}.json"
        yield "gather_records", *(f"data/renders/{path}/render.json" for path in members), "--out", records
        yield "gather_shard", "--records", records, *whiten, "--out", file
    yield "collect_embeddings", *files, *whiten
    yield "list_files", *meshes
    sheet = ("--sheet", "results/sheet.csv") if settings["specimens"] else ()
    if settings["specimens"]:
        named = (f"--{name}={settings[name]}" for name in ("category", "restrict", "select") if settings[name])
        yield "join_sheet", "--sheet", settings["specimens"], *named, *meshes
    yield "find_duplicates", *meshes, *sheet
    names = {"method": "--method", "pca": "--pca", "min_cluster_size": "--min-cluster-size", "clusters": "--clusters"}
    cluster = [part for name, flag in names.items() for part in (flag, settings["cluster"][name])]
    yield "cluster", *table, *cluster, "--seed", settings["seed"]
    yield "search", *table, *search, *sheet
    for query in queries.values():
        yield "search", *table, *search, *sheet, f"--query={query}"
    yield "evaluate", *sheet, "--seed", settings["seed"]
    yield "find_suspects", *sheet, "--metric", settings["search"]["metric"]
    yield "export_embeddings", *sheet
    labeled = ("--confusion", "results/confusion.csv", "--suspects", "results/suspects.csv")
    if settings["atlas"] != "none":
        yield "map_specimens", "--metric", settings["search"]["metric"], "--seed", settings["seed"]
        chunks = settings["atlas"] == "folder"
        for shard, members in shards.items() if chunks else ():
            yield "pack_exhibits", "--shard", shard, *(f"data/exhibits/{path}.txt" for path in members)
        number = shard_count(sum(map(len, shards.values())), settings["shards"])
        beside = ("--shards", number) if chunks else ()
        yield "draw_atlas", "--suspects", "results/suspects.csv", *sheet, *beside
    yield "draw_figures", *labeled, "--neighbors", *(f"results/knn_{name}.csv" for name in queries)


if __name__ == "__main__":
    main()
