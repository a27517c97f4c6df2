import pytest

from fossilvit.provenance import leftovers
from fossilvit.scans import specimens
from fossilvit.store import layout

IDENTITIES = ["a", "b/標本 1", "{c}<d>/e"]
KEPT = [
    "data/encoder.json",
    "data/embeddings/embeddings.npy",
    "data/embeddings/embeddings.json",
    "data/embeddings/ids.txt",
    "data/renders/README.md",
    "data/renders/a/my notes.txt",
    "data/renders/gone/my notes.txt",
    *(f"data/shards/{specimens.shard(identity, 4)}.{kind}" for identity in IDENTITIES for kind in ("json", "npz")),
    *(
        file
        for path in map(layout.encode, IDENTITIES)
        for file in (
            f"data/renders/{path}/render.json",
            f"data/renders/{path}/views.txt",
            f"data/renders/{path}/{path.rpartition('/')[2]}_view00.png",
            f"data/features/{path}.npy",
            f"data/features/{path}.json",
            f"data/embeddings/{path}.npy",
            f"data/embeddings/{path}.json",
            f"logs/render_views/{path}.log",
        )
    ),
    "logs/collect_embeddings.log",
    "logs/search_query/b__標本 1.log",
    "results/knn_b__標本 1.csv",
    "results/figures/cluster_00.png",
]
LEFT = [
    "data/renders/gone/render.json",
    "data/renders/gone/views.txt",
    "data/renders/gone/gone_view00.png",
    "data/renders/a/b/b_view11.png",
    "data/renders/a/.writing-0123456789abcdef",
    "data/features/b/標本.npy",
    "data/features/b/標本.json",
    "data/features/.writing-0123456789abcdef",
    "data/embeddings/b/gone.npy",
    "data/embeddings/%65mbeddings.npy",
    "data/embeddings/scatter.npy",
    "data/shards/0099.json",
    "data/shards/0099.npz",
    "logs/render_views/gone.log",
    "logs/extract_features/b/gone.log",
    "logs/pool_embedding/gone.log",
    "logs/gather_records/0099.log",
    "logs/gather_shard/0099.log",
    "logs/search_query/gone.log",
    "results/figures/preview_a.png",
]


@pytest.fixture
def work(tmp_path):
    for path in [*KEPT, *LEFT]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


def find(work):
    return leftovers.find(IDENTITIES, 4, work / "data", work / "logs", work / "results")


def test_what_belongs_to_no_specimen_is_found_and_nothing_else(work):
    assert find(work) == sorted(work / path for path in LEFT)


def test_it_is_deleted_with_the_folders_that_this_empties(work):
    leftovers.delete(find(work))
    assert {path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()} == set(KEPT)
    assert not (work / "data/renders/a/b").exists() and not (work / "logs/gather_shard").exists()
    assert (work / "data/renders/gone").exists() and find(work) == []


def test_tables_that_only_former_runs_made_are_found_with_their_records_and_nothing_else(tmp_path):
    for name in ("knn.csv", "knn.json", "knn_a.csv", "knn_a.json", "knn_b.csv", "knn_b.json", "knn_mine.csv"):
        (tmp_path / name).touch()
    scored = ("categories.csv", "confusion.csv", "evaluation.csv", "evaluation.json", "suspects.csv", "suspects.json")
    for name in (*scored, "sheet.csv", "sheet.json", "clusters.csv", "clusters.json"):
        (tmp_path / name).touch()

    (tmp_path / "atlas/chunks").mkdir(parents=True)
    page = ("map.csv", "map.json", "atlas/index.html", "atlas/index.json")
    chunks = [f"atlas/chunks/{part}-{shard}" for shard in ("0000", "0001") for part in ("exhibits", "thumbnails")]
    for name in (*page, *(f"{chunk}.js" for chunk in chunks), *(f"{chunk}.json" for chunk in chunks[::2])):
        (tmp_path / name).touch()
    tables = ["knn_a.csv", "knn_b.csv", "sheet.csv", "evaluation.csv", "suspects.csv", *page[::2]]
    everything = {f"results/{name}" for name in (*tables, *(f"{chunk}.js" for chunk in chunks))}

    def former(*unasked):
        found = leftovers.former(tmp_path, everything - {f"results/{name}" for name in unasked})
        return [path.relative_to(tmp_path).as_posix() for path in found]

    assert former() == []
    assert former("knn_b.csv") == ["knn_b.csv", "knn_b.json"]
    assert former("evaluation.csv", "suspects.csv") == list(scored)
    assert former("sheet.csv") == ["sheet.csv", "sheet.json"]
    assert former("map.csv", "atlas/index.html") == sorted(page)
    assert former("atlas/chunks/exhibits-0001.js", "atlas/chunks/thumbnails-0001.js") == [
        "atlas/chunks/exhibits-0001.js",
        "atlas/chunks/exhibits-0001.json",
        "atlas/chunks/thumbnails-0001.js",
    ]
    (tmp_path / "suspects.json").unlink()
    assert "suspects.csv" not in former("suspects.csv"), "a table without a record is the user's own"


def test_where_nothing_was_computed_nothing_is_left(tmp_path):
    assert find(tmp_path) == []
