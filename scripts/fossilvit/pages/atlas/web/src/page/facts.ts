// What is known of a specimen: labels, what the sheet says, and facts of the scan.

import type { Column } from "../data";
import { element, type Child } from "../dom";
import { heading, numberText, valueText } from "./naming";
import type { Context } from "./panels";

const SOURCES = [
  ["category", "categories"],
  ["sheet", "sheet"],
  ["fact", "facts"],
] as const;
/** Lengths of the bounding box, which are given in mm as well where the sheet says how long a specimen is. */
const LENGTHS = ["length", "width", "height"];

export function factsOf(context: Context, row: number): Child {
  return element(
    "section",
    { class: "facts" },
    ...SOURCES.flatMap(([source, title]) => {
      const columns = context.core.columns.filter((column) => column.source === source);
      const pairs = columns.flatMap((column) => pairOf(context, column, row));
      return pairs.length ? [element("h3", {}, context.say(title)), element("dl", {}, ...pairs)] : [];
    }),
  );
}

function pairOf(context: Context, column: Column, row: number): Child[] {
  const { language } = context.state.look;
  const text = valueText(column, row, language);
  if (!text) return [];
  const mm = column.source === "fact" && LENGTHS.includes(column.key) ? column.numbers![row]! * context.core.mm[row]! : NaN;
  const length = Number.isFinite(mm) ? ` (${numberText(mm, "mm", language)})` : "";
  return [element("dt", {}, heading(column, language)), element("dd", {}, text, length)];
}
