import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.target_jobs import parse_target_jobs_cli_args
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args, format_cli_arg

from fossilvit.errors import UserError
from fossilvit.scans import inventory, passed_over
from fossilvit.store import layout

from ..conftest import ordinary_user

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=12)
IDS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
COMPANIONS = "pictures and materials, read where a scan names them"


def touch(folder, *names):
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def ids(folder, **options):
    return list(inventory.take(folder, **options).specimens)


def left_out(folder, **options):
    """The reasons by ID of what is left out, beside a scan that is not."""
    touch(folder, "sound.ply")
    found = inventory.take(folder, **options)
    assert "sound" in found.specimens
    return dict(found.left_out)


def others(folder):
    """The kinds by path of what is passed over."""
    return {path: kind.label for path, kind in inventory.take(folder).passed_over}


# Specimens


def test_an_id_is_the_path_without_its_extension_and_ids_are_sorted(tmp_path):
    touch(tmp_path, "b.ply", "ammonites/NHM-1234.obj", "a/b/c d.stl", "化石/アンモナイト 1.off", "v1.2.ply")
    assert ids(tmp_path) == sorted(["b", "ammonites/NHM-1234", "a/b/c d", "化石/アンモナイト 1", "v1.2"])


def test_a_specimen_knows_its_id_and_file(tmp_path):
    touch(tmp_path, "a/b.ply")
    found = inventory.take(tmp_path).specimens["a/b"]
    assert (found.id, Path(found.path), found.size) == ("a/b", tmp_path / "a" / "b.ply", 1)


def test_a_folder_may_be_named_with_a_slash_at_its_end(tmp_path):
    touch(tmp_path, "a/b.ply", "c.zip")
    found = inventory.take(f"{tmp_path}/")
    assert list(found.specimens) == ["a/b"] and [path for path, _ in found.passed_over] == ["c.zip"]


def test_extensions_are_known_in_any_case(tmp_path):
    touch(tmp_path, "a.PLY", "b.Stl", "notes.txt", "c.ply.bak", "ply", "d.gz", "e.txt.gz")
    assert ids(tmp_path) == ["a", "b"]


def test_every_folder_is_read_once(tmp_path, monkeypatch):
    touch(tmp_path, *(f"{group}/{part}/{number}.ply" for group in "ab" for part in "cd" for number in range(50)))
    scandir, read = os.scandir, []
    monkeypatch.setattr(os, "scandir", lambda folder: read.append(str(folder)) or scandir(folder))
    assert len(inventory.take(tmp_path).specimens) == 200
    assert sorted(read) == sorted(str(folder) for folder in [tmp_path, *tmp_path.rglob("*")] if folder.is_dir())


@pytest.mark.parametrize(("name", "times"), [("a.ply", 20), ("a.PLY.GZ", 60)])
def test_reading_a_mesh_takes_memory_by_its_size(tmp_path, name, times):
    (tmp_path / name).write_bytes(bytes(3_000_000))
    assert inventory.take(tmp_path).specimens["a"].memory == 3 * times


def test_linked_folders_are_entered(tmp_path):
    touch(tmp_path / "elsewhere", "x.ply")
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "linked").symlink_to(tmp_path / "elsewhere")
    assert ids(tmp_path / "meshes") == ["linked/x"]


def test_a_circle_of_links_ends_and_is_told(tmp_path):
    touch(tmp_path, "a/x.ply")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert ids(tmp_path) == ["a/x"]
    assert others(tmp_path) == {"a/up": "links to folders that are read already"}


def test_what_the_workflow_makes_is_not_taken_for_scans(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "x.ply", "data/meshes/y.ply", "data/renders/x/x_view00.png", "results/figures/a.png", "logs/z.ply")
    assert ids(".") == ["data/meshes/y", "x"]
    assert others(".") == dict.fromkeys(["data/renders", "logs", "results"], "folders of results")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        inventory.take(tmp_path / "nowhere")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    touch(tmp_path, "a.ply")
    with pytest.raises(UserError, match="a.ply is no folder"):
        inventory.take(tmp_path / "a.ply")


def test_a_folder_without_meshes_is_named_with_the_extensions(tmp_path):
    touch(tmp_path, "notes.txt")
    with pytest.raises(UserError, match=r"\.ply \.obj \.stl \.off") as error:
        inventory.take(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_a_folder_of_nothing_but_scans_that_are_left_out_says_why(tmp_path):
    touch(tmp_path, "tab\there.ply")
    with pytest.raises(UserError, match="The first of 1 left out: .*control character"):
        inventory.take(tmp_path)


# Files of the same ID


def test_all_files_that_share_an_id_are_named_at_once(tmp_path):
    touch(tmp_path, "a/x.ply", "a/x.OBJ", "y.stl", "y.stl.gz", "z.ply")
    with pytest.raises(UserError, match="2 specimens have several files of the same ID") as error:
        inventory.take(tmp_path)
    for name in ("a/x.ply", "a/x.OBJ", "y.stl", "y.stl.gz"):
        assert str(tmp_path / name) in str(error.value)
    assert "z.ply" not in str(error.value) and "prefer: [ply]" in str(error.value)


def test_of_very_many_files_that_share_an_id_the_first_hundred_are_named(tmp_path):
    touch(tmp_path, *(f"{number:03d}.{format}" for number in range(130) for format in ("ply", "stl")))
    with pytest.raises(UserError, match="099.ply(?s:.*)and 30 more"):
        inventory.take(tmp_path)


def test_the_preferred_format_is_taken_and_the_others_are_passed_over(tmp_path):
    touch(tmp_path, "a.ply", "a.stl", "b.STL", "b.obj", "c.off", "d.stl.gz", "d.stl", "d.off")
    found = inventory.take(tmp_path, prefer=["stl"])
    assert [Path(specimen.path).name for specimen in found.specimens.values()] == ["a.stl", "b.STL", "c.off", "d.stl"]
    assert [path for path, kind in found.passed_over if kind is passed_over.UNPREFERRED] == [
        "a.ply",
        "b.obj",
        "d.off",
        "d.stl.gz",
    ]


def test_where_the_preferred_format_is_missing_the_next_one_is_taken(tmp_path):
    touch(tmp_path, "a.ply", "a.stl", "b.off", "b.stl")
    paths = [specimen.path for specimen in inventory.take(tmp_path, prefer=["ply", "off"]).specimens.values()]
    assert [Path(path).name for path in paths] == ["a.ply", "b.off"]


@pytest.mark.parametrize("names", [("a.ply", "a.PLY"), ("a.ply", "a.stl", "a.STL"), ("a.obj", "a.off")])
def test_what_a_preference_does_not_decide_is_told(tmp_path, names):
    touch(tmp_path, *names)
    with pytest.raises(UserError, match="the same ID"):
        inventory.take(tmp_path, prefer=["stl"])


# Scans that are left out


@pytest.mark.parametrize("name", ["line\nbreak", "tab\there", "next\x85line", "escape\x1b[31m"])
def test_a_control_character_in_a_name_leaves_that_scan_out_and_is_spelled_out(tmp_path, name):
    touch(tmp_path, f"{name}.ply")
    ((identity, reason),) = left_out(tmp_path).items()
    assert identity == repr(name)[1:-1] and "control character" in reason and reason.isprintable()


def test_a_name_that_is_not_utf8_leaves_that_scan_out(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ply")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    assert "UTF-8" in left_out(tmp_path)["\\xff"]


def test_a_link_to_nothing_leaves_that_scan_out_and_other_such_links_are_passed_over(tmp_path):
    (tmp_path / "gone.ply").symlink_to(tmp_path / "nowhere.ply")
    (tmp_path / "circle.stl").symlink_to(tmp_path / "circle.stl")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "nowhere.txt")
    found = left_out(tmp_path)
    assert sorted(found) == ["circle", "gone"] and all("is a link to nothing" in reason for reason in found.values())
    assert others(tmp_path) == {"notes.txt": "links to nothing"}


@pytest.mark.parametrize(
    ("name", "taken"), [("x" * 250, True), ("x" * 251, False), ("標" * 83, True), ("{" * 84, False)]
)
def test_a_name_without_room_for_the_endings_of_results_is_left_out(tmp_path, name, taken):
    touch(tmp_path, f"{name}.ply", f"folder/{name}/x.ply")
    found = left_out(tmp_path)
    assert set(found) == (set() if taken else {name, f"folder/{name}/x"})
    assert all("more than 250 bytes" in reason for reason in found.values())


def test_a_scan_that_lies_too_deep_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deep = "/".join(["f" * 200] * 10)
    touch(".", f"{deep}.ply", f"{deep[1:201]}/x.ply")
    assert "2009 bytes" in left_out(".")[deep]


def test_a_folder_that_may_not_be_opened_is_left_out(tmp_path):
    touch(tmp_path, "a.ply", "locked/b.ply", "open/c.ply")
    (tmp_path / "locked").chmod(0)
    program = f"from fossilvit.scans import inventory; print(inventory.take({str(tmp_path)!r}))"
    python = [*ordinary_user(), sys.executable, "-c", program]
    done = subprocess.run(python, capture_output=True, encoding="utf-8", timeout=60)
    (tmp_path / "locked").chmod(0o755)
    assert "'locked/'" in done.stdout and "cannot be opened (Permission denied)" in done.stdout, done.stderr
    assert "open/c" in done.stdout


def test_a_folder_that_the_machine_cannot_read_stops_the_run(tmp_path, monkeypatch):
    touch(tmp_path, "a.ply", "b/c.ply")
    scandir = os.scandir

    def fail(folder):
        if str(folder).endswith("b"):
            raise OSError(5, "Input/output error")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(UserError, match=r"b cannot be read \(Input/output error\)"):
        inventory.take(tmp_path)


def arrives(identity):
    """Whether Snakemake's own way to name a job to another machine, through a shell, keeps the ID."""
    named = format_cli_arg("--target-jobs", encode_target_jobs_cli_args([TargetSpec("rule", {"id": identity})]))
    said = subprocess.run(["sh", "-c", f"printf '%s\\0' {named}"], capture_output=True, check=False).stdout
    try:
        return parse_target_jobs_cli_args(said.decode().split("\0")[1:-1]) == [TargetSpec("rule", {"id": identity})]
    except ValueError:
        return False


@given(IDS)
@example("plain/標本 1")
@example("it's")
@example("$HOME")
@example('"quoted" `x` #1 & co')
@example("a,b")
@example("it's $HOME")
@example("it's `x`")
@example('it\'s "x"')
@example("back\\slash")
@example("標本\u3000全角")
@example("NHM<holotype>1")
def test_it_is_known_which_names_reach_a_job_of_a_cluster(identity):
    name = layout.encode(identity)
    assert inventory.arrives(name) == arrives(name)


def test_names_that_get_lost_on_the_way_to_a_cluster_are_left_out_there_alone(tmp_path):
    touch(tmp_path, "Smith, 1990.ply")
    assert left_out(tmp_path) == {}
    assert "rename it, or run everything in one job" in left_out(tmp_path, for_cluster=True)["Smith, 1990"]


# Files that are passed over


def test_every_file_that_is_no_scan_is_passed_over_for_a_reason(tmp_path):
    expected = {
        "a.stl.zip": "archives",
        "a.stl.bz2": "archives",
        "b.glb": "other 3D formats",
        "b.WRL": "other 3D formats",
        "b.vtp": "other 3D formats",
        "c.stl.part": "unfinished downloads",
        "c.ply.crdownload": "unfinished downloads",
        "d.ply~": "backup copies",
        "d.ply.bak": "backup copies",
        "e.nii.gz": "volumes",
        "e.dcm": "volumes",
        "skin.PNG": COMPANIONS,
        "skin.mtl": COMPANIONS,
        ".hidden.ply": "hidden files",
        ".DS_Store": "hidden files",
        ".folder": "hidden files",
        "._a.ply": "hidden files",
        "notes.txt": "other files",
        "ply": "other files",
        "f/Thumbs.db": "other files",
    }
    touch(tmp_path, "seen.ply", *(name for name in expected if name != ".folder"), ".folder/inside.ply")
    assert others(tmp_path) == expected
    assert all(kind.reason.endswith(".") for _, kind in inventory.take(tmp_path).passed_over)


def test_what_holds_no_content_is_passed_over(tmp_path):
    touch(tmp_path, "a.ply")
    os.mkfifo(tmp_path / "pipe.ply")
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(tmp_path / "s.ply"))
        except OSError:
            (tmp_path / "s.ply").symlink_to("pipe.ply")
        assert others(tmp_path) == {"pipe.ply": "pipes, sockets and devices", "s.ply": "pipes, sockets and devices"}


@pytest.mark.parametrize("name", ["null.ply", "null.obj.gz"])
def test_a_link_to_a_device_is_passed_over_as_a_device(tmp_path, name):
    touch(tmp_path, "a.ply")
    (tmp_path / name).symlink_to("/dev/null")
    (tmp_path / "notes.txt").symlink_to("/dev/null")
    assert others(tmp_path) == {name: "pipes, sockets and devices", "notes.txt": "pipes, sockets and devices"}


@pytest.mark.parametrize("name", ["a.ply", "deep/A.OBJ", "x.stl.gz"])
def test_a_folder_with_the_name_of_a_scan_is_entered_and_passed_over(tmp_path, name):
    touch(tmp_path, f"{name}/b.ply")
    assert ids(tmp_path) == [f"{name}/b"] and others(tmp_path) == {name: "folders named like scans"}


def test_it_is_known_which_scans_lie_outside_their_folder(tmp_path, monkeypatch):
    touch(tmp_path, "archive/x.ply", "archive/deep/y.ply", "scans/own.ply", "scans/a/b.ply")
    scans = tmp_path / "scans"
    (scans / "link.ply").symlink_to(tmp_path / "archive/x.ply")
    (scans / "a/linked").symlink_to(tmp_path / "archive/deep")
    (scans / "a/inner.ply").symlink_to(scans / "own.ply")
    (tmp_path / "way").symlink_to(scans)
    outside = {"own": False, "a/b": False, "a/inner": False, "link": True, "a/linked/y": True}
    monkeypatch.chdir(scans)
    for folder in (scans, "../scans", ".", tmp_path / "way"):
        found = inventory.take(folder).specimens
        assert {one: inventory.is_outside(specimen.path, one) for one, specimen in found.items()} == outside
    for path, identity in (("own.ply", "own"), ("a/b.ply", "b"), ("own.ply", "another"), ("own", "own")):
        assert not inventory.is_outside(path, identity)
    assert inventory.is_outside("link.ply", "link") and inventory.is_outside("link.ply", "another/name")


@pytest.mark.parametrize("kind", passed_over.BY_NAME, ids=lambda kind: kind.label)
def test_no_ending_of_a_file_passed_over_is_that_of_a_scan(kind):
    assert kind.endings and not any(inventory.without_extension(f"x{ending}") for ending in kind.endings)


def test_what_is_not_in_the_collection_is_told_in_a_sentence_each(tmp_path):
    touch(tmp_path, "a.ply")
    assert inventory.take(tmp_path).summary() == []
    touch(tmp_path, "b.zip", "c.zip", "d.glb", "tab\t.ply", "line\n.ply")
    assert inventory.take(tmp_path).summary() == [
        f"Left out, as results/failed.csv says: {tmp_path}/line\\n.ply has a line break or control character in its "
        "name; rename it. (and 1 more)",
        "Passed over 3, as results/passed_over.csv says: archives (2), other 3D formats (1).",
    ]
