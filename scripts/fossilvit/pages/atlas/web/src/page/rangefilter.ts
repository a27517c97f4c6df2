// The numbers of a column as a histogram, with the smallest and the largest number that are shown.

import { numberColor, rangeOf } from "../colors";
import type { Column } from "../data";
import { element, shape } from "../dom";
import { countText, numberText } from "./naming";
import type { Context } from "./panels";
import { filtersWith } from "./picking";

const BINS = 28;
const HEIGHT = 48;

export class RangeFilter {
  readonly element = element("div", { class: "range" });
  private readonly low = this.input();
  private readonly high = this.input();
  private readonly bars: SVGRectElement[] = [];
  private readonly least: number;
  private readonly most: number;

  constructor(private readonly context: Context, private readonly column: Column, private readonly colored: boolean) {
    [this.least, this.most] = rangeOf(column);
    this.draw();
  }

  /** Show which numbers pass. */
  update(): void {
    const [low, high] = this.limits();
    for (const [input, limit] of [[this.low, low], [this.high, high]] as const)
      if (document.activeElement !== input) input.value = Number.isFinite(limit) ? String(limit * this.scale()) : "";
    this.bars.forEach((bar, place) => {
      const [from, to] = [this.at(place), this.at(place + 1)];
      bar.classList.toggle("faded", to < low || from > high);
    });
  }

  private draw(): void {
    const { say, state } = this.context;
    const { language } = state.look;
    const counts = new Array<number>(BINS).fill(0);
    let unknown = 0;
    for (const number of this.column.numbers ?? []) {
      const share = this.most > this.least ? (number - this.least) / (this.most - this.least) : 0.5;
      const place = Math.floor(share * BINS);
      if (Number.isNaN(number)) unknown += 1;
      else counts[Math.min(BINS - 1, place)]! += 1;
    }
    const tallest = Math.max(...counts, 1);
    counts.forEach((count, place) => {
      const height = count ? Math.max(2, (count / tallest) * HEIGHT) : 0;
      const bar = shape("rect", { x: place * 10 + 1, y: HEIGHT - height, width: 8, height, rx: 1 });
      if (this.colored) bar.style.fill = numberColor(this.at(place + 0.5), this.least, this.most);
      this.bars.push(bar);
    });
    const ends = [this.least, this.most].map((number) => numberText(number, this.column.unit ?? "", language));
    const box = { class: "histogram", viewBox: `0 0 ${BINS * 10} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.element.append(
      shape("svg", box, ...this.bars),
      element("div", { class: "ends" }, element("span", {}, ends[0]), element("span", {}, ends[1])),
      element("div", { class: "limits" }, this.field(say("low"), this.low), this.field(say("high"), this.high)),
    );
    if (unknown) this.element.append(element("p", { class: "hint" }, say("unknownCount", countText(unknown, language))));
  }

  private field(text: string, input: HTMLInputElement): HTMLElement {
    return element("label", { class: "field" }, element("span", {}, text), input, this.column.unit === "share" ? "%" : this.column.unit);
  }

  private input(): HTMLInputElement {
    return element("input", { type: "number", step: "any", input: () => this.apply() });
  }

  private apply(): void {
    const { state } = this.context;
    const [low, high] = [this.low, this.high].map((input) => (input.value === "" ? NaN : Math.fround(Number(input.value) / this.scale())));
    const filter = { low: Number.isNaN(low!) ? -Infinity : low!, high: Number.isNaN(high!) ? Infinity : high! };
    const limits = Number.isFinite(filter.low) || Number.isFinite(filter.high);
    state.set({ filters: filtersWith(state, this.column.key, limits ? filter : null) });
  }

  private limits(): [number, number] {
    const filter = this.context.state.look.filters.get(this.column.key);
    return filter && "low" in filter ? [filter.low, filter.high] : [-Infinity, Infinity];
  }

  private at(place: number): number {
    return this.least + ((this.most - this.least) * place) / BINS;
  }

  /** Shares are typed as percent. */
  private scale(): number {
    return this.column.unit === "share" ? 100 : 1;
  }
}
