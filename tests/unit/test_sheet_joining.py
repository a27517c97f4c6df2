"""Rows of specimen sheets and scans: by names, by catalog numbers, and every ambiguity refused."""

import csv
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fossilvit.errors import UserError
from fossilvit.sheet import joining, reading, words
from fossilvit.sheet.columns import Columns, Schema
from fossilvit.sheet.joining import JOINING
from fossilvit.sheet.nearest import Nearest
from fossilvit.sheet.unmatched import Unmatched

from ..conftest import REPOSITORY

KNOWN = Schema(REPOSITORY / "workflow" / "schemas" / "specimens.schema.yaml")
CODES = ["institutionCode", "collectionCode", "catalogNumber"]


def sheet(folder, header, *rows):
    path = folder / "sheet.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return Columns(KNOWN, reading.read(path, KNOWN.meaning, JOINING))


@pytest.fixture
def join(tmp_path):
    """Joins rows to scans: the number of the row by ID."""

    def run(identities, header, *rows):
        columns = sheet(tmp_path, header, *rows)
        partners = joining.join(columns, identities).partners
        return {identity: columns.sheet.rows[partner.row].number for identity, partner in sorted(partners.items())}

    return run


@pytest.fixture
def refused(join):
    """The sentence that refuses a sheet, which holds all these words."""

    def run(identities, header, *rows, says):
        with pytest.raises(UserError) as error:
            join(identities, header, *rows)
        message = str(error.value)
        assert "\n" not in message and message.endswith(".")
        assert [word for word in says if word not in message] == [], message

    return run


@pytest.fixture
def reasons(tmp_path):
    """The sentences about scans without a row, and about rows without a scan."""

    def run(identities, header, *rows):
        columns = sheet(tmp_path, header, *rows)
        joined = joining.join(columns, identities)
        unmatched = Unmatched(columns, joined, identities)
        taken = {partner.row for partner in joined.partners.values()}
        scans = [unmatched.scan(one) for one in identities if one not in joined.partners]
        return scans, [unmatched.row(place) for place in range(len(rows)) if place not in taken]

    return run


# By name


@pytest.mark.parametrize(
    "name",
    [
        *("femur/UF 1.v2", "UF 1.v2", "UF 1.v2.ply", "UF 1.v2.PLY", "femur/UF 1.v2.stl.gz", "./femur/UF 1.v2.ply"),
        *(
            r"femur\UF 1.v2.ply",
            r"C:\scans\femur\UF 1.v2.ply",
            "/home/me/scans/femur/UF 1.v2.ply",
            "D:/raw/UF 1.v2.ply",
            "FEMUR/uf 1.V2.ply",
        ),
        *(
            "https://example.org/media/UF 1.v2.ply",
            "ＵＦ　１．ｖ２",
            "ＵＦ　１．ｖ２．ｐｌｙ",
            " UF 1.v2 .ply",
            "['UF 1.v2.ply']",
        ),
    ],
)
@pytest.mark.parametrize("column", ["file", "specimen_id"])
def test_a_row_names_a_scan_in_many_ways(join, name, column):
    assert join(["femur/UF 1.v2", "tibia/other"], [column], [name]) == {"femur/UF 1.v2": 2}


def test_a_path_may_begin_above_the_folder_of_scans(join):
    assert join(["a/x", "b/x"], ["file"], ["/data/b/x.ply"], ["scans/a/x.ply"]) == {"a/x": 3, "b/x": 2}


def test_composed_and_decomposed_names_are_one(join):
    for form in ("NFC", "NFD"):
        name = unicodedata.normalize(form, "ガス/Größe é")
        assert join([unicodedata.normalize("NFD", "ガス/Größe é")], ["file"], [f"{name}.ply"])


def test_names_that_differ_only_in_case_are_two(join):
    assert join(["a/Femur", "a/femur"], ["file"], ["femur.ply"], ["Femur.ply"]) == {"a/Femur": 3, "a/femur": 2}


def test_an_id_as_our_tables_escape_it_is_named(join):
    assert join(["-1", "b"], ["specimen_id"], ["'-1"]) == {"-1": 2}


def test_a_whole_id_comes_before_the_end_of_another(join):
    assert join(["x", "a/x"], ["specimen_id"], ["x"]) == {"x": 2}


def test_names_that_name_no_scan_at_all_do_not_count(join):
    rows = [["IMG_1.jpg", "UF 1"], ["IMG_2.jpg", "UF 2"]]
    assert join(["UF_1", "UF_2"], ["file", "catalogNumber"], *rows) == {"UF_1": 2, "UF_2": 3}
    assert join(["UF_1_femur", "UF_2"], ["Specimen ID"], ["UF 1"], ["UF-2b"]) == {"UF_1_femur": 2}


def test_a_row_that_names_a_scan_is_joined_by_that_alone(join):
    rows = [["UF_1.ply", "UF 2"], ["wrong.ply", "UF 2"]]
    assert join(["UF_1", "UF_2"], ["file", "catalogNumber"], *rows) == {"UF_1": 2}


def test_a_file_with_another_extension_names_a_scan_that_no_row_has(join):
    rows = [["UF_1.ply", "Mesh"], ["UF_1.zip", "CTImageSeries"], ["UF_2.zip", "Mesh"], ["UF_3.zip", "CTImageSeries"]]
    assert join(["UF_1", "UF_2", "UF_3"], ["file", "media_type"], *rows) == {"UF_1": 2, "UF_2": 4}
    assert join(["x/a", "y/a"], ["file"], ["x/a.ply"], ["a.zip"]) == {"x/a": 2}


@pytest.mark.parametrize(
    ("identities", "header", "rows", "says"),
    [
        (["a/x", "b/x"], ["file"], [["x.ply"]], ["Row 2", "'a/x'", "'b/x'", "with its folder"]),
        (["a/x", "b/y"], ["file"], [["x.ply"], ["y"], ["a/x"]], ["row 2", "row 4", "'a/x'"]),
        (["a/x", "b/y"], ["specimen_id", "file"], [["a/x", "y.ply"]], ["Row 2", "'a/x'", "'b/y'"]),
        (["Ab", "aB"], ["file"], [["ＡＢ.ply"]], ["'Ab'", "'aB'"]),
    ],
)
def test_an_ambiguous_name_is_refused(refused, identities, header, rows, says):
    refused(identities, header, *rows, says=says)


# By catalog number


@pytest.mark.parametrize("scan", ["UF_12345", "UF-12345_femur_l", "uf 12345", "UF12345", "x/UF-herp-12345", "UF/12345"])
@pytest.mark.parametrize(
    "cell",
    [
        "UF 12345",
        "UF_12345",
        "UF-herp-12345",
        "uf:herp:12345",
        "UF12345",
        "UF No. 12345",
        "UF №12345",
        "ＵＦ　１２３４５",
    ],
)
def test_one_catalog_number_is_written_in_many_ways(join, scan, cell):
    assert join([scan, "UF_54321"], ["catalogNumber"], [cell]) == {scan: 2}


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("occurrenceID", "urn:catalog:UF:VP:12345"),
        ("dwc:occurrenceID", "http://example.org/guid/UF:VP:12345"),
        ("physical_object_title", "uf:vp:12345"),
        ("physical_object_title", "['UF VP 12345']"),
        ("otherCatalogNumbers", "UF 12345"),
        ("title", "UF VP 12345 [Mesh] [CT]"),
        ("標本番号", "UF 12345"),
        ("biological_specimen.catalog_number", "UF-VP-12345"),
    ],
)
def test_a_number_stands_in_columns_of_every_dialect(join, column, cell):
    assert join(["UF_VP_12345_femur", "UF_VP_12346"], [column], [cell]) == {"UF_VP_12345_femur": 2}


@pytest.mark.parametrize(
    ("scan", "codes"),
    [
        ("UF_VP_12345", ["UF", "VP", "12345"]),
        ("UF_12345", ["UF", "VP", "12345"]),
        ("UF_VP_12345", ["UF", "", "12345"]),
        ("UF_VP_12345", ["UF", "Vertebrate Paleontology", "12345"]),
        ("UF_herp_12345", ["UF", "Herpetology", "12345"]),
        ("UF_12345", ["UF", "VP", "UF 12345"]),
        ("UF_12345", ["UF", "VP", "UF-VP-12345"]),
        ("NHMUK_PV_R_1234", ["NHMUK", "PAL", "PV R 1234"]),
        ("NHMUK PV R1234 skull", ["NHMUK", "", "PV R 1234"]),
        ("UF_12345", ["Florida Museum of Natural History", "VP", "UF 12345"]),
        ("12345", ["UF", "VP", "12345"]),
        ("femur 12345", ["UF", "VP", "12345"]),
        ("VP_12345", ["UF", "VP", "12345"]),
        ("UF_MRI_12345", ["UF", "", "12345"]),
        ("UF_VP_12345", ["UF", "", "12345.0"]),
        ("UF_VP_12345", ["UF", "", "No. 12345"]),
    ],
)
def test_codes_in_columns_of_their_own_are_part_of_the_number(join, scan, codes):
    assert join([scan, "other_1"], CODES, codes) == {scan: 2}


@pytest.mark.parametrize(
    ("scan", "codes"),
    [
        ("USNM_12345", ["UF", "VP", "12345"]),
        ("USNM/12345", ["UF", "VP", "12345"]),
        ("USNM_VP_12345", ["UF", "VP", "12345"]),
        ("UF_IP_12345", ["UF", "VP", "12345"]),
        ("USNM_P_1234", ["NHMUK", "", "P 1234"]),
        ("UF_123456", ["UF", "VP", "12345"]),
        ("scan2", ["UF", "", "2"]),
        ("UF_12345_2", ["UF", "", "2"]),
    ],
)
def test_another_institution_collection_or_number_does_not_fit(join, scan, codes):
    assert join([scan, "UF_VP_1"], CODES, codes, ["UF", "VP", "1"]) == {"UF_VP_1": 3}


def test_a_column_that_counts_the_rows_joins_no_scan_whose_name_ends_with_a_count(join):
    rows = [["1", "UF 7"], ["2", "UF 8"]]
    assert join(["UF_7", "tooth_2", "x/1"], ["ID", "catalogNumber"], *rows) == {"UF_7": 2, "x/1": 2}
    assert join(["a_000456123"], ["ID", "catalogNumber"], ["000456123", ""]) == {"a_000456123": 2}


def test_a_title_does_not_join_the_scans_of_a_folder(join):
    assert join(["femur/UF_1", "tibia/femur"], ["title", "part"], ["Femur [Mesh]", "femur"]) == {"tibia/femur": 2}


def test_an_institution_of_the_sheet_is_known_in_any_case(join):
    assert join(["usnm_12345", "usnm_1"], CODES, ["UF", "", "12345"], ["USNM", "", "1"]) == {"usnm_1": 3}


def test_zeros_in_front_do_not_count_if_nothing_exact_is_there(join):
    assert join(["UF_00123"], ["catalogNumber"], ["UF 123"]) == {"UF_00123": 2}
    assert join(["UF_123"], ["catalogNumber"], ["UF 00123"]) == {"UF_123": 2}
    assert join(["UF_123", "UF_00123"], ["catalogNumber"], ["UF 00123"], ["UF 123"]) == {"UF_00123": 2, "UF_123": 3}
    assert join(["UF_123", "UF_00123"], ["catalogNumber"], ["UF 123"]) == {"UF_123": 2}


def test_a_row_about_an_object_has_all_scans_of_it(join):
    scans = ["UF_1/femur", "UF_1/tibia", "more/UF-1-skull"]
    assert join(scans, ["catalogNumber"], ["UF 1"]) == {scan: 2 for scan in sorted(scans)}


def test_the_file_name_comes_before_the_folder_and_the_longer_number_before_the_shorter(join):
    assert join(["UF_100/UF_101_x"], ["catalogNumber"], ["UF 100"], ["UF 101"]) == {"UF_100/UF_101_x": 3}
    assert join(["UF_12345_2"], ["catalogNumber"], ["UF 12345"], ["UF 12345.2"]) == {"UF_12345_2": 3}


def test_a_name_without_a_number_must_be_the_whole_name_or_be_explained_by_the_row(join):
    header, row = ["catalogNumber", "part", "side"], ["ICL", "femur", "left"]
    assert join(["ICL_femur_l", "ICL_sacrum", "femur/ICL"], header, row) == {"ICL_femur_l": 2, "femur/ICL": 2}


@pytest.mark.parametrize(
    ("identities", "header", "rows", "says"),
    [
        (["UF_1_x"], ["catalogNumber"], [["UF 1"], ["UF-1"]], ["row 2 ('UF 1')", "row 3 ('UF-1')", "UF_1_x", "`file`"]),
        (["UF_1"], CODES, [["UF", "VP", "1"], ["UF", "IP", "1"]], ["UF VP 1", "UF IP 1", "'UF_1'"]),
        (["x_123"], CODES, [["UF", "", "123"], ["USNM", "", "123"]], ["UF 123", "USNM 123", "'x_123'"]),
        (["UF_123", "MB_123"], ["catalogNumber"], [["123"]], ["row 2 ('123')", "'UF_123'", "'MB_123'", "institution"]),
        (["UF_VP_12", "UF_IP_12"], ["catalogNumber"], [["UF 12"]], ["row 2 ('UF 12')", "'UF_VP_12'", "'UF_IP_12'"]),
        (["0123"], ["catalogNumber"], [["UF 123"], ["UF 00123"]], ["UF 123", "UF 00123", "'0123'"]),
        (["UF_1"], ["catalogNumber", "part"], [["UF 1", "femur"], ["UF 1", "tibia"]], ["row 2", "row 3", "'UF_1'"]),
        (["UF_1_l"], ["catalogNumber", "部位", "side"], [["UF 1", "x", "L"], ["UF 1", "y", "L"]], ["row 2", "row 3"]),
        (["111_222"], ["catalogNumber"], [["111"], ["222"]], ["'111'", "'222'", "'111_222'"]),
    ],
)  # fmt: skip
def test_an_ambiguous_number_is_refused_with_both_names(refused, identities, header, rows, says):
    refused(identities, header, *rows, says=says)


def test_the_row_whose_codes_all_stand_in_the_id_comes_first(join):
    assert join(["A2_femur_r", "A2_MRI_femur_r"], CODES, ["A2", "MRI", "femur_r"], ["A2", "", "femur_r"]) == {
        "A2_MRI_femur_r": 2,
        "A2_femur_r": 3,
    }
    assert join(["UF_VP_12_x"], CODES, ["UF", "", "12"], ["UF", "VP", "12"]) == {"UF_VP_12_x": 3}
    assert join(["x_123"], CODES, ["UF", "", "123"], ["", "", "123"]) == {"x_123": 3}


# By what the row says beside the number


SIDES = ["left", "L", "l.", "Links", "左", "sin."]


@pytest.mark.parametrize("left", SIDES)
@pytest.mark.parametrize("named", ["UF_1_femur_l", "UF_1_left femur", "left/UF 1 femur", "UF_1-L", "femur/UF_1_links"])
def test_rows_of_one_object_differ_by_side(join, left, named):
    rows = [["UF 1", "femur", left], ["UF 1", "femur", "Right"]]
    assert join([named, "UF_1_femur_R"], ["catalogNumber", "部位", "左右"], *rows) == {named: 2, "UF_1_femur_R": 3}


def test_rows_of_one_object_differ_by_part_which_a_folder_may_say(join):
    rows = [["UF 1", "femur"], ["UF 1", "tibia"], ["UF 1", "femur head"]]
    scans = ["a/UF_1_femur", "tibia/UF_1", "femur/UF_1_femur_head"]
    assert join(scans, ["catalogNumber", "element"], *rows) == dict(zip(sorted(scans), [2, 4, 3], strict=True))


def test_rows_of_one_object_differ_by_kind_of_scan(join):
    rows = [["A2", "MagneticResonanceImaging"], ["A2", "MicroNanoXRayComputedTomography"], ["A2", ""]]
    found = join(["A2_MRI", "A2_CT", "A2_femur"], ["catalogNumber", "modality"], *rows)
    assert found == {"A2_CT": 3, "A2_MRI": 2, "A2_femur": 4}


def test_a_row_about_a_mesh_comes_before_one_about_images(join):
    rows = [["UF 1", "CTImageSeries"], ["UF 1", "Mesh"], ["UF 1", "Image"]]
    assert join(["UF_1"], ["catalogNumber", "media_type"], *rows) == {"UF_1": 3}


def test_letters_of_the_number_are_no_side(join):
    rows = [["NHMUK R 1234", "left"], ["NHMUK R 1234", "right"]]
    assert join(["NHMUK_R_1234_left"], ["catalogNumber", "side"], *rows) == {"NHMUK_R_1234_left": 2}


# Scans and rows without a partner


def test_a_scan_and_a_row_without_partner_are_told_with_the_nearest(reasons):
    scans, rows = reasons(["UF_12345", "UF_12346_femur"], ["catalogNumber"], ["UF 12345"], ["UF 12364"])
    assert scans == ["No row is about the scan 'UF_12346_femur'; the nearest is row 3 ('UF 12364')."]
    assert rows[0] == "No scan belongs to row 3 ('UF 12364'); the nearest is 'UF_12346_femur'."


def test_typing_errors_in_file_names_are_told_with_the_nearest(reasons):
    right = ["femur/Ammonit_A", "femur/Ammonit_B", "tibia/Belemnit_A"]
    for wrong in ("Amonit_B.ply", "Ammonti_B.ply", "Ammonit_Bb.ply", "Xmmonit_B.ply", "tibia/Ammonit_B.ply"):
        scans, rows = reasons(right, ["file"], ["Ammonit_A.ply"], [wrong], ["Belemnit_A"])
        assert scans == [f"No row is about the scan 'femur/Ammonit_B'; the nearest is row 3 ({wrong!r})."], wrong
        assert rows == [f"No scan belongs to row 3 ({wrong!r}); the nearest is 'femur/Ammonit_B'."]


def test_the_nearest_of_many_names_differs_in_one_letter_anywhere():
    nearest = Nearest(f"{chr(97 + number % 26)}mmonit {number} x" for number in range(10, 99))
    assert [nearest.to(name)[1] for name in ("zmmonit 17 x", "rmmonit 17 xq", "rmmnoit 17 x")] == ["rmmonit 17 x"] * 3
    assert Nearest([]).to("x") == (0, "")


def test_the_nearest_that_has_a_partner_is_told_with_it(reasons):
    scans, rows = reasons(["UF_1", "snail"], ["file", "note"], ["UF_1", "x"], ["UF_1b", "x"], ["", "x"])
    assert rows[0] == "No scan belongs to row 3 ('UF_1b'); the nearest is 'UF_1', which belongs to row 2 ('UF_1')."
    assert rows[1] == "Row 4 does not say which scan it is about."


def test_a_row_that_the_id_contradicts_is_told(reasons):
    rows = [["UF 1", "right"], ["UF 2", "left"]]
    scans, others = reasons(["UF_1_femur_l", "UF_2_l"], ["catalogNumber", "Seite"], *rows)
    assert scans == ["No row fits the scan 'UF_1_femur_l': row 2 ('UF 1') has its number, but 'right' as 'Seite'."]
    assert others == ["No scan belongs to row 2 ('UF 1'): 'UF_1_femur_l' has its number, but not 'right' as 'Seite'."]


# Properties

CODE = st.sampled_from(["UF", "USNM", "uf", ""])
NUMBER = st.sampled_from(["1", "12", "0012", "12345", "R 12"])
SIGN = st.sampled_from(["_", "-", " ", "/", ""])
PART = st.sampled_from(["", "femur", "tibia", "l", "r", "MRI"])
IDS = (
    st.tuples(CODE, SIGN, NUMBER, SIGN, PART)
    .map("".join)
    .filter(lambda one: one.strip("/ ") == one and "//" not in one)
)
ROWS = st.tuples(CODE, st.sampled_from(["", "VP"]), NUMBER, PART, st.sampled_from(["", "left", "右"]))


@given(st.lists(IDS, min_size=1, max_size=6, unique=True), st.lists(ROWS, min_size=1, max_size=6))
def test_every_number_of_a_row_stands_in_the_id_that_it_is_joined_to(tmp_path_factory, identities, rows):
    columns = sheet(tmp_path_factory.getbasetemp(), [*CODES, "part", "side"], *rows)
    try:
        partners = joining.join(columns, identities).partners
    except UserError:
        assume(False)
    for identity, partner in partners.items():
        digits = [token.lstrip("0") for token in words.tokens(rows[partner.row][2]) if token.isdecimal()]
        found = [token.lstrip("0") for token in words.tokens(identity) if token.isdecimal()]
        assert any(digits == found[at : at + len(digits)] for at in range(len(found)))


@given(st.lists(IDS, min_size=1, max_size=8, unique_by=lambda one: words.plain(one)))
def test_every_scan_that_a_row_names_whole_is_joined_to_it(tmp_path_factory, identities):
    columns = sheet(tmp_path_factory.getbasetemp(), ["file"], *([f"{identity}.ply"] for identity in identities))
    partners = joining.join(columns, identities).partners
    assert {identity: partner.row for identity, partner in partners.items()} == {
        identity: place for place, identity in enumerate(identities)
    }
