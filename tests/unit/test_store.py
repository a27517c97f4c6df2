import hashlib
import os
import re
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from fossilvit.errors import UserError
from fossilvit.store import files, layout, tables
from fossilvit.store.arrays import array_ids, read_array, write_array, write_result
from fossilvit.store.embeddings import read_embeddings, read_passport, write_embeddings
from fossilvit.store.png import write_image
from fossilvit.store.records import read_record, recorded, recorded_digest
from fossilvit.store.renders import best_view, forget_views, read_view, rendered_ids, view_paths
from fossilvit.store.shards import read_scatter, read_shard, read_shard_record, write_shard
from fossilvit.store.tables import escaped, read_table, unescaped, write_table

from . import renders

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
TEXTS = st.text(max_size=20)
FORMULA = "=+-@\t\r\n＝＋－＠"
"""The characters that a formula begins with."""
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(st.sampled_from(FORMULA + ";'\" a"))
"""What a table holds, also texts of nothing but what must be escaped or quoted."""
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
NO_SCATTER = np.zeros((0, 3), np.float32)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 9, 3), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


def test_a_file_written_atomically_is_whole_and_alone(tmp_path):
    with files.atomic(tmp_path / "new" / "x") as file:
        file.write(b"content")
        assert not (tmp_path / "new" / "x").exists()
    assert os.listdir(tmp_path / "new") == ["x"]
    assert (tmp_path / "new" / "x").read_bytes() == b"content"


def test_an_error_while_writing_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), files.atomic(tmp_path / "x") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


FULL = """
import resource, sys
import numpy as np
from fossilvit.running import commands
from fossilvit.store import arrays, files, png, shards, tables

resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
path, noise = sys.argv[2], np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
write = {
    "array": lambda: arrays.write_array(path, noise.astype(np.float64)),
    "shard": lambda: shards.write_shard(path, ["a"], noise.reshape(1, -1), {}, {}, np.zeros((0, 1))),
    "picture": lambda: png.write_image(path, noise),
    "table": lambda: tables.write_table(path, ["a"], ([number] for number in range(10000))),
    "json": lambda: files.write_json(path, list(range(10000))),
}
sys.exit(commands.run(write[sys.argv[1]]))
"""


@pytest.mark.parametrize("what", ["array", "shard", "picture", "table", "json"])
def test_a_disk_that_is_full_in_the_middle_is_told_in_one_sentence_and_nothing_is_left(tmp_path, what):
    """The largest size of a file stands in for the size of the disk."""
    done = subprocess.run([sys.executable, "-c", FULL, what, tmp_path / "x"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"Error: {tmp_path / 'x'}: ") and " and run again" in done.stderr
    assert os.listdir(tmp_path) == []


def test_an_error_in_writing_names_the_file_and_not_the_unfinished_one(tmp_path):
    with pytest.raises(OSError) as error, files.atomic(tmp_path / "x"):
        raise OSError(28, "No space left on device")
    assert (error.value.errno, error.value.filename) == (28, str(tmp_path / "x"))
    (tmp_path / "y").mkdir()
    with pytest.raises(IsADirectoryError) as error, files.atomic(tmp_path / "y"):
        pass
    assert error.value.filename == str(tmp_path / "y")
    assert os.listdir(tmp_path) == ["y"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_written_file_has_the_rights_that_the_umask_gives(tmp_path, mask):
    usual = os.umask(mask)
    try:
        files.write_json(tmp_path / "x.json", 1)
        now = os.umask(mask)
    finally:
        os.umask(usual)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o666 & ~mask
    assert now == mask


@given(st.dictionaries(TEXTS, st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), TEXTS, st.lists(TEXTS))))
def test_json_is_read_back_as_written(folder, value):
    files.write_json(folder / "x.json", value)
    assert files.read_json(folder / "x.json") == value


def test_json_holds_plain_utf8(tmp_path):
    files.write_json(tmp_path / "x.json", {"名": "標本"})
    assert "標本" in (tmp_path / "x.json").read_text(encoding="utf-8")


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=FINITE))
def test_arrays_are_read_back_as_written(folder, array):
    write_array(folder / "x.npy", array)
    back = read_array(folder / "x.npy", array.ndim)
    assert back.dtype == array.dtype and back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4", np.int64, np.uint8])
def test_real_numbers_of_any_kind_are_read_as_float32(tmp_path, dtype):
    np.save(tmp_path / "x.npy", np.array([[1, 2], [3, 4]], dtype))
    found = read_array(tmp_path / "x.npy", 2)
    assert found.dtype == np.float32 and found.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("shape", [(0, 3), (0, 0)])
def test_an_array_without_rows_is_read(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.zeros(shape, np.float32))
    assert read_array(tmp_path / "x.npy", 2).shape == shape


UNUSABLE = {
    "NaN": [[1, 2], [3, np.nan], [np.nan, 4]],
    "infinity": [[1, 2], [-np.inf, 3], [4, 5]],
    "too large for float32": [[1, 2], [3, 1e39], [4, 5]],
    "complex numbers": [[1, 2], [3, 4j], [5, 6]],
    "truth values": [[True, False]] * 3,
    "text": [["1", "2"]] * 3,
    "bytes": np.array([[b"1", b"2"]] * 3),
    "fields": np.zeros((3, 2), [("x", np.float32)]),
    "dates": np.zeros((3, 2), "M8[s]"),
    "one axis": [1, 2, 3],
    "three axes": np.zeros((3, 2, 1)),
    "empty rows": np.zeros((3, 0)),
}
"""What is no matrix of finite real numbers, as arrays of three rows."""


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_is_no_matrix_of_finite_numbers_is_refused_wherever_it_is_read(tmp_path, what):
    """As features, scatter or embeddings, in a file of its own or in a shard."""
    array = np.asarray(UNUSABLE[what])
    for name in ("x", "embeddings"):
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "ids.txt").write_text("a\nb\nc\n")
    arrays = {"ids": np.array(["a", "b", "c"]), "embeddings": np.ones((3, 2)), "records": np.array(b"{}")}
    arrays["scatter"] = np.ones((3, 2))
    np.savez(tmp_path / "e.npz", **{**arrays, "embeddings": array})
    np.savez(tmp_path / "s.npz", **{**arrays, "scatter": array})
    reads = [
        (lambda: read_array(tmp_path / "x.npy", 2), "x.npy"),
        (lambda: read_embeddings(tmp_path / "embeddings.npy"), "embeddings.npy"),
        (lambda: read_shard(tmp_path / "e.npz"), "e.npz"),
        (lambda: read_scatter(tmp_path / "s.npz"), "s.npz"),
    ]
    for read, name in reads:
        with pytest.raises(UserError, match=f"{name} cannot be read .*; delete it and run again") as error:
            read()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_the_specimen_whose_embedding_is_not_finite_is_named(tmp_path, value):
    embeddings = np.ones((3, 2))
    embeddings[1, 0] = value
    np.save(tmp_path / "embeddings.npy", embeddings)
    (tmp_path / "ids.txt").write_text("a\nshells/標本\nc\n")
    arrays = {"records": np.array(b"{}"), "scatter": NO_SCATTER}
    np.savez(tmp_path / "0000.npz", ids=np.array(["a", "shells/標本", "c"]), embeddings=embeddings, **arrays)
    for read, name in ((read_embeddings, "embeddings.npy"), (read_shard, "0000.npz")):
        with pytest.raises(UserError, match="'shells/標本' holds NaN, infinity or a number too large"):
            read(tmp_path / name)


@pytest.mark.parametrize(("ids", "said"), [(["a", "b", "a"], "'a' is there twice"), (["a", "", "b"], "an ID is empty")])
def test_ids_that_are_not_unique_are_refused(tmp_path, ids, said):
    write_embeddings(tmp_path, ids, np.ones((3, 2)), {}, {})
    write_shard(tmp_path / "0000.npz", ids, np.ones((3, 2)), {}, {}, NO_SCATTER)
    with pytest.raises(UserError, match=f"ids.txt cannot be read .{said}"):
        read_embeddings(tmp_path / "embeddings.npy")
    with pytest.raises(UserError, match=f"0000.npz cannot be read .{said}"):
        read_shard(tmp_path / "0000.npz")


@pytest.mark.parametrize("ids", [np.arange(3), np.array([["a"], ["b"], ["c"]]), np.array([b"a", b"b", b"c"])])
def test_a_shard_whose_ids_are_no_texts_is_refused(tmp_path, ids):
    arrays = {"embeddings": np.ones((3, 2)), "records": np.array(b"{}"), "scatter": NO_SCATTER}
    np.savez(tmp_path / "0000.npz", ids=ids, **arrays)
    with pytest.raises(UserError, match="0000.npz cannot be read .its IDs are no list of texts"):
        read_shard(tmp_path / "0000.npz")


def test_a_shard_whose_parts_do_not_belong_together_is_refused(tmp_path):
    write_shard(tmp_path / "few.npz", ["a"], np.ones((2, 3)), {}, {}, NO_SCATTER)
    with pytest.raises(UserError, match="few.npz cannot be read .1 IDs, 2 embeddings"):
        read_shard(tmp_path / "few.npz")
    write_shard(tmp_path / "other.npz", ["a"], np.ones((1, 3)), {}, {}, np.eye(4))
    with pytest.raises(UserError, match="other.npz cannot be read .a scatter of dimension 4"):
        read_scatter(tmp_path / "other.npz")


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_tables_are_read_back_as_written(folder, rows):
    write_table(folder / "x.csv", ("one", "two"), rows)
    assert read_table(folder / "x.csv", ("one", "two")) == [{"one": one, "two": two} for one, two in rows]


@given(CELLS)
def test_no_part_of_a_cell_begins_as_a_formula_does(text):
    """Also where a spreadsheet divides cells at semicolons, and takes off quotes and spaces."""
    found = escaped(text)
    assert unescaped(found) == text
    assert found[:1] not in set(FORMULA)
    for part in re.split("[;\t\r\n]", found):
        assert not part.lstrip('" ').startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        (" =1", " '=1"),
        ("a;=1", "a;'=1"),
        ('a; "=1', "a; \"'=1"),
        ("it's", "it's"),
        ("'a", "'a"),
        ("a-1=b", "a-1=b"),
        ("", ""),
    ],
)
def test_a_formula_gets_an_apostrophe_and_nothing_else_does(text, cell):
    assert escaped(text) == cell and unescaped(cell) == text


def test_numbers_keep_their_minus_sign(tmp_path):
    write_table(tmp_path / "x.csv", ("id", "score"), [("-1", -1.5)])
    assert (tmp_path / "x.csv").read_text("utf-8-sig") == "id,score\n'-1,-1.5\n"
    assert read_table(tmp_path / "x.csv", ("id", "score"), score=float) == [{"id": "-1", "score": -1.5}]


def test_a_table_with_a_byte_order_mark_and_cr_is_read(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfone,two\r\na,1\r\n")
    assert read_table(tmp_path / "x.csv", ("one", "two"), two=int) == [{"one": "a", "two": 1}]


def test_numbers_of_a_table_are_read_as_such(tmp_path):
    write_table(tmp_path / "x.csv", ("id", "count", "share"), [("1", 2, 0.25)])
    read = read_table(tmp_path / "x.csv", ("id", "count", "share"), count=int, share=float)
    assert read == [{"id": "1", "count": 2, "share": 0.25}]


def test_tables_are_utf8_with_lf_line_ends_and_quotes_where_needed(tmp_path):
    write_table(tmp_path / "x.csv", ("id", "reason"), [("標本", 'a "b", c')])
    assert (tmp_path / "x.csv").read_bytes() == 'id,reason\n標本,"a ""b"", c"\n'.encode("utf-8-sig")


@pytest.mark.parametrize("mark", ["1", "0"])
def test_a_byte_order_mark_is_written_unless_it_is_not_wanted_and_both_are_read(tmp_path, monkeypatch, mark):
    monkeypatch.setenv(tables.MARK, mark)
    write_table(tmp_path / "x.csv", ("id",), [("標本",)])
    assert (tmp_path / "x.csv").read_bytes() == "id\n標本\n".encode("utf-8-sig" if mark == "1" else "utf-8")
    assert tables.is_marked(tmp_path / "x.csv") == (mark == "1")
    assert read_table(tmp_path / "x.csv", ("id",)) == [{"id": "標本"}]


def test_a_table_may_have_more_columns_only_where_this_is_said(tmp_path):
    write_table(tmp_path / "x.csv", ("id", "=more"), [("a", "b")])
    assert tables.read_wider_table(tmp_path / "x.csv", ("id",)) == (["id", "=more"], [{"id": "a", "=more": "b"}])
    for columns in (("id",), ("=more",), ("id", "=more", "last")):
        with pytest.raises(UserError, match=f"its columns should be {','.join(columns)}"):
            read_table(tmp_path / "x.csv", columns)


def test_views_are_named_after_the_last_part_of_the_id():
    assert layout.view_path("r", "ammonites/NHM-1234", 3) == Path("r/ammonites/NHM-1234/NHM-1234_view03.png")
    assert layout.render_record("r", "ammonites/NHM-1234") == Path("r/ammonites/NHM-1234/render.json")


def test_views_are_read_back_pixel_by_pixel(tmp_path):
    renders.write(tmp_path, "標本/a b", IMAGES, {"status": "ok", "views": [{}] * 3})
    paths = view_paths(tmp_path, "標本/a b")
    assert paths == [layout.view_path(tmp_path, "標本/a b", view) for view in range(3)]
    assert np.array_equal([read_view(path) for path in paths], IMAGES)


def test_views_are_rgb_png(tmp_path):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    with Image.open(tmp_path / "a" / "a_view00.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (9, 8))


def test_views_of_an_earlier_rendering_go(tmp_path):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    renders.write(tmp_path, "a", IMAGES[:1], {"status": "ok", "views": [{}]})
    assert sorted(os.listdir(tmp_path / "a")) == ["a_view00.png", "render.json", "views.txt"]


def test_what_a_killed_rendering_left_unfinished_goes(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{files.WRITING}0123456789abcdef").write_bytes(b"half")
    renders.write(tmp_path, "a", IMAGES[:1], {"status": "ok", "views": [{}]})
    assert sorted(os.listdir(tmp_path / "a")) == ["a_view00.png", "render.json", "views.txt"]


def test_forgotten_views_leave_the_best_and_the_record(tmp_path):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": renders.views(0.2, 0.1, 0.3)})
    best = best_view(tmp_path, "a")
    assert best.name == "a_view02.png"
    forget_views(tmp_path, "a")
    assert sorted(os.listdir(tmp_path / "a")) == [best.name, "render.json"]
    assert best_view(tmp_path, "a") == best
    with pytest.raises(UserError, match="views.txt does not exist"):
        view_paths(tmp_path, "a")


def test_a_specimen_without_views_has_none_to_forget(tmp_path):
    renders.write(tmp_path, "a", [], {"status": "failed", "reason": "broken"})
    forget_views(tmp_path, "a")
    assert os.listdir(tmp_path / "a") == ["render.json"]


def test_a_specimen_that_fails_keeps_no_views_and_has_no_paths(tmp_path):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    renders.write(tmp_path, "a", [], {"status": "failed", "reason": "broken"})
    assert sorted(os.listdir(tmp_path / "a")) == ["render.json", "views.txt"]
    assert view_paths(tmp_path, "a") == []


def test_rendering_that_breaks_off_leaves_no_record(tmp_path):
    """The record is written last, so that it never vouches for views that are not there."""
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    with pytest.raises((TypeError, AttributeError, ValueError)):
        renders.write(tmp_path, "a", [IMAGES[0], None], {"status": "ok", "views": [{}] * 2})
    assert not (tmp_path / "a" / "render.json").exists()


def test_specimens_of_a_folder_of_renders_are_listed_in_order(tmp_path):
    for identity in ("b", "a/標本", "a"):
        renders.write(tmp_path, identity, [], {"status": "failed", "reason": "x"})
    assert rendered_ids(tmp_path) == ["a", "a/標本", "b"]


def test_arrays_of_a_folder_are_listed_in_order_without_hidden_ones(tmp_path):
    for identity in ("b.c", "a/標本"):
        write_array(layout.array_path(tmp_path, identity), np.zeros(1))
    (tmp_path / "a" / ".writing-1.npy").write_bytes(b"")
    assert array_ids(tmp_path) == ["a/標本", "b.c"]


@given(st.lists(NAMES, unique=True, max_size=5), st.dictionaries(NAMES, st.dictionaries(TEXTS, TEXTS), max_size=3))
def test_shards_are_read_back_as_written(folder, identities, records):
    embeddings = np.random.default_rng(0).normal(size=(len(identities), 4)).astype(np.float32)
    write_shard(folder / "0000.npz", identities, embeddings, records, {"made_from": {}}, NO_SCATTER)
    ids, back, recorded = read_shard(folder / "0000.npz")
    assert (ids, recorded) == (identities, records)
    assert back.dtype == np.float32 and np.array_equal(back, embeddings)


def test_the_scatter_of_a_shard_is_read_back_and_nothing_else_of_it_changes(tmp_path):
    shard, scatter = (["a"], np.ones((1, 3), np.float32), {"a": {"status": "ok"}}), np.eye(3, dtype=np.float32)
    write_shard(tmp_path / "0000.npz", *shard, {}, scatter)
    assert np.array_equal(read_scatter(tmp_path / "0000.npz"), scatter)
    ids, embeddings, records = read_shard(tmp_path / "0000.npz")
    assert (ids, records) == (shard[0], shard[2]) and np.array_equal(embeddings, shard[1])


@given(st.lists(NAMES, unique=True, max_size=5))
def test_embeddings_are_read_back_with_any_ids(folder, identities):
    embeddings = np.random.default_rng(0).normal(size=(len(identities), 4)).astype(np.float32)
    write_embeddings(folder, identities, embeddings, {}, {})
    ids, back = read_embeddings(folder / "embeddings.npy")
    assert ids == identities and back.dtype == np.float32 and np.array_equal(back, embeddings)


def test_ids_are_a_line_each(tmp_path):
    write_embeddings(tmp_path, ["a/b", "標本"], np.zeros((2, 3)), {}, {})
    assert (tmp_path / "ids.txt").read_bytes() == "a/b\n標本\n".encode()


def test_beside_the_embeddings_stands_how_they_were_made(tmp_path):
    write_embeddings(tmp_path, ["a", "b"], np.zeros((2, 3)), {"whiten": "none"}, {"shards": "1"})
    names = ("embeddings.npy", "ids.txt")
    digest = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names}
    record = {"specimens": 2, "dimension": 3, "whiten": "none", "made_from": {"shards": "1"}, "sha256": digest}
    assert files.read_json(tmp_path / "embeddings.json") == record
    assert read_passport(tmp_path / "embeddings.npy") == record


def test_of_embeddings_without_a_record_the_digest_is_known(tmp_path):
    write_array(tmp_path / "mine.npy", np.zeros((2, 3)))
    digest = hashlib.sha256((tmp_path / "mine.npy").read_bytes()).hexdigest()
    assert read_passport(tmp_path / "mine.npy") == {"sha256": {"mine.npy": digest}}


def test_a_result_has_its_recipe_and_its_digest_beside_it(tmp_path):
    path = layout.array_path(tmp_path, "a/標本.1")
    write_result(path, np.zeros((2, 3), np.float32), {"version": 1})
    assert (tmp_path / "a/標本.1.json").is_file()
    assert read_record(path)["made_from"] == {"version": 1}
    assert recorded_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_record_of_a_result_goes_before_the_result_changes(tmp_path):
    """A record never vouches for what another process was about to write when it was killed."""
    path = tmp_path / "a.csv"
    with recorded(tmp_path / "a.json", {"version": 1}, path):
        path.write_text("1")
    with pytest.raises(KeyboardInterrupt), recorded(tmp_path / "a.json", {"version": 2}, path):
        path.write_text("2")
        raise KeyboardInterrupt
    assert not (tmp_path / "a.json").exists()


def test_the_record_of_a_shard_is_read_back_without_numpy(tmp_path):
    record = {"made_from": {"標本": "x" * 300}, "pool": None}
    write_shard(tmp_path / "0000.npz", ["a"], np.ones((1, 3)), {}, record, NO_SCATTER)
    assert files.read_shard_record(tmp_path / "0000.npz") == read_shard_record(tmp_path / "0000.npz") == record


@pytest.mark.parametrize("ids", ["\ufeffa\nb c\n", "a\r\nb c\r\n", "\ufeffa\r\nb c", "a\nb c"])
def test_what_editors_do_to_ids_does_not_matter(tmp_path, ids):
    write_embeddings(tmp_path, ["a", "b c"], np.zeros((2, 3)), {}, {})
    (tmp_path / "ids.txt").write_text(ids, encoding="utf-8", newline="")
    assert read_embeddings(tmp_path / "embeddings.npy")[0] == ["a", "b c"]


def test_a_first_id_that_begins_as_a_byte_order_mark_does_stays_as_it_is(tmp_path):
    identities = ["\ufeffa", "\ufeffb"]
    write_embeddings(tmp_path, identities, np.zeros((2, 3)), {}, {})
    assert read_embeddings(tmp_path / "embeddings.npy")[0] == identities


def test_ids_elsewhere_are_read_when_named(tmp_path):
    write_embeddings(tmp_path, ["a"], np.zeros((1, 3)), {}, {})
    (tmp_path / "ids.txt").rename(tmp_path / "other.txt")
    assert read_embeddings(tmp_path / "embeddings.npy", tmp_path / "other.txt")[0] == ["a"]


@pytest.mark.parametrize("ids", ["", "a\n", "a\nb\nc\n"])
def test_embeddings_and_ids_that_do_not_belong_together_are_refused(tmp_path, ids):
    write_embeddings(tmp_path, ["a", "b"], np.zeros((2, 3)), {}, {})
    (tmp_path / "ids.txt").write_text(ids)
    with pytest.raises(UserError, match="do not belong together") as error:
        read_embeddings(tmp_path / "embeddings.npy")
    assert "embeddings.npy" in str(error.value) and "ids.txt" in str(error.value)


def test_of_missing_embeddings_the_array_is_named(tmp_path):
    with pytest.raises(UserError, match="gone.npy does not exist"):
        read_embeddings(tmp_path / "gone.npy")


def read_vector(path):
    return read_array(path, 1)


@pytest.mark.parametrize("read", [read_vector, files.read_json, read_shard, read_scatter])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(UserError, match="gone.file does not exist"):
        read(tmp_path / "gone.file")


@pytest.mark.parametrize("content", ["", "one\n1\n", "two,one\n1,2\n"])
def test_a_table_of_other_columns_is_named(tmp_path, content):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(UserError, match="x.csv cannot be read .its columns should be one,two"):
        read_table(tmp_path / "x.csv", ("one", "two"))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "1e19"])
def test_a_table_with_a_number_that_is_not_finite_is_named_with_its_row(tmp_path, number):
    (tmp_path / "x.csv").write_text(f"one,two\na,1\nb,{number}\n")
    with pytest.raises(UserError, match=f"x.csv cannot be read .two of 'b' is {number}"):
        read_table(tmp_path / "x.csv", ("one", "two"), two=float)


@pytest.mark.parametrize("row", ["a", "a,1,2", '"a', "a" * 200_000 + ",1"])
def test_a_damaged_row_of_a_table_is_named(tmp_path, row):
    (tmp_path / "x.csv").write_text(f"one,two\n{row}\n")
    with pytest.raises(UserError, match="x.csv cannot be read"):
        read_table(tmp_path / "x.csv", ("one", "two"))


@pytest.mark.parametrize("row", ["a,many", "a,", "a", "a,1.5"])
def test_a_table_with_something_else_in_the_place_of_a_number_is_named(tmp_path, row):
    (tmp_path / "x.csv").write_text(f"one,two\n{row}\n")
    with pytest.raises(UserError, match="x.csv cannot be read"):
        read_table(tmp_path / "x.csv", ("one", "two"), two=int)


@pytest.mark.parametrize("content", [b"", b"no such format", b"\x93NUMPY", b"PK\x03\x04 cut short", b"\xff\xfe\x00"])
@pytest.mark.parametrize("read", [read_vector, files.read_json, read_shard, read_scatter])
def test_an_unreadable_file_is_named(tmp_path, read, content):
    (tmp_path / "bad.file").write_bytes(content)
    with pytest.raises(UserError, match="bad.file cannot be read"):
        read(tmp_path / "bad.file")


def test_an_array_of_python_objects_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object))
    with pytest.raises(UserError, match="x.npy"):
        read_array(tmp_path / "x.npy", 1)


def test_a_single_array_is_refused_as_a_shard(tmp_path):
    write_array(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(UserError, match="x.npy"):
        read_shard(tmp_path / "x.npy")


def test_an_archive_of_other_arrays_is_refused_as_a_shard(tmp_path):
    np.savez(tmp_path / "x.npz", other=np.zeros(3))
    with pytest.raises(UserError, match="x.npz"):
        read_shard(tmp_path / "x.npz")


def test_a_shard_of_an_earlier_version_is_named(tmp_path):
    """A run makes it anew, because it has no record."""
    failures = np.zeros((0, 3), dtype=str)
    np.savez(tmp_path / "0000.npz", ids=np.array(["a"]), embeddings=np.zeros((1, 3)), failures=failures)
    with pytest.raises(UserError, match="0000.npz cannot be read .*; delete it and run again"):
        read_shard(tmp_path / "0000.npz")


def damage_its_end(view):
    """Pillow shows such a picture."""
    view.write_bytes(view.read_bytes()[:-1])


def pack_other_pixels(view):
    content = view.read_bytes()
    pixels = content.index(b"IDAT") + 4
    damaged = content[:pixels] + b"\xff" * 8 + content[pixels + 8 : -16]
    view.write_bytes(damaged + zlib.crc32(damaged[pixels - 4 :]).to_bytes(4) + content[-12:])


@pytest.mark.parametrize(
    "damage",
    [
        lambda view: view.write_bytes(view.read_bytes()[:60]),
        lambda view: view.write_bytes(b""),
        lambda view: view.write_bytes(b"no such format"),
        damage_its_end,
        pack_other_pixels,
    ],
    ids=["cut short", "empty", "text", "without its end", "other pixels"],
)
def test_a_damaged_view_is_named(tmp_path, damage):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    damage(tmp_path / "a" / "a_view01.png")
    whole, damaged, _ = view_paths(tmp_path, "a")
    assert np.array_equal(read_view(whole), IMAGES[0])
    with pytest.raises(UserError, match="a_view01.png cannot be read"):
        read_view(damaged)


def test_a_view_that_is_gone_is_named(tmp_path):
    renders.write(tmp_path, "a", IMAGES, {"status": "ok", "views": [{}] * 3})
    (tmp_path / "a" / "a_view01.png").unlink()
    with pytest.raises(UserError, match="a_view01.png does not exist; run again, and the specimen is rendered again"):
        read_view(view_paths(tmp_path, "a")[1])
    assert layout.view_list(tmp_path, "a").exists()


def test_the_views_of_a_specimen_that_was_never_rendered_are_told_by_their_list(tmp_path):
    with pytest.raises(UserError, match="nobody/views.txt does not exist"):
        view_paths(tmp_path, "nobody")


@pytest.mark.parametrize("listing", [rendered_ids, array_ids])
def test_a_missing_folder_is_named(tmp_path, listing):
    with pytest.raises(UserError, match="nowhere"):
        listing(tmp_path / "nowhere")


def test_the_table_of_a_query_has_no_slash_in_its_name():
    assert layout.neighbors_table("results", "a/b c") == Path("results/knn_a__b c.csv")


def test_pictures_and_tables_are_on_the_disk_before_they_take_their_names(tmp_path, monkeypatch):
    """No record tells of them whether they are broken."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    write_image(tmp_path / "a.png", IMAGES[0])
    write_table(tmp_path / "a.csv", ("one",), [[1]])
    assert synced == [(tmp_path / name).stat().st_size for name in ("a.png", "a.csv")]
