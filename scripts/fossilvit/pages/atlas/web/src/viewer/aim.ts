// How the reader looks at a mesh: turned, zoomed, and moved so that the place under the pointer stays there.
// Lengths are in frames: half the smaller side of what is seen at zoom 1.

import { Matrix4, Quaternion, Vector3 } from "three";

const LEAST_ZOOM = 0.5;
const MOST_ZOOM = 40;

export class Aim {
  turn = new Quaternion();
  zoom = 1;
  /** Middle of what is seen. */
  x = 0;
  y = 0;

  /** Look through a camera whose rows are right, up and backward. */
  reset(camera: readonly number[]): void {
    const [a, b, c, d, e, f, g, h, i] = camera as [number, number, number, number, number, number, number, number, number];
    this.turn.setFromRotationMatrix(new Matrix4().set(a, b, c, 0, d, e, f, 0, g, h, i, 0, 0, 0, 0, 1));
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
  }

  /** Turn by radians to the right and downward, as a ball under a hand: no pole holds it (Chen et al. 1988, two axes). */
  turnBy(right: number, down: number): void {
    const angle = Math.hypot(right, down);
    if (angle === 0) return;
    const axis = new Vector3(down / angle, right / angle, 0);
    this.turn.premultiply(new Quaternion().setFromAxisAngle(axis, angle)).normalize();
  }

  /** Zoom by a factor around a place of the picture, in halves of its smaller side from its middle. */
  zoomBy(factor: number, x = 0, y = 0): void {
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.zoom * factor));
    const most = Math.max(0, 1 - 1 / zoom);
    this.x = limited(this.x + x / this.zoom - x / zoom, most);
    this.y = limited(this.y + y / this.zoom - y / zoom, most);
    this.zoom = zoom;
  }

  /** Zoom and move as another one, and stay turned. */
  follow(other: Aim): void {
    this.zoom = other.zoom;
    this.x = other.x;
    this.y = other.y;
  }
}

function limited(number: number, most: number): number {
  return Math.min(most, Math.max(-most, number));
}
