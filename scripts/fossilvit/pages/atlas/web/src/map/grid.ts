// Finds rows by their place on the map.
// In: x and y of the rows. Out: the rows in a rectangle, the row nearest to a point.

export interface Box {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

/** The smallest box that holds all rows. */
export function boxOf(x: Float32Array, y: Float32Array): Box {
  const box = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
  for (let row = 0; row < x.length; row++) {
    box.left = Math.min(box.left, x[row]!);
    box.right = Math.max(box.right, x[row]!);
    box.bottom = Math.min(box.bottom, y[row]!);
    box.top = Math.max(box.top, y[row]!);
  }
  return x.length ? box : { left: 0, bottom: 0, right: 0, top: 0 };
}

export class Grid {
  readonly box: Box;
  /** Length of the side of a cell. */
  readonly cell: number;
  private readonly across: number;
  private readonly up: number;
  /** Where the rows of each cell begin in `rows`. */
  private readonly starts: Int32Array;
  private readonly rows: Int32Array;

  constructor(private readonly x: Float32Array, private readonly y: Float32Array) {
    this.box = boxOf(x, y);
    const longer = Math.max(this.box.right - this.box.left, this.box.top - this.box.bottom) || 1;
    this.cell = longer / Math.max(1, Math.ceil(Math.sqrt(x.length / 2)));
    this.across = this.column(this.box.right) + 1;
    this.up = this.line(this.box.top) + 1;
    const cells = Int32Array.from(x, (_, row) => this.line(y[row]!) * this.across + this.column(x[row]!));
    this.starts = new Int32Array(this.across * this.up + 1);
    for (const cell of cells) this.starts[cell + 1]!++;
    for (let cell = 0; cell < this.across * this.up; cell++) this.starts[cell + 1]! += this.starts[cell]!;
    const next = this.starts.slice();
    this.rows = new Int32Array(x.length);
    for (let row = 0; row < x.length; row++) this.rows[next[cells[row]!]!++] = row;
  }

  /** Visit every row in a box. */
  within(box: Box, visit: (row: number) => void): void {
    const [left, right] = [Math.max(0, this.column(box.left)), Math.min(this.across - 1, this.column(box.right))];
    const [bottom, top] = [Math.max(0, this.line(box.bottom)), Math.min(this.up - 1, this.line(box.top))];
    for (let line = bottom; line <= top; line++) {
      const end = this.starts[line * this.across + right + 1]!;
      for (let at = this.starts[line * this.across + left]!; at < end && left <= right; at++) {
        const row = this.rows[at]!;
        if (this.x[row]! >= box.left && this.x[row]! <= box.right && this.y[row]! >= box.bottom && this.y[row]! <= box.top) visit(row);
      }
    }
  }

  /** The nearest row at most `reach` away that is accepted, or -1. */
  nearest(x: number, y: number, reach: number, accept: (row: number) => boolean): number {
    let best = -1;
    let least = reach;
    this.within({ left: x - reach, right: x + reach, bottom: y - reach, top: y + reach }, (row) => {
      const distance = Math.hypot(this.x[row]! - x, this.y[row]! - y);
      if (distance <= least && (best < 0 || distance < least) && accept(row)) {
        best = row;
        least = distance;
      }
    });
    return best;
  }

  /** Median distance from a row to the nearest other place, of about 1,000 rows; NaN where all lie on one place. */
  spacing(): number {
    const distances: number[] = [];
    const every = Math.max(1, Math.floor(this.x.length / 1000));
    for (let row = 0; row < this.x.length; row += every) {
      const distance = this.toOther(row);
      if (distance > 0) distances.push(distance);
    }
    return distances.sort((a, b) => a - b)[distances.length >> 1] ?? NaN;
  }

  private toOther(row: number): number {
    const [x, y] = [this.x[row]!, this.y[row]!];
    const apart = (other: number) => this.x[other] !== x || this.y[other] !== y;
    const widest = this.cell * 2 * Math.max(this.across, this.up);
    for (let reach = this.cell; reach <= 2 * widest; reach *= 2) {
      const other = this.nearest(x, y, reach, apart);
      if (other >= 0) return Math.hypot(this.x[other]! - x, this.y[other]! - y);
    }
    return 0;
  }

  private column(x: number): number {
    return Math.floor((x - this.box.left) / this.cell);
  }

  private line(y: number): number {
    return Math.floor((y - this.box.bottom) / this.cell);
  }
}
