// A bar of a round length, in true units where they are known, else in units of the file.

import { type Language, filled } from "../words";
import { element } from "../dom";
import { WORDS } from "./words";

/** The bar is at most this share of the width, and this many pixels. */
const SHARE = 0.3;
const WIDEST = 160;
/** Pixels of width below which the label is short. */
const NARROW = 300;

const UNITS = [
  ["µm", 0.001],
  ["mm", 1],
  ["cm", 10],
  ["m", 1000],
] as const;

export class ScaleBar {
  readonly root: HTMLElement;
  private readonly bar = element("div", { class: "viewer-bar" });
  private readonly text = element("span", { class: "" });

  constructor() {
    this.root = element("div", { class: "viewer-scale" }, this.text, this.bar);
  }

  /** Show the scale of a picture of a width in pixels with so many pixels per unit of the file, of so many mm or NaN. */
  show(width: number, pixelsPerUnit: number, mm: number, language: Language): void {
    const size = mm > 0 ? mm : 1;
    const length = roundBelow((Math.min(SHARE * width, WIDEST) / pixelsPerUnit) * size);
    const text = lengthText(length, mm);
    const whole = mm > 0 ? text : filled(WORDS.units[language], numberText(length));
    this.bar.style.width = `${(length / size) * pixelsPerUnit}px`;
    this.text.textContent = width < NARROW ? text : whole;
    this.root.title = whole;
  }
}

/** The largest of 1, 2 and 5 times a power of ten that is not larger than a length. */
export function roundBelow(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length) + 1e-9);
  const factor = [5, 2, 1].find((one) => one * power <= length * (1 + 1e-9)) ?? 1;
  return Number((factor * power).toPrecision(1));
}

/** A length in mm, in the largest unit in which it is 1 or more; or, where no mm are known, in units of the file. */
export function lengthText(length: number, mm: number): string {
  if (!(mm > 0)) return `${numberText(length)} u`;
  const [unit, size] = UNITS.filter(([, size]) => size <= length * (1 + 1e-9)).at(-1) ?? UNITS[0];
  return `${numberText(length / size)} ${unit}`;
}

function numberText(number: number): string {
  return String(Number(number.toPrecision(1)));
}
