// Which specimens pass the filters and the search.

import type { Core } from "./data";
import type { Filter, Look } from "./state";

export function visibleRows(core: Core, look: Pick<Look, "filters" | "text">): Uint8Array {
  const visible = new Uint8Array(core.count).fill(1);
  for (const [key, filter] of look.filters) {
    const column = core.columns.find((one) => one.key === key);
    keep(visible, (row) => passes(filter, row, column?.codes?.[row] ?? -1, column?.numbers?.[row] ?? NaN));
  }
  for (const word of plain(look.text).split(/\s+/).filter(Boolean)) keep(visible, (row) => textOf(core, row).includes(word));
  return visible;
}

function passes(filter: Filter, row: number, code: number, number: number): boolean {
  if ("rows" in filter) return filter.rows.has(row);
  return "codes" in filter ? filter.codes.has(code) : number >= filter.low && number <= filter.high;
}

function keep(visible: Uint8Array, wanted: (row: number) => boolean): void {
  for (let row = 0; row < visible.length; row++) if (visible[row] && !wanted(row)) visible[row] = 0;
}

const texts = new WeakMap<Core, string[]>();

/** All that a search looks in: the ID, and every text about a specimen. */
function textOf(core: Core, row: number): string {
  let known = texts.get(core);
  if (!known) {
    const spoken = core.columns.map((column) => column.labels?.map(plain));
    known = core.ids.map((id, at) =>
      [plain(id), ...core.columns.map((column, place) => spoken[place]?.[column.codes?.[at] ?? -1] ?? "")].join("\n"),
    );
    texts.set(core, known);
  }
  return known[row]!;
}

/** A text without the differences that a search should not see: case, width, composed or decomposed letters. */
export function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
