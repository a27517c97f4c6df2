"""What becomes of the other specimens when one of them ends the process that reads it."""

import faulthandler
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scripts import render_multiview

from fossilvit import meshes, store

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
    """Renders boxes of these names; the record of each, by name."""
    monkeypatch.setattr(meshes, "read", misread)

    def run(*names):
        (tmp_path / "meshes").mkdir()
        for name in names:
            trimesh.creation.box().export(tmp_path / "meshes" / f"{name}.ply")
        out = tmp_path / "renders"
        arguments = ["--in", tmp_path / "meshes", "--out", out, "--views", 2, "--size", 32]
        monkeypatch.setattr("sys.argv", ["render_multiview", *map(str, arguments)])
        render_multiview.main()
        return {name: store.read_json(store.render_record(out, name)) for name in names}

    return run


@pytest.mark.parametrize(("name", "cause"), [("segfault", "segmentation fault"), ("abort", "abort")])
def test_a_crash_costs_the_record_of_its_specimen_and_nothing_else(render, name, cause):
    records = render("a", name, "z")
    assert [records[other]["status"] for other in ("a", name, "z")] == ["ok", "failed", "ok"]
    assert f"{name}.ply ended its process by {cause}" in records[name]["reason"]
    assert records[name]["file"]["name"] == f"{name}.ply" and "views" not in records[name]


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
