"""Specimen sheets as files: formats, encodings, headers, and the columns that are known."""

import csv
import io
import zipfile
from datetime import datetime

import openpyxl
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fossilvit.errors import UserError
from fossilvit.sheet import reading
from fossilvit.sheet.columns import Columns, Schema
from fossilvit.sheet.joining import JOINING

from ..conftest import REPOSITORY

SCHEMA = REPOSITORY / "workflow" / "schemas" / "specimens.schema.yaml"
KNOWN = Schema(SCHEMA)


def read(path):
    return reading.read(path, KNOWN.meaning, JOINING)


def text_file(folder, content, name="sheet.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder, *lines, title="Sheet", before=(), name="sheet.xlsx"):
    """A workbook whose sheet `title` holds lines, behind sheets with other lines."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, others in enumerate(before):
        sheet = book.create_sheet(f"Other {number}")
        for line in others:
            sheet.append(line)
    sheet = book.create_sheet(title)
    for line in lines:
        sheet.append(line)
    book.save(folder / name)
    return folder / name


def cells(sheet):
    return [list(row.cells.values()) for row in sheet.rows]


def refused(path):
    with pytest.raises(UserError) as error:
        read(path)
    message = str(error.value)
    assert str(path) in message and "\n" not in message and message.endswith(".")
    return message


# Texts


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sheet_is_read_with_any_delimiter_with_and_without_a_byte_order_mark(tmp_path, delimiter, encoding, end):
    stream = io.StringIO(newline="")
    lines = [["file", "学名", "note"], ["a.ply", "Homo, sapiens; L.", "x\ty"], ["b.ply", "", "0012"]]
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(lines)
    sheet = read(text_file(tmp_path, stream.getvalue().encode(encoding)))
    assert sheet.columns == lines[0]
    assert cells(sheet) == lines[1:]
    assert [row.number for row in sheet.rows] == [2, 3]


def test_lines_above_the_header_and_empty_lines_keep_the_numbers_of_rows(tmp_path):
    sheet = read(text_file(tmp_path, "sep=;\nOur scans of 2024\n\nfile;side\na;left\n\n;\nb;right\n"))
    assert sheet.columns == ["file", "side"]
    assert [(row.number, row.cells["file"]) for row in sheet.rows] == [(5, "a"), (8, "b")]


def test_of_several_lines_the_header_is_the_one_with_most_known_columns(tmp_path):
    sheet = read(text_file(tmp_path, "Catalog,x,y\nfile,part,side\na,femur,left\n"))
    assert sheet.columns == ["file", "part", "side"]


def test_a_cell_may_hold_line_ends_and_a_list_of_one_is_its_element(tmp_path):
    sheet = read(
        text_file(tmp_path, """file,part,note\n"['a']","[""000123""]","one\ntwo"\nb,"[]","['x', 'y']"\nc,[1],[x]\n""")
    )
    assert cells(sheet) == [["a", "000123", "one\ntwo"], ["b", "", "x; y"], ["c", "1", "[x]"]]
    assert [row.number for row in sheet.rows] == [2, 3, 4]


def test_control_characters_are_left_out_of_cells(tmp_path):
    assert cells(read(text_file(tmp_path, "file,note\na\x07b,x\ufeff\n"))) == [["ab", "x"]]


def test_a_column_without_a_name_gets_that_of_its_place_and_an_empty_one_is_left_out(tmp_path):
    sheet = read(text_file(tmp_path, ",file,,part\n0,a,,femur\n1,b,,tibia\n"))
    assert sheet.columns == ["column A", "file", "part"]


@pytest.mark.parametrize(
    ("encoding", "content", "named"),
    [
        ("cp932", "ファイル名,部位\n標本１.ply,大腿骨\n", "cp932 (Shift-JIS)"),
        ("cp932", "file,産地\nA-1,北海道三笠市幾春別川上流 ｱﾝﾓﾅｲﾄ\n", "cp932 (Shift-JIS)"),
        ("euc_jp", "file,産地\nA-1,北海道\n", "EUC-JP"),
        ("latin-1", "file,Fundort\nA-1,Nördlingen, Größe über 3 m\n", "cp1252 (Latin-1)"),
        ("cp1252", "file;Länge\nA-1;„groß“\n", "cp1252 (Latin-1)"),
        ("utf-16", "file,part\na,femur\n", "UTF-16"),
        ("utf-16-le", "file,part\na,femur\n", "UTF-16"),
    ],
)
def test_the_encoding_of_a_file_that_is_not_in_utf8_is_named(tmp_path, encoding, content, named):
    message = refused(text_file(tmp_path, content.encode(encoding)))
    assert f"seems to be in {named}" in message and "CSV UTF-8" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n,,\n", "is empty"),
        ("file,part\n", "has no rows"),
        ("part,side\nfemur,left\n", "no column that says which scan a row is about, only 'part', 'side'"),
        ("file,part\na,femur,left\n", "Row 2"),
        ("file,part,side\na,femur,left\nb\n", "Row 3"),
        ("file,part,file\na,femur,b\n", "column 'file' twice, in A and C"),
        ("file,part,ｆｉｌｅ\na,femur,b\n", "twice, in A and C"),
        ('file,part\na,"femur\nb,tibia\n', "correct the quotes"),
        ('file,part\na,"fem"ur\n', "in line 2"),
    ],
)
def test_a_text_that_is_no_good_table_is_refused_in_one_sentence(tmp_path, content, said):
    assert said in refused(text_file(tmp_path, content))


@pytest.mark.parametrize("ending", [".xls", ".ods", ".numbers", ".PDF"])
def test_other_formats_are_refused_by_their_names(tmp_path, ending):
    assert f"of the kind {ending.lower()}" in refused(text_file(tmp_path, b"whatever", f"sheet{ending}"))


def test_a_file_that_is_missing_a_folder_or_protected_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"specimens: there is no file .*gone\.csv; correct the path"):
        read(tmp_path / "gone.csv")
    assert "cannot be read" in refused(tmp_path)
    assert "password" in refused(text_file(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet.xlsx"))
    assert "no workbook" in refused(text_file(tmp_path, b"PK\x03\x04broken", "sheet.xlsx"))


@given(st.one_of(st.binary(max_size=60), st.text("file,;\t\n\"'[]a学Ａ\r\0", max_size=60).map(str.encode)))
@example(b"PK")
@example(b"file\n" + b"[" * 5000 + b"]" * 5000)
@example(b'file\n"' + b"x" * 200_000)
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = text_file(tmp_path_factory.getbasetemp(), content)
    try:
        sheet = read(path)
    except UserError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert all(set(row.cells) == set(sheet.columns) for row in sheet.rows)


# Workbooks


def test_cells_of_a_workbook_are_text(tmp_path):
    line = ["a", 12345, 12345.0, 0.05, "00123", datetime(2024, 5, 1), True, None, " x "]
    path = workbook(tmp_path, ["file", *"bcdefghi"], line)
    assert cells(read(path)) == [["a", "12345", "12345", "0.05", "00123", "2024-05-01", "True", "", "x"]]


def test_the_sheet_of_a_workbook_that_has_a_header_is_read_with_its_numbers_of_rows(tmp_path):
    lines = [["標本一覧"], [], [None, "ファイル名", "部位"], [None, "ａ", "大腿骨"], [], [None, "b", None]]
    sheet = read(workbook(tmp_path, *lines, before=[[["Notes"]], []]))
    assert sheet.columns == ["ファイル名", "部位"]
    assert [(row.number, *row.cells.values()) for row in sheet.rows] == [(4, "ａ", "大腿骨"), (6, "b", "")]


def test_the_manifest_of_morphosource_for_batches_has_its_header_in_row_7(tmp_path):
    above = [["MorphoSource"], [], ["Section", "", "Media"], ["Field Name", "", "File name", "Side"], ["Required?"], []]
    header = ["Machine Readable", None, "media.media_file", "biological_specimen.catalog_number", "media.side"]
    sheet = read(workbook(tmp_path, *above, header, [None, None, "a.ply", "12345", "Left"]))
    assert sheet.columns == ["Machine Readable", *header[2:]]
    assert [row.number for row in sheet.rows] == [8]


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    path = workbook(tmp_path, ["file"], ["a.ply"])
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    monkeypatch.setattr(reading, "LARGEST", size)
    assert read(path).rows
    monkeypatch.setattr(reading, "LARGEST", size - 1)
    assert "unpacks to more than" in refused(path)


def test_a_misspelled_column_that_would_join_is_named_with_what_it_may_mean(tmp_path):
    sentence = refused(text_file(tmp_path, "part,catalogNumbr\nfemur,UF 1\n"))
    assert "write catalogNumber for 'catalogNumbr' if it means that" in sentence


def test_an_empty_workbook_is_refused(tmp_path):
    assert "is empty" in refused(workbook(tmp_path))


# Known columns


def test_the_schema_is_a_schema_and_no_name_means_two_columns():
    rules = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(rules)
    for column, rule in rules["properties"].items():
        assert rule["description"].endswith(".")
        for name in (column, *rule.get("aliases", ())):
            assert KNOWN.meaning(name) == column, name
    assert set(JOINING) <= set(rules["properties"])
    assert set(rules["properties"]["unit"]["millimeters"]) == set(rules["properties"]["unit"]["enum"])


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("dwc:catalogNumber", "catalogNumber"),
        ("dwc_family", "family"),
        ("ac:subjectPart", "part"),
        ("ac:captureDevice", "device"),
        ("media.media_file", "file"),
        ("biological_specimen.ms_id", "physical_object_id"),
        ("biological_specimen.institution_code", "institutionCode"),
        ("taxonomy.taxonomy_genus", "genus"),
        ("Media ID", "id"),
        ("X Pixel Spacing", "x_spacing"),
        ("ＣＡＴＡＬＯＧ　Ｎｏ．", "catalogNumber"),
        ("標本番号", "catalogNumber"),
        ("Inventar-Nr.", "catalogNumber"),
        ("左右（L/R）", "side"),
        ("unit [of length]", "unit"),
        ("media.parent_ms_id", None),
        ("media.description", None),
        ("", None),
    ],
)
def test_a_column_is_known_by_its_names_in_other_dialects(name, column):
    assert KNOWN.meaning(name) == column


def columns(folder, content):
    return Columns(KNOWN, read(text_file(folder, content)))


def test_of_two_columns_of_one_meaning_the_exact_name_counts_and_both_stay(tmp_path):
    found = columns(tmp_path, "file,element,part\na,x,femur\n")
    assert found.own["part"] == "part" and found.sheet.columns == ["file", "element", "part"]


def test_a_setting_names_a_column_by_its_own_name_or_a_known_one(tmp_path):
    found = columns(tmp_path, "ファイル名,部位,My Column\na,大腿骨,1\n")
    assert [found.find("restrict", name) for name in ("部位", "part", "Element", "my column")] == [
        *["部位"] * 3,
        "My Column",
    ]
    with pytest.raises(UserError, match="restrict: .* has no column 'prat'; the nearest is 'part'"):
        found.find("restrict", "prat")


@pytest.mark.parametrize("value", ["mm", "Mm", "ＭＭ", "millimeters", "Millimetre", "ミリメートル"])
def test_a_unit_has_many_spellings(tmp_path, value):
    found = columns(tmp_path, f"file,unit\na,{value}\n")
    found.check()
    assert found.get(found.sheet.rows[0], "unit") == "mm"


@pytest.mark.parametrize("value", ["", "?", "unknown", "n/a", "不明"])
def test_a_value_that_says_nothing_is_no_value(tmp_path, value):
    found = columns(tmp_path, f"file,単位\na,{value}\n")
    found.check()
    assert found.get(found.sheet.rows[0], "unit") == ""


def test_a_wrong_value_is_refused_with_its_row_its_column_and_what_is_allowed(tmp_path):
    with pytest.raises(UserError, match="Row 3 .* has 'mn' as 'Einheit', which must be one of um, mm, cm, m, km"):
        columns(tmp_path, "file,Einheit\na,mm\nb,mn\nc,xx\nd,mn\n").check()
    with pytest.raises(UserError, match="Row 2 .* has 'wide' as 'x_spacing', which must be a positive number"):
        columns(tmp_path, "file,x_spacing,y_spacing\na,wide,0.05\n").check()
    columns(tmp_path, 'file,x_spacing,y_spacing\na,"0,05",1e-3\n').check()


def test_a_column_that_looks_like_a_misspelled_known_one_is_named(tmp_path):
    sentences = columns(tmp_path, "file,familly,catalogNumbr,remarks,age class\na,b,c,d,e\n").misspelled()
    assert [name for name in ("family", "catalogNumber") if any(name in sentence for sentence in sentences)] == [
        "family",
        "catalogNumber",
    ]
    assert len(sentences) == 2
