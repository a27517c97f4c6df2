import numpy as np
import pytest

from fossilvit import meshes
from fossilvit.errors import SpecimenError
from fossilvit.meshes import resolution
from fossilvit.meshes.errors import Unreadable

from .shapes import fossil

SURVEY = np.array([691_000.0, 5_641_800.0, 80.0])
"""Meters east, north and above the sea, in which 32-bit numbers step by 0.06, 0.5 and 0.000008."""


def scanned(size, place=SURVEY):
    """Vertices of a specimen of that size in a place, as a file of 32-bit numbers holds them."""
    vertices = fossil("ammonoid").vertices
    vertices = vertices / np.ptp(vertices, axis=0).max() * size
    return (vertices + place).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("size", [5, 50, 400])
def test_coarse_coordinates_are_noted(size):
    (note,) = resolution.check(scanned(size))
    assert "near 5,64" in note and "step by 0.5" in note and f"{size:.3g} long" in note and "64-bit" in note


@pytest.mark.parametrize("size", [0.06, 0.5, 1.5])
def test_a_flattened_specimen_is_refused(size):
    with pytest.raises(
        Unreadable, match=r"step by 0.5 there, and so the specimen, .* long, is flattened; move the scan"
    ):
        resolution.check(scanned(size))


def test_one_flat_along_the_coarse_axis_is_refused():
    vertices = scanned(20)
    vertices[:, 1] = vertices[0, 1]
    with pytest.raises(Unreadable, match="flattened"):
        resolution.check(vertices)


@pytest.mark.parametrize(
    "vertices",
    [
        scanned(1000),
        scanned(50, [0, 0, 0]),
        scanned(50, [300, -2000, 900]),
        fossil("ammonoid").vertices + SURVEY,
        np.array([[5.0, 5.0, 5.0]]),
        np.zeros((3, 3)),
        np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 0.0]]),
        np.array([[1e50, 0.0, 0.0], [1e50, 1.0, 0.0]]),
    ],
    ids=["large", "at the origin", "near it", "64-bit", "a point", "nothing", "flat", "beyond 32 bits"],
)
def test_fine_coordinates_are_silent(vertices):
    assert resolution.check(vertices) == []


def test_a_scan_whose_faces_have_no_area_left_is_told_why(tmp_path):
    """All triangles of a fragment of a centimeter collapse."""
    corners = scanned(0.01)[fossil("ammonoid").faces].astype("<f4")
    corners[..., 2] = 80
    triangles = np.zeros(len(corners), np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")]))
    triangles["corners"] = corners
    file = tmp_path / "find.stl"
    file.write_bytes(bytes(80) + np.uint32(len(corners)).tobytes() + triangles.tobytes())
    with pytest.raises(
        SpecimenError, match=r"find.stl has coordinates near 5,641,800 .*flattened|no face with an area"
    ):
        meshes.read(file)
