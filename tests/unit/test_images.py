import numpy as np
import pytest
import torch
from PIL import Image

from fossilvit.encoders.vision import images, pixels


def view(size=96, seed=0):
    return np.random.default_rng(seed).integers(0, 251, (size, size, 3), np.uint8)


def test_a_view_of_the_right_size_stays_as_it_is():
    assert np.array_equal(images.resize(view(28), 28), view(28))


def test_a_view_is_resized_as_a_whole_without_a_crop():
    image = np.zeros((96, 96, 3), np.uint8)
    image[:12, :12] = image[-12:, -12:] = 255
    found = images.resize(image, 28)
    assert found.shape == (28, 28, 3) and found.dtype == np.uint8
    assert np.allclose(found[[0, 0, -1, -1], [0, -1, 0, -1], 0], [255, 0, 0, 255], atol=3)


def test_views_are_reduced_as_torch_does_it_bicubic_and_antialiased():
    whole = torch.from_numpy(view()).permute(2, 0, 1)[None].float()
    wanted = torch.nn.functional.interpolate(whole, (28, 28), mode="bicubic", antialias=True).clamp(0, 255)
    assert np.abs(images.resize(view(), 28) - wanted[0].permute(1, 2, 0).numpy()).max() < 1.5


@pytest.mark.parametrize("size", [28, 224])
def test_views_are_reduced_as_pillow_does_it(size):
    """torchvision, which Meta's evaluation uses, hands pictures to Pillow."""
    wanted = Image.fromarray(view()).resize((size, size), Image.Resampling.BICUBIC)
    assert np.array_equal(images.resize(view(), size), np.asarray(wanted))


def test_a_gray_view_is_reduced_to_the_same_pixels_as_one_in_color():
    gray = np.repeat(view()[..., :1], 3, axis=2)
    wanted = np.asarray(Image.fromarray(gray).resize((28, 28), Image.Resampling.BICUBIC))
    assert np.array_equal(images.resize(gray, 28), wanted)


def test_coverage_is_the_share_of_the_specimen_in_every_patch():
    image = np.full((96, 96, 3), 255, np.uint8)
    image[:48, :24] = 250  # a specimen's whitest
    image[90:, 72:84, 0] = 7
    wanted = np.zeros((4, 4))
    wanted[0, 0] = wanted[1, 0] = 1
    wanted[3, 3] = 6 * 12 / 24**2
    found = images.coverage(image, 4)
    assert found.dtype == np.float32 and np.allclose(found.reshape(4, 4), wanted, atol=1e-6)


def test_coverage_of_patches_that_do_not_fall_on_pixels_keeps_the_area():
    """37 patches along 768 px, as of 518 px."""
    image = np.full((768, 768, 3), 255, np.uint8)
    rows, columns = np.mgrid[:768, :768]
    image[(rows - 300) ** 2 + (columns - 400) ** 2 < 200**2] = 90
    found = images.coverage(image, 37)
    assert found.shape == (37 * 37,) and found.min() == 0 and found.max() == pytest.approx(1)
    assert found.mean() == pytest.approx((image[..., 0] != 255).mean(), rel=1e-4)


def test_pixels_are_normalized_as_imagenet_was():
    batch = np.stack([view(14, seed) for seed in range(2)])
    seen = pixels.FromPixels(torch.nn.Linear(1, 1), lambda normalized: normalized)(torch.from_numpy(batch))
    (found,) = seen
    for channel, (mean, deviation) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]):
        assert np.allclose(found[:, channel], (batch[..., channel] / 255 - mean) / deviation, atol=1e-6)
    assert found.shape == (2, 3, 14, 14) and found.dtype == torch.float32
