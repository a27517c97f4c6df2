// Unpacks the mesh of an exhibit.
// In: a PackedMesh. Out: a Shape, whose points are in file units along the principal axes.

import type { PackedMesh } from "../data";

export interface Shape {
  /** x, y and z of every point, one point after the other. */
  points: Float32Array;
  /** Three places of points per triangle; empty for a point cloud. */
  faces: Uint32Array;
}

export function shapeOf(mesh: PackedMesh): Shape {
  return { points: pointsOf(mesh), faces: facesOf(mesh.faces) };
}

function pointsOf({ positions, step }: PackedMesh): Float32Array {
  const count = positions.length / 3;
  const points = new Float32Array(positions.length);
  for (let axis = 0; axis < 3; axis++) {
    let steps = 0;
    for (let point = 0; point < count; point++) {
      steps += positions[axis * count + point]!;
      points[3 * point + axis] = steps * step;
    }
  }
  return points;
}

/** Decode corners: 0 is a new point, any other code says how many points ago it was new. */
function facesOf(codes: Uint16Array): Uint32Array {
  let next = 0;
  return Uint32Array.from(codes, (code) => (code === 0 ? next++ : next - code));
}
