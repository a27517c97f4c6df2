"""What becomes of the other specimens when one of them ends the process that reads it."""

import faulthandler
import json
import os
import signal
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import pytest
import trimesh

from fossilvit import meshes
from fossilvit.errors import UserError
from fossilvit.running import isolation, warm
from fossilvit.scans import companions
from fossilvit.store import digests, files, layout
from fossilvit.store.png import read_image
from fossilvit.views import poses, recording
from fossilvit.views.rendering import raster
from scripts import render_multiview

read, facts, pose, renderer, write = meshes.read, meshes.facts, poses.pose, raster.renderer, recording.write_view
linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/smaps_rollup"), reason="only Linux tells how much memory a process has"
)

hoards = []
"""Names of scans of which this process still holds memory."""


def misread(path, outside=False):
    """Read a mesh, or fail in the way that its name says."""
    faulthandler.disable()
    name = Path(path).name.partition(".")[0]
    match name:
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "abort":
            os.abort()
        case "glutton":
            np.ones(20 << 30, np.uint8)
        case "hoarder":
            hoards.append(name)
        case "needy" if hoards:
            raise MemoryError
        case "import":
            raise ImportError("failed to map segment from shared object")
        case "unforeseen":
            raise ValueError("secret")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    return read(path, outside)._replace(format=name)


def misposed(mesh, *arguments):
    fail(mesh, "in posing")
    return pose(mesh, *arguments)


def misjudged(mesh):
    fail(mesh, "in its facts")
    return facts(mesh)


@contextmanager
def misdrawn(*settings):
    def draw(mesh, *arguments):
        for image in drawn(mesh, *arguments):
            yield image
            fail(mesh, "in drawing")
            if mesh.format == "glutton in drawing":
                np.ones(20 << 30, np.uint8)

    with renderer(*settings) as drawn:
        yield draw


def miswrite(out, identity, view, image):
    if identity == "on a full disk" and view:
        raise OSError(28, "No space left on device")
    write(out, identity, view, image)


def fail(mesh, where):
    if mesh.format == where:
        raise ValueError("secret")


@pytest.fixture
def render(tmp_path, monkeypatch):
    """Renders boxes, each with a stray, of these names; the record of each, by name."""
    monkeypatch.setattr(meshes, "read", misread)
    monkeypatch.setattr(meshes, "facts", misjudged)
    monkeypatch.setattr(poses, "pose", misposed)
    monkeypatch.setattr(raster, "renderer", misdrawn)
    monkeypatch.setattr(recording, "write_view", miswrite)
    monkeypatch.delenv(warm.MEMORY, raising=False)

    def run(*names, options=()):
        (tmp_path / "meshes").mkdir(exist_ok=True)
        for name in names:
            scan = trimesh.creation.box((1, 2, 3)) + trimesh.creation.icosphere(0, 0.01).apply_translation((0, 0, 9))
            scan.export(tmp_path / "meshes" / f"{name}.ply")
        out = tmp_path / "renders"
        arguments = ["--in", tmp_path / "meshes", "--out", out, "--views", 2, "--size", 32, *options]
        monkeypatch.setattr("sys.argv", ["render_multiview", *map(str, arguments)])
        render_multiview.main()
        records = {name: layout.render_record(out, name) for name in names}
        return {name: files.read_json(record) for name, record in records.items() if record.exists()}

    run.pictures = lambda name: [path.read_bytes() for path in sorted((tmp_path / "renders" / name).glob("*.png"))]
    return run


@pytest.mark.parametrize(("name", "cause"), [("segfault", "segmentation fault"), ("abort", "abort")])
def test_a_crash_costs_the_record_of_its_specimen_and_nothing_else(render, name, cause):
    records = render("a", name, "z")
    assert [records[other]["status"] for other in ("a", name, "z")] == ["ok", "failed", "ok"]
    assert f"{name}.ply ended its process by {cause}" in records[name]["reason"]
    assert records[name]["file"]["name"] == f"{name}.ply" and "views" not in records[name]


def test_a_crash_with_a_driver_at_work_fails_the_job_and_leaves_no_record(render, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fossilvit.views.rendering.offscreen", raster)
    with pytest.raises(UserError, match="segmentation fault.*renderer raster"):
        render("segfault", options=("--renderer", "offscreen"))
    assert not list((tmp_path / "renders").rglob("*.json"))


@linux
def test_reading_takes_no_more_memory_than_the_size_of_the_file_allows(render):
    records = render("a", "glutton")
    assert records["a"]["status"] == "ok" and "more than 2048 MiB of memory" in records["glutton"]["reason"]


def test_a_process_that_somebody_kills_fails_the_job_and_leaves_no_record(render, tmp_path):
    with pytest.raises(OSError, match="run again"):
        render("killed")
    assert not list((tmp_path / "renders").rglob("*.json"))


@pytest.fixture
def allowed(monkeypatch):
    """The MB that a job may take, beyond what the tests before have left in this process."""
    megabytes = 1000 + (psutil.Process().memory_info().rss >> 20)
    monkeypatch.setenv(warm.MEMORY, str(megabytes))
    return megabytes


@linux
@pytest.mark.parametrize("name", ["glutton", "glutton in drawing", "import"])
def test_a_job_takes_no_more_memory_than_it_may_and_goes_on(render, allowed, name):
    records = render("a", name, "z")
    assert [records[other]["status"] for other in ("a", name, "z")] == ["ok", "failed", "ok"]
    assert records[name]["reason"].endswith(
        f"{name}.ply takes more than the {allowed} MB of memory that its job may take; export it smaller, or delete "
        f"data/renders/{name}/render.json and give the rule more: --set-resources render_views:mem_mb=MB."
    )


@linux
def test_a_scan_is_not_too_large_because_of_what_its_process_holds_of_former_scans(render, allowed):
    assert [record["status"] for record in render("hoarder", "needy").values()] == ["ok", "ok"]


@linux
def test_a_job_that_may_take_too_little_for_any_scan_says_so_and_leaves_no_record(render, tmp_path, monkeypatch):
    monkeypatch.setenv(warm.MEMORY, "10")
    with pytest.raises(UserError, match="may take 10 MB of memory, which is too little for any scan"):
        render("a")
    assert not list((tmp_path / "renders").rglob("*.json"))


@linux
def test_a_compressed_scan_that_takes_too_much_memory_is_to_be_unpacked(render, tmp_path, allowed):
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes/glutton.ply.gz").write_bytes(b"")
    render("a")
    reason = files.read_json(layout.render_record(tmp_path / "renders", "glutton"))["reason"]
    assert "MB of memory that its job may take; unpack it, export it smaller, or delete" in reason


def test_a_crash_for_lack_of_memory_says_what_to_do(render, allowed, monkeypatch):
    kills = count(10**9)
    monkeypatch.setattr(isolation, "killed_for_memory", lambda: next(kills))
    reason = render("killed")["killed"]["reason"]
    assert "killed.ply ended its process by lack of memory; export it smaller, or delete" in reason


@pytest.mark.parametrize("name", ["unforeseen", "in posing", "in drawing", "in its facts"])
def test_an_unforeseen_error_costs_the_record_of_its_specimen_and_nothing_else(render, tmp_path, name):
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes/a.mtl").write_text("newmtl skin\n")
    records = render("a", name, "z")
    assert [records[other]["status"] for other in ("a", name, "z")] == ["ok", "failed", "ok"]
    assert records[name]["reason"].endswith(f"{name}.ply cannot be rendered (ValueError: secret); export it again.")
    assert render.pictures("a") and not render.pictures(name)


def test_an_error_in_drawing_with_a_driver_fails_the_job_and_leaves_nothing(render, tmp_path, monkeypatch):
    """It may be that of the driver, and then every specimen of the collection would be called bad."""
    monkeypatch.setitem(sys.modules, "fossilvit.views.rendering.offscreen", raster)
    with pytest.raises(UserError, match=r"driver failed at .*in drawing.ply \(ValueError\); run again"):
        render("in drawing", options=("--renderer", "offscreen"))
    assert not list((tmp_path / "renders").rglob("*.*"))


def test_an_error_in_posing_is_that_of_the_specimen_whatever_draws_it(render, monkeypatch):
    monkeypatch.setitem(sys.modules, "fossilvit.views.rendering.offscreen", raster)
    assert render("in posing", options=("--renderer", "offscreen"))["in posing"]["status"] == "failed"


def test_a_full_disk_leaves_no_half_written_set_of_views(render, tmp_path):
    with pytest.raises(OSError, match="No space"):
        render("on a full disk")
    assert not list((tmp_path / "renders").rglob("*.*"))


@pytest.mark.parametrize("name", ["secret", "in drawing"])
def test_the_reason_of_a_scan_that_a_link_leads_out_to_holds_nothing_of_its_content(render, tmp_path, name):
    (tmp_path / "archive").mkdir()
    (tmp_path / "meshes").mkdir()
    text = "v nosy\n" if name == "secret" else "mtllib nosy.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    (tmp_path / "archive/x.obj").write_text(text)
    (tmp_path / f"meshes/{name}.obj").symlink_to(tmp_path / "archive/x.obj")
    (tmp_path / "meshes/linked").symlink_to(tmp_path / "archive")
    render("a")
    for identity in (name, "linked/x"):
        record = layout.render_record(tmp_path / "renders", identity).read_text()
        if (name, identity) == ("in drawing", "linked/x"):
            assert "whose name is not shown" in json.loads(record)["mesh"]["notes"][0]
        else:
            reason = json.loads(record)["reason"]
            assert "lies outside the folder of scans" in reason and "nosy" not in record


def test_files_beside_a_scan_that_crashes_have_the_digests_that_the_next_run_finds(render, tmp_path):
    """A link that leads out of the folder is not followed by either, or the scan would be rendered in every run."""
    (tmp_path / "meshes").mkdir()
    (tmp_path / "outside.png").write_bytes(b"picture")
    (tmp_path / "meshes/link.png").symlink_to(tmp_path / "outside.png")
    path = tmp_path / "meshes/segfault.ply"
    noted = render("segfault")["segfault"]["companions"]
    assert noted == {"link.png": None} == {"link.png": companions.digest(path, "link.png", digests.Digests())}


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_scan_that_is_no_file_is_told_in_a_sentence_and_never_waited_for(tmp_path, monkeypatch, caplog, kind):
    path = tmp_path / "x.ply"
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    monkeypatch.setattr("sys.argv", ["render_multiview", "--in", str(path), "--out", str(tmp_path / "renders")])
    signal.alarm(20)
    render_multiview.main()
    signal.alarm(0)
    assert "1 skipped" in caplog.text or "Skipped x" in caplog.text
    assert files.read_json(layout.render_record(tmp_path / "renders", "x"))["status"] == "failed"


@pytest.mark.parametrize("name", ["標本", "segfault"])
def test_a_preview_is_a_sheet_of_all_views_and_nothing_else(render, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert not render("other", name, options=("--preview", name, "--views", "7"))
    sheets = list((tmp_path / "results").rglob("*"))
    if name == "segfault":
        assert not sheets
    else:
        assert [path.name for path in sheets] == ["figures", f"preview_{name}.png"]
        rows = (read_image(sheets[1]) != 255).any(axis=(1, 2))
        assert np.diff(np.flatnonzero(np.diff(rows))).max() > 30
    assert not (tmp_path / "renders").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appearance", "whitened"),
        ("antialias", 3),
        ("viewpoints", "ring"),
        ("elevation", -35.5),
        ("framing", "zoom"),
        ("align", "none"),
        ("mirror", "ignore"),
        ("strays", "keep"),
        ("picture", "file"),
    ],
)
def test_a_setting_reaches_the_picture_and_the_record(render, setting, value):
    plain = ("--viewpoints", "ring") if setting == "elevation" else ()
    before, pictures = render("a", options=plain)["a"], render.pictures("a")
    after = render("a", options=(*plain, f"--{setting}={value}"))["a"]
    assert before[setting] != value and after[setting] == value
    assert render.pictures("a") != pictures


@pytest.mark.parametrize("fault", ["glutton", "segfault", "flat"])
def test_of_a_failed_specimen_it_is_recorded_which_files_beside_it_mattered(render, tmp_path, fault):
    """It is rendered again when one of them changes, as that may be the remedy."""
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes/skin.png").write_bytes(b"picture")
    if fault == "flat":
        (tmp_path / "meshes/flat.obj").write_text("mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 2 0 0\nusemtl skin\nf 1 2 3\n")
        render("a")
        record = files.read_json(layout.render_record(tmp_path / "renders", "flat"))
        assert record["companions"] == {"a.mtl": None}
    else:
        record = render(fault)[fault]
        picture = {"skin.png": digests.of_bytes(b"picture")}
        assert record["companions"] == (picture if fault == "segfault" else {})
    assert record["status"] == "failed" and record["path"].endswith(record["file"]["name"])
