// Makes an object that three.js draws, of radius 1 around its middle.
// In: a Shape, and how it is turned before the reader turns it. Out: a Model.

import { Box3, Group, type Material, Matrix4, Mesh, Vector3 } from "three";
import type { Turn } from "./alignment";
import { cloudOf } from "./cloud";
import type { Shape } from "./mesh";
import { surfaceOf } from "./surface";

export interface Model {
  /** Free to be turned; its child is scaled to radius 1, with the middle of its bounding box at 0. */
  object: Group;
  /** Distance of its farthest point from the middle of its bounding box, in file units. */
  radius: number;
  dispose(): void;
}

export function modelOf(shape: Shape, turn: Turn, material: Material): Model {
  const drawn = new Mesh(shape.faces.length ? surfaceOf(shape) : cloudOf(shape), material);
  const middle = new Box3().setFromArray(shape.points).getCenter(new Vector3());
  const radius = farthest(shape.points, middle) || 1;
  drawn.matrix = new Matrix4()
    .set(turn[0]!, turn[1]!, turn[2]!, 0, turn[3]!, turn[4]!, turn[5]!, 0, turn[6]!, turn[7]!, turn[8]!, 0, 0, 0, 0, 1)
    .scale(new Vector3().setScalar(1 / radius))
    .multiply(new Matrix4().makeTranslation(middle.negate()));
  drawn.matrixAutoUpdate = false;
  drawn.frustumCulled = false;
  return { object: new Group().add(drawn), radius, dispose: () => drawn.geometry.dispose() };
}

function farthest(points: Float32Array, middle: Vector3): number {
  const point = new Vector3();
  let square = 0;
  for (let at = 0; at < points.length; at += 3) square = Math.max(square, point.fromArray(points, at).distanceToSquared(middle));
  return Math.sqrt(square);
}
