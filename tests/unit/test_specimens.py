import os
import subprocess
import unicodedata
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.target_jobs import parse_target_jobs_cli_args
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args, format_cli_arg

from fossilvit import specimens
from fossilvit.errors import UserError

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=12)
IDS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def touch(folder, *names):
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_an_id_is_the_path_without_its_extension_and_ids_are_sorted(tmp_path):
    touch(tmp_path, "b.ply", "ammonites/NHM-1234.obj", "a/b/c d.stl", "化石/アンモナイト 1.off", "v1.2.ply")
    expected = sorted(["b", "ammonites/NHM-1234", "a/b/c d", "化石/アンモナイト 1", "v1.2"])
    assert list(specimens.discover(tmp_path)) == expected


def test_a_specimen_knows_its_id_and_file(tmp_path):
    touch(tmp_path, "a/b.ply")
    found = specimens.discover(tmp_path)["a/b"]
    assert (found.id, Path(found.path), found.size) == ("a/b", tmp_path / "a" / "b.ply", 1)


def test_extensions_are_known_in_any_case_and_other_files_are_passed_over(tmp_path):
    touch(tmp_path, "a.PLY", "b.Stl", "notes.txt", "c.ply.bak", "ply", "d.gz", "e.txt.gz")
    assert list(specimens.discover(tmp_path)) == ["a", "b"]


def test_every_folder_is_read_once(tmp_path, monkeypatch):
    touch(tmp_path, *(f"{group}/{part}/{number}.ply" for group in "ab" for part in "cd" for number in range(50)))
    scandir, read = os.scandir, []
    monkeypatch.setattr(os, "scandir", lambda folder: read.append(str(folder)) or scandir(folder))
    assert len(specimens.discover(tmp_path)) == 200
    assert sorted(read) == sorted(str(folder) for folder in [tmp_path, *tmp_path.rglob("*")] if folder.is_dir())


@pytest.mark.parametrize(("name", "times"), [("a.ply", 10), ("a.PLY.GZ", 40)])
def test_reading_a_mesh_takes_memory_by_its_size(tmp_path, name, times):
    (tmp_path / name).write_bytes(bytes(3_000_000))
    assert specimens.discover(tmp_path)["a"].memory == 3 * times


def test_compressed_meshes_have_the_ids_of_plain_ones(tmp_path):
    touch(tmp_path, "a.ply.gz", "b.c.OBJ.GZ")
    assert list(specimens.discover(tmp_path)) == ["a", "b.c"]
    touch(tmp_path, "a.stl")
    with pytest.raises(UserError, match="the same ID 'a'"):
        specimens.discover(tmp_path)


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    touch(tmp_path, "seen.ply", ".hidden.ply", ".folder/inside.ply", "._seen.ply")
    assert list(specimens.discover(tmp_path)) == ["seen"]


def test_two_files_of_one_id_are_an_error_that_names_both(tmp_path):
    touch(tmp_path, "a/x.ply", "a/x.OBJ")
    with pytest.raises(UserError) as error:
        specimens.discover(tmp_path)
    assert str(tmp_path / "a" / "x.ply") in str(error.value)
    assert str(tmp_path / "a" / "x.OBJ") in str(error.value)


def test_linked_folders_are_entered(tmp_path):
    touch(tmp_path / "elsewhere", "x.ply")
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "linked").symlink_to(tmp_path / "elsewhere")
    assert list(specimens.discover(tmp_path / "meshes")) == ["linked/x"]


def test_a_circle_of_links_ends(tmp_path):
    touch(tmp_path, "a/x.ply")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert list(specimens.discover(tmp_path)) == ["a/x"]


def test_a_link_of_a_mesh_that_leads_nowhere_is_named_and_other_such_links_are_passed_over(tmp_path):
    touch(tmp_path, "x.ply")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "nowhere.txt")
    assert list(specimens.discover(tmp_path)) == ["x"]
    (tmp_path / "gone.ply").symlink_to(tmp_path / "nowhere.ply")
    with pytest.raises(UserError, match="gone.ply is a link to nothing"):
        specimens.discover(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        specimens.discover(tmp_path / "nowhere")


def test_a_folder_without_meshes_is_named_with_the_extensions(tmp_path):
    touch(tmp_path, "notes.txt")
    with pytest.raises(UserError, match=r"\.ply \.obj \.stl \.off") as error:
        specimens.discover(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_the_name_of_the_collections_own_file_is_refused_but_only_at_the_top(tmp_path):
    touch(tmp_path, "sub/embeddings.ply")
    assert list(specimens.discover(tmp_path)) == ["sub/embeddings"]
    touch(tmp_path, "embeddings.ply")
    with pytest.raises(UserError, match="rename"):
        specimens.discover(tmp_path)


@pytest.mark.parametrize("name", ["line\nbreak.ply", "tab\there.ply", "next\x85line.ply"])
def test_a_control_character_in_a_name_is_refused(tmp_path, name):
    touch(tmp_path, name)
    with pytest.raises(UserError, match="control character"):
        specimens.discover(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ply")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    with pytest.raises(UserError, match="UTF-8"):
        specimens.discover(tmp_path)


def test_the_category_is_the_folder():
    assert specimens.category("a/b/c") == "a/b"
    assert specimens.category("alone") == ""
    assert specimens.categories(["a/b/c", "a/d", "alone"]) == {"a/b", "a"}
    assert specimens.categories(["alone"]) == set()


def test_the_shard_is_the_crc_of_the_id():
    """0xCBF43926 is the published check value of CRC-32, of the text 123456789."""
    assert specimens.shard("123456789", 10_000) == f"{0xCBF43926 % 10_000:04d}"


@given(IDS, st.integers(1, 10_000))
def test_any_id_has_one_of_the_shards_always_the_same(identity, shards):
    shard = specimens.shard(identity, shards)
    assert shard == specimens.shard(identity, shards) == f"{zlib.crc32(identity.encode()) % shards:04d}"
    assert 0 <= int(shard) < shards


@given(st.sets(IDS, min_size=1, max_size=20), st.integers(1, 20), IDS)
def test_members_part_the_collection_and_a_new_specimen_moves_no_other(identities, shards, newcomer):
    before = specimens.members(identities, shards)
    assert sorted(identity for group in before.values() for identity in group) == sorted(identities)
    after = specimens.members(identities | {newcomer}, shards)
    for shard, group in before.items():
        assert set(after[shard]) - {newcomer} == set(group) - {newcomer}
    assert list(after) == sorted(after)
    assert all(group == sorted(group) for group in after.values())


@given(st.sets(IDS, min_size=1, max_size=8), st.data())
def test_every_whole_id_means_itself(identities, data):
    identity = data.draw(st.sampled_from(sorted(identities)))
    assert specimens.resolve(identity, identities) == identity


@given(st.sets(st.text("ab/", min_size=1, max_size=6), min_size=1, max_size=6), st.text("ab/", min_size=1, max_size=4))
def test_a_query_means_only_an_id_that_ends_in_it(identities, query):
    ends = [identity for identity in identities if identity.endswith(query)]
    try:
        assert specimens.resolve(query, identities) in ends
    except UserError:
        assert len(ends) != 1


def test_an_ending_that_begins_a_name_is_preferred():
    assert specimens.resolve("1234", ["ammonites/1234", "ammonites/NHM-1234"]) == "ammonites/1234"


def test_an_ending_inside_a_name_is_enough_when_it_is_the_only_one():
    assert specimens.resolve("234", ["ammonites/NHM-1234", "ammonites/NHM-1235"]) == "ammonites/NHM-1234"


def test_an_ambiguous_query_names_the_candidates():
    with pytest.raises(UserError, match="2 IDs") as error:
        specimens.resolve("x", ["a/x", "b/x"])
    assert "'a/x'" in str(error.value) and "'b/x'" in str(error.value)


def test_an_unknown_query_names_the_nearest_id():
    with pytest.raises(UserError, match="'ammonites/NHM-1234'"):
        specimens.resolve("amonites/NHM-1233", ["ammonites/NHM-1234", "z"])


def test_decomposed_names_are_found_by_composed_queries_and_the_other_way_round():
    composed, decomposed = (unicodedata.normalize(form, "a/ブレード é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert specimens.resolve(composed, [decomposed]) == decomposed
    assert specimens.resolve(decomposed, [composed]) == composed
    assert specimens.resolve("ブレード é", [decomposed]) == decomposed


def test_queries_are_named_as_files_without_slashes():
    assert specimens.queries(["1", "a/2"], ["a/1", "a/2"]) == {"a__1": "a/1", "a__2": "a/2"}


def test_two_queries_never_silently_share_one_table():
    try:
        named = specimens.queries(["a/b", "a__b"], ["a/b", "a__b"])
    except UserError:
        return
    assert sorted(named.values()) == ["a/b", "a__b"]


def arrives(identity):
    """Whether Snakemake's own way to name a job to another machine, through a shell, keeps the ID."""
    named = format_cli_arg("--target-jobs", encode_target_jobs_cli_args([TargetSpec("rule", {"id": identity})]))
    said = subprocess.run(["sh", "-c", f"printf '%s\\0' {named}"], capture_output=True, check=False).stdout
    try:
        return parse_target_jobs_cli_args(said.decode().split("\0")[1:-1]) == [TargetSpec("rule", {"id": identity})]
    except ValueError:
        return False


@given(IDS)
@example("plain/標本 1")
@example("it's")
@example("$HOME")
@example('"quoted" `x` #1 & co')
@example("a,b")
@example("it's $HOME")
@example("it's `x`")
@example('it\'s "x"')
@example("back\\slash")
@example("標本\u3000全角")
def test_a_name_that_would_not_reach_a_job_of_a_cluster_is_told(identity):
    found = {identity: specimens.Specimen(identity, f"{identity}.ply", 1)}
    if arrives(identity):
        specimens.check_for_cluster(found)
    else:
        with pytest.raises(UserError, match="rename it, or run everything in one job"):
            specimens.check_for_cluster(found)
