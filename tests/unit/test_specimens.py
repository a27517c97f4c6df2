import unicodedata
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.errors import UserError
from fossilvit.scans import specimens
from fossilvit.sheet import facts

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=12)
IDS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def test_the_category_is_the_folder():
    assert specimens.category("a/b/c") == "a/b"
    assert specimens.category("alone") == ""
    assert set(facts.of_folders(["a/b/c", "a/d", "alone"]).categories.values()) == {"a/b", "a"}
    assert set(facts.of_folders(["alone"]).categories.values()) == set()


def test_the_shard_is_the_crc_of_the_id():
    """0xCBF43926 is the published check value of CRC-32, of the text 123456789."""
    assert specimens.shard("123456789", 10_000) == f"{0xCBF43926 % 10_000:04d}"


@given(IDS, st.integers(1, 10_000))
def test_any_id_has_one_of_the_shards_always_the_same(identity, shards):
    shard = specimens.shard(identity, shards)
    assert shard == specimens.shard(identity, shards) == f"{zlib.crc32(identity.encode()) % shards:04d}"
    assert 0 <= int(shard) < shards


@pytest.mark.parametrize(
    ("number", "shards"), [(0, 0), (1, 1), (70, 1), (71, 2), (141, 2), (142, 4), (10_000, 256), (100_000, 2048)]
)
def test_by_default_a_shard_has_about_fifty_specimens(number, shards):
    groups = specimens.members([str(identity) for identity in range(number)], "auto")
    assert len(groups) == shards
    assert all(specimens.shard(identity, shards) == shard for shard, group in groups.items() for identity in group)


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
