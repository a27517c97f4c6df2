import csv
import json

import numpy as np
import pytest

from fossilvit.answers import suspects
from fossilvit.pages import suspects as pages
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.tables import (
    CLUSTERS_COLUMNS,
    DUPLICATES_COLUMNS,
    SHEET_COLUMNS,
    SUSPECTS_COLUMNS,
    write_table,
)

from . import renders

DIMENSIONS = 16


def groups(number, members, spread, seed=0):
    """Embeddings about the centers of groups, and the name of the group of each."""
    rng = np.random.default_rng(seed)
    inside = np.repeat(np.arange(number), members)
    points = rng.normal(size=(number, DIMENSIONS))[inside] + spread * rng.normal(size=(len(inside), DIMENSIONS))
    return points.astype(np.float32), [f"group {one}" for one in inside]


def planted(categories, share, seed=0):
    """The categories with a share of them wrong, and the rows of these."""
    rng = np.random.default_rng(seed)
    names = sorted(set(categories))
    rows = rng.choice(len(categories), round(share * len(categories)), replace=False)
    wrong = list(categories)
    for row in rows:
        wrong[row] = str(rng.choice([name for name in names if name != categories[row]]))
    return wrong, sorted(rows.tolist())


def find(embeddings, categories, clusters=None, metric="cosine", **others):
    clusters = np.full(len(embeddings), suspects.NOISE) if clusters is None else np.asarray(clusters)
    return suspects.find(embeddings, categories, clusters, metric, **others)


def listed(found):
    return [one.row for one in found.suspects]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("clustered", [True, False])
def test_planted_errors_are_the_most_suspicious_and_their_category_is_suggested(metric, clustered):
    embeddings, right = groups(5, 12, 0.3)
    wrong, rows = planted(right, 0.05)
    found = find(embeddings, wrong, np.repeat(np.arange(5), 12) if clustered else None, metric)
    assert sorted(listed(found)[:3]) == rows and found.checked == 60 and found.alone == 0
    assert all(one.suspicion > 0.8 and one.suggested == right[one.row] for one in found.suspects[:3])


def test_nothing_is_suspicious_where_all_categories_are_right():
    embeddings, right = groups(5, 12, 0.3)
    assert find(embeddings, right, np.repeat(np.arange(5), 12)) == suspects.Found([], 60, 0)


def test_a_suspect_comes_with_its_nearest_of_both_categories_and_the_counts_of_its_cluster():
    embeddings, right = groups(3, 8, 0.3)
    wrong = [*right[:-1], "group 0"]
    clusters = [0] * 8 + [1] * 8 + [2] * 7 + [2]
    (one,) = find(embeddings, wrong, clusters).suspects
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    distances = 1 - unit[:-1] @ unit[-1]
    assert (one.row, one.suggested) == (23, "group 2")
    assert one.nearest_same == distances[:8].argmin() and one.nearest_suggested == 16 + distances[16:].argmin()
    assert one.distance_same == pytest.approx(distances[:8].min(), abs=2e-6)
    assert one.distance_suggested == pytest.approx(distances[16:].min(), abs=2e-6)
    assert (one.cluster_same, one.cluster_suggested) == (0, 7)


def test_the_cluster_speaks_too():
    """It lies nearer to the middle of the other group, and its cluster decides."""
    embeddings, right = groups(2, 10, 0.4)
    between = 0.4 * embeddings[:10].mean(axis=0) + 0.6 * embeddings[10:].mean(axis=0)
    embeddings, categories = np.vstack([embeddings, between]).astype(np.float32), [*right, "group 0"]
    its_own, the_other, none = (
        {one.row: one.suspicion for one in find(embeddings, categories, [*[0] * 10, *[1] * 10, own]).suspects}
        for own in (0, 1, suspects.NOISE)
    )
    assert 20 not in its_own and none[20] > 0.1 and the_other[20] > 0.3


@pytest.mark.parametrize("spread", [0.6, 1.0, 1.4])
def test_of_the_suspects_at_least_as_many_are_errors_as_their_suspicion_says(spread):
    suspicions, errors, planted_errors = [], [], 0
    for seed in range(20):
        embeddings, right = groups(4, 20, spread, seed)
        wrong, rows = planted(right, 0.1, seed)
        found = find(embeddings, wrong).suspects
        suspicions += [one.suspicion for one in found]
        errors += [one.row in rows for one in found]
        planted_errors += len(rows)
    suspicions, errors = np.array(suspicions), np.array(errors)
    for low in (suspects.LEAST, 0.5, 0.8):
        assert errors[suspicions >= low].mean() > suspicions[suspicions >= low].mean()
    assert errors.sum() > (0.9 if spread < 1.2 else 0.7) * planted_errors


def test_where_categories_are_random_hardly_anything_is_suspicious():
    suspicions, checked = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        embeddings = rng.normal(size=(60, DIMENSIONS)).astype(np.float32)
        categories = [f"category {one}" for one in rng.integers(0, 2 + seed % 2, 60)]
        found = find(embeddings, categories, rng.integers(0, 4, 60))
        assert all(one.suggested != categories[one.row] for one in found.suspects)
        suspicions += [one.suspicion for one in found.suspects]
        checked += found.checked
    assert checked == 1200 and len(suspicions) < 100 and max(suspicions) < 0.6


def test_another_scan_of_an_object_changes_nothing():
    embeddings, right = groups(4, 8, 0.5)
    wrong, _ = planted(right, 0.1)
    clusters = np.repeat(np.arange(4), 8)
    before = find(embeddings, wrong, clusters)
    added = [*before.suspects[:2], before.suspects[0]]
    rows = [*range(32), *(one.row for one in added)]
    counted = np.arange(len(rows)) < 32
    after = find(embeddings[rows], [wrong[row] for row in rows], clusters[rows], counted=counted)
    assert before.suspects and after == before


def test_who_is_alone_in_its_category_is_counted_and_no_suspect_but_can_be_what_another_is_like():
    embeddings, right = groups(3, 8, 0.3)
    alone = [*right[:-1], "alone"]
    assert find(embeddings, alone) == suspects.Found([], 23, 1)
    moved = [*right[:-2], "group 0", "alone"]
    twins = embeddings.copy()
    twins[-2] = twins[-1] + 1e-3
    twins[16:-2] = -twins[16:-2]
    found = find(twins, moved)
    assert 23 not in listed(found) and found.alone == 1
    assert {one.row: one.suggested for one in found.suspects}[22] == "alone"


def test_specimens_without_a_category_are_neither_suspects_nor_neighbors():
    embeddings, right = groups(4, 8, 0.5)
    wrong, _ = planted(right, 0.1)
    before = find(embeddings, wrong)
    after = find(np.vstack([embeddings, embeddings[:5]]), [*wrong, *[""] * 5])
    assert before.suspects and after == before


@pytest.mark.parametrize("categories", [[], [""] * 6, ["a"] * 6, list("abcdef")], ids=str)
def test_where_no_category_can_be_checked_there_is_no_suspect(categories):
    embeddings = np.random.default_rng(0).normal(size=(len(categories), 4)).astype(np.float32)
    found = find(embeddings, categories)
    assert (found.suspects, found.checked) == ([], 0) and found.alone == (6 if "b" in categories else 0)


def test_only_specimens_of_equal_value_are_compared():
    """Groups of bones lie in two places, and each place has its own species."""
    embeddings, right = groups(4, 10, 0.3)
    bones = ["femur"] * 20 + ["skull"] * 20
    wrong = ["ape", *["ape"] * 9, *["man"] * 10, *["ape"] * 10, *["man"] * 10]
    wrong[3] = "man"
    free, bound = find(embeddings, wrong), find(embeddings, wrong, among=bones)
    assert listed(bound) == [3] and bound.checked == 40 and 3 in listed(free)
    assert bones[bound.suspects[0].nearest_suggested] == bones[bound.suspects[0].nearest_same] == "femur"
    unknown = find(embeddings, wrong, among=[*bones[:25], *[""] * 10, *bones[35:]])
    assert unknown.checked == 30 and listed(unknown) == [3]


def test_equal_embeddings_are_no_reason_to_suspect_anything():
    for rows in (np.ones((9, 4)), np.zeros((9, 4))):
        found = find(rows.astype(np.float32), list("aaaabbbcc"), [0] * 9)
        assert found == suspects.Found([], 9, 0)


def test_suspicions_are_numbers_where_copies_lie_in_two_categories():
    embeddings = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    found = find(embeddings, list("aaabbbbacccc"), np.repeat([0, 1, suspects.NOISE], 4))
    assert sorted(listed(found)) == [3, 7]
    assert all(suspects.LEAST <= one.suspicion <= 1 and one.distance_suggested == 0 for one in found.suspects)


def test_the_order_of_rows_makes_no_difference():
    embeddings, right = groups(4, 10, 0.6)
    wrong, _ = planted(right, 0.1)
    clusters = np.repeat(np.arange(4), 10)
    order = np.random.default_rng(1).permutation(40)
    found = find(embeddings, wrong, clusters).suspects
    again = find(embeddings[order], [wrong[row] for row in order], clusters[order]).suspects
    assert len(found) > 3 and found == sorted(found, key=lambda one: -one.suspicion)
    assert [order[one.row] for one in again] == [one.row for one in found]
    assert [one.suspicion for one in again] == pytest.approx([one.suspicion for one in found])
    assert [order[one.nearest_suggested] for one in again] == [one.nearest_suggested for one in found]


def write_collection(folder, embeddings, identities, clusters):
    write_embeddings(folder, identities, embeddings, {}, {})
    found = [(identity, cluster, 1, *[""] * 7) for identity, cluster in zip(identities, clusters, strict=True)]
    write_table(folder / "clusters.csv", CLUSTERS_COLUMNS, found)
    return (
        *("--emb", folder / "embeddings.npy", "--clusters", folder / "clusters.csv"),
        *("--duplicates", folder / "duplicates.csv", "--out", folder / "suspects.csv"),
    )


def rows_of(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def collection(tmp_path):
    """Two groups of eight, of which the last specimen lies in the folder of the other; and the arguments."""
    embeddings, names = groups(2, 8, 0.3)
    identities = [f"{name}/{row:02d}" for row, name in enumerate(names)]
    identities[15] = "group 0/15"
    order = sorted(range(16), key=identities.__getitem__)
    identities, embeddings = [identities[row] for row in order], embeddings[order]
    clusters = [int(row >= 8) for row in order]
    return tmp_path, identities, embeddings, write_collection(tmp_path, embeddings, identities, clusters)


@pytest.mark.slow
def test_the_command_writes_the_table_and_says_the_answer(command, collection):
    folder, _, _, arguments = collection
    done = command("find_suspects", *arguments)
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(folder / "suspects.csv")
    assert tuple(row) == SUSPECTS_COLUMNS
    assert (row["specimen_id"], row["category"], row["suggested"]) == ("group 0/15", "group 0", "group 1")
    assert (row["cluster_id"], row["cluster_same"], row["cluster_suggested"]) == ("1", "0", "7")
    assert float(row["distance_suggested"]) < float(row["distance_same"]) and float(row["suspicion"]) > 0.5
    record = json.loads((folder / "suspects.json").read_text(encoding="utf-8"))
    assert record["answer"] == done.stderr.strip() and record["checked"] == 16
    assert "1 of 16 specimens may be in the wrong category. The most suspicious is 'group 0/15'" in record["answer"]


@pytest.mark.slow
def test_the_command_takes_categories_and_objects_from_the_tables(command, collection):
    folder, identities, embeddings, arguments = collection
    again = [*identities, "group 1/the same"]
    arguments = write_collection(folder, embeddings[[*range(16), 8]], again, [0] * 17)
    write_table(folder / "duplicates.csv", DUPLICATES_COLUMNS, [("group 1/the same", "group 0/15", "object")])
    species = {one: "shell" if one.startswith("group 0") and one != "group 0/15" else "tooth" for one in identities}
    species["group 0/03"] = "tooth"
    cells = [(one, "", "", "true", *[""] * 5, species.get(one, "shell")) for one in again]
    write_table(folder / "sheet.csv", (*SHEET_COLUMNS, "category: species"), cells)
    done = command("find_suspects", *arguments, "--sheet", folder / "sheet.csv")
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(folder / "suspects.csv")
    assert (row["specimen_id"], row["category"], row["suggested"]) == ("group 0/03", "tooth", "shell")
    assert "1 of 16 specimens" in done.stderr


@pytest.mark.slow
def test_without_suspects_the_table_is_a_header_and_the_answer_says_why(command, tmp_path):
    embeddings, _ = groups(2, 3, 0.3)
    for names, answer in (
        ("a/1 a/2 a/3 b/1 b/2 c/1", "None of 5 specimens looks as if it were in the wrong category. 1 alone in"),
        ("1 2 3 4 5 6", "No category can be checked"),
    ):
        arguments = write_collection(tmp_path, embeddings, names.split(), [0, 0, 0, 1, 1, 1])
        done = command("find_suspects", *arguments)
        assert done.returncode == 0 and answer in done.stderr
        assert rows_of(tmp_path / "suspects.csv") == []


@pytest.mark.slow
def test_clusters_of_another_collection_are_refused_in_one_sentence(command, collection):
    folder, identities, _, arguments = collection
    write_table(folder / "clusters.csv", CLUSTERS_COLUMNS, [(one, 0, 1, *[""] * 7) for one in identities[1:]])
    done = command("find_suspects", *arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr and identities[0] in done.stderr
    assert not (folder / "suspects.csv").exists()


def suspect_rows(count, category="shells", suggested="teeth", suspicion=0.9):
    return [
        (f"{category}/{row}", category, suggested, suspicion, "own", 0.3, "other", 0.1, 0, 1, 7) for row in range(count)
    ]


def page_of(folder, rows):
    write_table(folder / "suspects.csv", SUSPECTS_COLUMNS, rows)
    return pages.page(folder, folder / "suspects.csv")


def test_a_table_without_suspects_has_no_page(tmp_path):
    assert page_of(tmp_path, []) is None


def test_the_page_shows_each_suspect_beside_its_nearest_of_both_categories(tmp_path):
    page = page_of(tmp_path, suspect_rows(1))
    (card,) = page.cards
    assert page.title == "1 specimen may be in the wrong category"
    assert (card.head, card.verdict, card.warns) == (
        "1. shells, but more like teeth",
        "probably wrong: suspicion 0.90",
        True,
    )
    assert [(picture.label, picture.note) for picture in card.pictures] == [
        ("shells/0", "this specimen"),
        ("own", "nearest of shells\ndistance 0.300"),
        ("other", "nearest of teeth\ndistance 0.100"),
    ]


def test_the_page_shows_the_first_twenty_and_says_so(tmp_path):
    (tmp_path / "suspects.json").write_text('{"checked": 1234}')
    page = page_of(tmp_path, suspect_rows(21))
    assert page.title == "21 of 1,234 specimens may be in the wrong category. The first 20" and len(page.cards) == 20


@pytest.mark.parametrize(
    ("suspicion", "words", "warns"),
    [(0.949, "probably", True), (0.951, "almost certainly", True), (0.2, "perhaps", False)],
)
def test_a_suspicion_is_said_in_words(tmp_path, suspicion, words, warns):
    (card,) = page_of(tmp_path, suspect_rows(1, suspicion=suspicion)).cards
    assert card.verdict.startswith(words) == (suspicion != 0.949) and card.warns == warns


def test_long_names_are_cut_and_short_ones_beside_them_are_not(tmp_path):
    (card,) = page_of(tmp_path, suspect_rows(1, category="とても長い名前の" * 9, suggested="teeth {0}")).cards
    assert card.head.startswith("1. …") and card.head.endswith("長い名前の, but more like teeth {0}")
    assert pages.font(pages.NAME).getlength(card.head) <= pages.CARD - 2 * pages.GAP
    assert card.pictures[1].note.startswith("nearest of …") and card.pictures[2].note.startswith("nearest of teeth {0}")


def test_a_page_is_drawn_with_a_card_per_suspect_two_in_a_row(tmp_path):
    for identity, shade in (("shells/0", 10), ("shells/1", 10), ("shells/2", 10), ("own", 90), ("other", 170)):
        image = np.full((1, 8, 8, 3), shade, np.uint8)
        renders.write(tmp_path, identity, image, {"status": "ok", "views": renders.views(0.5)})
    one, three = (pages.draw(page_of(tmp_path, suspect_rows(count))) for count in (1, 3))
    assert one.dtype == np.uint8 and one.shape[1] == three.shape[1] == pages.WIDTH
    assert three.shape[0] - one.shape[0] == pages.HEIGHT + pages.GAP
    for shade in (90, 170):
        area = pages.PICTURE**2
        assert ((three == shade).all(axis=2).sum() - 3 * area) < 0.02 * area
        assert (one == shade).all(axis=2).sum() >= area
