"""What is packed for the page comes out again, at places that JavaScript can read."""

import base64
import gzip
import json

import numpy as np
import pytest

from fossilvit.pages.atlas import packing

TREE = {
    "name": 'Ärmelkanal "✂" <img onerror=x>',
    "nothing": None,
    "numbers": [1, 2.5, True],
    "image": b"RIFF\0\xff",
    "none": np.zeros(0, np.float32),
    "deep": [{"unknown": np.array([np.nan, 1], np.float32)}],
    **{kind: np.arange(5).astype(kind) for kind in packing.TYPES},
}


def same(packed, tree):
    if isinstance(tree, bytes):
        tree = np.frombuffer(tree, np.uint8)
    if isinstance(tree, np.ndarray):
        np.testing.assert_array_equal(packed, tree)
        return packed.dtype == tree.dtype
    if isinstance(tree, dict):
        return packed.keys() == tree.keys() and all(same(packed[key], tree[key]) for key in tree)
    if isinstance(tree, list):
        return len(packed) == len(tree) and all(map(same, packed, tree))
    return packed == tree


def laid_out(text):
    content = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(content[:4], "little")
    return content, json.loads(content[4 : 4 + length])


def test_a_tree_comes_out_as_it_went_in():
    assert same(packing.unpack(packing.pack(TREE)), TREE)


def test_every_array_lies_at_a_multiple_of_8_bytes_in_little_endian():
    content, tree = laid_out(packing.pack(TREE))
    kind, offset, length = tree["uint16"]["$"]
    assert (kind, length) == ("uint16", 5)
    assert content[offset : offset + 10] == bytes([0, 0, 1, 0, 2, 0, 3, 0, 4, 0])
    placed = [tree[kind]["$"][1] for kind in packing.TYPES]
    assert all(offset % 8 == 0 for offset in placed)
    assert len(set(placed)) == len(placed)


def test_numbers_of_a_big_endian_array_are_the_same():
    assert packing.unpack(packing.pack(np.array([1, 258], ">u2"))).tolist() == [1, 258]


def test_rows_of_an_array_follow_each_other():
    array = np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3))
    assert packing.unpack(packing.pack(array)).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("size", range(40))
def test_a_text_of_any_length_leaves_the_arrays_where_the_tree_says(size):
    tree = {"text": "é" * size, "arrays": [np.full(size, number, np.uint8) for number in range(size)]}
    assert same(packing.unpack(packing.pack(tree)), tree)


def test_the_same_tree_gives_the_same_text_without_a_date():
    text = packing.pack(TREE)
    assert text == packing.pack(TREE)
    assert base64.b64decode(text)[:8] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float64("nan")])
def test_a_number_that_json_cannot_hold_is_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        packing.pack({"trust": [number]})


@pytest.mark.parametrize("value", [np.arange(3), np.array(["a"]), {1, 2}, np.array([None])])
def test_a_value_of_another_type_is_refused(value):
    with pytest.raises(TypeError, match="cannot be packed"):
        packing.pack({"value": value})
