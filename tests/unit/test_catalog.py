import pytest

from fossilvit.collection import catalog
from fossilvit.scans import passed_over
from fossilvit.store.tables import SPECIMENS_COLUMNS, read_table, write_table

OK = {
    "status": "ok",
    "file": {"name": "標本.ply", "bytes": 1234, "sha256": "ab" * 32, "format": "binary PLY"},
    "mesh": {
        "kind": "surface",
        "vertices": 8,
        "faces": 12,
        "bounding_box": [[-1.5, 0.0, 1e-7], [0.1, 2.0, 3.0]],
        "area": 0.1 + 0.2,
        "volume": None,
        "watertight": True,
        "components": 1,
        "color": "none",
        "cleaned": {"degenerate faces": 3, "duplicate faces": 2},
        "notes": ['units "mm", assumed', "second; note"],
        **{"strays": 2, "strays_share": 0.001, "strays_distance": 12.5},
    },
    "seconds": 0.123,
}
FAILED = {"status": "failed", "reason": 'it breaks off, "here"', "seconds": 0.5}


def read_back(folder, records):
    """The table of specimens as it is read from its file."""
    write_table(folder / "specimens.csv", SPECIMENS_COLUMNS, catalog.specimens(records))
    return read_table(folder / "specimens.csv", SPECIMENS_COLUMNS)


def test_a_specimen_is_a_row_of_its_facts(tmp_path):
    (row,) = read_back(tmp_path, {"殻/標本, 1": OK})
    assert row == {
        "specimen_id": "殻/標本, 1",
        "status": "ok",
        "format": "binary PLY",
        "kind": "surface",
        "vertices": "8",
        "faces": "12",
        **{"min_x": "-1.5", "min_y": "0.0", "min_z": "1e-07", "max_x": "0.1", "max_y": "2.0", "max_z": "3.0"},
        "area": "0.30000000000000004",
        "volume": "",
        "watertight": "true",
        "components": "1",
        "color": "none",
        "cleaned": "3 degenerate faces; 2 duplicate faces",
        "notes": 'units "mm", assumed; second; note',
        "bytes": "1234",
        "sha256": "ab" * 32,
        "seconds": "0.123",
        "reason": "",
        **{"strays": "2", "strays_share": "0.001", "strays_distance": "12.5"},
    }


@pytest.mark.parametrize("file", [{}, {"file": None}, {"file": {"name": "x.ply", "bytes": None}}])
def test_a_failed_specimen_is_a_row_of_what_is_known(tmp_path, file):
    (row,) = read_back(tmp_path, {"a": {**FAILED, **file}})
    assert {column: cell for column, cell in row.items() if cell} == {
        "specimen_id": "a",
        "status": "failed",
        "seconds": "0.5",
        "reason": FAILED["reason"],
    }


def test_the_file_of_a_failed_specimen_is_told(tmp_path):
    (row,) = read_back(tmp_path, {"a": {**FAILED, "file": OK["file"]}})
    assert (row["format"], row["bytes"], row["sha256"]) == ("binary PLY", "1234", "ab" * 32)


def test_nothing_cleaned_and_no_notes_are_empty_cells(tmp_path):
    mesh = {**OK["mesh"], "cleaned": {}, "notes": [], "watertight": False, "area": 0.0}
    (row,) = read_back(tmp_path, {"a": {**OK, "mesh": mesh}})
    assert (row["cleaned"], row["notes"], row["watertight"], row["area"]) == ("", "", "false", "0.0")


def test_rows_are_in_order_of_id(tmp_path):
    rows = read_back(tmp_path, {"b": OK, "標": FAILED, "a": FAILED, "a/c": OK})
    assert [row["specimen_id"] for row in rows] == ["a", "a/c", "b", "標"]


def test_failures_and_scans_left_out_are_told_with_their_reason_in_order_of_id():
    assert catalog.failures({"c": "empty", "a": "broken"}, [("b", "locked")]) == [
        ("a", "render", "broken"),
        ("b", "find", "locked"),
        ("c", "render", "empty"),
    ]


def test_what_is_passed_over_is_told_with_its_reason():
    assert catalog.passed_over([("a.zip", passed_over.by_name("a.zip")), (".b", passed_over.HIDDEN)]) == [
        ("a.zip", "An archive is not opened, and of compressed scans only .gz is read; unpack it here."),
        (".b", "Hidden, as its name begins with a dot."),
    ]
