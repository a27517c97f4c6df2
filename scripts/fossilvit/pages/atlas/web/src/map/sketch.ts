// What is drawn over the tiles on a plain canvas: the lasso, and how many specimens lie on one place.

import type { Camera } from "./camera";
import type { Point } from "./gestures";
import type { Theme } from "./theme";

export interface Badge {
  left: number;
  top: number;
  count: number;
}

export class Sketch {
  readonly canvas = document.createElement("canvas");
  private readonly paint = this.canvas.getContext("2d")!;

  constructor() {
    this.canvas.className = "map-sketch";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  draw(camera: Camera, ratio: number, theme: Theme, badges: readonly Badge[], lasso: readonly Point[] | null): void {
    const { canvas, paint } = this;
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, camera.width, camera.height);
    for (const badge of badges) this.badge(badge, theme);
    if (lasso) this.lasso(lasso, theme);
  }

  private badge({ left, top, count }: Badge, { css }: Theme): void {
    const { paint } = this;
    const text = String(count);
    paint.font = `600 11px ${css.font}`;
    const width = Math.max(16, paint.measureText(text).width + 9);
    paint.fillStyle = css.ink;
    paint.strokeStyle = css.paper;
    paint.lineWidth = 1.5;
    paint.beginPath();
    paint.roundRect(left - width / 2, top - 8, width, 16, 8);
    paint.fill();
    paint.stroke();
    paint.fillStyle = css.paper;
    paint.textAlign = "center";
    paint.textBaseline = "middle";
    paint.fillText(text, left, top + 0.5);
  }

  private lasso(path: readonly Point[], { css }: Theme): void {
    const { paint } = this;
    paint.beginPath();
    for (const [left, top] of path) paint.lineTo(left, top);
    paint.closePath();
    paint.globalAlpha = 0.14;
    paint.fillStyle = css.accent;
    paint.fill("evenodd");
    paint.globalAlpha = 1;
    paint.strokeStyle = css.accent;
    paint.lineWidth = 2;
    paint.setLineDash([6, 4]);
    paint.stroke();
    paint.setLineDash([]);
  }
}
