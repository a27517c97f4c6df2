// Colors of specimens by a column: a palette that color-blind people can tell apart, or a scale for numbers.

import type { Column, Core } from "./data";

/** Okabe and Ito 2008 (Color universal design) without yellow and black, then lighter and darker ones of the same hues. */
export const PALETTE = [
  "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
  "#7a5195", "#8c6d31", "#4d4d9f", "#c23b5a", "#5f9e3a", "#2f8f9d",
] as const;
/** The color of what has no label. */
export const NONE = "#8d8d86";

/** viridis at eight places (Smith and van der Walt 2015), from low to high. */
const SCALE = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"] as const;

/** The color of every row, as #rrggbb. */
export function colorsOf(core: Core, key: string): string[] {
  const column = core.columns.find((one) => one.key === key);
  if (!column) return new Array<string>(core.count).fill(NONE);
  if (column.codes) return Array.from(column.codes, labelColor);
  const [low, high] = rangeOf(column);
  return Array.from(column.numbers ?? [], (number) => numberColor(number, low, high));
}

export function labelColor(code: number): string {
  return code < 0 ? NONE : PALETTE[code % PALETTE.length]!;
}

export function numberColor(number: number, low: number, high: number): string {
  if (Number.isNaN(number)) return NONE;
  const place = high > low ? (number - low) / (high - low) : 0.5;
  return mixed(place * (SCALE.length - 1));
}

/** The smallest and the largest number of a column; NaN where it has none. */
export function rangeOf(column: Column): [number, number] {
  let low = NaN;
  let high = NaN;
  for (const number of column.numbers ?? []) {
    if (!(number >= low)) low = Number.isNaN(number) ? low : number;
    if (!(number <= high)) high = Number.isNaN(number) ? high : number;
  }
  return [low, high];
}

function mixed(place: number): string {
  const at = Math.min(SCALE.length - 2, Math.max(0, Math.floor(place)));
  const share = place - at;
  const channel = (from: number) =>
    Math.round(parseInt(SCALE[at]!.slice(from, from + 2), 16) * (1 - share) + parseInt(SCALE[at + 1]!.slice(from, from + 2), 16) * share);
  return `#${[1, 3, 5].map((from) => channel(from).toString(16).padStart(2, "0")).join("")}`;
}
