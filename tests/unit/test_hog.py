import numpy as np

from fossilvit import encoders


def pictures(count=2, size=112, seed=0):
    """Smooth random pictures of gray, uint8 [count, size, size, 3]."""
    waves = np.random.default_rng(seed).normal(size=(count, 4, 4))
    grays = np.kron(waves, np.ones((size // 4, size // 4)))
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    grays = 128 + 30 * grays + 25 * np.sin(x / 9 + waves[:, :1, :1] * y / 5)
    return np.repeat(np.clip(grays, 0, 255).astype(np.uint8)[..., None], 3, axis=3)


def dalal_and_triggs(gray):
    """Unsigned gradients in 9 bins of 20 degrees, 8 x 8 cells of 14 px, blocks of 2 x 2 cells clipped at 0.2."""
    rows, columns = np.zeros(gray.shape), np.zeros(gray.shape)
    rows[1:-1] = gray[2:] - gray[:-2]
    columns[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    bins = (np.degrees(np.arctan2(rows, columns)) % 180 // 20).astype(int) % 9
    strength = np.hypot(rows, columns)
    cells = np.zeros((8, 8, 9))
    for row in range(112):
        for column in range(112):
            cells[row // 14, column // 14, bins[row, column]] += strength[row, column] / 14**2
    blocks = []
    for row in range(7):
        for column in range(7):
            block = cells[row : row + 2, column : column + 2].ravel()
            block = np.minimum(block / np.sqrt((block**2).sum() + 1e-10), 0.2)
            blocks.append(block / np.sqrt((block**2).sum() + 1e-10))
    return np.concatenate(blocks)


def test_hog_is_that_of_dalal_and_triggs():
    images = pictures()
    described = encoders.create("hog").encode(images)
    for features, image in zip(described, images, strict=True):
        assert np.allclose(features, dalal_and_triggs(image[..., 0].astype(float)), atol=1e-5)


def test_hog_has_the_dimension_it_promises():
    """7 x 7 blocks of 2 x 2 cells of 9 orientations."""
    hog = encoders.create("hog")
    described = hog.encode(pictures(3))
    assert described.shape == (3, hog.dimension) == (3, 7 * 7 * 4 * 9)
    assert described.dtype == np.float32


def test_hog_sees_views_of_any_size_reduced_by_averages():
    images = pictures() // 2 + 50
    larger = images.repeat(3, axis=1).repeat(3, axis=2)
    grain = np.random.default_rng(1).integers(0, 50, images.shape, np.uint8)
    larger[:, 1::3, 1::3] += grain
    larger[:, ::3, ::3] -= grain
    assert np.array_equal(encoders.create("hog").encode(larger), encoders.create("hog").encode(images))


def test_hog_sees_colors_as_the_gray_of_their_brightness():
    """ITU-R 601-2."""
    colors = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), np.uint8)
    grays = np.round(colors @ (0.299, 0.587, 0.114)).astype(np.uint8)
    described, expected = (
        encoders.create("hog").encode(images) for images in (colors, np.repeat(grays[..., None], 3, axis=3))
    )
    assert np.allclose(described, expected, atol=0.01)


def test_hog_describes_every_view_for_itself():
    images = pictures(3)
    assert np.array_equal(encoders.create("hog").encode(images)[1:2], encoders.create("hog").encode(images[1:2]))


def test_hog_of_no_views_is_empty():
    assert encoders.create("hog").encode(np.zeros((0, 0, 0, 3), np.uint8)).shape == (0, 1764)


def test_hog_of_a_blank_view_is_zero():
    assert not encoders.create("hog").encode(np.full((1, 112, 112, 3), 255, np.uint8)).any()
