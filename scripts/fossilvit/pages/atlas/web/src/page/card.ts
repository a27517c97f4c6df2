// A specimen as a button with its picture, which shows it.

import { element, type Child } from "../dom";
import { nameOf } from "./naming";
import type { Context } from "./panels";

/** A picture with the name below or beside it, and further texts. */
export function card(context: Context, row: number, ...about: readonly Child[]): HTMLElement {
  const { core, pictures, state } = context;
  return element(
    "button",
    {
      type: "button",
      class: "card",
      title: core.ids[row]!,
      click: () => state.show(row),
      mouseenter: () => state.set({ hovered: row }),
      mouseleave: () => state.set({ hovered: null }),
    },
    pictures.tile(row),
    element("span", { class: "text" }, element("span", { class: "name" }, nameOf(core, row)), ...about),
  );
}
