import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from fossilvit import png

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))


@given(hnp.arrays(np.uint8, SHAPES))
def test_pillow_reads_back_every_picture(image):
    with Image.open(io.BytesIO(png.encode(image))) as read:
        assert (read.format, read.mode) == ("PNG", "RGB")
        assert np.array_equal(np.asarray(read), image)


@pytest.mark.parametrize("shape", [(768, 768, 3), (1, 4096, 3), (4096, 1, 3)])
def test_pictures_of_any_size_pass_every_check_of_pillow(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with Image.open(io.BytesIO(png.encode(image))) as read:
        read.verify()


def test_a_plain_picture_is_small():
    assert len(png.encode(np.full((768, 768, 3), 255, np.uint8))) < 20_000
