import threading
from concurrent.futures import Future
from weakref import WeakSet

import numpy as np
import pytest

from fossilvit import encoders
from fossilvit.encoders import extraction
from fossilvit.encoders.registry import Encoder
from fossilvit.errors import UserError
from fossilvit.store import layout

from . import renders

PATIENCE = 60
"""Seconds after which what never comes is given up."""


def write(folder, views):
    """Specimens a, b, ... of so many views, all different in color; None is a failed one. Their IDs and pictures."""
    pictures, number = {}, 0
    for identity, count in zip("abcdefghijkl", views, strict=False):
        numbers = np.arange(number, number + (count or 0), dtype=np.uint8)
        pictures[identity] = np.full((len(numbers), 3, 5, 3), 255, np.uint8) - numbers[:, None, None, None]
        facts = {"status": "failed", "reason": "x"} if count is None else {"status": "ok", "views": [{}] * count}
        renders.write(folder, identity, pictures[identity], facts)
        number += len(numbers)
    return pictures


class View:
    """A prepared view, of which it can be seen whether it is still held."""

    def __init__(self, image):
        self.image = image


class Means(Encoder):
    """Describes a view by the means of its channels, and remembers how many were described at once."""

    name, dimension, version = "means", 3, 1

    def __init__(self, batch=None):
        self.batch = batch
        self.together = []

    def prepare(self, image):
        return View(image)

    def describe(self, prepared):
        self.together.append(len(prepared))
        means = [view.image.mean(axis=(0, 1)) for view in prepared]
        return np.array(means, np.float32).reshape(len(prepared), self.dimension)


def described(encoder, folder, identities, threads=2):
    return list(extraction.describe(encoder, folder, list(identities), threads))


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("batch", [None, 1, 4, 100])
def test_every_specimen_gets_the_features_of_its_views_in_order(tmp_path, batch, threads):
    pictures = write(tmp_path, [3, 1, None, 7, 2, None])
    features = described(Means(batch), tmp_path, pictures, threads)
    assert [len(rows) for rows in features] == [3, 1, 0, 7, 2, 0]
    for rows, images in zip(features, pictures.values(), strict=True):
        assert np.array_equal(rows, images.mean(axis=(1, 2)))


def test_specimens_are_described_in_the_order_they_are_asked_for(tmp_path):
    pictures = write(tmp_path, [2, 2, 2])
    for asked in ("cab", "bc", "a"):
        for rows, identity in zip(described(Means(3), tmp_path, asked), asked, strict=True):
            assert np.array_equal(rows, pictures[identity].mean(axis=(1, 2)))


@pytest.mark.parametrize("batch", [None, 4])
def test_a_failed_specimen_has_no_rows_of_as_many_columns(tmp_path, batch):
    pictures = write(tmp_path, [None, 2, None, None])
    features = described(Means(batch), tmp_path, pictures)
    assert [rows.shape for rows in features] == [(0, 3), (2, 3), (0, 3), (0, 3)]
    assert all(rows.dtype == np.float32 for rows in features)


def test_no_specimens_have_no_features(tmp_path):
    assert described(Means(4), tmp_path, "") == []


@pytest.mark.parametrize(
    ("batch", "together"),
    [
        (None, [3, 1, 0, 7, 2, 2]),
        (1, [3, 1, 7, 2, 2]),
        (4, [4, 7, 4]),
        (5, [11, 4]),
        (11, [11, 4]),
        (12, [13, 2]),
        (100, [15]),
    ],
)
def test_views_of_several_specimens_are_described_together_from_a_batch_on(tmp_path, batch, together):
    """Without a batch every specimen is described for itself."""
    encoder = Means(batch)
    described(encoder, tmp_path, write(tmp_path, [3, 1, None, 7, 2, 2]))
    assert encoder.together == together


@pytest.mark.parametrize(("batch", "groups"), [(None, [2, 3, 1]), (4, [5, 1])])
def test_the_next_views_are_prepared_while_the_encoder_works(tmp_path, batch, groups):
    """The encoder describes nothing before all views of the next group are prepared."""

    class Waiting(Means):
        prepared = 0
        change = threading.Condition()

        def prepare(self, image):
            with self.change:
                self.prepared += 1
                self.change.notify_all()
            return super().prepare(image)

        def describe(self, prepared):
            wanted = sum(groups[: len(self.together) + 2])
            with self.change:
                assert self.change.wait_for(lambda: self.prepared == wanted, PATIENCE)
            return super().describe(prepared)

    pictures = write(tmp_path, [2, 3, 1])
    encoder = Waiting(batch)
    assert [len(rows) for rows in described(encoder, tmp_path, pictures)] == [2, 3, 1]
    assert encoder.together == groups


def test_views_are_prepared_on_as_many_threads_as_asked_for_and_not_on_that_of_the_encoder(tmp_path):
    """Each of three views waits for the two others."""
    meeting, preparing, describing = threading.Barrier(3), set(), set()

    class Meeting(Means):
        def prepare(self, image):
            preparing.add(threading.get_ident())
            meeting.wait(PATIENCE)
            return super().prepare(image)

        def describe(self, prepared):
            describing.add(threading.get_ident())
            return super().describe(prepared)

    described(Meeting(), tmp_path, write(tmp_path, [3, 3]), threads=3)
    assert len(preparing) == 3 and describing == {threading.get_ident()}


class AtOnce:
    """In the place of a pool of threads: does everything at the moment it is submitted."""

    def __init__(self, threads):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.mark.parametrize(("batch", "views"), [(None, 3), (6, 6), (7, 9)])
def test_no_more_views_than_those_of_two_groups_are_held(tmp_path, monkeypatch, batch, views):
    monkeypatch.setattr(extraction, "ThreadPoolExecutor", AtOnce)
    held, most_waiting, most_held = WeakSet(), [], []

    class Counting(Means):
        waiting = 0

        def prepare(self, image):
            view = super().prepare(image)
            held.add(view)
            self.waiting += 1
            most_waiting.append(self.waiting)
            most_held.append(len(held))
            return view

        def describe(self, prepared):
            self.waiting -= len(prepared)
            return super().describe(prepared)

    encoder = Counting(batch)
    described(encoder, tmp_path, write(tmp_path, [3] * 12))
    assert encoder.together == [views] * (36 // views)
    assert max(most_waiting) == max(most_held) == 2 * views


@pytest.mark.parametrize("batch", [None, 100])
@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_an_unreadable_view_is_told_in_one_sentence_with_its_file(tmp_path, batch, content):
    pictures = write(tmp_path, [2, 2, 2])
    layout.view_path(tmp_path, "b", 1).write_bytes(content)
    with pytest.raises(UserError, match=r"^[^\n]*b_view01.png cannot be read [^\n]*$"):
        described(Means(batch), tmp_path, pictures)


def test_specimens_before_an_unreadable_view_are_described(tmp_path):
    pictures = write(tmp_path, [2, 2, 2])
    layout.view_path(tmp_path, "c", 0).unlink()
    features = extraction.describe(Means(), tmp_path, list(pictures), 2)
    assert [len(next(features)), len(next(features))] == [2, 2]
    with pytest.raises(UserError, match="c_view00.png does not exist"):
        next(features)


def test_a_specimen_that_was_never_rendered_is_named(tmp_path):
    write(tmp_path, [2])
    with pytest.raises(UserError, match="nobody/views.txt does not exist"):
        described(Means(), tmp_path, ["a", "nobody"])


@pytest.mark.parametrize("error", [UserError("no memory"), KeyError("a bug")])
def test_what_the_encoder_raises_is_raised_here(tmp_path, error):
    class Failing(Means):
        def describe(self, prepared):
            raise error

    with pytest.raises(type(error)) as told:
        described(Failing(), tmp_path, write(tmp_path, [2, 2]))
    assert told.value is error


def test_views_on_disk_are_described_as_they_are_in_memory(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 40, 40, 3), np.uint8)
    for identity, own in {"a": images[:3], "標本/b": images[3:]}.items():
        renders.write(tmp_path, identity, own, {"status": "ok", "views": [{}] * len(own)})
    hog = encoders.create("hog")
    first, second = described(hog, tmp_path, ["a", "標本/b"])
    assert np.array_equal(np.concatenate([first, second]), hog.encode(images))


@pytest.mark.parametrize("batch", [None, 100])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_told_with_their_view(tmp_path, batch, value):
    class Failing(Means):
        def describe(self, prepared):
            features = super().describe(prepared)
            features[[view.image[0, 0, 0] == 251 for view in prepared], 1] = value
            return features

    write(tmp_path, [3, None, 3])
    with pytest.raises(UserError, match="means gave view 1 of 'c' a feature that is NaN, .*; take another precision"):
        described(Failing(batch), tmp_path, "abc")
