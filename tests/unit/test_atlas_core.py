"""What the atlas knows of a collection is what the tables of results say."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from fossilvit.errors import UserError
from fossilvit.pages.atlas import columns, packing
from fossilvit.pages.atlas.core import Tables, core
from fossilvit.store import layout, tables
from fossilvit.store.embeddings import read_passport
from tests.browser import invented

PATHS = Tables(
    *(layout.MAP, layout.SPECIMENS, layout.FAILED, layout.CLUSTERS, layout.CLUSTER_SUMMARY, layout.CLUSTER_HISTORY),
    *(layout.TREE, layout.NEIGHBORS, layout.DUPLICATES, layout.SUSPECTS, layout.SHEET),
)
COUNT = 60


@pytest.fixture
def collection(tmp_path):
    """The tables of an invented collection in the present folder, and its IDs."""
    with contextlib.chdir(tmp_path):
        yield tabled(COUNT)


def tabled(count):
    for folder in (layout.RESULTS, layout.EMBEDDINGS):
        Path(folder).mkdir(parents=True)
    identities = invented.names(count, odd=True)
    invented.write_tables(identities, np.random.default_rng(0))
    return identities


def known(shards=None, **changes):
    """The core as the page unpacks it."""
    gathered = core(PATHS._replace(**changes), read_passport(layout.ARRAY), shards)
    return packing.unpack(packing.pack(gathered))


def column(found, key):
    return next(one for one in found["columns"] if one["key"] == key)


def texts(found, key):
    one = column(found, key)
    return [one["labels"][code] if code >= 0 else "" for code in one["codes"]]


def rewrite(path, names, change):
    """Write a table again, with every row as change(row) has it; rows of which it returns None are left out."""
    rows = [changed for row in tables.read_table(path, names) if (changed := change(row)) is not None]
    tables.write_table(path, names, (list(row.values()) for row in rows))


def test_every_specimen_of_the_map_has_one_row_in_its_order(collection):
    found = known()
    places = tables.read_table(layout.MAP, tables.MAP_COLUMNS, x=float, y=float, trust=float)
    assert found["ids"] == collection == [place["specimen_id"] for place in places]
    for name in ("x", "y", "trust"):
        np.testing.assert_allclose(found[name], [place[name] for place in places], rtol=1e-6)
    for name in ("shard", "group", "firmness", "sameAs", "same", "mm"):
        assert len(found[name]) == COUNT, name
    assert all(len(one.get("codes", one.get("numbers"))) == COUNT for one in found["columns"])


def test_neighbors_of_the_atlas_are_those_of_the_table(collection):
    found = known()
    rows = found["neighbors"].reshape(COUNT, found["nearest"])
    distances = found["distances"].reshape(rows.shape)
    for line in tables.read_table(layout.NEIGHBORS, tables.NEIGHBORS_COLUMNS, distance=float):
        query, neighbor = collection.index(line["query_id"]), collection.index(line["neighbor_id"])
        place = rows[query].tolist().index(neighbor)
        assert distances[query, place] == pytest.approx(line["distance"])
    assert (np.diff(distances, axis=1) >= 0).all()
    assert found["metric"] == "cosine"


def test_a_specimen_with_fewer_neighbors_has_empty_places(collection):
    last = collection[-1]
    rewrite(layout.NEIGHBORS, tables.NEIGHBORS_COLUMNS, lambda row: None if row["query_id"] == last else row)
    found = known()
    assert (found["neighbors"].reshape(COUNT, -1)[-1] == -1).all()
    assert np.isnan(found["distances"].reshape(COUNT, -1)[-1]).all()


def test_a_neighbor_that_is_not_on_the_map_is_passed_over(collection):
    def moved(row):
        return {**row, "neighbor_id": "not there"} if row["query_id"] == collection[0] else row

    rewrite(layout.NEIGHBORS, tables.NEIGHBORS_COLUMNS, moved)
    assert (known()["neighbors"].reshape(COUNT, -1)[0] == -1).all()


def test_groups_have_their_members_and_noise_has_none(collection):
    found = known()
    rows = tables.read_table(layout.CLUSTERS, tables.CLUSTERS_COLUMNS, cluster_id=int)
    assert found["group"].tolist() == [row["cluster_id"] for row in rows]
    noise = {row["specimen_id"] for row in rows if row["cluster_id"] == -1}
    assert noise == {invented.FORMULA, invented.LONE}
    for group in found["groups"]:
        assert {found["group"][row] for row in group["rows"]} == {group["id"]}
        assert group["medoid"] in group["rows"]
    assert sum(len(group["rows"]) for group in found["groups"]) == COUNT - len(noise)
    assert [named == "" for named in texts(found, "group")] == [one in noise for one in collection]


def test_leaves_of_the_tree_are_the_specimens_of_groups(collection):
    found = known()
    tree = found["tree"]
    assert sorted(leaf["row"] for leaf in tree["leaves"]) == np.flatnonzero(found["group"] >= 0).tolist()
    assert len(tree["joints"]) == 2 * len(tree["heights"]) == 2 * (len(tree["leaves"]) - 1)
    assert {leaf["count"] for leaf in tree["leaves"]} == {1}


def test_a_leaf_of_a_large_tree_stands_for_a_whole_group(tmp_path):
    with contextlib.chdir(tmp_path):
        tabled(300)
        found = known()
    sizes = {group["id"]: len(group["rows"]) for group in found["groups"]}
    assert {leaf["groups"][0]: leaf["count"] for leaf in found["tree"]["leaves"]} == sizes


def test_a_copy_knows_what_it_is_a_copy_of(collection):
    found = known()
    copy = collection.index(invented.COPY)
    assert found["sameAs"][copy] == copy - 1
    assert found["same"][copy] == "geometry"
    assert (np.delete(found["sameAs"], copy) == -1).all()


def test_suspects_point_to_rows(collection):
    (suspect,) = known()["suspects"]
    assert collection[suspect["row"]] == collection[-1]
    assert (suspect["suggested"], suspect["suspicion"]) == ("ammonoid", 0.83)
    assert (suspect["nearestSame"], suspect["nearestSuggested"]) == (1, 0)
    assert np.isfinite(column(known(), "suspicion")["numbers"]).sum() == 1


def test_a_suspect_that_is_not_on_the_map_is_passed_over(collection):
    rewrite(layout.SUSPECTS, tables.SUSPECTS_COLUMNS, lambda row: {**row, "specimen_id": "not there"})
    assert known()["suspects"] == []


def test_lengths_of_the_sheet_say_how_many_mm_a_unit_of_the_file_is(collection):
    found = known()
    scans = tables.read_table(layout.SPECIMENS, tables.SPECIMENS_COLUMNS)[:COUNT]
    longest = [max(float(row[f"max_{axis}"]) for axis in "xyz") for row in scans]
    expected = [41.5 / length if row % 3 else np.nan for row, length in enumerate(longest)]
    np.testing.assert_allclose(found["mm"], expected, rtol=1e-6)
    assert column(found, "length_mm")["unit"] == "mm"


def test_columns_of_the_sheet_keep_their_names_and_texts(collection):
    found = known()
    assert texts(found, "sheet: period") == [invented.PERIODS[row % 4] for row in range(COUNT)]
    assert column(found, "sheet: =weight in g")["numbers"].tolist() == [row * 0.5 for row in range(COUNT)]
    assert texts(found, "category: family")[collection.index(invented.IMAGE)] == "ammonoididae"
    assert found["first"] == "category: family"


def test_without_a_sheet_categories_are_folders_and_no_unit_is_promised(collection):
    found = known(sheet=None)
    assert texts(found, "folder")[collection.index(invented.JAPANESE)] == "ammonoid"
    assert texts(found, "folder")[collection.index(invented.LONE)] == ""
    assert np.isnan(found["mm"]).all()
    assert found["first"] == "folder"


def test_scans_that_could_not_be_read_are_listed_with_their_reason(collection):
    (failed,) = known()["failed"]
    assert failed == {
        "id": invented.BROKEN,
        "stage": "render",
        "reason": "<i>broken.ply</i> breaks off; export it again.",
    }


def test_it_says_how_the_collection_was_made(collection):
    made = dict(known()["made"])
    assert made["model"] == "hog"
    assert made["metric"] == "cosine"
    assert made["clusters"].startswith(f"{COUNT} specimens in ")


def test_shards_name_the_chunk_of_every_specimen(collection):
    shards = {"0000": collection[1::2], "0001": collection[::2]}
    found = known(shards)
    assert (found["mode"], found["shards"]) == ("folder", ["0000", "0001"])
    assert found["shard"].tolist() == [1 - row % 2 for row in range(COUNT)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_small_collections_have_an_atlas(tmp_path, count):
    with contextlib.chdir(tmp_path):
        tabled(count)
        found = known()
    assert found["count"] == len(found["ids"]) == count
    assert found["nearest"] == count - 1
    assert found["trusted"] == 0


def test_copies_on_one_place_do_not_count_where_trust_looks(tmp_path):
    with contextlib.chdir(tmp_path):
        places = len(tabled(30)) - 1
        assert known()["trusted"] == (places - 1) // 3


def test_a_collection_without_a_passport_has_an_atlas(collection):
    layout.record_path(layout.ARRAY).unlink()
    assert known()["mirror"] is False


def test_a_collection_without_settings_of_views_has_an_atlas(collection):
    passport = {**read_passport(layout.ARRAY), "render": None, "encoder": None}
    assert core(PATHS, passport, None)["mirror"] is False


def test_a_specimen_of_the_map_that_another_table_lacks_is_named(collection):
    rewrite(layout.CLUSTERS, tables.CLUSTERS_COLUMNS, lambda row: None if row["specimen_id"] == collection[7] else row)
    with pytest.raises(UserError, match="clusters.csv has no row of .*; run snakemake again") as caught:
        known()
    assert repr(collection[7]) in str(caught.value)


@pytest.mark.parametrize(
    "cells, numbers",
    [
        (["1", "2.5", "-3", ""], [1, 2.5, -3, np.nan]),
        (["1,5", "2", "2", "3"], [1.5, 2, 2, 3]),
        (["0.1", "0", "10", "+7"], [0.1, 0, 10, 7]),
    ],
)
def test_cells_that_are_all_numbers_are_numbers(cells, numbers):
    (found,) = columns.of_sheet(["weight"], sheet_rows("weight", cells))
    np.testing.assert_allclose(found["numbers"], numbers, rtol=1e-6)


@pytest.mark.parametrize(
    "cells",
    [
        ["101", "102", "103", "104"],
        ["007", "12", "12", "12"],
        ["1", "2", "about 3", "1"],
        ["1.2.3", "1", "1", "1"],
        ["1e5", "1", "1", "1"],
        ["nan", "1", "1", "1"],
    ],
)
def test_numbers_of_specimens_and_mixed_cells_are_texts(cells):
    (found,) = columns.of_sheet(["number"], sheet_rows("number", cells))
    assert [found["labels"][code] for code in found["codes"]] == cells


def test_a_column_without_any_text_is_left_out():
    assert columns.of_sheet(["empty"], sheet_rows("empty", ["", ""])) == []


def test_the_most_frequent_text_comes_first():
    found = columns.labels("period", "period", "sheet", ["b", "c", "b", "", "a"])
    assert found["labels"] == ["b", "a", "c"]
    assert found["codes"].tolist() == [0, 2, 0, -1, 1]


def sheet_rows(name, cells):
    return [{**dict.fromkeys(tables.SHEET_COLUMNS, ""), name: cell} for cell in cells]
