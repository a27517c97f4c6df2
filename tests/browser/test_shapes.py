"""The page decodes meshes as they were coded, shades them, turns one like another, and measures them. It also moves
specimens on the map apart."""

import json
import subprocess

import fast_simplification
import numpy as np
import pytest
from scipy.spatial import ConvexHull

from fossilvit.examples.collection import specimen
from fossilvit.pages.atlas import coding

QUARTER = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
FLIP = np.diag([-1, 1, -1])
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)], float)
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
BOX = np.array([corners for a, b, c, d in SIDES for corners in ((a, b, c), (a, c, d))])
ENTRY = """
import { readFileSync } from "node:fs";
import { moveApart } from "./src/map/apart";
import { alignment, isMirrored } from "./src/viewer/alignment";
import { cloudOf } from "./src/viewer/cloud";
import { shapeOf } from "./src/viewer/mesh";
import { lengthText, roundBelow } from "./src/viewer/scalebar";
import { surfaceOf } from "./src/viewer/surface";

const shape = (mesh) =>
  shapeOf({ ...mesh, positions: Int16Array.from(mesh.positions), faces: Uint16Array.from(mesh.faces) });
const drawn = (geometry) => ({
  corners: [...geometry.getAttribute("position").array],
  normals: [...geometry.getAttribute("normal").array],
});
const tasks = {
  decode: (mesh) => ({ points: [...shape(mesh).points], faces: [...shape(mesh).faces] }),
  surface: (mesh) => drawn(surfaceOf(shape(mesh))),
  cloud: (mesh) => drawn(cloudOf(shape(mesh))),
  align: (first, second, mirror) => {
    const turn = alignment(shape(first), shape(second), mirror);
    return { turn, mirrored: isMirrored(turn) };
  },
  bar: (length, mm) => [roundBelow(length), lengthText(roundBelow(length), mm ?? NaN)],
};
tasks.apart = (across, up) => {
  const [x, y] = [Float32Array.from(across), Float32Array.from(up)];
  moveApart(x, y);
  return [[...x], [...y]];
};
const calls = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(calls.map(([task, ...inputs]) => tasks[task](...inputs))));
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, web):
    """Call the functions of the page, all calls at once, as lists of a task and its inputs."""
    esbuild = web / "node_modules/.bin/esbuild"
    script = tmp_path_factory.mktemp("shapes") / "tasks.cjs"
    command = [esbuild, "--bundle", "--platform=node", "--loader=ts", f"--outfile={script}", "--log-level=warning"]
    subprocess.run(command, input=ENTRY, cwd=web, check=True, encoding="utf-8")

    def results(*calls):
        done = subprocess.run(
            ["node", script], input=json.dumps(calls), stdout=subprocess.PIPE, check=True, encoding="utf-8"
        )
        return json.loads(done.stdout)

    return results


def coded(points, faces=None):
    mesh = coding.cloud(points) if faces is None else coding.surface(points, faces)
    return {"positions": mesh.positions.tolist(), "faces": mesh.faces.tolist(), "step": mesh.step}


def rows(numbers):
    return np.reshape(numbers, (-1, 3))


@pytest.fixture(scope="module")
def shell():
    """A shell that no turn and no mirror brings onto itself."""
    mesh = specimen("gastropod", 1, seed=0)
    points, faces = fast_simplification.simplify(
        mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), target_count=2000
    )
    return points - points.mean(axis=0), faces


def test_a_coded_mesh_is_decoded(run, shell):
    points, faces = shell
    step = coding.surface(points, faces).step
    (decoded,) = run(["decode", coded(points, faces)])
    read = rows(decoded["points"])[rows(decoded["faces"])]
    middles = np.sort(points[faces].mean(axis=1), axis=0)
    assert len(read) == len(faces)
    np.testing.assert_allclose(np.sort(read.mean(axis=1), axis=0), middles, atol=step)


def test_a_box_keeps_its_edges_and_a_ball_has_none(run):
    box, ball = run(["surface", coded(CORNERS, BOX)], ["surface", coded(*sphere())])
    assert np.sort(np.abs(rows(box["normals"])), axis=1).tolist() == [[0, 0, 1]] * 36
    outward = rows(ball["corners"]) / np.linalg.norm(rows(ball["corners"]), axis=1, keepdims=True)
    assert (np.sum(rows(ball["normals"]) * outward, axis=1) > 0.98).all()


def test_a_neighbor_wound_the_other_way_does_not_darken_an_edge(run):
    points, faces = sphere()
    faces[::2] = faces[::2, ::-1]
    (ball,) = run(["surface", coded(points, faces)])
    outward = rows(ball["corners"]) / np.linalg.norm(rows(ball["corners"]), axis=1, keepdims=True)
    assert (np.abs(np.sum(rows(ball["normals"]) * outward, axis=1)) > 0.98).all()


def test_discs_of_a_cloud_lie_along_its_surface(run):
    points = np.random.default_rng(5).normal(size=(2000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    (cloud,) = run(["cloud", coded(points)])
    corners, normals = rows(cloud["corners"]), rows(cloud["normals"])
    assert np.median(np.abs(np.sum(corners * normals, axis=1))) > 0.99


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_cloud_of_few_points_is_drawn(run, count):
    (cloud,) = run(["cloud", coded(np.eye(5, 3)[:count])])
    assert np.isfinite(cloud["corners"]).all()
    assert np.isfinite(cloud["normals"]).all()


@pytest.mark.parametrize("turn", [np.eye(3), FLIP, QUARTER, QUARTER.T @ FLIP])
@pytest.mark.parametrize("handed", [1, -1])
def test_a_turned_copy_is_turned_back(run, shell, turn, handed):
    points, faces = shell
    there = handed * turn @ slight(0.2)
    copy = coded(2 * points @ there.T, faces)
    with_mirror, without = run(
        ["align", coded(points, faces), copy, True], ["align", coded(points, faces), copy, False]
    )
    assert with_mirror["mirrored"] is (handed < 0)
    np.testing.assert_allclose(rows(with_mirror["turn"]) @ there, np.eye(3), atol=0.05)
    assert without["mirrored"] is False


@pytest.mark.parametrize("points", [np.zeros((3, 3)), np.eye(3), np.diag([1.0, 2, 0])])
def test_a_flat_shape_is_turned_like_another(run, points):
    (found,) = run(["align", coded(points), coded(points), True])
    np.testing.assert_allclose(rows(found["turn"]) @ rows(found["turn"]).T, np.eye(3), atol=1e-6)


@pytest.mark.parametrize(
    "length, mm, text",
    [
        (1, 1, "1 mm"),
        (9.99, 1, "5 mm"),
        (10, 1, "1 cm"),
        (34, 1, "2 cm"),
        (0.7, 1, "500 µm"),
        (0.0003, 1, "0.2 µm"),
        (2500, 1, "2 m"),
        (34, None, "20 u"),
        (0.00021, None, "0.0002 u"),
        (1.5e9, None, "1000000000 u"),
    ],
)
def test_a_scale_bar_has_a_round_length(run, length, mm, text):
    ((round_length, said),) = run(["bar", length, mm])
    assert said == text
    assert length / 2.5 <= round_length <= length * (1 + 1e-6)


def slight(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def sphere():
    """A ball of triangles: points by latitude and longitude."""
    ring = np.arange(600) + 0.5
    high, around = 1 - 2 * ring / 600, np.pi * (1 + 5**0.5) * ring
    points = np.stack([np.sqrt(1 - high**2) * np.cos(around), np.sqrt(1 - high**2) * np.sin(around), high], axis=1)
    hull = ConvexHull(points)
    faces = hull.simplices
    inward = (
        np.einsum(
            "ij,ij->i", np.cross(*(points[faces[:, k]] - points[faces[:, 0]] for k in (1, 2))), hull.equations[:, :3]
        )
        < 0
    )
    faces[inward] = faces[inward, ::-1]
    return points, faces


def test_specimens_that_cover_each_other_are_moved_apart_and_copies_stay_together(run):
    generator = np.random.default_rng(0)
    clumps = np.repeat(generator.uniform(-1, 1, (6, 2)), 10, axis=0)
    places = np.vstack([clumps + generator.normal(0, 0.01, clumps.shape), clumps[:1], clumps[:1]])
    ((x, y),) = run(("apart", *places.T.tolist()))
    moved = np.column_stack([x, y])
    assert (moved[-1] == moved[-2]).all(), "two copies"
    far = np.linalg.norm(moved[:-1, None] - moved[None, :-1], axis=2) + 9 * np.eye(len(moved) - 1)
    assert far.min() > 5 * np.median(
        np.linalg.norm(places[:10, None] - places[None, :10], axis=2)[np.triu_indices(10, 1)]
    )
    assert np.ptp(moved, axis=0).max() == pytest.approx(2, abs=1e-5)
    nearest = np.linalg.norm(moved[:60, None] - (moved[:60].reshape(6, 10, 2).mean(axis=1))[None], axis=2).argmin(
        axis=1
    )
    assert (nearest == np.repeat(np.arange(6), 10)).mean() > 0.9, "clumps stay clumps"
