// Specimens as a table for spreadsheets, and texts to the clipboard.

import type { Column, Core } from "../data";
import { element } from "../dom";
import { icon } from "./icons";
import type { Context } from "./panels";
import type { Word } from "./words";

/** The same characters as in store/tables.py: they begin a formula in a spreadsheet. */
const BEGINS = /^[=+\-@\t\r\n＝＋－＠]/;
/** What spreadsheets may take off the beginning of a cell: quotes and spaces (those of Python), then apostrophes. */
const BEFORE = /^(?:"|[^\S\t\r\n\ufeff]|[\x1c-\x1f\x85])*'*/;

/** A CSV with a byte order mark and LF line ends: the ID, the group (-1 for none), and every column. */
export function csvOf(core: Core, rows: readonly number[]): string {
  const columns = core.columns.filter((column) => column.key !== "group");
  const header = ["id", "group", ...columns.map((column) => column.name ?? column.key)].map(escaped);
  const lines = rows.map((row) => [
    escaped(core.ids[row]!),
    String(core.group[row]),
    ...columns.map((column) => cell(column, row)),
  ]);
  return `\ufeff${[header, ...lines].map((cells) => `${cells.map(quoted).join(",")}\n`).join("")}`;
}

/** A text with an apostrophe before every character that would begin a formula, as escaped() in store/tables.py. */
export function escaped(text: string): string {
  const pieces = text.split(/([;\t\r\n])/);
  return pieces
    .map((piece, place) => {
      if (place % 2) return piece;
      const before = BEFORE.exec(piece)![0];
      const after = piece.slice(before.length);
      return BEGINS.test(after || (pieces[place + 1] ?? "")) ? `${before}'${after}` : piece;
    })
    .join("");
}

export function csvButton(context: Context, rows: () => readonly number[]): HTMLElement {
  const save = () => saved("atlas.csv", csvOf(context.core, rows()));
  return element("button", { type: "button", "data-focus": "csv", click: save }, icon("save"), context.say("saveCsv"));
}

/** A button that copies a text, and says for a while whether it could. */
export function copyButton(context: Context, word: Word, text: () => string): HTMLElement {
  const label = element("span", { "aria-live": "polite" }, context.say(word));
  const copy = async () => {
    label.textContent = context.say((await copied(text())) ? "copied" : "notCopied");
    setTimeout(() => (label.textContent = context.say(word)), 2000);
  };
  return element("button", { type: "button", "data-focus": word, click: copy }, icon("copy"), label);
}

function cell(column: Column, row: number): string {
  if (column.labels) return escaped(column.labels[column.codes?.[row] ?? -1] ?? "");
  const number = column.numbers?.[row] ?? NaN;
  return Number.isFinite(number) ? shortest(number) : "";
}

/** A float32 with as few digits as it needs. */
function shortest(number: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = number.toPrecision(digits);
    if (Math.fround(Number(text)) === number) return String(Number(text));
  }
  return String(number);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function saved(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Whether a text could be copied. Not all browsers offer navigator.clipboard to pages from disk. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const focused = document.activeElement as HTMLElement | null;
    const area = element("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}
