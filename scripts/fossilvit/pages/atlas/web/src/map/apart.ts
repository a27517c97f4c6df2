// Moves specimens apart that would cover each other, so that all can be seen when the whole map is.
// In: places. Out: the same, changed as little as that takes. Copies, which lie on one place, stay together.

/** Least distance between two places, in steps of a square grid that would hold as many on the same area. */
const SHARE = 0.5;
/** The shorter side of the area is taken for at least this share of the longer one. */
const NARROWEST = 0.9;
const ROUNDS = 200;
/** Share of an overlap that one round undoes. */
const PACE = 0.5;
/** Above this number of places they are dots at first, and may cover each other. */
const MOST = 2000;

export function moveApart(x: Float32Array, y: Float32Array): void {
  const places = placesOf(x, y);
  if (places.length < 2 || places.length > MOST) return;
  const across = Float64Array.from(places, (rows) => x[rows[0]!]!);
  const up = Float64Array.from(places, (rows) => y[rows[0]!]!);
  const least = leastDistance(across, up);
  for (let round = 0; round < ROUNDS && pushed(across, up, least); round++);
  const [left, right] = ends(across);
  const [bottom, top] = ends(up);
  const half = Math.max(right - left, top - bottom) / 2 || 1;
  places.forEach((rows, place) => {
    for (const row of rows) {
      x[row] = (across[place]! - (left + right) / 2) / half;
      y[row] = (up[place]! - (bottom + top) / 2) / half;
    }
  });
}

/** The rows on every place. */
function placesOf(x: Float32Array, y: Float32Array): number[][] {
  const places = new Map<string, number[]>();
  x.forEach((along, row) => {
    const place = `${along} ${y[row]}`;
    places.set(place, [...(places.get(place) ?? []), row]);
  });
  return [...places.values()];
}

function leastDistance(across: Float64Array, up: Float64Array): number {
  const sides = [ends(across), ends(up)].map(([low, high]) => high - low);
  const longer = Math.max(...sides);
  const shorter = Math.max(Math.min(...sides), NARROWEST * longer);
  return SHARE * Math.sqrt((longer * shorter) / across.length);
}

/** Push all pairs apart that are nearer than the least distance; whether there were any. */
function pushed(across: Float64Array, up: Float64Array, least: number): boolean {
  const cells = new Cells(across, up, least);
  const byAcross = new Float64Array(across.length);
  const byUp = new Float64Array(across.length);
  let any = false;
  for (let place = 0; place < across.length; place++)
    for (const step of cells.around)
      for (let other = cells.first[cells.cell[place]! + step]!; other >= 0; other = cells.next[other]!) {
        const dx = across[place]! - across[other]!;
        const dy = up[place]! - up[other]!;
        const distance = Math.sqrt(dx * dx + dy * dy);
        if (other === place || distance >= 0.99 * least) continue;
        any = true;
        byAcross[place]! += (PACE * (least - distance) * dx) / (2 * distance);
        byUp[place]! += (PACE * (least - distance) * dy) / (2 * distance);
      }
  for (let place = 0; place < across.length; place++) {
    across[place]! += byAcross[place]!;
    up[place]! += byUp[place]!;
  }
  return any;
}

/** Places by the cells of a square grid, in chains: of every cell the first place or -1, of every place the next or -1. */
class Cells {
  readonly cell: Int32Array;
  readonly first: Int32Array;
  readonly next: Int32Array;
  /** Steps from a cell to itself and to the eight around it. */
  readonly around: readonly number[];

  constructor(across: Float64Array, up: Float64Array, side: number) {
    const [left, right] = ends(across);
    const [bottom, top] = ends(up);
    const columns = Math.floor((right - left) / side) + 3; // with an empty one on either side
    this.around = [-1, 0, 1].flatMap((step) => [step - columns, step, step + columns]);
    this.first = new Int32Array(columns * (Math.floor((top - bottom) / side) + 3)).fill(-1);
    this.next = new Int32Array(across.length);
    this.cell = new Int32Array(across.length);
    for (let place = 0; place < across.length; place++) {
      const cell = Math.floor((across[place]! - left) / side) + 1 + columns * (Math.floor((up[place]! - bottom) / side) + 1);
      this.cell[place] = cell;
      this.next[place] = this.first[cell]!;
      this.first[cell] = place;
    }
  }
}

function ends(values: Float64Array): [number, number] {
  return [values.reduce((low, value) => Math.min(low, value)), values.reduce((high, value) => Math.max(high, value))];
}
