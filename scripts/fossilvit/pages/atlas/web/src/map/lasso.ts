// Which rows lie inside of a lasso.

import type { Grid } from "./grid";

/** path: corners in places of the map. Out: rows by their number. */
export function enclosed(grid: Grid, x: Float32Array, y: Float32Array, path: readonly [number, number][]): number[] {
  const rows: number[] = [];
  const across = path.map(([place]) => place);
  const up = path.map(([, place]) => place);
  const box = { left: least(across), right: most(across), bottom: least(up), top: most(up) };
  grid.within(box, (row) => inside(path, x[row]!, y[row]!) && rows.push(row));
  return rows.sort((a, b) => a - b);
}

/** Even-odd rule: a ray from the point crosses the path an odd number of times. */
function inside(path: readonly [number, number][], x: number, y: number): boolean {
  let odd = false;
  for (let at = 0, before = path.length - 1; at < path.length; before = at++) {
    const [ax, ay] = path[at]!;
    const [bx, by] = path[before]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function least(numbers: number[]): number {
  return numbers.reduce((one, other) => Math.min(one, other), Infinity);
}

function most(numbers: number[]): number {
  return numbers.reduce((one, other) => Math.max(one, other), -Infinity);
}
