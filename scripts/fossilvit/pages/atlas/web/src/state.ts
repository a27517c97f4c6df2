// What the reader looks at: one state that all parts of the page show and change.

import type { Core } from "./data";
import { visibleRows } from "./filters";

/** Labels to show (places in the column's labels; -1 is "none"), or a range of numbers, both ends included, or rows. */
export type Filter = { codes: ReadonlySet<number> } | { low: number; high: number } | { rows: ReadonlySet<number> };

export interface Look {
  /** Chosen rows, in the order of choosing. */
  selected: readonly number[];
  /** The specimen that the panel shows, or null. */
  shown: number | null;
  hovered: number | null;
  /** Two specimens side by side, or null. */
  compared: readonly [number, number] | null;
  /** Key of the column that colors the map. */
  colorBy: string;
  /** Filters by the key of their column; one of rows has a key of its own. */
  filters: ReadonlyMap<string, Filter>;
  text: string;
  language: "en" | "ja";
  theme: "auto" | "light" | "dark";
}

export type Listener = (look: Look, former: Look) => void;

export class State {
  look: Look;
  /** 1 for every row that passes the filters and the search, else 0. A new array whenever these change. */
  visible: Uint8Array;
  private readonly listeners = new Set<Listener>();

  constructor(readonly core: Core, language: "en" | "ja") {
    this.look = {
      selected: [],
      shown: null,
      hovered: null,
      compared: null,
      colorBy: core.first,
      filters: new Map(),
      text: "",
      language,
      theme: "auto",
    };
    this.visible = visibleRows(core, this.look);
  }

  /** Change some of the look, and let every listener know. */
  set(change: Partial<Look>): void {
    const former = this.look;
    this.look = { ...former, ...change };
    if ("filters" in change || "text" in change) this.visible = visibleRows(this.core, this.look);
    for (const listener of this.listeners) listener(this.look, former);
  }

  /** Call a listener at every change, until the function that is returned is called. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Show one specimen, and choose it alone. */
  show(row: number): void {
    this.set({ shown: row, selected: [row] });
  }

  /** Choose a further specimen, or no longer. */
  toggle(row: number): void {
    const selected = this.look.selected;
    this.set({ selected: selected.includes(row) ? selected.filter((one) => one !== row) : [...selected, row] });
  }
}
