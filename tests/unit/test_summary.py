import numpy as np
import pytest

from fossilvit.answers import summary, tree
from fossilvit.answers.clustering import NOISE, Clustering
from fossilvit.store.tables import CLUSTER_SUMMARY_COLUMNS, CLUSTERS_COLUMNS, read_table, write_table

NAN = float("nan")


def clustering(**changes):
    """Nine specimens a to i: cluster 0 is a, b, c, d and its copy e; cluster 1 is f, g, h; i is noise."""
    branches = [(6, 7, 1, 2), (5, 9, 2, 3), (3, 4, 0, 2), (0, 1, 1, 2), (12, 2, 2, 3), (13, 11, 3, 5)]
    branches += [(10, 14, 5, 8), (15, 8, 9, 9)]
    return Clustering(
        clusters=np.array([0, 0, 0, 0, 0, 1, 1, 1, NOISE]),
        strengths=np.array([0.9, 0.5, 1, 0.7, 0.7, 1, 0.75, 1, 0]),
        second=np.array([1, 1, 1, 1, 1, 0, 0, 0, 1]),
        second_strengths=np.array([0.1, 0.5, 0, 0.3, 0.3, 0, 0.25, 0, NAN]),
        silhouettes=np.array([0.2, 0.1, 0.5, 0.4, 0.4, 0.3, 0.6, 0.9, NAN]),
        ranks=np.array([3, 4, 1, 2, 2, 3, 2, 1, 0]),
        levels=(np.array([0] * 8 + [1]), np.array([0, 0, 1, 2, 2, 3, 3, 4, 5])),
        stability=np.array([0.8, NAN]),
        tree=np.array(branches, float),
        record={},
    )._replace(**changes)


IDENTITIES = list("abcdefghi")
ORIGINALS = np.array([0, 1, 2, 3, 3, 5, 6, 7, 8])
NAMES = {0: 12, 1: 5}


def table(found=None, originals=ORIGINALS):
    rows = list(summary.specimens(found or clustering(), IDENTITIES, originals, NAMES))
    assert all(len(row) == len(CLUSTERS_COLUMNS) for row in rows)
    return {row[0]: dict(zip(CLUSTERS_COLUMNS, map(str, row), strict=True)) for row in rows}


def brief(found=None, originals=ORIGINALS):
    rows = list(summary.clusters(found or clustering(), IDENTITIES, originals, NAMES))
    assert all(len(row) == len(CLUSTER_SUMMARY_COLUMNS) for row in rows)
    return [dict(zip(CLUSTER_SUMMARY_COLUMNS, map(str, row), strict=True)) for row in rows]


def test_the_tree_of_these_tests_is_a_tree():
    assert sorted(tree.leaves(clustering().tree).tolist()) == list(range(9))


def test_every_specimen_has_a_row_in_order():
    assert list(table()) == IDENTITIES


def test_a_row_has_the_ids_of_clusters_and_what_is_known_of_the_specimen():
    assert table()["b"] == {
        "specimen_id": "b",
        "cluster_id": "12",
        "prob": "0.500000",
        "second_id": "5",
        "second_prob": "0.500000",
        "silhouette": "0.100000",
        "rank": "4",
        "coarse_id": "0",
        "fine_id": "0",
        "same_as": "",
    }


def test_noise_is_in_no_cluster_and_has_no_rank_and_no_silhouette():
    row = table()["i"]
    assert (row["cluster_id"], row["prob"], row["rank"], row["silhouette"]) == ("-1", "0.000000", "", "")
    assert (row["second_id"], row["second_prob"]) == ("5", "")


def test_negative_numbers_are_written_as_numbers_and_ids_that_look_like_them_as_text(tmp_path):
    found = clustering(silhouettes=np.full(9, -0.25))
    rows = summary.specimens(found, ["-1", *"bcdefghi"], ORIGINALS, NAMES)
    write_table(tmp_path / "clusters.csv", CLUSTERS_COLUMNS, rows)
    line = (tmp_path / "clusters.csv").read_text("utf-8-sig").splitlines()[1]
    assert line == "'-1,12,0.900000,5,0.100000,-0.250000,3,0,0,"
    read = read_table(tmp_path / "clusters.csv", CLUSTERS_COLUMNS, silhouette=float)
    assert (read[0]["specimen_id"], read[0]["silhouette"]) == ("-1", -0.25)


def test_a_copy_has_the_values_of_its_original_and_names_it():
    rows = table()
    assert rows["e"] == rows["d"] | {"specimen_id": "e", "same_as": "d"}
    assert [one for one, row in rows.items() if row["same_as"]] == ["e"]


def test_where_there_is_no_other_cluster_its_cells_are_empty():
    found = clustering(
        second=np.full(9, NOISE), second_strengths=np.full(9, NAN), silhouettes=np.full(9, NAN), levels=None
    )
    row = table(found)["a"]
    empty = ("second_id", "second_prob", "silhouette", "coarse_id", "fine_id")
    assert [row[column] for column in empty] == [""] * 5 and row["cluster_id"] == "12"


def test_clusters_come_in_the_order_of_the_tree():
    assert [row["cluster_id"] for row in brief()] == ["5", "12"]
    turned = clustering().tree
    turned[6, :2] = turned[6, 1::-1]
    assert [row["cluster_id"] for row in brief(clustering(tree=turned))] == ["12", "5"]


def test_a_cluster_is_told_by_its_most_typical_and_its_least_firm_members():
    row = brief()[1]
    assert row == {
        "cluster_id": "12",
        "specimens": "5",
        "objects": "4",
        "stability": "0.800000",
        "reading": "stable",
        "silhouette": "0.300000",
        "medoid": "c",
        "typical_1": "d",
        "typical_2": "a",
        "doubtful_1": "b",
        "doubtful_2": "d",
    }


def test_a_cluster_whose_stability_is_not_known_has_no_reading():
    row = brief()[0]
    assert (row["stability"], row["reading"]) == ("", "")


def test_a_member_of_three_quarters_strength_is_not_doubtful():
    row = brief()[0]
    assert (row["doubtful_1"], row["doubtful_2"]) == ("", "")
    loose = clustering()
    loose.strengths[6] = 0.7499
    assert brief(loose)[0]["doubtful_1"] == "g"


def test_of_equally_firm_members_the_least_typical_is_the_most_doubtful():
    found = clustering(strengths=np.array([0.4] * 8 + [0]))
    row = brief(found)[1]
    assert (row["doubtful_1"], row["doubtful_2"]) == ("b", "a")


def test_a_cluster_of_one_has_a_medoid_and_no_more():
    found = clustering(
        clusters=np.array([0] * 7 + [1, NOISE]), ranks=np.array([3, 4, 1, 2, 2, 6, 5, 1, 0]), stability=np.ones(2)
    )
    row = brief(found)[0] if brief(found)[0]["specimens"] == "1" else brief(found)[1]
    assert row["medoid"] == "h"
    assert [row[column] for column in ("typical_1", "typical_2", "doubtful_1", "doubtful_2")] == [""] * 4


def test_copies_are_no_objects_and_neither_typical_nor_doubtful():
    originals = np.array([0, 1, 2, 3, 3, 5, 6, 7, 8])
    everyone = {row[column] for row in brief(originals=originals) for column in CLUSTER_SUMMARY_COLUMNS[6:]}
    assert "e" not in everyone
    assert sum(int(row["objects"]) for row in brief()) == 7 and sum(int(row["specimens"]) for row in brief()) == 8


@pytest.mark.parametrize("silhouettes", [np.full(9, NAN)])
def test_of_one_cluster_no_silhouette_is_told(silhouettes):
    assert [row["silhouette"] for row in brief(clustering(silhouettes=silhouettes))] == ["", ""]


def test_without_specimens_there_are_no_rows():
    none, no = np.zeros(0, int), np.zeros(0)
    nothing = Clustering(none, no, none, no, no, none, (none, none), no, np.zeros((0, 4)), {})
    assert list(summary.specimens(nothing, [], none, {})) == []
    assert list(summary.clusters(nothing, [], none, {})) == []
