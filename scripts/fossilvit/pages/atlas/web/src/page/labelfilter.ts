// The labels of a column as a legend in which a click filters.

import { labelColor } from "../colors";
import type { Column } from "../data";
import { element, redraw, type Child } from "../dom";
import { labelText } from "./naming";
import type { Context } from "./panels";
import { filtersWith } from "./picking";

/** Labels that are shown at first. */
const FIRST = 24;

export class LabelFilter {
  readonly element = element("div", { class: "labels" });
  private readonly counts = new Map<number, number>();
  private all = false;

  constructor(private readonly context: Context, private readonly column: Column, private readonly colored: boolean) {
    for (const code of column.codes ?? []) this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }

  update(): void {
    const { say } = this.context;
    const codes = [...this.counts.keys()].sort((a, b) => (a < 0 ? 1 : b < 0 ? -1 : a - b));
    const chosen = this.chosen();
    const shown = this.all || codes.length <= FIRST + 1 ? codes : codes.filter((code, place) => place < FIRST || chosen.has(code));
    const expand = () => {
      this.all = true;
      this.update();
    };
    redraw(
      this.element,
      element("ul", {}, ...shown.map((code) => element("li", {}, this.label(code, chosen)))),
      shown.length < codes.length && element("button", { type: "button", class: "link", click: expand }, say("moreLabels", codes.length)),
    );
  }

  private label(code: number, chosen: ReadonlySet<number>): Child {
    const { language } = this.context.state.look;
    const dot = element("span", { class: "dot" });
    if (this.colored) dot.style.background = labelColor(code);
    return element(
      "button",
      {
        type: "button",
        class: chosen.size && !chosen.has(code) ? "label faded" : "label",
        "aria-pressed": String(chosen.has(code)),
        "data-focus": `label ${this.column.key} ${code}`,
        click: () => this.flip(code),
      },
      dot,
      element("span", { class: "name" }, labelText(this.column, code, language)),
      element("span", { class: "count" }, this.counts.get(code)!.toLocaleString(language)),
    );
  }

  private chosen(): ReadonlySet<number> {
    const filter = this.context.state.look.filters.get(this.column.key);
    return filter && "codes" in filter ? filter.codes : new Set();
  }

  private flip(code: number): void {
    const { state } = this.context;
    const codes = new Set(this.chosen());
    if (!codes.delete(code)) codes.add(code);
    state.set({ filters: filtersWith(state, this.column.key, codes.size ? { codes } : null) });
  }
}
