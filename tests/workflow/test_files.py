"""Every file in the folder of scans is accounted for, whatever it is called and wherever it lies."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fossilvit.store.embeddings import read_embeddings
from fossilvit.store.tables import FAILED_COLUMNS, NEIGHBORS_COLUMNS, PASSED_OVER_COLUMNS, read_table
from tests.conftest import ordinary_user
from tests.workflow.conftest import Run, command, snakemake, write_mesh
from tests.workflow.test_encoders import MINE

TAKEN = [
    *("NHM<holotype>1", "<results>", "<logs>x", "{a.b}", "{x}", "{}", "{{a}}", "{wildcards.id}", "{3F-25}"),
    *("a", "a.npy/b", "a.json/c", "a.log/d", "a.png/e", "x", "x/render.json", "x/views.txt", "x/x_view00.png"),
    *(
        "embeddings",
        "sub/embeddings",
        "embeddings/ids",
        "Embeddings",
        "-dash",
        "-x/--help",
        "two  spaces",
        " leading",
        "trailing ",
    ),
    *("it's", '"quoted"', "back\\slash", "a,b", "$HOME", "`id`", "$(id)", "a;b", "a&b", "a|b", "a*b", "[x]", "#1", "!"),
    *(
        "~",
        "~root/x",
        "%7B",
        "%41",
        "100%",
        "a=b",
        "http:/x",
        "標本　全角",
        "e\u0301",
        "\u00e9",
        "\u200bzero",
        "\u202eright",
    ),
    *("IMG_" + 20 * "0", 25 * "ab", 30 * "{", 20 * "%25", "null", "true", "1e5", "=1+1", "\u2028line", "name.ply"),
    *(82 * "長", 83 * "長", 250 * "c", "/".join([200 * "e"] * 9), 60 * "deep/" + "x"),
]
LEFT_OUT = {
    251 * "b": "more than 250 bytes",
    "/".join([200 * "f"] * 11): "lies so deep",
    "tab\\there": "control character",
    "new\\nline": "control character",
    "caf\\xe9": "not UTF-8",
    "gone": "is a link to nothing",
    "locked/": "cannot be opened",
}
FAILED = {"locked": "may not be read", "open/to locked": "may not be read", "empty": "is empty"}
PASSED_OVER = {
    "pipe.ply": "pipe",
    "circle": "read already",
    ".hidden.ply": "dot",
    "a.glb": "This format",
    "a.ply.zip": "archive",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder of hostile but legal names, in a folder of such a name, after its first run as an ordinary user."""
    work = tmp_path_factory.mktemp("{put} <results> it's")
    scans = work / "-x {y.z} <logs>"
    for seed, name in enumerate([*TAKEN, 251 * "b", "/".join([200 * "f"] * 11), "tab\there", "new\nline"]):
        write_mesh(scans / f"{name}.ply", seed)
    shutil.copy(scans / "a.ply", Path(os.fsdecode(os.fsencode(scans) + b"/caf\xe9.ply")))
    for name in ("locked.ply", "locked/x.ply"):
        write_mesh(scans / name, 3)
    (scans / "open").mkdir()
    (scans / "open/to locked.ply").symlink_to(scans / "locked/x.ply")
    (scans / "gone.ply").symlink_to("nowhere.ply")
    (scans / "circle").symlink_to(scans)
    os.mkfifo(scans / "pipe.ply")
    for name in ("empty.ply", ".hidden.ply", "a.glb", "a.ply.zip"):
        (scans / name).touch()
    (scans / "locked.ply").chmod(0)
    (scans / "locked").chmod(0)
    yield work, run(work)
    (scans / "locked").chmod(0o700)


def run(work, *arguments, config=()):
    """Run the workflow as an ordinary user, within the folder, on the scans of `hostile`."""
    words = command(work, *arguments, config=["meshes=-x {y.z} <logs>", *config])
    done = subprocess.run([*ordinary_user(), *words], capture_output=True, encoding="utf-8", timeout=600)
    return Run(done.returncode, done.stdout + done.stderr)


def table(work, name, columns):
    return [tuple(row.values()) for row in read_table(work / "results" / name, columns)]


def test_every_hostile_name_is_described_or_recorded_in_a_sentence(hostile):
    work, done = hostile
    assert done.code == 0, done.output
    identities, _ = read_embeddings(work / "data/embeddings/embeddings.npy")
    assert sorted(identities) == sorted(TAKEN)
    failed = table(work, "failed.csv", FAILED_COLUMNS)
    assert {(identity, stage) for identity, stage, _ in failed} == {
        *((identity, "find") for identity in LEFT_OUT),
        *((identity, "render") for identity in FAILED),
    }
    assert all((LEFT_OUT | FAILED)[identity] in reason and reason.endswith(".") for identity, _, reason in failed)
    passed_over = table(work, "passed_over.csv", PASSED_OVER_COLUMNS)
    assert [file for file, _ in passed_over] == sorted(PASSED_OVER)
    assert all(PASSED_OVER[file] in reason for file, reason in passed_over)
    assert "Left out, as results/failed.csv says: " in done.output and "(and 6 more)" in done.output
    assert "Passed over 5, as results/passed_over.csv says: " in done.output


def test_they_are_not_done_again_and_can_be_asked_for(hostile):
    work, _ = hostile
    again = run(work)
    assert again.code == 0 and not again.jobs, again.output
    asked = ["NHM<holotype>1", "{a.b}", "x/render.json", "%7B", 83 * "長", "/".join([200 * "e"] * 9)]
    done = run(work, config=[f"search={{queries: {asked}}}"])
    assert done.code == 0, done.output
    tables = [path for path in (work / "results").glob("knn_*.csv")]
    queries = {read_table(path, NEIGHBORS_COLUMNS)[0]["query_id"] for path in tables}
    assert queries == set(asked) and len(tables) == len(asked)
    assert len(list((work / "results/figures").glob("neighbors_*.png"))) == len(asked)


def test_the_tables_and_figures_of_former_queries_leave_with_the_run_that_makes_them_no_more(work):
    """A table that somebody else put there stays."""
    assert snakemake(work, config=["search={queries: [round/a, square/d]}"]).code == 0
    (work / "results/knn_mine.csv").touch()
    done = snakemake(work, config=["search={queries: square/d}"])
    assert done.code == 0 and "results/knn_round__a.csv" in done.output
    left = {path.name for path in (work / "results").rglob("*_*__*") if path.suffix != ".timestamp"}
    assert left == {"knn_square__d.csv", "knn_square__d.json", "neighbors_square__d.png"}
    assert (work / "results/knn_mine.csv").exists()


def test_what_is_no_scan_makes_its_table_alone_again(work):
    (work / "data/meshes/round/a.zip").touch()
    done = snakemake(work)
    assert set(done.jobs) == {"list_files"} and "files that are no scans (1)" in done.output
    assert "Passed over 1, as results/passed_over.csv says: archives (1)." in done.output
    assert not snakemake(work, "--dry-run").jobs


def test_a_collection_in_two_formats_runs_with_the_one_that_is_preferred(work):
    for name in ("round/a", "round/b"):
        write_mesh(work / f"data/meshes/{name}.obj", 30)
    done = snakemake(work)
    assert done.code != 0 and not done.jobs and "2 specimens have several files of the same ID" in done.output
    assert all(f"data/meshes/round/{name}" in done.output for name in ("a.ply", "a.obj", "b.stl", "b.obj"))
    done = snakemake(work, config=["prefer=[stl, obj]"])
    assert done.code == 0 and done.of("render_views") == {"round/a"}
    assert [file for file, _ in table(work, "passed_over.csv", PASSED_OVER_COLUMNS)] == [
        "round/a.ply",
        "round/b.obj",
    ]


def test_the_path_of_an_encoder_may_hold_what_snakemake_takes_for_its_own(work):
    folder = work / "{put} <results>"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    done = snakemake(
        work, config=["extract={model: 'custom:~/{put} <results>/mine.py:create'}"], environment={"HOME": str(work)}
    )
    assert done.code == 0, done.output
