"""What becomes of the other specimens when one of them ends the process that reads it."""

import faulthandler
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from fossilvit import meshes
from fossilvit.errors import UserError
from fossilvit.store import digests, files, layout
from fossilvit.store.png import read_image
from fossilvit.views.rendering import raster
from scripts import render_multiview

read = meshes.read


def misread(path):
    """Read a mesh, or fail in the way that its name says."""
    faulthandler.disable()
    match Path(path).stem:
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "abort":
            os.abort()
        case "glutton":
            np.ones(20 << 30, np.uint8)
        case "unforeseen":
            raise RuntimeError("a bug")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    return read(path)


@pytest.fixture
def render(tmp_path, monkeypatch):
    """Renders boxes, each with a stray, of these names; the record of each, by name."""
    monkeypatch.setattr(meshes, "read", misread)

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


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="only Linux tells how much memory a process has")
def test_reading_takes_no_more_memory_than_the_size_of_the_file_allows(render):
    records = render("a", "glutton")
    assert records["a"]["status"] == "ok" and "more than 1024 MiB of memory" in records["glutton"]["reason"]


def test_a_process_that_somebody_kills_fails_the_job_and_leaves_no_record(render, tmp_path):
    with pytest.raises(OSError, match="run again"):
        render("killed")
    assert not list((tmp_path / "renders").rglob("*.json"))


def test_a_bug_is_not_taken_for_a_bad_file(render):
    with pytest.raises(RuntimeError, match="a bug"):
        render("unforeseen")


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
