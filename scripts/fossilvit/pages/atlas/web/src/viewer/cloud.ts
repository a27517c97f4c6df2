// Makes a point cloud ready to draw: one small disc per point, along the surface that its neighbors suggest.
// In: a Shape without faces. Out: a geometry of triangles.

import { BufferAttribute, BufferGeometry, Vector3 } from "three";
import type { Shape } from "./mesh";

/** Points that the surface at a point is taken from, itself included. */
const NEIGHBORS = 16;
/** Radius of a disc, in distances to the sixth neighbor (the median over all points). */
const RADIUS = 0.95;
const SIXTH = 6;
/** Corners of a disc. */
const CORNERS = 8;

export function cloudOf({ points }: Shape): BufferGeometry {
  const near = nearestOf(points);
  const count = points.length / 3;
  const sixth = Float32Array.from(near, (some) => Math.sqrt(squareOf(points, some[0]!, some[Math.min(SIXTH, some.length - 1)]!))).sort();
  const radius = RADIUS * (sixth[count >> 1] || 1);
  const corners = new Float32Array(3 * CORNERS * count);
  const normals = new Float32Array(3 * CORNERS * count);
  const faces = new Uint32Array(3 * (CORNERS - 2) * count);
  near.forEach((some, point) => {
    const normal = normalOf(points, some);
    const middle = new Vector3().fromArray(points, 3 * point);
    const [right, up] = acrossOf(normal);
    for (let corner = 0; corner < CORNERS; corner++) {
      const angle = (2 * Math.PI * corner) / CORNERS;
      const place = 3 * (CORNERS * point + corner);
      middle.clone().addScaledVector(right, radius * Math.cos(angle)).addScaledVector(up, radius * Math.sin(angle)).toArray(corners, place);
      normal.toArray(normals, place);
    }
    for (let corner = 2; corner < CORNERS; corner++) {
      const first = CORNERS * point;
      faces.set([first, first + corner - 1, first + corner], 3 * ((CORNERS - 2) * point + corner - 2));
    }
  });
  return new BufferGeometry()
    .setAttribute("position", new BufferAttribute(corners, 3))
    .setAttribute("normal", new BufferAttribute(normals, 3))
    .setIndex(new BufferAttribute(faces, 1));
}

/** Two directions at right angles to each other and to a normal; the three are right-handed. */
function acrossOf(normal: Vector3): [Vector3, Vector3] {
  const other = Math.abs(normal.x) < 0.5 ? new Vector3(1, 0, 0) : new Vector3(0, 1, 0);
  const right = other.cross(normal).normalize();
  return [right, normal.clone().cross(right)];
}

/** The nearest points of every point, nearest first; the first is the point itself. */
function nearestOf(points: Float32Array): number[][] {
  const count = points.length / 3;
  const order = Uint32Array.from({ length: count }, (_, point) => point).sort((one, other) => points[3 * one]! - points[3 * other]!);
  const near = new Array<number[]>(count);
  order.forEach((point, place) => (near[point] = nearestTo(points, order, place)));
  return near;
}

/** Look along x, the longest axis, to both sides of a point, until no point can be nearer than those that are found. */
function nearestTo(points: Float32Array, order: Uint32Array, place: number): number[] {
  const point = order[place]!;
  const some = [point];
  const squares = [-1];
  for (const step of [1, -1]) {
    for (let at = place + step; at >= 0 && at < order.length; at += step) {
      const other = order[at]!;
      const far = some.length === NEIGHBORS ? squares[NEIGHBORS - 1]! : Infinity;
      if ((points[3 * other]! - points[3 * point]!) ** 2 >= far) break;
      const square = squareOf(points, point, other);
      if (square >= far) continue;
      let rank = Math.min(some.length, NEIGHBORS - 1);
      for (; squares[rank - 1]! > square; rank--) {
        some[rank] = some[rank - 1]!;
        squares[rank] = squares[rank - 1]!;
      }
      some[rank] = other;
      squares[rank] = square;
    }
  }
  return some;
}

/** The direction in which some points spread least (Hoppe et al. 1992, Surface reconstruction from unorganized points). */
function normalOf(points: Float32Array, some: number[]): Vector3 {
  const spread = [0, 0, 0, 0, 0, 0] as [number, number, number, number, number, number];
  const [mx, my, mz] = [0, 1, 2].map((axis) => meanOf(points, some, axis)) as [number, number, number];
  for (const point of some) {
    const x = points[3 * point]! - mx;
    const y = points[3 * point + 1]! - my;
    const z = points[3 * point + 2]! - mz;
    spread[0] += x * x;
    spread[1] += y * y;
    spread[2] += z * z;
    spread[3] += x * y;
    spread[4] += x * z;
    spread[5] += y * z;
  }
  const [xx, yy, zz, xy, xz, yz] = spread;
  const least = smallestEigenvalue(xx, yy, zz, xy, xz, yz);
  const rows = [new Vector3(xx - least, xy, xz), new Vector3(xy, yy - least, yz), new Vector3(xz, yz, zz - least)] as const;
  const normals = [rows[0].clone().cross(rows[1]), rows[1].clone().cross(rows[2]), rows[2].clone().cross(rows[0])];
  const normal = normals.reduce((best, one) => (one.lengthSq() > best.lengthSq() ? one : best)).normalize();
  return normal.lengthSq() > 0 ? normal : new Vector3(0, 0, 1);
}

function meanOf(points: Float32Array, some: number[], axis: number): number {
  let sum = 0;
  for (const point of some) sum += points[3 * point + axis]!;
  return sum / some.length;
}

/** Smith 1961, Eigenvalues of a symmetric 3 x 3 matrix. */
function smallestEigenvalue(xx: number, yy: number, zz: number, xy: number, xz: number, yz: number): number {
  const mean = (xx + yy + zz) / 3;
  const [a, b, c] = [xx - mean, yy - mean, zz - mean];
  const size = Math.sqrt((a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6);
  if (size === 0) return mean;
  const determinant = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz);
  const angle = Math.acos(Math.min(1, Math.max(-1, determinant / (2 * size ** 3)))) / 3;
  return mean + 2 * size * Math.cos(angle + (2 * Math.PI) / 3);
}

function squareOf(points: Float32Array, one: number, other: number): number {
  const x = points[3 * one]! - points[3 * other]!;
  const y = points[3 * one + 1]! - points[3 * other + 1]!;
  const z = points[3 * one + 2]! - points[3 * other + 2]!;
  return x * x + y * y + z * z;
}
