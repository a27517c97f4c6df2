"""What lies around a mesh: compression, endings, files that are no mesh, and files that may not be read."""

import gzip
import os
import signal
import socket

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


@pytest.fixture
def special(tmp_path):
    """Makes what is no file with content, under the name of a scan."""
    held = []

    def make(kind, name="x.ply"):
        path = tmp_path / name
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case "device":
                path.symlink_to("/dev/zero")
            case "socket":
                held.append(socket.socket(socket.AF_UNIX))
                try:
                    held[-1].bind(str(path))
                except OSError:
                    pytest.skip("this file system takes no sockets, or the path is too long for one")
        return path

    signal.alarm(20)  # what waits for a pipe never ends
    yield make
    signal.alarm(0)
    for one in held:
        one.close()


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
def test_what_is_no_file_with_content_is_refused_and_never_waited_for(special, kind):
    path = special(kind)
    assert "is no file, but a folder, pipe, socket or device; put the scan itself here" in refusal(path)
    assert meshes.file_facts(path)["sha256"] is None and meshes.most_memory(path) == source.MEMORY_BASE


def test_a_file_that_becomes_a_pipe_when_it_is_opened_is_refused(special, tmp_path, monkeypatch):
    """Between the look at a file and its opening another may take its place."""
    pipe, look = special("pipe", "pipe.ply"), os.stat
    path = stored(tmp_path, "x.ply", WHOLE["text.ply"])
    monkeypatch.setattr(source.os, "stat", lambda one, **options: (look(one, **options), os.replace(pipe, path))[0])
    assert "is no file" in refusal(path)


@pytest.mark.parametrize(
    "data",
    [
        b"root:secret:19000:0:99999:7:::\n",
        b"OFF\nsecret 3 0\n",
        b"OFF\n3 1 0\n0 0 0\n1 0 secret\n",
        b"ply\nformat ascii 1.0\nelement vertex secret\nend_header\n",
        b"ply\nformat ascii 1.0\nelement vertex 1\nproperty secret x\nend_header\n",
        b"ply\nformat ascii 1.0\nelement secret 9\nproperty float x\nend_header\n1\n",
        b"v secret 0 0\n",
        b"v 0 0 0\nmtllib secret.mtl\nf 1 secret\n",
        b"solid secret\nfacet\nvertex secret\nendsolid\n",
        b"\x1f\x8bsecret",
        b"%PDF-1.7 secret",
    ],
)
@pytest.mark.parametrize("ending", ["ply", "obj", "stl", "off"])
def test_of_a_scan_outside_the_folder_of_scans_nothing_is_told_but_its_path(tmp_path, ending, data):
    path = stored(tmp_path, f"x.{ending}", data)
    with pytest.raises(SpecimenError) as error:
        meshes.read(path, outside=True)
    assert str(error.value) == (
        f"{path} cannot be read; messages show nothing of its content, because it lies outside the folder of scans: "
        "copy it into the folder to learn what is wrong."
    )


def test_an_unforeseen_error_tells_nothing_of_a_scan_outside_the_folder_of_scans(tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("secret")

    monkeypatch.setattr(source, "load", fail)
    for outside in (False, True):
        with pytest.raises(SpecimenError, match=r"x.ply cannot be read.*\.$") as error:
            meshes.read(tmp_path / "x.ply", outside)
        assert ("secret" in str(error.value)) != outside


@pytest.mark.parametrize("size", [(1e-100, 1e-100, 1e-100), (5e-324, 1, 1), (1e-200, 1e-200, 1)])
def test_a_surface_too_small_for_its_area_to_be_computed_is_refused(tmp_path, size):
    corners = [[x * side for x, side in zip(corner, size, strict=True)] for corner in TETRAHEDRON]
    assert "is too small, or too thin, to be drawn" in refusal(stored(tmp_path, "x.obj", obj(corners, SIDES[1:2])))


def test_a_missing_file_is_a_fault_of_the_machine(tmp_path):
    """A drive that is not mounted must not turn a whole collection into failed specimens."""
    with pytest.raises(FileNotFoundError, match="gone.ply"):
        meshes.read(tmp_path / "gone.ply")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (PermissionError(13, "denied"), SpecimenError),
        (OSError(5, "disk"), OSError),
        (MemoryError(), MemoryError),
        (ImportError(), ImportError),
    ],
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
