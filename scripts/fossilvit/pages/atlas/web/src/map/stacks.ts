// Specimens on exactly the same place, such as copies of one file.
// In: x and y of the rows. Out: for each row, all rows on its place.

export class Stacks {
  /** Every place that holds several rows. */
  readonly all: number[][] = [];
  private readonly of = new Map<number, number[]>();

  constructor(x: Float32Array, y: Float32Array) {
    const first = new Map<string, number>();
    for (let row = 0; row < x.length; row++) {
      const place = `${x[row]},${y[row]}`;
      const below = first.get(place);
      if (below === undefined) first.set(place, row);
      else this.add(below, row);
    }
  }

  /** The rows on the place of a row that are visible, or the row alone. */
  at(row: number, visible: Uint8Array): number[] {
    return this.of.get(row)?.filter((one) => visible[one]) ?? [row];
  }

  /** Whether a row is the one to draw of its place: the first visible one, or the first. */
  onTop(row: number, visible: Uint8Array): boolean {
    const stack = this.of.get(row);
    return !stack || row === (stack.find((one) => visible[one]) ?? stack[0]);
  }

  private add(below: number, row: number): void {
    let stack = this.of.get(below);
    if (!stack) {
      stack = [below];
      this.all.push(stack);
      this.of.set(below, stack);
    }
    stack.push(row);
    this.of.set(row, stack);
  }
}
