// What the tooltip says of a specimen.

import type { Column, Core } from "../data";
import { labelText, valueText } from "../page/naming";
import { filled, type Language } from "../words";
import { WORDS } from "./words";

/** What a column says of a row. */
export function valueOf(column: Column, row: number, language: Language): string {
  return column.codes ? labelText(column, column.codes[row]!, language) : valueText(column, row, language) || WORDS.none[language];
}

/** How far the place of a row on the map can be trusted, in words; "" where that is not known. */
export function trustOf(core: Core, row: number, language: Language): string {
  const near = Math.round(core.trust[row]! * core.trusted);
  if (Number.isNaN(near) || core.trusted < 1) return "";
  if (core.trusted === 1) return (near ? WORDS.trustOnly : WORDS.trustOnlyFar)[language];
  return filled((near === 1 ? WORDS.trustOne : WORDS.trust)[language], near, core.trusted);
}
