"""How much one scan may ask for: libraries, materials and pictures, each in however many ways it is named."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fossilvit import meshes
from fossilvit.meshes.formats import materials, pictures, source
from fossilvit.scans import companions

pytestmark = pytest.mark.filterwarnings("error")

CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\n"
SIDES = ("1/1 3/2 2/3", "1/1 2/2 4/3", "1/1 4/2 3/3", "2/1 3/2 4/3")
RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def scan(tmp_path):
    """Reads a tetrahedron whose sides have these materials, from these libraries."""

    def read(used=("skin",), libraries=("a.mtl",)):
        lines = [f"mtllib {name}" for name in libraries]
        faces = [f"usemtl {name}\nf {SIDES[i % len(SIDES)]}" for i, name in enumerate(used)]
        (tmp_path / "x.obj").write_text("\n".join([*lines, CORNERS, *faces, ""]))
        return meshes.read(tmp_path / "x.obj")

    return read


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that were opened, in order."""
    names, open_one = [], source.opened
    monkeypatch.setattr(source, "opened", lambda path: names.append(Path(path).name) or open_one(path))
    return names


def library(folder, name="a.mtl", **textures):
    (folder / name).write_text("".join(f"newmtl {one}\nmap_Kd {picture}\n" for one, picture in textures.items()))


def picture(folder, name="skin.png", color=RED, size=(2, 2), mode="RGB", **options):
    Image.new("RGB", size, color).convert(mode).save(folder / name, **options)


def fake_png(width, height):
    """The start of a PNG of this size, of which Pillow knows the size before it reads a pixel."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("ways", [["a.mtl", "./a.mtl", ".//a.mtl", "below/../a.mtl", ".\\a.mtl", "link.mtl"]])
def test_a_library_that_is_named_in_many_ways_is_read_once(scan, tmp_path, opened, ways):
    (tmp_path / "below").mkdir()
    (tmp_path / "link.mtl").symlink_to("a.mtl")
    library(tmp_path, skin="skin.png")
    picture(tmp_path)
    mesh = scan(libraries=ways)
    assert mesh.texture.images[0][0, 0].tolist() == list(RED) and mesh.notes == ()
    assert opened.count("a.mtl") == 1


def test_a_picture_that_many_materials_name_is_read_once_and_is_one_image(scan, tmp_path, opened):
    used = [f"skin{i}" for i in range(8)]
    (tmp_path / "below").mkdir()
    library(tmp_path, **{name: "./" * i + "below/../" * (i % 2) + "skin.png" for i, name in enumerate(used)})
    picture(tmp_path)
    mesh = scan(used)
    assert len(mesh.texture.images) == 1 and set(mesh.texture.image) == {0}
    assert opened.count("skin.png") == 2  # for its size, then for its pixels


def test_a_picture_that_no_face_uses_is_not_opened(scan, tmp_path, opened):
    library(tmp_path, skin="skin.png", other="other.png")
    picture(tmp_path)
    picture(tmp_path, "other.png")
    assert scan().notes == () and "other.png" not in opened


def test_a_file_that_is_named_in_many_ways_is_digested_once(tmp_path, monkeypatch):
    (tmp_path / "skin.png").write_bytes(b"picture")
    digested, look = [], companions.digests.of_file
    monkeypatch.setattr(companions.digests, "of_file", lambda path: digested.append(path) or look(path))
    with companions.noted() as notes:
        for i in range(20):
            companions.locate(tmp_path / "x.obj", "./" * i + "skin.png")
    assert len(notes) == 20 and len(set(notes.values())) == 1 and len(digested) == 1


@pytest.mark.parametrize(("limit", "most"), [("MOST_LIBRARIES", 3), ("MOST_MATERIALS", 2)])
def test_what_is_beyond_a_number_of_libraries_or_materials_is_left_gray_with_a_note(
    scan, tmp_path, monkeypatch, limit, most
):
    monkeypatch.setattr(materials, limit, most)
    used = ["a", "b", "c", "d"]
    for name in used:
        library(tmp_path, f"{name}.mtl", **{name: f"{name}.png"})
        picture(tmp_path, f"{name}.png")
    mesh = scan(used, [f"{name}.mtl" for name in used])
    assert [note for note in mesh.notes if f"the first {most}" in note] == list(mesh.notes)
    assert (mesh.texture.image >= 0).sum() == most


def test_no_more_than_a_number_of_bytes_of_libraries_is_read(scan, tmp_path, monkeypatch):
    library(tmp_path, "a.mtl", skin="skin.png")
    library(tmp_path, "b.mtl", bone="skin.png")
    picture(tmp_path)
    monkeypatch.setattr(materials, "MOST_BYTES", (tmp_path / "a.mtl").stat().st_size + 5)
    mesh = scan(["skin", "bone"], ["a.mtl", "b.mtl"])
    assert sorted(mesh.texture.image) == [-1, 0] and "what is beyond was not read" in mesh.notes[0]


def test_what_is_beyond_a_number_of_pictures_is_left_gray_with_a_note(scan, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PICTURES", 2)
    library(tmp_path, a="a.png", b="b.png", c="c.png")
    for name in "abc":
        picture(tmp_path, f"{name}.png")
    mesh = scan("abc")
    assert mesh.notes == ("names 3 textures, and those after the first 2 were not looked for",)
    assert [image.shape for image in mesh.texture.images] == [(2, 2, 3), (2, 2, 3), (1, 1, 3)]


def test_what_is_beyond_a_number_of_pixels_is_left_gray_with_a_note(scan, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_IN_ALL", 10)
    library(tmp_path, a="a.png", b="b.png", c="c.png", d="d.png")
    for name in "abcd":
        picture(tmp_path, f"{name}.png")
    mesh = scan("abcd")
    (note,) = mesh.notes
    assert "pixels in all, and those from 'c.png' on were not read" in note
    assert [image.shape[0] for image in mesh.texture.images] == [2, 2, 1]


@pytest.mark.parametrize("size", [(16385, 16384), (50_000, 50_000)])
def test_a_picture_larger_than_any_texture_is_a_note_without_words_of_a_library(scan, tmp_path, size):
    library(tmp_path, skin="skin.png")
    (tmp_path / "skin.png").write_bytes(fake_png(*size))
    (note,) = scan().notes
    assert note == "names the texture 'skin.png', which cannot be read, because it has more than 268 million pixels"


def test_a_picture_of_the_usual_largest_size_is_read_smaller(scan, tmp_path):
    Image.new("1", (16384, 16384), 1).save(tmp_path / "skin.png")
    library(tmp_path, skin="skin.png")
    mesh = scan()
    assert mesh.texture.images[0].shape == (8192, 8192, 3) and mesh.texture.images[0][::512, ::512].min() == 255
    assert "268 million pixels in all, of which the largest were reduced" in mesh.notes[0]


@pytest.mark.parametrize(("ending", "error"), [("png", 1), ("jpg", 12), ("gif", 12)])
def test_of_pictures_that_are_too_large_together_the_largest_are_reduced(scan, tmp_path, monkeypatch, ending, error):
    monkeypatch.setattr(pictures, "MOST_KEPT", 64 * 64)
    monkeypatch.setattr(pictures, "BAND", 1000)
    red, green = np.indices((95, 101)) * 2
    Image.fromarray(np.stack([red, green, 0 * red], axis=2).astype(np.uint8)).save(tmp_path / f"large.{ending}")
    picture(tmp_path, f"small.{ending}", size=(8, 8))
    library(tmp_path, large=f"large.{ending}", small=f"small.{ending}")
    mesh = scan(["large", "small"])
    large, small = mesh.texture.images
    assert (large.shape, small.shape) == ((48, 51, 3), (8, 8, 3))
    expected = np.indices((48, 51)) * 4 + 1
    assert np.abs(large[:47, :50, :2].transpose(2, 0, 1) - expected[:, :47, :50]).max() <= error


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("png", {}),
        ("png", {"mode": "P"}),
        ("png", {"mode": "RGBA"}),
        ("png", {"mode": "1"}),
        ("jpg", {"quality": 95}),
        ("jpg", {"mode": "CMYK", "quality": 95}),
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw"}),
        ("tif", {"compression": "jpeg", "quality": 95}),
        ("bmp", {}),
        ("tga", {"compression": "tga_rle"}),
        ("gif", {}),
        ("webp", {"lossless": True}),
    ],
)
def test_pictures_of_every_format_that_scans_have_are_read(scan, tmp_path, ending, options):
    picture(tmp_path, f"skin.{ending}", (255, 255, 255), (16, 16), **options)
    library(tmp_path, skin=f"skin.{ending}")
    mesh = scan()
    assert mesh.notes == () and mesh.texture.images[0].shape == (16, 16, 3) and mesh.texture.images[0].min() > 250


@pytest.mark.parametrize("ending", ["eps", "ps", "pdf", "psd", "ico", "wmf", "xpm", "jp2", "png"])
def test_a_picture_of_another_format_is_not_opened_whatever_its_name(scan, tmp_path, monkeypatch, ending):
    """Pillow lets Ghostscript read an EPS, which is a program."""
    started = []
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_: started.append(1))
    Image.new("RGB", (2, 2)).save(tmp_path / f"skin.{ending}", {"jp2": "JPEG2000", "ico": "ICO"}.get(ending, "EPS"))
    library(tmp_path, skin=f"skin.{ending}")
    (note,) = scan().notes
    assert not started and note == (
        f"names the texture 'skin.{ending}', which cannot be read, because it is broken or none of PNG, JPEG, TIFF, "
        "BMP, TGA, GIF, WEBP"
    )


def test_a_picture_that_takes_too_much_memory_is_a_note(scan, tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError

    library(tmp_path, skin="skin.png")
    picture(tmp_path)
    monkeypatch.setattr(Image.Image, "crop", fail)
    (note,) = scan().notes
    assert "takes more memory than there is for this scan" in note


def test_a_picture_that_breaks_off_is_a_note(scan, tmp_path):
    library(tmp_path, skin="skin.png")
    picture(tmp_path, size=(100, 100))
    data = (tmp_path / "skin.png").read_bytes()
    (tmp_path / "skin.png").write_bytes(data[: len(data) // 2])
    (note,) = scan().notes
    assert note == "names the texture 'skin.png', which cannot be read, because it is broken"


def test_names_in_a_scan_outside_the_folder_of_scans_are_not_told(scan, tmp_path):
    library(tmp_path, skin="secret.png", bone="secret.eps")
    (tmp_path / "secret.eps").write_bytes(b"%!PS")
    with companions.noted(named=False):
        notes = scan(["skin", "bone"], ["a.mtl", "secret.mtl", "../secret.mtl"]).notes
    assert len(notes) == 4 and not [note for note in notes if "secret" in note]
    assert all("whose name is not shown" in note for note in notes)
