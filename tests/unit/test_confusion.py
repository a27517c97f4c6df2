from collections import Counter

import pytest

from fossilvit.errors import UserError
from fossilvit.pages import confusion
from fossilvit.store.tables import CONFUSION_COLUMNS, write_table

STRANGE = ["a$x$", "$\\frac{$", "bell\x07 and\nline", "標本 アンモナイト", "long/" * 40 + "MB.C.1234"]


def picture(folder, pairs):
    write_table(folder / "confusion.csv", CONFUSION_COLUMNS, [(*pair, count) for pair, count in pairs.items()])
    return confusion.draw(folder / "confusion.csv")


def test_the_title_counts_specimens_whose_neighbor_is_of_their_category():
    pairs = Counter({("a", "a"): 30, ("a", "b"): 7, ("b", "b"): 1})
    assert confusion.title(pairs) == "31 of 38 specimens have their nearest neighbor in their own category."


def test_categories_that_are_taken_for_each_other_stand_side_by_side():
    names = "abcdef"
    pairs = Counter({(name, name): 5 for name in names}) + Counter({("a", "e"): 1, ("e", "c"): 2, ("f", "b"): 1})
    assert "".join(confusion.matrix(pairs).columns) == "aecbfd"


def test_a_category_without_queries_is_a_column_and_no_row():
    found = confusion.matrix(Counter({("a", "a"): 2, ("a", "alone"): 1}))
    assert (found.rows, found.columns) == (["a"], ["a", "alone"])
    assert found.counts.tolist() == [[2, 1]]


def test_of_many_categories_the_most_confused_are_shown_and_no_specimen_is_lost():
    names = [f"{number:03d}" for number in range(60)]
    pairs = Counter({(name, name): 3 for name in names})
    pairs += Counter({(name, names[(number + 1) % 60]): 1 for number, name in enumerate(names[:45])})
    found = confusion.matrix(pairs)
    assert len(found.rows) == confusion.MOST and found.columns == [*found.columns[:-1], confusion.OTHERS]
    assert found.counts.sum(axis=1).tolist() == [sum(pairs[row, name] for name in names) for row in found.rows]
    assert all(name in found.rows for name in names[1:40])
    assert confusion.title(pairs).endswith("these are the 40 of 60 categories with the most confusions.")


def test_the_own_category_is_blue_and_another_is_orange(tmp_path):
    pixels = picture(tmp_path, {("a", "a"): 3, ("b", "a"): 4}).reshape(-1, 3)
    for color in (confusion.OWN, confusion.OTHER):
        assert (pixels == color).all(axis=1).sum() > 0.5 * confusion.CELL**2
    lonely = picture(tmp_path, {("a", "a"): 3}).reshape(-1, 3)
    assert not (lonely == confusion.OTHER).all(axis=1).any()


@pytest.mark.parametrize("count", [1, 5])
def test_strange_and_long_names_are_drawn_within_the_picture(tmp_path, count):
    pairs = {(name, STRANGE[number - 1]): 10**number for number, name in enumerate(STRANGE[:count])}
    pixels = picture(tmp_path, pairs)
    assert pixels.shape[1] <= confusion.NARROWEST + count * confusion.CELL
    for edge in (pixels[:10], pixels[-10:], pixels[:, :10], pixels[:, -10:]):
        assert (edge == 255).all()


def test_a_table_without_queries_gives_a_picture_that_says_so(tmp_path):
    assert (picture(tmp_path, {}) < 255).any()
    assert "No specimen" in confusion.title(Counter())


def test_another_table_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"other\.csv"):
        confusion.draw(tmp_path / "other.csv")
    assert not (tmp_path / "confusion.png").exists()
