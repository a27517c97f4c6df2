"""Row filters: what they take, and everything else refused in one sentence."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.errors import UserError
from fossilvit.sheet import selection, words

ROWS = [
    {"part": "femur", "side": "left", "mass": "12,5", "my column": "x", "部位": "大腿骨", "class": "A"},
    {"part": "femur", "side": "right", "mass": "3", "my column": "", "部位": "大腿骨", "class": "B"},
    {"part": "ｔｉｂｉａ", "side": "left", "mass": "", "my column": "x y", "部位": "脛骨", "class": "A"},
    {"part": "Femur", "side": "", "mass": "heavy", "my column": "10", "部位": "", "class": ""},
]


def find(name):
    if name not in ROWS[0]:
        raise UserError(f"select: no column {name!r}.")
    return name


def meant(column, text):
    """As in a sheet whose column `side` has two words for the left one."""
    return "left" if column == "side" and text == "l" else words.shown(text)


def taken(text):
    takes = selection.read(text, find, meant).takes
    return [number for number, row in enumerate(ROWS) if takes(row)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('part == "femur"', [0, 1]),
        ("part == 'femur' and side == 'left'", [0]),
        ('part == "tibia" or side == "right"', [1, 2]),
        ('not (part == "femur" or side == "left")', [3]),
        ('part != "femur"', [2, 3]),
        ('"femur" == part', [0, 1]),
        ('part in ["tibia", "Femur"]', [2, 3]),
        ("part in ('tibia',)", [2]),
        ('side == "l"', [0, 2]),
        ('side not in ["l", "right"]', [3]),
        ('part not in ["femur"]', [2, 3]),
        ('side == ""', [3]),
        ("mass > 3", [0]),
        ("mass >= 3.0", [0, 1]),
        ("3 < mass < 12.6", [0]),
        ("mass < 100", [0, 1]),
        ("mass == 12.5", [0]),
        ("mass != 3", [0, 2, 3]),
        ("mass > -1", [0, 1]),
        ("mass in [3, 12.5]", [0, 1]),
        ('mass == "3"', [1]),
        ('`my column` == "x y"', [2]),
        ('`class` == "A" and `my column` != ""', [0, 2]),
        ('部位 == "大腿骨"', [0, 1]),
        ("ｐａｒｔ　＝＝　＂ｔｉｂｉａ＂", [2]),
        ('part == "`my column`" or side == "right"', [1]),
        ("part == side", []),
        ('side > "m"', [1]),
        ("  part == 'femur'\n and side == 'left'", [0]),
    ],
)
def test_a_filter_takes_rows(text, rows):
    assert taken(text) == rows


def test_a_filter_knows_its_columns_and_the_texts_that_they_should_equal():
    read = selection.read('part in ["femur", "x"] and `my column` != "y" and mass > 3 and side > "m"', find, meant)
    assert read.columns == ["part", "my column", "mass", "side"]
    assert read.values == [("part", "femur"), ("part", "x"), ("my column", "y")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('part = "femur"', "write == for equal"),
        ("part == “femur”", "write straight quotes"),
        ('part == "femur" AND side == "left"', "in small letters"),
        ('part == "femur" && side == "left"', "in small letters"),
        ('!(part == "femur")', "in small letters"),
        ('(part == "femur") & (side == "left")', "`and` for &"),
        ('(part == "femur") | (side == "left")', "`or` for |"),
        ('class == "A"', "`class` between backticks"),
        ("part == femur", "no column 'femur'"),
        ('prat == "femur"', "no column 'prat'"),
        ("part ==", "cannot be read near"),
        ("", "cannot be read"),
        ("part", "no comparison"),
        ("part and side", "no comparison"),
        ('"a" == "a"', "no comparison"),
        ("1 < 2", "no comparison"),
        ('"fem" in part', "no comparison"),
        ("part in side", "no comparison"),
        ("part == True", "'True'"),
        ("part == None", "'None'"),
        ('part == -"x"', "no comparison"),
        ('part is "femur"', "no comparison"),
        ('part.upper() == "FEMUR"', "'part.upper()'"),
        ('part[0] == "f"', "'part[0]'"),
        ("mass + 1 > 3", "'mass + 1'"),
        ('f"{part}" == "femur"', "no comparison"),
        ("[x for x in part] == 1", "no comparison"),
        ("lambda: part == 1", "no comparison"),
        ('__import__("os").system("true")', "no comparison"),
        ('(part := "x") == "x"', "no comparison"),
        ("`my column` + 1 == 2", "`my column` + 1"),
        ("(" * 300 + "part", "cannot be read"),
        ("part == '\0'", "cannot be read"),
    ],
)
def test_anything_else_is_refused_in_one_sentence_that_says_what(text, says):
    with pytest.raises(UserError) as error:
        taken(text)
    message = str(error.value)
    assert says in message and message.startswith("select: ") and "\n" not in message


NUMBERS = st.floats(-1000, 1000).map(lambda value: round(value, 3))
SIGNS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(SIGNS)))
def test_numbers_are_compared_as_numbers(cell, value, sign):
    takes = selection.read(f"mass {sign} {value}", find, meant).takes
    assert takes({"mass": str(cell)}) is SIGNS[sign](cell, value)
    assert takes({"mass": str(cell).replace(".", ",")}) is SIGNS[sign](cell, value)


@given(st.text(), st.text(alphabet="ab _\"'`=()<>!&|[],.1é部", max_size=30))
def test_any_text_is_read_or_refused(cell, text):
    try:
        read = selection.read(text, lambda name: name, meant)
    except UserError as error:
        assert str(error).startswith("select: ")
    else:
        assert read.takes({column: cell for column in read.columns}) in (True, False)
