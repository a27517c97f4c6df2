import json
import sys

import numpy as np
import pytest
from scipy import ndimage

from fossilvit.errors import UserError
from fossilvit.pages import contact_sheet, glance, groups, sheets
from fossilvit.store import layout, newick, records, tables
from fossilvit.store.renders import best_view
from scripts import draw_figures

from . import renders

RED = (255, 0, 0)


@pytest.fixture
def red():
    return np.full((30, 30, 3), RED, np.uint8)


def write_groups(folder, clusters, noise=(), stability=0.934, reading="highly stable"):
    """The tables of clusters, whose number, and whose members and how firmly these belong there, are given."""
    rows = [(name, -1, 0, second, 0.3, 0, "", "", "", "") for name, second in noise]
    about = []
    for number, members in clusters.items():
        ranked = list(members.items())
        for rank, (name, prob) in enumerate(ranked, 1):
            rows.append((name, number, prob, 5, 0.2, 0, rank, "", "", ""))
        least = [name for name, _ in sorted(ranked[1:], key=lambda member: member[1])]
        names = (ranked[0][0], *([name for name, _ in ranked[1:3]] + ["", ""])[:2], *(least + ["", ""])[:2])
        about.append((number, len(ranked), len(ranked), stability, reading, 0.1, *names))
    tables.write_table(folder / "clusters.csv", tables.CLUSTERS_COLUMNS, sorted(rows))
    tables.write_table(folder / "cluster_summary.csv", tables.CLUSTER_SUMMARY_COLUMNS, about)


def read_groups(folder):
    return groups.read_groups(folder / "clusters.csv", folder / "cluster_summary.csv")


@pytest.fixture
def grouped(tmp_path):
    """A function that writes tables and reads them as groups."""

    def grouped(*arguments, **others):
        write_groups(tmp_path, *arguments, **others)
        return read_groups(tmp_path)

    return grouped


def many(count, prob=1.0):
    return {f"s{index:03d}": prob for index in range(count)}


def inked(sheet):
    return (sheet != 255).any(axis=2)


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (5, 1, 5), (6, 1, 6), (7, 2, 6), (48, 8, 6)])
def test_a_sheet_shows_every_picture_in_rows_of_six(red, count, rows, columns):
    sheet = contact_sheet.draw("", [contact_sheet.Picture(red, "")] * count)
    squares, found = ndimage.label((sheet[::4, ::4] == RED).all(axis=2))
    boxes = ndimage.find_objects(squares)
    assert found == count
    assert {(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes} == {
        (contact_sheet.PICTURE // 4,) * 2
    }
    assert len({box[0].start for box in boxes}) == rows and len({box[1].start for box in boxes}) == columns


def test_a_sheet_without_pictures_is_a_title():
    assert inked(contact_sheet.draw("Noise", [])).any()
    assert not inked(contact_sheet.draw("", [])).any()


def test_label_and_note_are_written_below_the_picture(red):
    bare, labeled, noted = (
        inked(contact_sheet.draw("", [contact_sheet.Picture(red, label, note)]))
        for label, note in (("", ""), ("標本", ""), ("標本", "p = 1"))
    )
    bottom = np.flatnonzero(bare.any(axis=1)).max()
    assert labeled[bottom + 1 :].sum() > 0 and not bare[bottom + 1 :].any()
    assert noted.sum() > labeled.sum()


def test_japanese_letters_are_drawn_and_not_replaced_by_boxes():
    letters = [inked(contact_sheet.draw(letter, [])) for letter in "化石標本"]
    assert all(letter.any() for letter in letters)
    assert not any(np.array_equal(letters[i], letters[j]) for i in range(4) for j in range(i))


def test_a_long_label_keeps_its_end_and_stays_within_its_picture(red):
    label = "ammonoidea/" * 20 + "NHM-1234"
    sheet, other = (contact_sheet.draw("", [contact_sheet.Picture(red, text)]) for text in (label, label[:-1] + "5"))
    picture = np.flatnonzero((sheet == RED).all(axis=2).any(axis=0))
    assert np.flatnonzero(inked(sheet).any(axis=0)).max() <= picture.max() + 2
    assert not np.array_equal(inked(sheet), inked(other))


def test_the_best_view_is_upright_and_no_mirror_image(tmp_path):
    images = np.zeros((4, 8, 8, 3), np.uint8)
    views = renders.views(0.2, 0.9, 0.3, 0.8)
    views[1]["up"], views[3]["mirrored"] = [0, 0.5, -0.8], True
    renders.write(tmp_path, "a", images, {"status": "ok", "views": views})
    assert best_view(tmp_path, "a") == layout.view_path(tmp_path, "a", 2)


def test_a_picture_of_the_file_is_taken_from_above_as_the_file_stands():
    """The pose turned this specimen over, so that z of the pose is down in its file."""
    views = renders.views(0.9, 0.2, 0.3, 0.8)
    for view, height in zip(views, (1.0, -1.0, -0.6, -0.6), strict=True):
        view["direction"] = [0, (1 - height**2) ** 0.5, height]
    views[3]["mirrored"] = True
    record = {"views": views, "camera": {"rotation": [[1, 0, 0], [0, -1, 0], [0, 0, -1]]}}
    assert records.fullest_from_above(record) == 2


def test_a_picture_for_people_is_shown_where_there_is_one(tmp_path):
    record = {"status": "ok", "views": renders.views(0.5), "picture": "file", "align": "principal"}
    renders.write(tmp_path, "a", np.zeros((1, 8, 8, 3), np.uint8), record)
    assert best_view(tmp_path, "a").name == "a_picture.png"
    renders.write(tmp_path, "a", np.zeros((1, 8, 8, 3), np.uint8), {**record, "align": "none"})
    assert best_view(tmp_path, "a").name == "a_view00.png"


def test_the_best_view_shows_most(tmp_path):
    images = np.full((3, 40, 40, 3), 200, np.uint8)
    renders.write(tmp_path, "a/b", images, {"status": "ok", "views": renders.views(0.2, 0.4, 0.4)})
    assert best_view(tmp_path, "a/b") == layout.view_path(tmp_path, "a/b", 1)


def test_sheets_come_in_order_of_the_tree_and_show_the_most_typical_first(grouped):
    found = grouped({4: {"b": 0.9, "a": 0.95, "c": 0.8}, 0: {"e": 1, "d": 0.9}})
    drawn = list(sheets.cluster_sheets("", found))
    assert [sheet.name for sheet in drawn] == ["cluster_04", "cluster_00"]
    assert [[picture.label for picture in sheet.pictures] for sheet in drawn] == [["b", "a", "c"], ["e", "d"]]


@pytest.mark.parametrize(
    ("about", "title"),
    [
        ({}, "Cluster 3: 2 specimens, highly stable (0.93)"),
        ({"stability": ""}, "Cluster 3: 2 specimens, highly stable"),
        ({"stability": "", "reading": ""}, "Cluster 3: 2 specimens"),
    ],
)
def test_the_title_of_a_cluster_says_how_stable_it_is_if_that_is_known(grouped, about, title):
    (sheet,) = sheets.cluster_sheets("", grouped({3: {"a": 1, "b": 1}}, **about))
    assert sheet.title == title


def test_the_least_firm_specimens_are_marked_as_doubtful_if_they_are_not_firm_enough(grouped):
    members = {"a": 1, "b": 0.9, "c": 0.8, "d": 0.76, "e": 0.41}
    (sheet,) = sheets.cluster_sheets("", grouped({3: members}))
    assert [picture.note for picture in sheet.pictures[2:]] == [
        "p = 0.80",
        "p = 0.76",
        "doubtful: p = 0.41\nnext is cluster 5",
    ]
    assert [picture.warns for picture in sheet.pictures] == [False] * 4 + [True]


def test_a_large_cluster_shows_its_most_typical_and_its_most_doubtful_specimens(grouped):
    members = many(212) | {"s100": 0.5, "s060": 0.3, "s150": 0.6, "s211": 0.9}
    (sheet,) = sheets.cluster_sheets("", grouped({3: members}))
    assert "48 of 212 specimens: the 40 most typical and the 8 most doubtful" in sheet.title
    labels = [picture.label for picture in sheet.pictures]
    assert len(labels) == len(set(labels)) == 48
    assert labels[:40] == list(members)[:40] and labels[-4:] == ["s211", "s150", "s100", "s060"]
    assert [picture.label for picture in sheet.pictures if picture.warns] == ["s150", "s100", "s060"]


def test_much_noise_is_shown_in_part(grouped):
    (sheet,) = sheets.cluster_sheets("", grouped({}, [(f"s{index:02d}", 7) for index in range(77)]))
    assert (sheet.name, sheet.title) == ("noise", "Noise: the first 48 of 77 specimens in no cluster")
    assert len(sheet.pictures) == 48 and sheet.pictures[0].note == "next is cluster 7"


@pytest.mark.parametrize(("count", "title"), [(47, "Nearest to q"), (60, "Nearest to q: the nearest 47 of 60")])
def test_the_sheet_of_neighbors_says_how_many_of_them_it_shows(tmp_path, count, title):
    table = tmp_path / "knn_q.csv"
    tables.write_table(table, tables.NEIGHBORS_COLUMNS, [("q", f"s{index}", 0.1) for index in range(count)])
    (sheet,) = sheets.neighbor_sheets("", [table])
    assert sheet.title == title and len(sheet.pictures) == 48


def test_tables_of_different_clusters_are_refused(tmp_path):
    write_groups(tmp_path, {0: many(3)})
    kept = (tmp_path / "clusters.csv").read_bytes()
    write_groups(tmp_path, {1: many(3)})
    (tmp_path / "clusters.csv").write_bytes(kept)
    with pytest.raises(UserError, match="same clusters"):
        read_groups(tmp_path)


@pytest.mark.parametrize(
    ("name", "columns", "column"),
    [
        ("clusters.csv", tables.CLUSTERS_COLUMNS, "rank"),
        ("clusters.csv", tables.CLUSTERS_COLUMNS, "prob"),
        ("cluster_summary.csv", tables.CLUSTER_SUMMARY_COLUMNS, "stability"),
    ],
)
@pytest.mark.parametrize("value", ["nan", "inf", "x"])
def test_a_table_with_something_else_in_the_place_of_a_number_is_refused(tmp_path, name, columns, column, value):
    write_groups(tmp_path, {0: many(3)})
    rows = tables.read_table(tmp_path / name, columns)
    tables.write_table(tmp_path / name, columns, [(row | {column: value}).values() for row in rows])
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        read_groups(tmp_path)


def test_a_warning_has_another_color_than_a_note(red):
    for warns, color, other in (
        (False, contact_sheet.GRAY, contact_sheet.WARNING),
        (True, contact_sheet.WARNING, contact_sheet.GRAY),
    ):
        sheet = contact_sheet.draw("", [contact_sheet.Picture(red, "", "note", warns)])
        assert (sheet == color).all(axis=2).any() and not (sheet == other).all(axis=2).any()


def test_a_picture_is_read_when_it_is_drawn(red):
    read = contact_sheet.draw("", [contact_sheet.Picture(lambda: red, "")])
    assert np.array_equal(read, contact_sheet.draw("", [contact_sheet.Picture(red, "")]))


def test_a_long_title_is_broken_into_lines_within_the_sheet():
    lines = contact_sheet.wrapped("the nearest 47 of 60 " * 3 + "x" * 90, 52, 700)
    assert len(lines) > 3 and all(contact_sheet.font(52).getlength(line) <= 700 for line in lines)
    assert lines[-1].startswith("…") and lines[-1].endswith("xxx")


def test_a_line_end_in_an_id_is_written_as_a_question_mark():
    assert contact_sheet.fitted("a\nb", 32, 1000) == "a?b"


@pytest.mark.parametrize(("upper", "left"), [(10, 22), (0, 0), (36, 30)])
def test_a_small_picture_is_taken_closer(upper, left):
    image = np.full((40, 40, 3), 250, np.uint8)
    image[upper : upper + 4, left : left + 10] = 0
    small = np.asarray(contact_sheet.thumbnail(contact_sheet.Picture(image, ""), 100, closer=True))
    assert (small < 90).all(axis=2).mean() > 0.3
    blank = np.full((40, 40, 3), 250, np.uint8)
    assert (np.asarray(contact_sheet.thumbnail(contact_sheet.Picture(blank, ""), 9, closer=True)) == 250).all()


def test_a_row_shows_the_medoid_first_and_the_most_doubtful_last(grouped):
    members = {"m": 1, "t": 0.9, "u": 0.5, "v": 0.8, "w": 0.95, "x": 0.9, "y": 0.9}
    (page,) = glance.pages("", grouped({2: members}), "1 group")
    (row,) = page.rows
    assert (row.name, row.facts) == ("Cluster 2", ["7 specimens", "highly stable (0.93)"])
    assert [picture.label for picture in row.pictures] == ["m", "t", "w", "x", "v", "u"]
    assert [picture.warns for picture in row.pictures] == [False] * 5 + [True]


def test_a_medoid_that_is_doubtful_is_shown_first_and_marked(grouped):
    (cluster,) = grouped({2: {"m": 0.4, "t": 0.9, "u": 0.5}}).clusters
    (page,) = glance.pages("", groups.Groups([cluster._replace(doubtful=("m", "u"))], []), "1 group")
    assert [(picture.label, picture.warns) for picture in page.rows[0].pictures] == [
        ("m", True),
        ("t", False),
        ("u", True),
    ]


@pytest.mark.parametrize(("clusters", "lengths"), [(0, [0]), (1, [1]), (12, [12]), (13, [6, 7]), (37, [9, 9, 9, 10])])
def test_pages_of_all_groups_are_of_like_length(grouped, clusters, lengths):
    found = grouped({number: {f"s{number}": 1} for number in range(clusters)})
    pages = list(glance.pages("", found, "Groups"))
    assert [len(page.rows) for page in pages] == lengths
    assert [row.name for page in pages for row in page.rows] == [f"Cluster {number}" for number in range(clusters)]
    names = ["clusters", *(f"clusters_{number}" for number in range(2, len(lengths) + 1))]
    assert [page.name for page in pages] == names
    assert pages[-1].title == ("Groups" if len(lengths) == 1 else f"Groups (page {len(lengths)} of {len(lengths)})")


def test_a_full_page_of_groups_fits_the_proportions_of_a4(red):
    picture = contact_sheet.Picture(red, "標本" * 20, "doubtful: p = 0.41", True)
    row = glance.Row("Cluster 1", ["3 specimens", "do not trust (0.31)"], True, (0, 0, 200), [picture] * 6)
    page = glance.draw(glance.Page("clusters", "Groups", [row] * glance.ROWS))
    assert page.shape[0] / page.shape[1] < 1.5
    assert (page[:, -3:] == 255).all() and (page[-3:] == 255).all()
    assert (page == contact_sheet.WARNING).all(axis=2).any()


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """A function that draws the figures of specimens, and returns the record and the names of all files."""

    def draw(*members, answer=None):
        write_groups(
            tmp_path,
            {0: dict.fromkeys(members, 0.9)} if len(members) > 1 else {},
            [(members[0], "")][: len(members) == 1],
        )
        record = {"made_from": {"collection": None}} | ({"answer": answer} if answer else {})
        (tmp_path / "clusters.json").write_text(json.dumps(record))
        steps = np.arange(1, len(members))
        tree = np.stack([np.where(steps == 1, 0, len(members) + steps - 2), steps, steps, steps + 1], axis=1)
        newick.write_tree(tmp_path / "tree.nwk", tree, members)
        for name in members:
            record = {"status": "ok", "views": renders.views(0.5)}
            renders.write(tmp_path / "renders", name, np.zeros((1, 8, 8, 3), np.uint8), record)
        places = (
            "--renders",
            tmp_path / "renders",
            "--clusters",
            tmp_path / "clusters.csv",
            "--out",
            tmp_path / "figures",
        )
        monkeypatch.setattr(sys, "argv", ["draw_figures", *map(str, places)])
        draw_figures.main()
        drawn = json.loads((tmp_path / "figures/figures.json").read_text())["pictures"]
        return drawn, {path.name for path in (tmp_path / "figures").iterdir()}

    return draw


def test_the_record_of_figures_names_every_picture(draw):
    drawn, files = draw("a", "b", "c/標本")
    assert {*drawn} == files - {"figures.json"} == {"clusters.png", "cluster_00.png", "tree.svg", "tree.png"}


def test_one_specimen_has_no_tree(draw):
    drawn, files = draw("a")
    assert {*drawn} == files - {"figures.json"} == {"clusters.png", "noise.png"}


def test_the_answer_is_the_title_of_the_page_of_all_groups(tmp_path, grouped):
    found = grouped({0: many(3)})
    assert draw_figures.answer(tmp_path / "clusters.csv", found) == "1 cluster"
    (tmp_path / "clusters.json").write_text('{"answer": "1 group of 3 specimens."}')
    assert draw_figures.answer(tmp_path / "clusters.csv", found) == "1 group of 3 specimens."
