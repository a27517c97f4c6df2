"""Meshes and point clouds to draw."""

import numpy as np
import trimesh

from fossilvit import examples, meshes
from fossilvit.meshes import spacing

NO_FACES = np.zeros((0, 3), np.int32)


def surface(vertices, faces, **rest):
    """A Mesh of triangles."""
    vertices, faces = np.asarray(vertices, np.float64), np.asarray(faces, np.int32)
    return meshes.Mesh(vertices, faces, meshes.normals.of_surface(vertices, faces), **rest)


def cloud(points, normals=None, **rest):
    """A Mesh of points; normals are up unless given."""
    points = np.asarray(points, np.float64)
    normals = np.tile([0, 0, 1], (len(points), 1)) if normals is None else normals
    return meshes.Mesh(points, NO_FACES, np.asarray(normals, np.float32), spacing=spacing.of_points(points), **rest)


def ball(subdivisions=5):
    """The unit sphere, of 20 * 4 ** subdivisions faces."""
    made = trimesh.creation.icosphere(subdivisions=subdivisions)
    return surface(made.vertices, made.faces)


def box(*edges):
    """A box about the origin."""
    made = trimesh.creation.box(edges)
    return surface(made.vertices, made.faces)


def fossil(category="gastropod"):
    """A generated fossil."""
    return surface(*examples.make(category, 0, 0))


def points_on_a_ball(count=20_000):
    """Points strewn at random on the unit sphere."""
    points = np.random.default_rng(0).normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return cloud(points, points)
