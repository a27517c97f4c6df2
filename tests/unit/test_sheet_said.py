"""All that a specimen sheet says of scans: facts, the joined sheet, and sentences, in every dialect."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.errors import UserError
from fossilvit.scans import inventory
from fossilvit.sheet import facts, said
from fossilvit.sheet.facts import Facts
from fossilvit.sheet.said import Wanted
from fossilvit.store.tables import SHEET_COLUMNS, read_wider_table, write_table

from .test_sheet_reading import SCHEMA, workbook

PLAIN = Wanted("auto", "folder", None, None)


def take(path, identities, **wanted):
    return said.take(path, SCHEMA, identities, PLAIN._replace(**wanted))


def table_file(folder, header, *rows, delimiter=",", name="sheet.csv"):
    path = Path(folder, name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


@pytest.fixture
def says(tmp_path):
    """Takes a sheet of these rows, and checks that its facts come back from the joined sheet."""

    def run(identities, header, *rows, **wanted):
        found = take(table_file(tmp_path, header, *rows), identities, **wanted)
        assert round_trip(tmp_path, found, identities) == found.facts
        return found

    return run


def round_trip(folder, found, identities):
    write_table(folder / "joined.csv", *found.table({}))
    return facts.read(folder / "joined.csv", identities)


@pytest.fixture
def refused(says):
    def run(identities, header, *rows, **wanted):
        with pytest.raises(UserError) as error:
            says(identities, header, *rows, **wanted)
        assert "\n" not in str(error.value)
        return str(error.value)

    return run


# Categories


def test_folders_are_the_categories_unless_a_setting_names_others(says):
    identities = ["a/b/UF_1", "a/UF_2", "UF_3"]
    found = says(identities, ["catalogNumber", "folder"], ["UF 1", "x"])
    assert found.facts.levels == facts.of_folders(identities).levels


def test_a_ladder_is_read_from_columns_in_any_dialect_with_the_deepest_level_last(says):
    rows = [["UF 1", "Primates", "ヒト科", "Homo", "sapiens"], ["UF 2", "Primates", "?", "Pan", "sp."]]
    header = ["標本番号", "dwc:order", "科", "Gattung", "Art"]
    found = says(["UF_1", "UF_2"], header, *rows, category="order/family / genus/species")
    assert list(found.facts.levels) == ["order", "family", "genus", "species"]
    assert found.facts.levels == {
        "order": {"UF_1": "Primates", "UF_2": "Primates"},
        "family": {"UF_1": "ヒト科"},
        "genus": {"UF_1": "Homo", "UF_2": "Pan"},
        "species": {"UF_1": "Homo sapiens"},
    }
    assert found.facts.deepest == "species"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["scientificName"], ["Homo sapiens Linnaeus, 1758"]),
        (["physical_object_taxonomy_name"], ["['Homo sapiens']"]),
        (["taxonomy.taxonomy_genus", "taxonomy.taxonomy_species"], ["Homo", "sapiens"]),
        (["Genus", "Species"], ["Homo", "sapiens"]),
        (["species"], ["Homo sapiens"]),
        (["学名", "species"], ["Homo sapiens", ""]),
        (["genus", "specificEpithet", "scientificName"], ["", "", "Homo sapiens"]),
    ],
)
def test_genus_and_species_are_taken_from_what_the_sheet_has(says, header, row):
    found = says(["UF_1"], ["catalogNumber", *header], ["UF 1", *row], category="genus/species")
    assert found.facts.levels == {"genus": {"UF_1": "Homo"}, "species": {"UF_1": "Homo sapiens"}}


def test_a_category_may_be_any_column_and_folder_one_of_the_levels(says):
    found = says(["a/UF_1"], ["catalogNumber", "My / column"], ["UF 1", " x  y "], category="My / column")
    assert found.facts.levels == {"My / column": {"a/UF_1": "x y"}}
    found = says(["a/UF_1"], ["catalogNumber", "bed"], ["UF 1", "３"], category="folder/bed")
    assert found.facts.levels == {"folder": {"a/UF_1": "a"}, "bed": {"a/UF_1": "3"}}


@pytest.mark.parametrize(
    ("category", "message"),
    [
        ("familly", "no column 'familly'; the nearest is 'family'"),
        ("family/genus", "no column 'genus'"),
        ("family//bed", "empty level"),
        ("family/Family/family", "twice"),
        ("bed", "no scan has a value of 'bed'"),
    ],
)
def test_a_category_that_cannot_be_read_is_refused(refused, category, message):
    assert message in refused(["UF_1"], ["catalogNumber", "family", "bed"], ["UF 1", "A", "?"], category=category)


def test_labels_that_look_like_typing_errors_are_named(says):
    rows = [
        ["1", "Hominidae", "Homo"],
        ["2", "Hominidae", "Homo"],
        ["3", "Hominidea", "Homo"],
        ["4", "Hominidae", "homo"],
    ]
    identities = ["UF_1", "UF_2", "UF_3", "UF_4"]
    header = ["catalogNumber", "family", "genus"]
    remarks = "\n".join(
        says(identities, header, *([f"UF {row[0]}", *row[1:]] for row in rows), category="family/genus").sentences
    )
    assert "'Hominidea' is the category of one scan; if it means 'Hominidae'" in remarks
    assert "'Homo' and 'homo' count as two categories" in remarks
    assert "'Homo' lies in two categories of family, 'Hominidae' and 'Hominidea'" in remarks


def test_labels_that_differ_as_they_should_are_not_named(says):
    rows = [["UF 1", "bed 11"], ["UF 2", "bed 12"], ["UF 3", "bed 12"], ["UF 4", "tibia"], ["UF 5", "fibula"]]
    assert len(says([f"UF_{n}" for n in range(1, 6)], ["catalogNumber", "bed"], *rows, category="bed").sentences) == 1


# Objects


@pytest.mark.parametrize(
    ("header", "rows", "same"),
    [
        (["object"], [["A"], ["A"], ["B"]], True),
        (["physical_object_id"], [["000123"], ["000123"], ["000124"]], True),
        (["object", "part"], [["A", "femur"], ["A", "tibia"], ["B", "femur"]], True),
        (["Object ID", "part"], [["1", "femur"], ["1", "tibia"], ["2", "femur"]], False),
        (["Object ID", "部位", "左右"], [["1", "x", "左"], ["1", "x", "Left"], ["1", "x", "R"]], True),
        (["catalogNumber", "side"], [["UF 1", "l"], ["UF-1", "left"], ["UF 1", "r"]], True),
        (["occurrenceID"], [["urn:catalog:UF:VP:1"], ["urn:catalog:UF:VP:1"], ["urn:catalog:UF:VP:2"]], True),
    ],
)
def test_scans_of_one_object_are_known_by_identifier_part_and_side(says, header, rows, same):
    named = [[f"{name}.ply", *row] for name, row in zip("abc", rows, strict=True)]
    objects = says(["a", "b", "c"], ["file", *header], *named).facts.objects
    assert (objects["a"] == objects["b"]) is same and objects["a"] != objects["c"]


def test_scans_of_one_row_show_one_object(says):
    objects = says(["UF_1_a", "UF_1_b", "UF_2"], ["title"], ["UF 1"], ["UF 2"]).facts.objects
    assert objects == {"UF_1_a": "row 2", "UF_1_b": "row 2"}


def test_scans_that_count_as_one_are_told(says):
    rows = [["a", "S1"], ["b", "S1"], ["c", "S2"]]
    told = says(["a", "b", "c"], ["file", "catalogNumber"], *rows).sentences[-1]
    assert told.startswith("3 scans show 2 objects; for example, 'a' and 'b' show 'S 1' and count as one.")
    assert len(says(["a", "c"], ["file", "catalogNumber"], rows[0], rows[2]).sentences) == 1


def test_a_column_of_objects_that_is_named_is_used_alone(says, refused):
    header, rows = (
        ["file", "part", "skeleton", "empty"],
        [["a", "femur", "S1", ""], ["b", "tibia", "S1", "-"], ["c", "", "?", ""]],
    )
    assert says(["a", "b", "c"], header, *rows, object="skeleton").facts.objects == {"a": "S1", "b": "S1"}
    assert "no scan has a value of 'empty'" in refused(["a", "b"], header, *rows, object="empty")
    assert "object: " in refused(["a", "b"], header, *rows, object="skelton")


# Selection and restriction


def test_a_filter_selects_scans_and_the_facts_are_of_these_alone(says):
    rows = [["UF 1", "femur", "A"], ["UF 2", "tibia", "B"], ["UF 3", "femur", ""]]
    identities = ["x/UF_1", "x/UF_2", "x/UF_3", "x/UF_4"]
    header = ["catalogNumber", "部位", "family"]
    found = says(identities, header, *rows, category="family", select='part == "femur"', restrict="element")
    assert found.selected == {"x/UF_1", "x/UF_3"}
    objects = {"x/UF_1": "UF 1, femur", "x/UF_3": "UF 3, femur"}
    among = {"x/UF_1": "femur", "x/UF_3": "femur"}
    assert found.facts == Facts(objects, {"family": {"x/UF_1": "A"}}, among)
    columns, table = found.table({})
    assert [row[columns.index("selected")] for row in table] == ["true", "false", "true", "false"]
    assert "restrict: 部位" in columns and "category: family" in columns
    assert any("select takes 2 of the 3 scans" in sentence for sentence in found.sentences)


def test_without_a_filter_scans_without_a_row_are_selected_too(says):
    found = says(["UF_1", "UF_2"], ["catalogNumber"], ["UF 1"])
    assert found.selected is None
    assert [row[3] for row in found.table({})[1]] == ["true", "true"]


def test_a_filter_that_takes_no_scan_is_refused_with_the_values(refused):
    rows = [["UF 1", "Femur", "l"], ["UF 2", "Tibia", "l"], ["UF 3", "Femur", "l"]]
    header = ["catalogNumber", "element", "side"]
    message = refused(["UF_1", "UF_2", "UF_3"], header, *rows, select='part == "femur" and side == "l"')
    assert "'element' is 'Femur' (2), 'Tibia' (1), and 'side' is 'l' (3)" in message


def test_a_value_of_a_filter_that_no_row_has_is_told_with_the_nearest(says):
    rows = [["UF 1", "femur"], ["UF 2", "tibia"]]
    found = says(["UF_1", "UF_2"], ["catalogNumber", "part"], *rows, select='part in ["femur", "tibai"]')
    assert "select: no row has 'tibai' as 'part'; the nearest value is 'tibia'." in found.sentences


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"select": 'prat == "femur"'}, "select: the specimen sheet"),
        ({"restrict": "prat"}, "no column 'prat'; the nearest is 'part'"),
        ({"restrict": "side"}, "restrict: no scan has a value of 'side'"),
        ({"restrict": "side", "select": 'part == "femur"'}, "restrict: no scan has a value of 'side'"),
        ({"category": "family", "select": 'part == "femur"'}, "no scan that select takes has a value of 'family'"),
    ],
)
def test_a_setting_that_the_sheet_does_not_have_is_refused(refused, wanted, message):
    rows = [["UF 1", "femur", "", ""], ["UF 2", "tibia", "?", "A"]]
    assert message in refused(["UF_1", "UF_2"], ["catalogNumber", "part", "side", "family"], *rows, **wanted)


# The joined sheet


def test_the_joined_sheet_has_every_scan_and_every_row_with_all_columns(says, tmp_path):
    header = ["Nr", "catalogNumber", "unit", "object", "selected", "category: x", "note"]
    rows = [["7", "UF 2", "cm", "A", "maybe", "y", "=1+1"], ["8", "UF 9", "", "", "", "", "two\nlines"]]
    columns, table = says(["b/UF_2", "a/UF_1"], header, *rows).table({"b/UF_2": (1, 3.25, 2), "a/UF_1": (1, 1, 1)})
    assert columns[: len(SHEET_COLUMNS)] == list(SHEET_COLUMNS)
    assert columns[len(SHEET_COLUMNS) :] == [
        *("category: folder", "Nr", "catalogNumber", "unit", "object (sheet)", "selected (sheet)", "sheet category: x"),
        "note",
    ]
    found = [dict(zip(columns, row, strict=True)) for row in table]
    assert [row["specimen_id"] for row in found] == ["a/UF_1", "b/UF_2", ""]
    assert [row["sheet_row"] for row in found] == ["", "2", "3"]
    assert [row["joined_by"] for row in found] == ["", "catalogNumber", ""]
    assert [row["note"] for row in found] == ["", "=1+1", "two\nlines"]
    assert found[0]["reason"] == "No row is about the scan 'a/UF_1'; the nearest is row 3 ('UF 9')."
    assert found[2]["reason"] == "No scan belongs to row 3 ('UF 9'); the nearest is 'a/UF_1'."
    assert [found[1][name] for name in ("length_mm", "width_mm", "height_mm", "reason")] == ["32.5", "20", "10", ""]
    assert found[0]["length_mm"] == ""
    assert [row["category: folder"] for row in found] == ["a", "b", ""]


def test_a_column_with_a_name_of_ours_gets_one_that_no_other_has(says):
    header = ["catalogNumber", "object", "object (sheet)", "restrict: z"]
    columns, _ = says(["UF_1"], header, ["UF 1", "a", "b", "c"]).table({})
    assert columns[-4:] == ["catalogNumber", "object (sheet) (sheet)", "object (sheet)", "sheet restrict: z"]


@pytest.mark.parametrize(
    ("unit", "length"), [("mm", "1.23457"), ("µm", "0.00123457"), ("in", "31.358"), ("", ""), ("?", "")]
)
def test_lengths_are_in_mm_if_the_sheet_has_a_unit(says, unit, length):
    found = says(["UF_1"], ["catalogNumber", "単位"], ["UF 1", unit])
    assert found.table({"UF_1": (0.5, 1.2345678, 1)})[1][0][6] == length
    assert found.table({})[1][0][6] == ""


def test_the_counts_and_the_first_scan_and_row_without_partner_are_told(says):
    rows = [["UF 1", "x"], ["UF 7", "x"], ["UF 8", "x"], ["UF 23456", "x"]]
    first, scan, row, alone, misspelled = says(
        ["UF_1", "UF_2", "x23456"], ["catalogNumber", "familly"], *rows
    ).sentences
    assert "a row for 2 of 3 scans, and a scan for 2 of 4 rows" in first
    assert scan.startswith("No row is about the scan 'UF_2'")
    assert row.startswith("No scan belongs to row 3 ('UF 7')") and "(1 more are in results/sheet.csv.)" in row
    assert alone == "The scan 'x23456' was joined to row 5 ('UF 23456') by its number alone."
    assert "'familly'; if it means family" in misspelled


def test_a_sheet_about_other_scans_is_refused(refused):
    message = refused(["femur_a"], ["specimen_id", "file"], ["UF 12345", "b"])
    assert "belongs to a scan by its file or specimen_id: no scan belongs to row 2 ('b'); the nearest is" in message
    assert message.endswith("correct the rows, or add a column `file` that names the scan of every row.")


# Four dialects, of generated names and of the real leg bones

JAPANESE = {
    "femur": "大腿骨",
    "tibia": "脛骨",
    "calcn": "踵骨",
    "patella": "膝蓋骨",
    "pelvis": "骨盤",
    "talus": "距骨",
    "foot": "足",
}
LADDER = {"category": "order/family/genus/species"}
GENERATED = [
    f"{part}/UF_VP_{number}_{part}_{side}"
    for number in (12345, 12346, 23456)
    for part in ("femur", "tibia")
    for side in "lr"
]


def side_of(identity):
    return {"l": "Left", "r": "Right"}.get(identity.rpartition("_")[2], "")


def darwin_core(folder, identities):
    header = [
        "dwc:institutionCode",
        "dwc:catalogNumber",
        "dwc:scientificName",
        "dwc:order",
        "dwc:family",
        "ac:subjectPart",
    ]
    rows = []
    for identity in identities:
        part, _, name = identity.partition("/")
        rows.append(["MSK", name.replace("_", " "), "Homo sapiens Linnaeus, 1758", "Primates", "Hominidae", part])
    return table_file(folder, header, *rows)


def morphosource_api(folder, identities):
    header = ["id", "title", "media_type", "modality", "physical_object_id", "physical_object_title"]
    header += ["physical_object_taxonomy_name", "part", "side", "x_pixel_spacing", "unit", "ark", "order", "family"]
    rows = []
    for number, identity in enumerate(identities, 1):
        part, _, name = identity.partition("/")
        title = f"{name.replace('_', ' ').title()} [Mesh] [CT]"
        cells = [f"{number:09d}", title, "Mesh", "", f"{number + 5000:09d}", f"msk:leg:{name.lower()}", "Homo sapiens"]
        cells += [part, side_of(identity), "0.05", "Mm", f"ark:/87602/m4/M{number}", "Primates", "Hominidae"]
        rows.append([f"['{cell}']" if cell else "[]" for cell in cells])
    return table_file(folder, header, *rows, delimiter="\t", name="sheet.tsv")


def morphosource_batch(folder, identities):
    above = [["Media submission manifest"], [], ["Section", "", "Media"], ["Field Name", "", "File"], [], ["Required"]]
    header = [
        "Field Name (Machine Readable)",
        None,
        "media.media_file",
        "media.media_type",
        "biological_specimen.ms_id",
    ]
    header += ["biological_specimen.catalog_number", "media.part", "media.side", "media.unit", "media.x_spacing"]
    header += ["taxonomy.taxonomy_genus", "taxonomy.taxonomy_species", "order", "family"]
    rows = []
    for number, identity in enumerate(identities, 1):
        part, _, name = identity.partition("/")
        cells = [f"{name}.zip", "Mesh", f"{number:09d}", number, part, side_of(identity), "Mm", None]
        rows.append([None, None, *cells, "Homo", "sapiens", "Primates", "Hominidae"])
    return workbook(folder, *above, header, *rows, before=[[["Instructions"], ["media.media_file", "The file"]]])


def japanese_excel(folder, identities):
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code) not in "_"}
    rows = []
    for identity in identities:
        part, _, name = identity.partition("/")
        side = {"Left": "左", "Right": "右", "": "不明"}[side_of(identity)]
        rows.append(
            [
                None,
                name.replace("_", "　").translate(wide),
                JAPANESE[part],
                side,
                "ミリ",
                "霊長目",
                "ヒト科",
                "Homo sapiens",
            ]
        )
    header = [None, "標本番号", "部位", "左　右", "単位", "目", "科", "学名"]
    return workbook(folder, ["骨格標本一覧（２０２４年）"], [], header, *rows, title="標本")


DIALECTS = [darwin_core, morphosource_api, morphosource_batch, japanese_excel]


def check_dialect(folder, dialect, identities):
    """Every scan has the row that was made from it, and the sheet says its species, object and unit."""
    found = take(dialect(folder, identities), identities, **LADDER, restrict="part")
    assert "a row for {0} of {0} scans, and a scan for {0} of {0} rows".format(len(identities)) in found.sentences[0]
    assert len(found.sentences) == 1
    assert {identity: partner.row for identity, partner in found.joined.partners.items()} == {
        identity: place for place, identity in enumerate(identities)
    }
    assert found.facts.categories == dict.fromkeys(identities, "Homo sapiens")
    assert found.facts.among.keys() == set(identities)
    assert len({*found.facts.objects.values()}) == len(identities)
    assert round_trip(folder, found, identities) == found.facts
    has_unit = dialect is not darwin_core
    assert all((row[6] == "3") is has_unit for row in found.table({one: (1, 2, 3) for one in identities})[1])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.__name__)
def test_a_sheet_of_every_dialect_is_joined_whole(tmp_path, dialect):
    check_dialect(tmp_path, dialect, GENERATED)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.__name__)
def test_a_sheet_of_every_dialect_about_the_leg_bones_is_joined_whole(tmp_path, dialect, real_meshes):
    check_dialect(tmp_path, dialect, [*inventory.take(real_meshes / "leg_bones").specimens])


def about_subjects(identities):
    """Rows that name the subject, the bone, the side and the kind of scan in columns of their own."""
    for identity in identities:
        part, _, name = identity.partition("/")
        subject, *others = name.split("_")
        kind = {"MRI": "MagneticResonanceImaging", "CT": "MicroNanoXRayComputedTomography"}.get(others[0], "")
        yield [subject, "pelvis without sacrum" if "no_sacrum" in name else part, side_of(identity), kind]


def test_rows_about_subjects_are_joined_by_bone_side_and_kind_of_scan(tmp_path):
    identities = [
        "femur/A2_MRI_femur_l",
        "femur/A2_femur_l",
        "femur/A2_MRI_femur_r",
        "tibia/A2_CT_tibia_l",
        "tibia/B22_tibia",
    ]
    path = table_file(tmp_path, ["catalogNumber", "part", "side", "modality"], *about_subjects(identities))
    assert [take(path, identities).joined.partners[one].row for one in identities] == [*range(len(identities))]


def test_rows_about_the_subjects_of_the_leg_bones_are_joined_by_bone_side_and_kind_of_scan(tmp_path, real_meshes):
    identities = [one for one in inventory.take(real_meshes / "leg_bones").specimens if "no_sacrum" not in one]
    path = table_file(tmp_path, ["catalogNumber", "part", "side", "modality"], *about_subjects(identities))
    assert [take(path, identities).joined.partners[one].row for one in identities] == [*range(len(identities))]


# Properties

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.sampled_from(["UF_1", "UF_2_l", "a/UF_2_r", "b/3", "c/UF_VP_4", "é", "-1", "x/=y"])
NUMBERS = st.one_of(st.sampled_from(["UF 1", "UF 2", "UF_4", "3", "UF 99", ""]), TEXT)
FILES = st.one_of(st.sampled_from(["", "é.ply", "x/=y", "gone.ply"]), st.just(""))


@given(
    st.lists(NAMES, min_size=1, unique=True),
    st.lists(st.tuples(FILES, NUMBERS, TEXT, TEXT), max_size=6, unique_by=lambda row: row[:2]),
    st.sampled_from(["folder", "category: z", "object", "folder/object"]),
    st.sampled_from([None, "object", "category: z"]),
    st.sampled_from([None, 'object != ""']),
)
def test_every_scan_and_row_is_in_the_joined_sheet_once_or_the_sheet_is_refused(
    tmp_path_factory, identities, rows, category, restrict, select
):
    identities, rows = [*identities, "first"], [("first.ply", "", "one", "z"), *rows]
    folder = tmp_path_factory.getbasetemp()
    path = table_file(folder, ["file", "catalogNumber", "object", "category: z"], *rows)
    try:
        found = take(path, identities, category=category, restrict=restrict, select=select)
    except UserError as error:
        assert str(error).endswith(".")
        return
    columns, table = found.table(dict.fromkeys(identities, (1.0, 2.0, 3.0)))
    write_table(folder / "joined.csv", columns, table)
    assert read_wider_table(folder / "joined.csv", SHEET_COLUMNS) == (
        columns,
        [dict(zip(columns, row, strict=True)) for row in table],
    )
    assert [row[0] for row in table if row[0]] == sorted(identities)
    numbers = [row[1] for row in table]
    assert {number for number in numbers if number} == {str(row.number) for row in found.columns.sheet.rows}
    assert all(numbers.count(row[1]) == 1 for row in table if not row[0])
    assert all(bool(row[4]) is not bool(row[0] and row[1]) for row in table)
    assert facts.read(folder / "joined.csv", identities) == found.facts
