// Which part of the map is in sight, and the way from one view to the next.
// World: places of the map, y up. Screen: CSS pixels from the upper left corner, y down.

import type { Box } from "./grid";

export interface View {
  x: number;
  y: number;
  /** CSS pixels per unit of the map. */
  scale: number;
}

const DURATION = 250; // milliseconds
const NARROW = 520; // CSS pixels

export class Camera {
  view: View = { x: 0, y: 0, scale: 1 };
  width = 1;
  height = 1;
  /** Whether all is shown, so that it stays so when the size changes. */
  fitted = true;
  private way: { from: View; to: View; start: number } | null = null;

  /** largest: the largest scale; sizeAt: the diameter of marks at a scale, in CSS pixels. */
  constructor(private readonly box: Box, private readonly largest: number, private readonly sizeAt: (scale: number) => number) {}

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    if (this.fitted) this.fitAll(false);
  }

  fitAll(eased: boolean): void {
    this.moveTo(this.fit(), eased);
    this.fitted = true;
  }

  /** The view that shows everything, with room for the marks at the edge, for the note below and the buttons. */
  fit(): View {
    const edge = Math.min(64, 0.09 * Math.min(this.width, this.height));
    const view = this.fitWithin(edge);
    const needed = this.sizeAt(view.scale) / 2 + 8;
    return needed > edge ? this.fitWithin(needed) : view;
  }

  private fitWithin(edge: number): View {
    const { left, right, bottom, top } = this.box;
    // On a narrow map the buttons stand in a row below, as in map.css.
    const [buttons, note] = this.width > NARROW ? [60, 24] : [0, 84];
    const scale = Math.min(
      Math.max(1, this.width - 2 * edge - buttons) / Math.max(right - left, 1e-3),
      Math.max(1, this.height - 2 * edge - note) / Math.max(top - bottom, 1e-3),
      this.largest,
    );
    return { x: (left + right + buttons / scale) / 2, y: (bottom + top - note / scale) / 2, scale };
  }

  toScreen(x: number, y: number): [number, number] {
    const { view } = this;
    return [(x - view.x) * view.scale + this.width / 2, (view.y - y) * view.scale + this.height / 2];
  }

  toWorld(left: number, top: number): [number, number] {
    const { view } = this;
    return [(left - this.width / 2) / view.scale + view.x, view.y - (top - this.height / 2) / view.scale];
  }

  /** The part of the world in sight, and `margin` pixels more on each side. */
  sight(margin: number): Box {
    const [left, top] = this.toWorld(-margin, -margin);
    const [right, bottom] = this.toWorld(this.width + margin, this.height + margin);
    return { left, top, right, bottom };
  }

  /** Move what is in sight by screen pixels. */
  pan(across: number, down: number): void {
    const { x, y, scale } = this.view;
    this.moveTo({ x: x - across / scale, y: y + down / scale, scale }, false);
  }

  /** Zoom, while what lies under a point of the screen stays there. */
  zoom(factor: number, left: number, top: number, eased: boolean): void {
    const start = eased && this.way ? this.way.to : this.view;
    const scale = Math.min(this.largest, Math.max(this.fit().scale / 2, start.scale * factor));
    const [x, y] = this.toWorld(left, top);
    const keep = start.scale / scale;
    this.moveTo({ x: x + (start.x - x) * keep, y: y + (start.y - y) * keep, scale }, eased);
  }

  moveTo(to: View, eased: boolean): void {
    this.fitted = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.way = eased && !still ? { from: this.view, to, start: performance.now() } : null;
    if (!this.way) this.view = to;
  }

  /** Go on along the way, if there is one; whether it goes on after this. */
  step(now: number): boolean {
    if (!this.way) return false;
    const { from, to, start } = this.way;
    const time = Math.min(1, Math.max(0, (now - start) / DURATION));
    const eased = 1 - (1 - time) ** 3;
    const scale = from.scale * (to.scale / from.scale) ** eased;
    // A place that is linear in 1 / scale keeps the center of the zoom fixed.
    const moved = Math.abs(to.scale / from.scale - 1) < 1e-6 ? eased : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
    this.view = time < 1 ? { x: from.x + (to.x - from.x) * moved, y: from.y + (to.y - from.y) * moved, scale } : to;
    if (time >= 1) this.way = null;
    return this.way !== null;
  }
}
