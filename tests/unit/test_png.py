import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from isal import isal_zlib
from PIL import Image, PngImagePlugin

from fossilvit.store import png

PICTURES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))
REFUSALS = (OSError, SyntaxError, ValueError)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def of_pillow(image, **options):
    """The PNG of a Pillow image, or of a picture, as Pillow writes it."""
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, "PNG", **options)
    return file.getvalue()


def kinds(data):
    return [kind for kind, _ in chunks(data)]


def chunks(data):
    """The chunks of a PNG, (kind, content), read as the specification says."""
    found, position = [], 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        found.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def joined(parts):
    """A PNG of chunks, (kind, content), each with its checksum."""
    whole = [
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    ]
    return png.SIGNATURE + b"".join(whole)


def filtered(image, filters):
    """The PNG of a picture whose rows are stored under one of the five filters of the specification each."""
    height, width, _ = image.shape
    rows = image.reshape(height, 3 * width).astype(int)
    stored = []
    for row in range(height):
        above = rows[row - 1] if row else np.zeros_like(rows[0])
        left = np.concatenate([[0, 0, 0], rows[row][:-3]])
        corner = np.concatenate([[0, 0, 0], above[:-3]])
        guess = left + above - corner
        distances = np.stack([abs(guess - left), abs(guess - above), abs(guess - corner)])
        paeth = np.choose(distances.argmin(axis=0), [left, above, corner])
        predicted = [np.zeros_like(left), left, above, (left + above) // 2, paeth][filters[row]]
        stored.append(bytes([filters[row]]) + ((rows[row] - predicted) % 256).astype(np.uint8).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return joined([(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(stored))), (b"IEND", b"")])


@given(PICTURES)
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


@given(PICTURES)
def test_every_picture_is_read_back(image):
    back = png.decode(png.encode(image))
    assert back.dtype == np.uint8 and np.array_equal(back, image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4096), (4096, 1), (767, 129)])
def test_pictures_of_any_size_are_read_back(shape):
    assert np.array_equal(png.decode(png.encode(picture(*shape))), picture(*shape))


@pytest.mark.parametrize("shape", [(1, 1), (5, 4)])
def test_our_own_pictures_are_read_without_pillow(monkeypatch, shape):
    monkeypatch.setattr(Image, "open", None)
    assert np.array_equal(png.decode(png.encode(picture(*shape))), picture(*shape))


@given(PICTURES)
def test_every_picture_that_pillow_writes_is_read(image):
    assert np.array_equal(png.decode(of_pillow(image)), image)


@given(PICTURES, st.lists(st.integers(0, 4), min_size=40, max_size=40))
def test_rows_under_any_filters_are_read(image, filters):
    assert np.array_equal(png.decode(filtered(image, filters)), image)


def test_gray_becomes_three_equal_channels():
    gray = picture(5, 6)[..., 0]
    assert np.array_equal(png.decode(of_pillow(gray)), np.repeat(gray[..., None], 3, axis=2))


def test_black_and_white_of_single_bits_is_read():
    bits = picture(5, 11)[..., 0] > 127
    data = of_pillow(Image.fromarray(bits))
    assert chunks(data)[0][1][8] == 1
    assert np.array_equal(png.decode(data), np.repeat(np.where(bits, 255, 0)[..., None], 3, axis=2))


@pytest.mark.parametrize("colors", [2, 7, 200])
def test_a_palette_is_looked_up(colors):
    indices, palette = picture(5, 9)[..., 0] % colors, picture(1, colors, seed=1)[0]
    image = Image.fromarray(indices, "L")
    image.putpalette(palette.tobytes())
    data = of_pillow(image)
    assert b"PLTE" in kinds(data) and np.array_equal(png.decode(data), palette[indices])


def test_what_is_transparent_has_the_color_beneath():
    image = picture(5, 6)
    see_through = np.dstack([image, picture(5, 6, seed=1)[..., 0]])
    assert np.array_equal(png.decode(of_pillow(see_through)), image)


def test_other_chunks_do_not_matter():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Specimen", "NHM-1234")
    data = of_pillow(picture(5, 6), pnginfo=notes, dpi=(300, 300))
    assert {b"tEXt", b"pHYs"} < set(kinds(data))
    assert np.array_equal(png.decode(data), picture(5, 6))


@pytest.mark.parametrize("size", [1, 10, 40])
@pytest.mark.parametrize("write", [png.encode, of_pillow])
def test_pixels_in_several_chunks_are_read(write, size):
    header, (_, pixels), end = chunks(write(picture(5, 6)))
    parts = [(b"IDAT", pixels[start : start + size]) for start in range(0, len(pixels), size)]
    assert len(parts) > 1
    assert np.array_equal(png.decode(joined([header, *parts, end])), picture(5, 6))


def small_ones():
    """PNGs as encode() writes them and in other ways."""
    image = picture(3, 4)
    header, (_, pixels), end = chunks(png.encode(image))
    several = joined([header, (b"IDAT", pixels[:9]), (b"IDAT", pixels[9:]), end])
    palette = Image.fromarray(image[..., 0] % 4, "L")
    palette.putpalette(picture(1, 4).tobytes())
    return {
        "ours": png.encode(image),
        "pillow": of_pillow(image),
        "several": several,
        "gray": of_pillow(image[..., 0]),
        "palette": of_pillow(palette),
    }


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in small_ones().items()])
def test_a_picture_that_is_cut_short_anywhere_is_refused(data):
    png.decode(data)
    for length in range(len(data)):
        with pytest.raises(REFUSALS):
            png.decode(data[:length])


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in small_ones().items()])
def test_a_picture_with_any_single_byte_changed_is_refused(data):
    """Pillow shows other pixels for some of them."""
    png.decode(data)
    for position in range(len(data)):
        for change in (1, 0x80, 0xFF):
            damaged = data[:position] + bytes([data[position] ^ change]) + data[position + 1 :]
            with pytest.raises(REFUSALS):
                png.decode(damaged)


@given(st.binary(max_size=200))
def test_what_is_no_picture_is_refused(data):
    for start in (b"", png.SIGNATURE, png.encode(picture(3, 4))[:33]):
        with pytest.raises(REFUSALS):
            png.decode(start + data)


@pytest.mark.parametrize("height", [0, 2, 4, 400])
def test_pixels_of_another_size_than_the_header_says_are_refused(height):
    header, pixels, end = chunks(png.encode(picture(3, 4)))
    other = (b"IHDR", struct.pack(">II", 4, height) + header[1][8:])
    with pytest.raises(REFUSALS):
        png.decode(joined([other, pixels, end]))


@pytest.mark.parametrize("size", [(0, 0), (4, 0)])
def test_a_picture_without_pixels_is_refused(size):
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    with pytest.raises(REFUSALS):
        png.decode(joined([(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]))


@pytest.mark.parametrize("cut", [0, 1, 5, 20])
def test_pixels_that_do_not_unpack_are_refused_though_their_checksum_holds(cut):
    header, (kind, pixels), end = chunks(png.encode(picture(3, 4)))
    with pytest.raises(REFUSALS):
        png.decode(joined([header, (kind, pixels[:cut]), end]))


def test_pixels_under_a_filter_that_does_not_exist_are_refused():
    header, (kind, pixels), end = chunks(png.encode(picture(3, 4)))
    stored = bytearray(isal_zlib.decompress(pixels))
    stored[0] = 5
    with pytest.raises(REFUSALS):
        png.decode(joined([header, (kind, zlib.compress(bytes(stored))), end]))


@pytest.mark.parametrize("missing", [b"IHDR", b"IDAT", b"IEND"])
def test_a_picture_without_one_of_its_parts_is_refused(missing):
    with pytest.raises(REFUSALS):
        png.decode(joined([part for part in chunks(png.encode(picture(3, 4))) if part[0] != missing]))
