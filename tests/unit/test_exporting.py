import errno
import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from fossilvit.collection import exporting
from fossilvit.errors import UserError
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.tables import LENGTHS, SHEET_COLUMNS, write_table

IDENTITIES = ["shells/NHM 1", "teeth/a{b}", "標本"]
OWN = ("category: family", "restrict: part", "id", "Vector", "ac:subjectPart", "note (sheet)")


def vectors(count, dimension=5):
    return np.random.default_rng(0).normal(size=(count, dimension)).astype(np.float32)


def sheet(folder, identities):
    """A joined sheet with one row per ID, in another order, a row without a scan, and a scan of another collection."""
    rows = []
    for number, identity in enumerate([*identities, "elsewhere"]):
        length = "" if number == 1 else f"{number + 0.25}"
        own = (f"科{number}", "femur", f"000{number}", "v", '=1, "x"; \n', "")
        rows.append((identity, number + 2, "file", "true", "", f"object {number}", length, "2", "1.5", *own))
    rows = [*rows[::-1], ("", 99, "", "false", "no scan", "", "", "", "", *[""] * len(OWN))]
    write_table(folder / "sheet.csv", (*SHEET_COLUMNS, *OWN), rows)
    return folder / "sheet.csv"


def test_what_pandas_reads_is_what_was_written(tmp_path):
    embeddings = vectors(3)
    columns = exporting.columns(sheet(tmp_path, IDENTITIES), IDENTITIES)
    exporting.write(tmp_path / "a.parquet", IDENTITIES, embeddings, columns)
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert list(table) == [
        *("id", "vector", *SHEET_COLUMNS[1:], "category: family", "restrict: part"),
        *("id (sheet)", "Vector (sheet)", "ac:subjectPart", "note (sheet)"),
    ]
    assert table["id"].tolist() == IDENTITIES and np.array_equal(np.stack(table["vector"]), embeddings)
    assert table["vector"][0].dtype == np.float32
    assert table["category: family"].tolist() == ["科0", "科1", "科2"] and table["id (sheet)"][1] == "0001"
    assert table["ac:subjectPart"][0] == '=1, "x"; \n' and table["note (sheet)"].tolist() == [""] * 3
    assert table["length_mm"].isna().tolist() == [False, True, False] and table["length_mm"][2] == 2.25
    assert table["sheet_row"].tolist() == ["2", "3", "4"]


def test_without_a_sheet_the_folder_is_the_only_column(tmp_path):
    exporting.write(tmp_path / "a.parquet", IDENTITIES, vectors(3), exporting.columns(None, IDENTITIES))
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert list(table) == ["id", "vector", "category: folder"]
    assert table["category: folder"].tolist() == ["shells", "teeth", ""]


def test_types_are_plain_ones_that_other_programs_know(tmp_path):
    columns = exporting.columns(sheet(tmp_path, IDENTITIES), IDENTITIES)
    exporting.write(tmp_path / "a.parquet", IDENTITIES, vectors(3), columns)
    kinds = {field.name: str(field.type) for field in parquet.read_schema(tmp_path / "a.parquet")}
    assert kinds.pop("vector") == "list<element: float>"
    assert {kinds.pop(name) for name in LENGTHS} == {"double"} and {*kinds.values()} == {"string"}


@pytest.mark.parametrize("count", [0, 1, exporting.ROWS + 1])
def test_any_number_of_specimens_comes_back_and_the_same_content_gives_the_same_bytes(tmp_path, count):
    identities, embeddings = [f"a/{row}" for row in range(count)], vectors(count)
    for name in ("a", "b"):
        exporting.write(tmp_path / name, identities, embeddings, exporting.columns(None, identities))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    table = parquet.read_table(tmp_path / "a")
    assert table["id"].to_pylist() == identities
    assert np.array_equal(np.array(table["vector"].to_pylist(), np.float32).reshape(embeddings.shape), embeddings)


def test_a_specimen_that_the_sheet_lacks_is_told(tmp_path):
    with pytest.raises(UserError, match=r"sheet\.csv has no row of 'new/one'"):
        exporting.columns(sheet(tmp_path, IDENTITIES), [*IDENTITIES, "new/one"])


def test_a_file_that_cannot_be_written_whole_is_not_there(tmp_path, monkeypatch):
    def full(writer, table):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match=r"a\.parquet"):
        exporting.write(tmp_path / "a.parquet", IDENTITIES, vectors(3), {})
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_command_writes_the_file_and_its_record(command, tmp_path):
    embeddings = vectors(3)
    write_embeddings(tmp_path, IDENTITIES, embeddings, {}, {})
    places = ("--emb", tmp_path / "embeddings.npy", "--out", tmp_path / "results/embeddings.parquet")
    done = command("export_embeddings", *places, "--sheet", sheet(tmp_path, IDENTITIES))
    assert done.returncode == 0 and "3 vectors of dimension 5" in done.stderr
    content = (tmp_path / "results/embeddings.parquet").read_bytes()
    table = pd.read_parquet(tmp_path / "results/embeddings.parquet")
    assert np.array_equal(np.stack(table["vector"]), embeddings) and table["object"][2] == "object 2"
    record = json.loads((tmp_path / "results/embeddings.json").read_text())
    assert record["sha256"] == {"embeddings.parquet": hashlib.sha256(content).hexdigest()}
    said = hashlib.sha256((tmp_path / "sheet.csv").read_bytes()).hexdigest()
    assert record["made_from"]["sheet"] == said
    done = command("export_embeddings", *places, "--sheet", tmp_path / "gone.csv")
    assert done.returncode == 1 and "gone.csv does not exist" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "results/embeddings.parquet").read_bytes() == content
