import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from fossilvit.answers import mapping, projection, trust
from fossilvit.answers.following import Spot
from fossilvit.errors import UserError
from fossilvit.store.embeddings import write_embeddings
from fossilvit.store.files import read_json
from fossilvit.store.tables import DUPLICATES_COLUMNS, MAP_COLUMNS, read_table, write_table
from scripts import map_specimens


def groups(count, number=4, dimension=16, spread=0.3, seed=0):
    """Embeddings about random centers, and the group of each."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % number
    centers = random.normal(size=(number, dimension))
    return (centers[labels] + spread * random.normal(size=(count, dimension))).astype(np.float32), labels


def names(count):
    return [f"specimen {number:04}" for number in range(count)]


def spots(identities, found):
    return {one: Spot(*place, share) for one, place, share in zip(identities, found.places, found.trust, strict=True)}


def placed(embeddings, identities=None, **more):
    return mapping.place(identities or names(len(embeddings)), embeddings, **more)


def sides(places):
    return np.ptp(places, axis=0).max()


def moved(found, former, identities):
    """How far known specimens moved, in shares of the longer side of the map."""
    places = dict(zip(identities, found.places, strict=True))
    return np.array([np.hypot(*(places[one] - (spot.x, spot.y))) / 2 for one, spot in former.items() if one in places])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("count", [4, 12, 29, 30, 90])
def test_the_middle_of_a_map_is_0_and_its_longer_side_2(count, metric):
    found = placed(groups(count)[0], metric=metric)
    assert sides(found.places) == pytest.approx(2, abs=2e-4)
    assert np.abs(found.places.max(axis=0) + found.places.min(axis=0)).max() < 2e-4
    assert (found.places == found.places.round(4)).all() and np.isfinite(found.places).all()
    assert (found.trust >= 0).all() and (found.trust <= 1).all() and not found.follows


@pytest.mark.parametrize("count", [24, 80])
def test_specimens_of_a_group_lie_beside_each_other(count):
    embeddings, labels = groups(count)
    found = placed(embeddings)
    nearest = NearestNeighbors(n_neighbors=2).fit(found.places).kneighbors(return_distance=False)[:, 0]
    assert (labels[nearest] == labels).mean() > 0.9
    assert found.trust.mean() > 0.6


@pytest.mark.parametrize("count", [20, 40])
def test_places_do_not_depend_on_the_number_of_threads_or_on_runs(count, monkeypatch):
    monkeypatch.setattr(projection, "EARLY", 50)  # one rounding error more is seen after fewer iterations
    monkeypatch.setattr(projection, "LATE", 100)
    embeddings, _ = groups(count)
    first = placed(embeddings).places.tobytes()
    monkeypatch.setattr(projection, "SEVERAL", 0)  # so that the threads are used
    assert {placed(embeddings, threads=threads).places.tobytes() for threads in (1, 2)} == {first}


def test_few_specimens_lie_along_their_principal_components():
    embeddings = np.float32([[3, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]])
    places = placed(embeddings, metric="euclidean").places
    assert np.abs(places).tolist() == [[1, 0], [1, 0], [0, 0.3333], [0, 0.3333]]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_specimens_have_places_and_full_trust(count, metric):
    found = placed(np.eye(3, 4, dtype=np.float32)[:count], metric=metric)
    assert len(np.unique(found.places, axis=0)) == count
    assert sides(found.places) == (2 if count > 1 else 0)
    assert found.trust.tolist() == [1] * count


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 5, 40])
def test_equal_embeddings_lie_on_one_place(count):
    for embeddings in (np.ones((count, 4), np.float32), np.zeros((count, 4), np.float32)):
        found = placed(embeddings)
        assert (found.places == 0).all() and (found.trust == 1).all()


def test_embeddings_of_one_direction_are_equal_by_cosine_but_not_by_length():
    embeddings, _ = groups(35)
    embeddings[7] = 3 * embeddings[30]
    by_angle, by_length = (placed(embeddings, metric=metric).places for metric in ("cosine", "euclidean"))
    assert by_angle[7].tolist() == by_angle[30].tolist() and by_length[7].tolist() != by_length[30].tolist()


def test_zeros_of_both_signs_are_equal():
    embeddings = np.float32([[1, 0.0], [1, -0.0], [0, 1], [1, 1]])
    assert placed(embeddings).neighbors == trust.looked_at(3)
    former = dict(zip(names(3), [Spot(-1, 0, 1), Spot(1, -0.0, 1), Spot(0, 0.5, 1)], strict=True))
    found = placed(embeddings[1:], former=former)
    assert found.follows and not np.signbit(found.places[found.places == 0]).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("count", [6, 40])
def test_an_embedding_of_zeros_has_a_place(count, metric):
    embeddings, _ = groups(count)
    embeddings[2] = 0
    found = placed(embeddings, metric=metric)
    assert np.isfinite(found.places).all() and sides(found.places) == pytest.approx(2, abs=2e-4)


def test_many_specimens_of_few_different_embeddings_have_places():
    embeddings, _ = groups(8)
    found = placed(np.tile(embeddings, (30, 1)))
    assert len(np.unique(found.places, axis=0)) == 8
    assert found.places[:8].tolist() == placed(embeddings).places.tolist() == found.places[-8:].tolist()


@pytest.mark.parametrize("count", [12, 40])
def test_copies_lie_where_their_original_lies_and_change_nothing_for_others(count):
    embeddings, _ = groups(count)
    random = np.random.default_rng(1)
    copies = embeddings[:3] + 0.01 * random.normal(size=(3, 16)).astype(np.float32)
    originals = np.array([*range(count), 0, 1, 2])
    without, found = placed(embeddings), placed(np.vstack([embeddings, copies]), originals=originals)
    assert (
        found.places[:count].tolist() == without.places.tolist()
        and found.trust[:count].tolist() == without.trust.tolist()
    )
    assert found.places[count:].tolist() == without.places[:3].tolist()
    assert found.trust[count:].tolist() == without.trust[:3].tolist()


def test_trust_by_hand():
    nearest = np.array([[1, 2], [0, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 4]])
    line = np.array([[number, 0.1 * number**2] for number in range(7)], float)
    assert trust.looked_at(7) == 2
    assert trust.shares(line, nearest).tolist() == [1, 1, 1, 1, 1, 1, 1]
    swapped = line[[6, 1, 2, 3, 4, 5, 0]]  # the ends change places
    assert trust.shares(swapped, nearest).tolist() == [0, 0.5, 1, 1, 1, 0.5, 0]


@pytest.mark.parametrize(("count", "looked_at"), [(0, 0), (1, 0), (3, 0), (4, 1), (30, 9), (31, 10), (5000, 10)])
def test_trust_looks_at_ten_neighbors_or_at_a_third_of_all_others(count, looked_at):
    assert trust.looked_at(count) == looked_at


def test_trust_is_that_of_the_definition():
    embeddings, _ = groups(50, spread=1)
    found = placed(embeddings, metric="euclidean")
    true = NearestNeighbors(n_neighbors=10).fit(embeddings).kneighbors(return_distance=False)
    near = NearestNeighbors(n_neighbors=10).fit(found.places).kneighbors(return_distance=False)
    shares = [len({*one} & {*other}) / 10 for one, other in zip(true.tolist(), near.tolist(), strict=True)]
    assert found.trust.tolist() == pytest.approx(shares) and 0.1 < found.trust.mean() < 1


def test_a_collapsed_map_is_not_trusted():
    embeddings, _ = groups(40)
    around = mapping._surroundings(embeddings, embeddings.astype(float), "euclidean")
    assert trust.shares(np.zeros((40, 2)), around.nearest).mean() < 0.5


@pytest.mark.parametrize("count", [1, 2, 3, 10, 29, 30, 70])
def test_a_former_map_is_the_result_if_nothing_changed(count):
    embeddings, _ = groups(count)
    first = placed(embeddings)
    again = placed(embeddings, former=spots(names(count), first))
    assert again.places.tobytes() == first.places.tobytes() and again.trust.tobytes() == first.trust.tobytes()


@pytest.mark.parametrize("count", [24, 29, 60])
def test_others_stay_exactly_where_they_are_if_specimens_are_removed(count):
    embeddings, _ = groups(count)
    first = placed(embeddings)
    longer = np.ptp(first.places, axis=0).argmax()
    kept = np.sort(first.places[:, longer].argsort()[:-2])
    identities = [names(count)[row] for row in kept]
    found = placed(embeddings[kept], identities, former=spots(names(count), first))
    assert found.follows and found.places.tolist() == first.places[kept].tolist()


def test_a_frame_that_has_become_too_large_is_left():
    embeddings = np.float32([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.4], [20, 20]])
    former = spots(names(6), placed(embeddings, metric="euclidean"))
    found = placed(embeddings[:5], metric="euclidean", former=former)
    assert sides(found.places) == pytest.approx(2, abs=2e-4)


@pytest.mark.parametrize("added", [1, 3])
@pytest.mark.parametrize("count", [29, 60, 120])
def test_others_do_not_jump_if_specimens_are_added(count, added):
    embeddings, _ = groups(count)
    out = np.random.default_rng(1).permutation(count)[:added]
    identities = [one for row, one in enumerate(names(count)) if row not in out]
    former = spots(identities, placed(np.delete(embeddings, out, axis=0), identities))
    found = placed(embeddings, former=former)
    assert found.follows
    assert np.median(moved(found, former, names(count))) < 0.03
    assert np.percentile(moved(found, former, names(count)), 95) < 0.08
    assert found.trust.mean() > placed(embeddings).trust.mean() - 0.05
    assert np.abs(found.places).max() <= 1


def test_a_new_specimen_lies_among_its_neighbors():
    embeddings, labels = groups(80)
    identities = names(80)[:-1]
    former = spots(identities, placed(embeddings[:-1], identities))
    found = placed(embeddings, former=former)
    nearest = np.linalg.norm(found.places[:-1] - found.places[-1], axis=1).argsort()[:5]
    assert (labels[nearest] == labels[-1]).all()


def test_a_new_group_comes_together_where_no_other_is():
    embeddings, labels = groups(90, number=3)
    first, order = labels < 2, np.argsort(labels == 2, kind="stable")
    identities = np.array(names(90))
    former = spots(identities[first], placed(embeddings[first], identities[first].tolist()))
    there = identities[first].tolist()
    for some in np.array_split(order[first.sum() :], 10):
        there.extend(identities[some])
        rows = np.isin(identities, there)
        found = placed(embeddings[rows], identities[rows].tolist(), former=former)
        assert found.follows
        former = spots(identities[rows], found)
    nearest = NearestNeighbors(n_neighbors=3).fit(found.places).kneighbors(return_distance=False)
    assert (labels[nearest] == labels[:, None]).mean() > 0.95
    assert found.trust.mean() > placed(embeddings).trust.mean() - 0.05


def test_a_specimen_of_another_embedding_finds_its_new_neighbors():
    embeddings, labels = groups(80)
    former = spots(names(80), placed(embeddings))
    embeddings[0] = embeddings[labels == 1].mean(axis=0)
    found = placed(embeddings, former=former)
    nearest = np.linalg.norm(found.places[1:] - found.places[0], axis=1).argsort()[:5] + 1
    assert found.follows and (labels[nearest] == 1).all()


@pytest.mark.parametrize("count", [20, 80])
def test_a_former_map_of_other_embeddings_is_not_followed(count):
    embeddings, _ = groups(count, number=count // 4)
    random = np.random.default_rng(3)
    former = {one: Spot(*random.uniform(-1, 1, 2), 0.2) for one in names(count)}
    found = placed(embeddings, former=former)
    assert not found.follows and found.trust.mean() == pytest.approx(placed(embeddings).trust.mean(), abs=0.02)


@pytest.mark.parametrize("count", [3, 40])
def test_a_former_map_on_which_all_lie_on_one_place_is_not_followed(count):
    embeddings, _ = groups(count)
    found = placed(embeddings, former=dict.fromkeys(names(count), Spot(0.5, 0.5, 1)))
    assert not found.follows and sides(found.places) == pytest.approx(2, abs=2e-4)


@pytest.mark.parametrize("count", [12, 40])
def test_a_map_from_scratch_is_turned_as_the_former_one(count):
    embeddings, _ = groups(count)
    first = placed(embeddings)
    few = dict([*spots(names(count), first).items()][: count // 3])
    mirrored = {one: Spot(-spot.x, spot.y, spot.trust) for one, spot in few.items()}
    found = placed(embeddings, former=mirrored)
    assert not found.follows and moved(found, mirrored, names(count)).max() < 0.2
    assert found.places[0] == pytest.approx(first.places[0] * [-1, 1], abs=0.4)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs the command on embeddings, and returns the content of map.csv."""
    monkeypatch.chdir(tmp_path)

    def run(embeddings, identities=None, *more):
        write_embeddings("embeddings", identities or names(len(embeddings)), embeddings, {}, {})
        given = ["--emb", "embeddings/embeddings.npy", "--out", "results", "--duplicates", "duplicates.csv", *more]
        monkeypatch.setattr(sys, "argv", ["map_specimens", *given])
        map_specimens.main()
        return (tmp_path / "results" / "map.csv").read_bytes()

    return run


def test_the_table_has_a_row_for_every_specimen_in_order(command):
    command(groups(35)[0])
    rows = read_table("results/map.csv", MAP_COLUMNS, x=float, y=float, trust=float)
    assert [row["specimen_id"] for row in rows] == names(35)
    record = read_json("results/map.json")
    assert record["specimens"] == 35 and record["neighbors"] == 10 and record["made_from"]["metric"] == "cosine"


def test_a_collection_without_specimens_has_an_empty_map(command):
    command(np.zeros((0, 4), np.float32))
    assert read_table("results/map.csv", MAP_COLUMNS) == []


@pytest.mark.parametrize("count", [6, 35])
def test_a_second_run_writes_the_same_bytes(command, count):
    embeddings, _ = groups(count)
    assert command(embeddings) == command(embeddings, None, "--threads", "2")


def test_only_copies_lie_on_the_place_of_another_scan_of_their_object(command):
    embeddings, _ = groups(35)
    embeddings[1:3] = embeddings[0] + np.float32(0.1) * np.random.default_rng(0).normal(size=(2, 16))
    first, again, other = names(35)[:3]
    write_table("duplicates.csv", DUPLICATES_COLUMNS, [(again, first, "geometry"), (other, first, "object")])
    command(embeddings)
    places = [(row["x"], row["y"]) for row in read_table("results/map.csv", MAP_COLUMNS)]
    assert places[0] == places[1] != places[2]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"specimen_id,x,y,trust\na,1,here,1\n", b"\xff\xfe\x00"])
def test_a_broken_former_map_is_a_warning(command, content, caplog):
    embeddings, _ = groups(12)
    whole = command(embeddings)
    Path("results/map.csv").write_bytes(content)
    caplog.clear()
    assert command(embeddings) == whole
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert "map.csv" in caplog.text


def test_no_half_written_table_stays_if_embeddings_cannot_be_read(command):
    embeddings, _ = groups(12)
    embeddings[3, 3] = np.nan
    with pytest.raises(UserError, match="specimen 0003"):
        command(embeddings)
    assert not Path("results").exists()
