// Makes a surface of triangles ready to draw, with normals that are smooth but for sharp edges.
// In: a Shape with faces. Out: a geometry whose triangles share no corners.

import { BufferAttribute, BufferGeometry } from "three";
import type { Shape } from "./mesh";

/** Cosine of the angle between two triangles above which the edge between them stays sharp: 60 degrees. */
const SHARP = Math.cos((60 * Math.PI) / 180);

export function surfaceOf(shape: Shape): BufferGeometry {
  const corners = new Float32Array(3 * shape.faces.length);
  for (let at = 0; at < corners.length; at++) corners[at] = shape.points[3 * shape.faces[Math.floor(at / 3)]! + (at % 3)]!;
  return new BufferGeometry()
    .setAttribute("position", new BufferAttribute(corners, 3))
    .setAttribute("normal", new BufferAttribute(normalsOf(shape.faces, corners), 3));
}

/**
 * Normals of all corners: the sum of the normals, by area, of the triangles around a point that turn little from the
 * triangle of the corner. A neighbor that is wound the other way counts as if it were not.
 */
function normalsOf(faces: Uint32Array, corners: Float32Array): Float32Array {
  const areas = areasOf(corners);
  const lengths = new Float32Array(faces.length / 3).map((_, face) => Math.sqrt(dot(areas, face, face)));
  const [starts, around] = trianglesAround(faces);
  const normals = new Float32Array(corners.length);
  for (let corner = 0; corner < faces.length; corner++) {
    const own = Math.floor(corner / 3);
    let x = 0;
    let y = 0;
    let z = 0;
    for (let place = starts[faces[corner]!]!; place < starts[faces[corner]! + 1]!; place++) {
      const other = around[place]!;
      const cosine = dot(areas, own, other);
      if (Math.abs(cosine) < SHARP * lengths[own]! * lengths[other]!) continue;
      const sign = cosine < 0 ? -1 : 1;
      x += sign * areas[3 * other]!;
      y += sign * areas[3 * other + 1]!;
      z += sign * areas[3 * other + 2]!;
    }
    const length = Math.sqrt(x * x + y * y + z * z) || 1;
    normals[3 * corner] = x / length;
    normals[3 * corner + 1] = y / length;
    normals[3 * corner + 2] = z / length;
  }
  return normals;
}

/** Of every triangle: its normal, as long as twice its area. */
function areasOf(corners: Float32Array): Float32Array {
  const areas = new Float32Array(corners.length / 3);
  const side = (corner: number, axis: number, face: number) => corners[9 * face + 3 * corner + axis]! - corners[9 * face + axis]!;
  for (let at = 0; at < areas.length; at++) {
    const face = Math.floor(at / 3);
    const [next, last] = [(at + 1) % 3, (at + 2) % 3];
    areas[at] = side(1, next, face) * side(2, last, face) - side(1, last, face) * side(2, next, face);
  }
  return areas;
}

/** The triangles around point p are the second array from its place starts[p] to before starts[p + 1]. */
function trianglesAround(faces: Uint32Array): [Uint32Array, Uint32Array] {
  const points = faces.reduce((most, point) => Math.max(most, point + 1), 0);
  const starts = new Uint32Array(points + 1);
  for (const point of faces) starts[point + 1]!++;
  for (let point = 0; point < points; point++) starts[point + 1]! += starts[point]!;
  const ends = starts.slice();
  const around = new Uint32Array(faces.length);
  faces.forEach((point, corner) => (around[ends[point]!++] = Math.floor(corner / 3)));
  return [starts, around];
}

function dot(vectors: Float32Array, one: number, other: number): number {
  return (
    vectors[3 * one]! * vectors[3 * other]! +
    vectors[3 * one + 1]! * vectors[3 * other + 1]! +
    vectors[3 * one + 2]! * vectors[3 * other + 2]!
  );
}
