from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.answers import history
from fossilvit.answers.history import NOISE, Event


def members(**groups):
    """ID of a specimen to cluster: members(c3="abc") puts a, b and c into cluster 3; `none` is noise."""
    return {one: NOISE if name == "none" else int(name[1:]) for name, those in groups.items() for one in those}


def test_clusters_whose_members_stay_keep_their_ids_whatever_the_new_numbers_are():
    former = members(c7="abc", c2="defg", none="h")
    assert history.follow(former, members(c0="defg", c1="abc", none="h"), 8) == ({0: 2, 1: 7}, [])


def test_in_a_first_run_all_clusters_are_born_the_largest_first():
    names, events = history.follow({}, members(c0="ab", c1="cdef", c2="ghi"), 0)
    assert names == {1: 0, 2: 1, 0: 2}
    assert events == [Event(0, "born", 4, None), Event(1, "born", 3, None), Event(2, "born", 2, None)]


def test_of_equally_large_new_clusters_the_first_comes_first():
    assert history.follow({}, members(c0="ab", c1="cd"), 5)[0] == {0: 5, 1: 6}


def test_a_cluster_keeps_its_id_if_half_of_its_members_stay_together():
    former = members(c4="abcd")
    names, events = history.follow(former, members(c0="ab", c1="c", c2="d"), 5)
    assert names == {0: 4, 1: 5, 2: 6}
    assert events == [Event(5, "split", 1, 4), Event(6, "split", 1, 4)]


def test_a_cluster_loses_its_id_if_less_than_half_of_its_members_stay_together():
    names, events = history.follow(members(c4="abcde"), members(c0="ab", c1="cd", c2="e"), 5)
    assert sorted(names.values()) == [5, 6, 7]
    assert Event(4, "gone", 5, None) in events
    assert {event.origin for event in events if event.event == "split"} == {4}


def test_only_members_that_are_still_in_the_collection_are_counted():
    names, events = history.follow(members(c4="abcdefghij"), members(c0="ab", c1="xyz"), 5)
    assert names == {0: 4, 1: 5} and events == [Event(5, "born", 3, None)]


def test_members_that_are_noise_now_are_still_in_the_collection():
    names, events = history.follow(members(c4="abcde"), members(c0="ab", none="cde"), 5)
    assert names == {0: 5}
    assert Event(4, "gone", 5, None) in events


def test_a_cluster_that_takes_up_another_keeps_the_id_of_the_larger_one():
    former = members(c1="abcdef", c2="ghi")
    names, events = history.follow(former, members(c0="abcdefghi"), 3)
    assert names == {0: 1}
    assert events == [Event(1, "merged", 9, 2), Event(2, "gone", 3, None)]


def test_a_cluster_of_new_specimens_and_of_former_noise_is_born():
    former = members(c0="abc", none="xy")
    names, events = history.follow(former, members(c0="abc", c1="xyz"), 1)
    assert names == {0: 0, 1: 1} and events == [Event(1, "born", 3, None)]


def test_a_cluster_that_falls_into_noise_is_gone():
    assert history.follow(members(c0="abc", c1="de"), members(c0="abc", none="de"), 2) == (
        {0: 0},
        [Event(1, "gone", 2, None)],
    )


@pytest.mark.parametrize("current", [{}, members(none="ab")])
def test_without_clusters_all_former_ones_are_gone(current):
    assert history.follow(members(c3="ab"), current, 4) == ({}, [Event(3, "gone", 2, None)])


def test_an_id_that_is_gone_is_never_used_again():
    used, former, seen = 0, {}, set()
    for letters in ("abc", "def", "ghi"):
        names, events = history.follow(former, members(c0=letters), used)
        assert not seen & set(names.values())
        seen |= set(names.values())
        used, former = max(seen) + 1, dict.fromkeys(letters, names[0])
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("half", [0, 1])
def test_as_many_specimens_as_possible_keep_their_cluster(half):
    """Cluster 5 may go on in either half; if it took the one that took up cluster 6, that would end."""
    former = members(c5="abcdefghij", c6="wxyz")
    current = members(**{f"c{half}": "abcde", f"c{1 - half}": "fghijwxyz"})
    assert history.follow(former, current, 7)[0] == {half: 5, 1 - half: 6}


def random_run(count, number, seed):
    """The cluster of every specimen of a collection, some of them noise."""
    rng = np.random.default_rng(seed)
    return {f"s{one}": int(rng.integers(NOISE, number)) for one in rng.permutation(60)[:count]}


runs = st.tuples(st.integers(0, 40), st.integers(1, 8), st.integers(0, 1000))


@given(runs, runs, st.integers(0, 5))
def test_names_are_distinct_and_new_ones_were_never_used(before, now, unused):
    former, current = random_run(*before), random_run(*now)
    used = max(former.values(), default=NOISE) + 1 + unused
    names, _ = history.follow(former, current, used)
    assert names.keys() == set(current.values()) - {NOISE}
    assert len(set(names.values())) == len(names)
    new = sorted(name for name in names.values() if name not in former.values())
    assert new == list(range(used, used + len(new)))


@given(runs, runs)
def test_every_kept_id_has_half_of_the_members_that_are_still_here(before, now):
    former, current = random_run(*before), random_run(*now)
    names, _ = history.follow(former, current, 100)
    for cluster, name in names.items():
        if name < 100:
            here = [one for one, was in former.items() if was == name and one in current]
            assert 2 * sum(current[one] == cluster for one in here) >= len(here) > 0


@given(runs, runs)
def test_every_cluster_that_comes_or_goes_has_an_event(before, now):
    former, current = random_run(*before), random_run(*now)
    names, events = history.follow(former, current, 100)
    assert events == sorted(events)
    were = set(former.values()) - {NOISE}
    assert [event.cluster for event in events if event.event == "gone"] == sorted(were - set(names.values()))
    assert sorted(event.cluster for event in events if event.event in ("born", "split")) == sorted(
        set(names.values()) - were
    )
    sizes, past = Counter(current.values()), Counter(former.values())
    numbers = {name: cluster for cluster, name in names.items()}
    for event in events:
        gone = event.event == "gone"
        assert event.specimens == (past[event.cluster] if gone else sizes[numbers[event.cluster]])
        assert (event.origin in were) == (event.event in ("split", "merged"))


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_of_new_clusters_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    former = {f"s{one}": int(rng.integers(0, 5)) for one in range(211)}
    current = {
        one: was if rng.uniform() < 0.7 else int(rng.choice([5, 6, 7], p=[0.6, 0.3, 0.1]))
        for one, was in former.items()
    }
    sizes = Counter(current.values())
    assert len({sizes[cluster] for cluster in (5, 6, 7)}) == 3  # of equal sizes, the first number comes first
    turned = rng.permutation(8).tolist()
    names, events = history.follow(former, current, 5)
    others, same = history.follow(former, {one: turned[cluster] for one, cluster in current.items()}, 5)
    assert events == same and {turned[cluster]: name for cluster, name in names.items()} == others


def test_a_few_new_specimens_change_no_id():
    rng = np.random.default_rng(0)
    former = {f"s{one}": int(rng.integers(0, 12)) + 30 for one in range(300)}
    turned = rng.permutation(12)
    current = {one: int(turned[was - 30]) for one, was in former.items()}
    current |= {f"new{one}": int(rng.integers(0, 12)) for one in range(5)}
    names, events = history.follow(former, current, 42)
    assert events == [] and all(names[current[one]] == was for one, was in former.items())
