"""What lies around a mesh: compression, endings, files that are no mesh, and files that may not be read."""

import gzip

import numpy as np
import pytest

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.meshes.formats import source

from .readings import is_tetrahedron, refusal
from .writers import CUBE, QUADS, SIDES, TETRAHEDRON, facets, obj, off, packed, ply_mesh, stl_binary, stl_text, stored

pytestmark = pytest.mark.filterwarnings("error")

FACETS = facets(TETRAHEDRON, SIDES)
WHOLE = {
    "text.ply": ply_mesh(TETRAHEDRON, SIDES),
    "little.ply": ply_mesh(TETRAHEDRON, SIDES, form="binary_little_endian"),
    "big.ply": ply_mesh(TETRAHEDRON, SIDES, form="binary_big_endian"),
    "x.obj": obj(TETRAHEDRON, SIDES),
    "text.stl": stl_text(FACETS),
    "binary.stl": stl_binary(FACETS),
    "x.off": off(TETRAHEDRON, SIDES),
}
PAGES = {
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "Git LFS"),
    "page": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
    "page without doctype": (b"\n <HTML><body>404</body></html>", "web page"),
    "XML": (b'<?xml version="1.0"?><VTKFile/>', "XML"),
    "ZIP": (b"PK\3\4\x14\0\0\0", "ZIP"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture"),
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "glTF": (b"glTF\2\0\0\0", "glTF"),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("ending", ["", ".gz", ".GZ"])
def test_a_compressed_file_is_read_whatever_its_ending(tmp_path, name, ending):
    mesh = meshes.read(stored(tmp_path, name + ending, packed(WHOLE[name])))
    assert is_tetrahedron(mesh) and mesh.format.endswith(" (gzip)") and mesh.notes == ()


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_only_its_name_calls_compressed_is_read(tmp_path, name):
    mesh = meshes.read(stored(tmp_path, name + ".gz", WHOLE[name]))
    assert is_tetrahedron(mesh) and "gzip" not in mesh.format


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_compressed_in_two_members_is_read_whole(tmp_path, name):
    data = WHOLE[name]
    assert is_tetrahedron(meshes.read(stored(tmp_path, name, packed(data[:60]) + packed(data[60:]))))


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("left", [-1, -8, -20, 20, 5, 2])
def test_a_compressed_file_that_breaks_off_is_refused(tmp_path, name, left):
    assert "breaks off" in refusal(stored(tmp_path, name, packed(WHOLE[name])[:left]))


def test_a_compressed_file_that_was_damaged_is_refused(tmp_path):
    data = bytearray(packed(WHOLE["text.ply"]))
    data[-6] ^= 1
    assert "cannot be unpacked" in refusal(stored(tmp_path, "x.ply.gz", bytes(data)))


def test_a_file_compressed_without_sense_is_refused(tmp_path):
    """Ten million blanks shrink to a thousandth, which no scan does."""
    data = WHOLE["text.ply"].replace(b"end_header\n", b"end_header\n" + b" " * 10**7)
    assert is_tetrahedron(meshes.read(stored(tmp_path, "plain.ply", data)))
    assert "times its size" in refusal(stored(tmp_path, "x.ply.gz", gzip.compress(data, 9)))


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"])
def test_a_file_of_nothing_but_a_mark_of_its_encoding_is_empty(tmp_path, name, data):
    assert "is empty" in refusal(stored(tmp_path, name, data))
    assert "is empty" in refusal(stored(tmp_path, f"{name}.gz", packed(data)))


@pytest.mark.parametrize("name", WHOLE)
def test_an_ending_in_capitals_is_read(tmp_path, name):
    mesh = meshes.read(stored(tmp_path, name.upper(), WHOLE[name]))
    assert is_tetrahedron(mesh) and mesh.notes == ()


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("ending", ["ply", "obj", "stl", "off", "ply.gz", "bin"])
def test_the_content_decides_what_a_file_is_and_a_wrong_ending_is_a_note(tmp_path, name, ending):
    right = name.rpartition(".")[2]
    mesh = meshes.read(stored(tmp_path, f"renamed.{ending}", WHOLE[name]))
    assert is_tetrahedron(mesh)
    if ending.removesuffix(".gz") == right:
        assert mesh.notes == ()
    else:
        assert len(mesh.notes) == 1 and right.upper() in mesh.notes[0]


@pytest.mark.parametrize("what", PAGES)
@pytest.mark.parametrize("ending", ["ply", "obj", "stl", "off"])
def test_a_file_that_is_no_mesh_is_called_what_it_is(tmp_path, what, ending):
    data, told = PAGES[what]
    assert told in refusal(stored(tmp_path, f"x.{ending}", data))
    assert told in refusal(stored(tmp_path, f"x.{ending}.gz", packed(data)))


@pytest.mark.parametrize("ending", ["ply", "obj", "stl", "off"])
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n\r\n\t", b"\0" * 200, b"\xff\xfe"])
def test_a_file_of_nothing_is_refused(tmp_path, ending, data):
    refusal(stored(tmp_path, f"x.{ending}", data))


def test_a_name_of_blanks_and_other_scripts_is_named(tmp_path):
    assert "壊れた 標本.ply" in refusal(stored(tmp_path, "壊れた 標本.ply", b""))


def test_a_missing_file_is_a_fault_of_the_machine(tmp_path):
    """A drive that is not mounted must not turn a whole collection into failed specimens."""
    with pytest.raises(FileNotFoundError, match="gone.ply"):
        meshes.read(tmp_path / "gone.ply")


@pytest.mark.parametrize(
    ("fault", "told"),
    [(PermissionError(13, "denied"), SpecimenError), (OSError(5, "disk"), OSError), (MemoryError(), MemoryError)],
)
def test_a_forbidden_file_is_bad_data_but_a_bad_disk_is_not(tmp_path, monkeypatch, fault, told):
    def refuse(*arguments, **keywords):
        raise fault

    path = stored(tmp_path, "x.ply", WHOLE["text.ply"])
    monkeypatch.setattr(source.np, "fromfile", refuse)
    with pytest.raises(told) as error:
        meshes.read(path)
    assert told is not SpecimenError or "x.ply may not be read" in str(error.value)


def test_what_a_file_is_to_the_file_system_is_told(tmp_path):
    """The sum is that of `printf abc | sha256sum`, from FIPS 180-2."""
    assert meshes.file_facts(stored(tmp_path, "x.ply", b"abc")) == {
        "name": "x.ply",
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }


@pytest.mark.parametrize("name", WHOLE)
def test_compression_changes_nothing_of_a_mesh(tmp_path, name):
    plain = meshes.read(stored(tmp_path, "plain-" + name, WHOLE[name]))
    other = meshes.read(stored(tmp_path, name + ".gz", packed(WHOLE[name])))
    assert all(np.array_equal(getattr(plain, part), getattr(other, part)) for part in ("vertices", "faces", "normals"))


def test_more_memory_is_granted_to_a_file_that_is_compressed(tmp_path):
    data = ply_mesh(CUBE, QUADS)
    plain, small = stored(tmp_path, "plain.ply", data), stored(tmp_path, "x.ply", packed(data))
    assert meshes.most_memory(small) > meshes.most_memory(plain) > len(data)


@pytest.mark.parametrize("name", ["scan.bin", "scan", "scan.ply.bak"])
def test_a_file_of_no_known_content_or_name_is_refused_in_a_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 3)
    with pytest.raises(SpecimenError, match="is not PLY, OBJ, STL or OFF, neither by its content nor by its name"):
        meshes.read(tmp_path / name)
