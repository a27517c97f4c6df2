"""What the commands search and evaluate write about categories, run one after the other on generated collections."""

import csv
import logging
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from fossilvit.answers import evaluation as definitions
from fossilvit.running import commands
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.tables import CLUSTERS_COLUMNS, DUPLICATES_COLUMNS, RETRIEVAL_COLUMNS, SHEET_COLUMNS, write_table
from scripts import evaluate, search

METRICS = [
    *("specimens", "categories", "queries", "nearest_neighbor", "first_tier", "second_tier", "mean_average_precision"),
    *("adjusted_rand_index", "adjusted_mutual_information", "noise_share"),
    *("left_out_singletons", "left_out_copies", "left_out_unlabeled"),
]


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def generated(seed=0):
    """Points around the centers of three kinds, one specimen alone in its folder, and one in none."""
    rng = np.random.default_rng(seed)
    points = {}
    for kind, number in (("ammonites", 7), ("bivalves", 5), ("crinoids", 4), ("標本", 1)):
        center = rng.normal(size=4)
        points |= {f"{kind}/{index}": center + 0.9 * rng.normal(size=4) for index in range(number)}
    return {**points, "unsorted": rng.normal(size=4)}


@pytest.fixture
def run(monkeypatch):
    """A function that runs a stage and returns its exit code."""

    def run(stage, *arguments):
        monkeypatch.setattr(sys, "argv", [stage.__name__, *map(str, arguments)])
        return commands.run(stage.main)

    return run


@pytest.fixture
def scored(tmp_path, run):
    """A function that searches and evaluates points by ID, and returns the folder of results."""

    def scored(name, points, clusters=None, copies=(), sheet=None, among=None):
        folder = tmp_path / name
        folder.mkdir()
        identities = sorted(points)
        embeddings = np.array([points[identity] for identity in identities], np.float32)
        write_embeddings(folder, identities, embeddings, {}, {})
        found = clusters or {identity: int(np.argmax(points[identity])) - 1 for identity in identities}
        write_table(folder / "clusters.csv", CLUSTERS_COLUMNS, [(one, found[one], 1, *[""] * 7) for one in identities])
        write_table(folder / "duplicates.csv", DUPLICATES_COLUMNS, copies)
        tables = ["--duplicates", folder / "duplicates.csv"]
        if sheet:
            write_sheet(folder / "sheet.csv", identities, sheet, among)
            tables += ["--sheet", folder / "sheet.csv"]
        assert run(search, "--emb", folder / "embeddings.npy", "--out", folder, *tables) == 0
        asked = ["--retrieval", folder / "retrieval.csv", "--clusters", folder / "clusters.csv"]
        assert run(evaluate, *asked, *tables, "--out", folder / "evaluation.csv") == 0
        return folder

    return scored


def write_sheet(path, identities, levels, among=None):
    """The joined sheet of a collection.

    Parameters
    ----------
    levels : dict of level to dict of ID to category, the deepest last
    among : dict of ID to the value that neighbors share, or None
    """
    more = {f"category: {level}": labels for level, labels in levels.items()}
    more |= {"restrict: formation": among} if among is not None else {}
    table = [
        (one, row, "specimen_id", "true", *[""] * 5, *(labels.get(one, "") for labels in more.values()))
        for row, one in enumerate(identities, 2)
    ]
    write_table(path, (*SHEET_COLUMNS, *more), table)


def tables_of(folder):
    return {name: rows(folder / f"{name}.csv") for name in ("evaluation", "categories", "confusion")}


def values(folder, column="value", level=None):
    """The cells of a column of the table of scores that hold a number, by metric."""
    table = rows(folder / "evaluation.csv")
    return {row["metric"]: float(row[column]) for row in table if row[column] and level in (None, row["level"])}


def test_a_second_scan_of_an_object_changes_no_score(scored):
    points = generated()
    first = tables_of(scored("first", points))
    added = {
        "ammonites/0 again": "ammonites/0",
        "bivalves/other folder": "ammonites/1",
        "標本/9": "標本/0",
        "z": "unsorted",
    }
    rng = np.random.default_rng(1)
    more = points | {second: rng.normal(size=4) for second in added}
    copies = [(second, scan, "object") for second, scan in added.items()]
    unknown = tables_of(scored("unknown", more))
    known = tables_of(scored("known", more, copies=copies))
    for table in (first, unknown, known):
        (count,) = [row for row in table["evaluation"] if row["metric"] == "left_out_copies"]
        count["value"] = int(count["value"]) - (len(added) if table is known else 0)
    assert known == first
    assert all(unknown[name] != first[name] for name in first)


def test_the_table_of_scores_begins_with_the_ten_of_old_and_says_what_is_left_out(scored):
    points = generated()
    folder = scored("some", points, copies=[("bivalves/4", "bivalves/0", "file")])
    assert [row["metric"] for row in rows(folder / "evaluation.csv")] == METRICS
    assert {row["level"] for row in rows(folder / "evaluation.csv")} == {"folder"}
    found = values(folder)
    assert found["specimens"] == found["queries"] + found["left_out_singletons"] == 16
    assert (found["left_out_singletons"], found["left_out_copies"], found["left_out_unlabeled"]) == (1, 1, 1)


def test_scores_are_those_of_their_definitions(scored):
    points = generated()
    folder = scored("some", points)
    asked = rows(folder / "retrieval.csv")
    labeled = [row for row in rows(folder / "clusters.csv") if "/" in row["specimen_id"]]
    categories = [row["specimen_id"].split("/")[0] for row in labeled]
    clusters = [int(row["cluster_id"]) for row in labeled]
    found = values(folder)
    means = [np.mean([float(row[score]) for row in asked]) for score in definitions.SCORES]
    assert [found[metric] for metric in METRICS[3:7]] == pytest.approx(means, abs=1e-6)
    assert found["adjusted_rand_index"] == pytest.approx(adjusted_rand_score(categories, clusters), abs=1e-6)
    assert found["adjusted_mutual_information"] == pytest.approx(
        adjusted_mutual_info_score(categories, clusters), abs=1e-6
    )
    assert found["noise_share"] == pytest.approx(np.mean(np.array(clusters) == -1), abs=1e-6)
    chance = values(folder, "chance")
    assert {row["gallery"] for row in asked} == {"16"}
    assert chance["nearest_neighbor"] == pytest.approx((7 * 6 + 5 * 4 + 4 * 3) / 16 / 16, abs=1e-6)
    assert values(folder, "macro_chance")["nearest_neighbor"] == pytest.approx((6 + 4 + 3) / 3 / 16, abs=1e-6)
    assert chance["adjusted_rand_index"] == 0 and "noise_share" not in chance


def test_intervals_hold_their_scores_and_the_mean_over_categories_is_that_of_the_table_of_categories(scored):
    folder = scored("some", generated())
    for mean, low, high in (("value", "low", "high"), ("macro", "macro_low", "macro_high")):
        lows, highs = values(folder, low), values(folder, high)
        assert set(lows) == set(METRICS[3:10])
        assert all(lows[metric] <= values(folder, mean)[metric] <= highs[metric] for metric in lows)
    table = rows(folder / "categories.csv")
    for metric, mean in values(folder, "macro").items():
        alone = [float(row["value"]) for row in table if row["metric"] == metric]
        assert np.mean(alone) == pytest.approx(mean, abs=2e-6)
    assert {row["metric"] for row in table if row["category"] == "標本"} == {"noise_share"}


def test_confusion_counts_every_query_by_its_nearest_neighbor(scored):
    folder = scored("some", generated())
    table = rows(folder / "confusion.csv")
    assert sum(int(row["objects"]) for row in table) == values(folder)["queries"]
    right = sum(int(row["objects"]) for row in table if row["category"] == row["nearest"])
    assert right / values(folder)["queries"] == pytest.approx(values(folder)["nearest_neighbor"], abs=1e-6)
    assert table == sorted(table, key=lambda row: (row["category"], row["nearest"]))


def test_every_level_has_its_scores_and_the_deepest_comes_first(scored):
    points = generated()
    species = {one: one.split("/")[0] for one in points if "/" in one}
    order = {one: "mollusks" if name in ("ammonites", "bivalves") else "others" for one, name in species.items()}
    folder = scored("both", points, sheet={"order": order, "species": species})
    assert [row["metric"] for row in rows(folder / "evaluation.csv")] == 2 * METRICS
    levels = [row["level"] for row in rows(folder / "retrieval.csv")]
    assert levels == ["species"] * 16 + ["order"] * 17
    for level, labels in (("species", species), ("order", order)):
        alone = scored(level, points, sheet={level: labels})
        assert values(folder, level=level) == values(alone)
        assert values(folder, "macro_low", level) == values(alone, "macro_low")
    assert rows(folder / "confusion.csv") == rows(folder.parent / "species" / "confusion.csv")
    assert {row["level"] for row in rows(folder / "categories.csv")} == {"species", "order"}


def test_neighbors_share_the_value_that_the_sheet_says(scored, run, caplog):
    points = generated()
    labels = {one: one.split("/")[0] for one in points if "/" in one}
    among = {one: "upper" if int(one[-1]) % 2 else "lower" for one in labels if one != "bivalves/1"}
    with caplog.at_level(logging.INFO, "fossilvit"):
        folder = scored("some", points, sheet={"kind": labels}, among=among)
    assert "2 specimens have no neighbors" in caplog.text
    table = rows(folder / "knn.csv")
    assert all(among[row["query_id"]] == among[row["neighbor_id"]] for row in table)
    assert {row["query_id"] for row in table} == set(among)
    for row in rows(folder / "retrieval.csv"):
        alike = [one for one, value in among.items() if value == among[row["specimen_id"]]]
        assert int(row["gallery"]) == len(alike) - 1
        assert int(row["relevant"]) == sum(labels[one] == row["category"] for one in alike) - 1
    assert values(folder)["left_out_singletons"] == 3  # the one alone, one without a value, and the only other "upper"
    tables = ("--sheet", folder / "sheet.csv", "--out", folder, "--topk", 3)
    for query, count in (("ammonites/0", 3), ("bivalves/1", 0)):
        assert run(search, "--emb", folder / "embeddings.npy", "--query", query, *tables) == 0
        listed = rows(folder / f"knn_{query.replace('/', '__')}.csv")
        assert listed == [row for row in table if row["query_id"] == query][:count]
        assert len(listed) == count


@pytest.mark.parametrize("column", ["specimen_id", "level", "category", "relevant", "gallery"])
def test_scores_of_other_queries_are_refused_in_one_sentence(scored, run, caplog, column):
    folder = scored("some", generated())
    table = rows(folder / "retrieval.csv")
    table[3][column] = "1"
    write_table(folder / "retrieval.csv", RETRIEVAL_COLUMNS, [row.values() for row in table])
    asked = ["--retrieval", folder / "retrieval.csv", "--clusters", folder / "clusters.csv"]
    caplog.clear()
    assert run(evaluate, *asked, "--out", folder / "again.csv") == 1
    (record,) = caplog.records
    assert "retrieval.csv and the clusters are of different collections or categories" in record.getMessage()
    assert not (folder / "again.csv").exists()


def test_a_sheet_without_categories_has_nothing_to_be_scored_against(scored, run, caplog):
    folder = scored("some", generated())
    write_sheet(folder / "sheet.csv", [], {"species": {}})
    tables = ("--sheet", folder / "sheet.csv", "--duplicates", folder / "nowhere.csv")
    assert run(search, "--emb", folder / "embeddings.npy", "--out", folder, *tables) == 0
    asked = ["--retrieval", folder / "retrieval.csv", "--clusters", folder / "clusters.csv"]
    caplog.clear()
    assert run(evaluate, *asked, *tables, "--out", folder / "again.csv") == 1
    assert "No specimen has a category in the sheet" in caplog.records[-1].getMessage()


def test_categories_of_one_specimen_have_no_scores_of_neighbors(scored):
    folder = scored("some", {"a/1": np.eye(4)[0], "b/1": np.eye(4)[1]})
    assert set(values(folder)) == set(METRICS) - set(METRICS[3:7])
    assert rows(folder / "confusion.csv") == []


def test_the_log_says_scores_with_their_intervals_and_chance(scored, caplog):
    with caplog.at_level(logging.INFO, "fossilvit"):
        folder = scored("some", generated())
    (line,) = [line for line in caplog.records[-1].getMessage().splitlines() if line.startswith("first_tier")]
    row = next(row for row in rows(folder / "evaluation.csv") if row["metric"] == "first_tier")
    assert all(f"{float(row[column]):.3g}" in line for column in list(row)[2:9]) and "95 % interval" in line
