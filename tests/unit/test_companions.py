import hashlib
import os

import pytest

from fossilvit import meshes
from fossilvit.scans import companions
from fossilvit.store import digests

OBJ = "mtllib {}\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl skin\nf 1/1 2/1 3/1\n"


@pytest.fixture
def scan(tmp_path):
    """A triangle in OBJ that names a library, which names a texture; none of them is there but the scan."""
    (tmp_path / "a.obj").write_text(OBJ.format("a.mtl"))
    return tmp_path / "a.obj"


def read(scan):
    with companions.noted() as notes:
        meshes.read(scan)
    return notes


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_a_mesh_looks_for_is_noted_with_its_digest_and_what_is_missing_too(scan, tmp_path):
    assert read(scan) == {"a.mtl": None}
    (tmp_path / "a.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    assert read(scan) == {"a.mtl": digest(tmp_path / "a.mtl"), "skin.png": None}
    (tmp_path / "skin.png").write_bytes(b"no picture")
    assert read(scan) == {"a.mtl": digest(tmp_path / "a.mtl"), "skin.png": digest(tmp_path / "skin.png")}


@pytest.mark.parametrize("name", ["skin.png", "deep/skin.png", "deep\\skin.png", "../outside.png", "a\0b", "gone.png"])
def test_the_digest_asked_for_before_a_run_is_the_one_noted_while_reading(scan, tmp_path, name):
    (tmp_path / "deep").mkdir()
    for path in ("skin.png", "deep/skin.png", "../outside.png"):
        (tmp_path / path).write_bytes(path.encode())
    with companions.noted() as notes:
        try:
            companions.locate(scan, name)
        except companions.Missing:
            assert notes == {name: None}
    assert companions.digest(scan, name, digests.Digests()) == notes[name]
    assert (notes[name] is not None) == ("skin" in name)


def test_a_link_out_of_the_folder_is_not_followed(scan, tmp_path):
    (tmp_path / "../outside.png").write_bytes(b"secret")
    os.symlink(tmp_path / "../outside.png", tmp_path / "skin.png")
    with companions.noted() as notes, pytest.raises(companions.Missing, match="outside its own folder"):
        companions.locate(scan, "skin.png")
    assert notes == {"skin.png": None}


def test_nothing_is_noted_where_nobody_asks(scan):
    with pytest.raises(companions.Missing):
        companions.locate(scan, "skin.png")


def test_what_lies_around_a_mesh_are_the_visible_files_beside_it(scan, tmp_path):
    for name in ("skin.png", ".hidden", "b.obj"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert companions.around(scan) == ["b.obj", "skin.png"]
