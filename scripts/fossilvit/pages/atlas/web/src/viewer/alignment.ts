// Turns one shape like another one.
// In: two Shapes along their principal axes. Out: how the axes of the second go onto those of the first.

import type { Shape } from "./mesh";

/** How a shape is turned, and whether it is mirrored: rows of an orthogonal 3 x 3 matrix. */
export type Turn = readonly number[];

type Nine = [number, number, number, number, number, number, number, number, number];

export const UNTURNED: Turn = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Points of each shape that are compared. */
const SAMPLES = 300;
/** A mirror image is taken only if it is nearer by this share, so that chance decides nothing. */
const CLEARLY = 0.9;
/** Steps of each iteration; all have settled by then. */
const STEPS = 12;
/** Determinant, of a matrix scaled like a rotation, below which it says nothing about one direction. */
const FLAT = 1e-6;

/**
 * Turn of the second shape that brings it nearest to the first, once both have the same size.
 *
 * All 24 rotations that bring axes onto axes are tried, because the order of axes of similar length and the direction
 * of each are arbitrary; with `mirror` also their 24 mirror images. The nearest is the one of the smallest symmetric
 * mean distance from the points of one shape to the nearest points of the other (chamfer distance; Barrow et al. 1977,
 * Parametric correspondence and chamfer matching).
 */
export function alignment(first: Shape, second: Shape, mirror: boolean): Turn {
  const fixed = samplesOf(first);
  const moved = samplesOf(second);
  const [turn, far] = nearest(TURNS, fixed, moved);
  if (!mirror) return turn;
  const [mirrored, near] = nearest(TURNS.map(mirrorImage), fixed, moved);
  return near < CLEARLY * far ? mirrored : turn;
}

export function isMirrored(turn: Turn): boolean {
  return determinant(turn) < 0;
}

function nearest(turns: Turn[], fixed: Float32Array, moved: Float32Array): [Turn, number] {
  const distances = turns.map((turn) => chamfer(fixed, turned(moved, turn)));
  const turn = refined(turns[distances.indexOf(Math.min(...distances))]!, fixed, moved);
  return [turn, chamfer(fixed, turned(moved, turn))];
}

/**
 * A turn that fits better still, if there is one near it, by iterated closest points (Besl and McKay 1992, A method for
 * registration of 3-D shapes): the axes of two specimens rarely agree to some degrees.
 */
function refined(turn: Turn, fixed: Float32Array, moved: Float32Array): Turn {
  let best = turn;
  for (let step = 0; step < STEPS; step++) best = orthogonal(closestProducts(fixed, moved, turned(moved, best))) ?? best;
  return best;
}

/** Sum over all points of both of the outer product of a fixed point and the moved point nearest to it, before its turn. */
function closestProducts(fixed: Float32Array, moved: Float32Array, now: Float32Array): number[] {
  const sum = new Array<number>(9).fill(0);
  const add = (i: number, j: number) => {
    for (let place = 0; place < 9; place++) sum[place]! += fixed[3 * i + Math.floor(place / 3)]! * moved[3 * j + (place % 3)]!;
  };
  const { forth, back } = closest(fixed, now);
  forth.forEach((j, i) => add(i, j));
  back.forEach((i, j) => add(i, j));
  return sum;
}

/** The orthogonal matrix nearest to one (Higham 1986, Computing the polar decomposition); null of a flat one. */
function orthogonal(matrix: Turn): Turn | null {
  const size = Math.hypot(...matrix) / Math.sqrt(3);
  let result = matrix.map((number) => number / size);
  for (let step = 0; step < STEPS; step++) {
    const volume = determinant(result);
    if (!(Math.abs(volume) > FLAT)) return null;
    const [a, b, c, d, e, f, g, h, i] = result as unknown as Nine;
    const cofactors = [e * i - f * h, f * g - d * i, d * h - e * g, c * h - b * i, a * i - c * g, b * g - a * h, b * f - c * e, c * d - a * f, a * e - b * d];
    result = result.map((number, place) => (number + cofactors[place]! / volume) / 2);
  }
  return result;
}

function mirrorImage(turn: Turn): Turn {
  return turn.map((number) => -number);
}

/** Mean distance from the points of each to the nearest ones of the other; all points are x, y, z one after the other. */
export function chamfer(one: Float32Array, other: Float32Array): number {
  const { forthSquares, backSquares } = closest(one, other);
  const mean = (squares: Float32Array) => squares.reduce((sum, square) => sum + Math.sqrt(square), 0) / squares.length;
  return (mean(forthSquares) + mean(backSquares)) / 2;
}

/** Of every point of each the nearest one of the other, and the square of its distance. */
function closest(one: Float32Array, other: Float32Array) {
  const forth = new Uint32Array(one.length / 3);
  const back = new Uint32Array(other.length / 3);
  const forthSquares = new Float32Array(forth.length);
  const backSquares = new Float32Array(back.length).fill(Infinity);
  for (let i = 0; i < forth.length; i++) {
    const [x, y, z] = [one[3 * i]!, one[3 * i + 1]!, one[3 * i + 2]!];
    let least = Infinity;
    for (let j = 0; j < back.length; j++) {
      const right = x - other[3 * j]!;
      const up = y - other[3 * j + 1]!;
      const near = z - other[3 * j + 2]!;
      const square = right * right + up * up + near * near;
      if (square < least) {
        least = square;
        forth[i] = j;
      }
      if (square < backSquares[j]!) {
        backSquares[j] = square;
        back[j] = i;
      }
    }
    forthSquares[i] = least;
  }
  return { forth, back, forthSquares, backSquares };
}

/** Points spread evenly over a shape, moved and scaled so that their mean is 0 and their mean square distance 1. */
export function samplesOf(shape: Shape): Float32Array {
  const samples = shape.faces.length ? onFaces(shape) : ofCloud(shape.points);
  for (let axis = 0; axis < 3; axis++) {
    let mean = 0;
    for (let at = axis; at < samples.length; at += 3) mean += (3 * samples[at]!) / samples.length;
    for (let at = axis; at < samples.length; at += 3) samples[at]! -= mean;
  }
  const size = Math.sqrt((3 * samples.reduce((sum, number) => sum + number * number, 0)) / samples.length) || 1;
  return samples.map((number) => number / size);
}

function ofCloud(points: Float32Array): Float32Array {
  const count = Math.min(SAMPLES, points.length / 3);
  const samples = new Float32Array(3 * count);
  for (let sample = 0; sample < count; sample++) {
    const point = Math.floor((sample * points.length) / 3 / count);
    samples.set(points.subarray(3 * point, 3 * point + 3), 3 * sample);
  }
  return samples;
}

/** Points at equal steps of area through the triangles, each at another place within its triangle. */
function onFaces({ points, faces }: Shape): Float32Array {
  const at = (corner: number, axis: number) => points[3 * faces[corner]! + axis]!;
  const upTo = new Float64Array(faces.length / 3);
  let area = 0;
  for (let face = 0; face < upTo.length; face++) {
    const side = (corner: number, axis: number) => at(3 * face + corner, axis) - at(3 * face, axis);
    const normal = (next: number, last: number) => side(1, next) * side(2, last) - side(1, last) * side(2, next);
    area += Math.hypot(normal(1, 2), normal(2, 0), normal(0, 1));
    upTo[face] = area;
  }
  const samples = new Float32Array(3 * SAMPLES);
  let face = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    while (face < upTo.length - 1 && upTo[face]! < ((sample + 0.5) / SAMPLES) * area) face++;
    const along = Math.sqrt((sample * 0.7548776662466927) % 1);
    const across = (sample * 0.5698402909980532) % 1;
    for (let axis = 0; axis < 3; axis++) {
      samples[3 * sample + axis] =
        (1 - along) * at(3 * face, axis) + along * ((1 - across) * at(3 * face + 1, axis) + across * at(3 * face + 2, axis));
    }
  }
  return samples;
}

function turned(points: Float32Array, turn: Turn): Float32Array {
  const result = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 3) {
    for (let axis = 0; axis < 3; axis++) {
      result[at + axis] = turn[3 * axis]! * points[at]! + turn[3 * axis + 1]! * points[at + 1]! + turn[3 * axis + 2]! * points[at + 2]!;
    }
  }
  return result;
}

/** The 24 rotations that bring axes onto axes; the first is none at all. */
const TURNS: Turn[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
].flatMap((order) =>
  [0, 1, 2, 3, 4, 5, 6, 7]
    .map((signs) => order.flatMap((from, axis) => [0, 1, 2].map((one) => (one === from ? 1 - 2 * ((signs >> axis) & 1) : 0))))
    .filter((turn) => determinant(turn) > 0),
);

function determinant(turn: Turn): number {
  const [a, b, c, d, e, f, g, h, i] = turn as unknown as Nine;
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
