import numpy as np
import pytest

from fossilvit.encoders.vision import tokens
from fossilvit.encoders.vision.architectures import TOKENS

RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.normal(size=(2, 5)).astype(np.float32)
PATCHES = RANDOM.normal(size=(2, 4, 5)).astype(np.float32)
COVERAGE = np.array([[0, 0.5, 1, 0], [0.25, 0.25, 0.25, 0.25]], np.float32)


def describe(token, coverage=COVERAGE):
    return tokens.describe(token, CLASSES, PATCHES, coverage)


def test_the_class_token_needs_nothing_else():
    assert np.array_equal(tokens.describe("cls", CLASSES), CLASSES)
    assert not tokens.needs_patches("cls") and all(tokens.needs_patches(token) for token in TOKENS[1:])


def test_the_mean_of_all_patches():
    assert np.allclose(describe("patch_mean"), PATCHES.mean(axis=1))


def test_patches_count_by_what_they_show_of_the_specimen():
    found = describe("patch_mean_foreground")
    assert np.allclose(found[0], (PATCHES[0, 1] + 2 * PATCHES[0, 2]) / 3, atol=1e-6)
    assert np.allclose(found[1], PATCHES[1].mean(axis=0), atol=1e-6)


def test_a_view_without_a_specimen_is_zero():
    found = describe("patch_mean_foreground", np.zeros_like(COVERAGE))
    assert not found.any()


def test_a_plus_joins_two():
    joined = describe("cls+patch_mean_foreground")
    assert np.array_equal(joined, np.hstack([CLASSES, describe("patch_mean_foreground")]))


@pytest.mark.parametrize("token", TOKENS)
def test_features_are_as_wide_as_promised(token):
    found = describe(token)
    assert found.shape == (2, 5 * tokens.width(token)) and found.dtype == np.float32
