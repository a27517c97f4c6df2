// The line above the map: how many specimens are visible, by which filters, and scans that could not be read.

import type { Column } from "../data";
import type { Filter, Look } from "../state";
import { element, redraw, type Child } from "../dom";
import { icon } from "./icons";
import { countText, heading, labelText, legible, numberText } from "./naming";
import type { Context } from "./panels";
import { filtersWith } from "./picking";

export class StatusLine {
  readonly element = element("div", { class: "status" });
  private readonly spoken = element("p", { role: "status", class: "spoken" });
  private readonly shown = element("div", { class: "chips", tabindex: -1 });

  constructor(private readonly context: Context, private readonly help: () => void) {
    this.element.append(this.spoken, this.shown);
  }

  update(former: Look | null): void {
    const { look } = this.context.state;
    const same = (["filters", "text", "language", "selected"] as const).every((key) => former?.[key] === look[key]);
    if (!same) this.draw(look);
  }

  private draw(look: Look): void {
    const { core, state, say } = this.context;
    const count = state.visible.reduce((sum, one) => sum + one, 0);
    const counted =
      count === core.count
        ? say("allVisible", countText(count, look.language))
        : say("visible", count.toLocaleString(look.language), core.count.toLocaleString(look.language));
    const text = count === 0 ? say("nothingVisible") : counted;
    redraw(
      this.spoken,
      text,
      look.selected.length > 1 && element("span", { class: "unseen" }, ` ${say("chosen", look.selected.length)}`),
    );
    redraw(this.shown, ...this.chips(look), this.failures());
  }

  private chips(look: Look): Child[] {
    const { core, state, say } = this.context;
    const chips = [...look.filters].map(([key, filter]) => {
      const column = core.columns.find((one) => one.key === key);
      return this.chip(key, this.describe(column, filter), () => state.set({ filters: filtersWith(state, key, null) }));
    });
    if (look.text) chips.push(this.chip("text", `“${legible(look.text)}”`, () => state.set({ text: "" })));
    if (chips.length < 2) return chips;
    const all = () => state.set({ filters: new Map(), text: "" });
    return [...chips, element("button", { type: "button", class: "link", "data-focus": "all", click: all }, say("showAll"))];
  }

  private chip(key: string, text: string, remove: () => void): HTMLElement {
    const label = this.context.say("removeFilter", text);
    return element(
      "button",
      { type: "button", class: "chip", "aria-label": label, title: label, "data-focus": `chip ${key}`, click: remove },
      element("span", {}, text),
      icon("close"),
    );
  }

  private describe(column: Column | undefined, filter: Filter): string {
    const { state, say } = this.context;
    const { language } = state.look;
    if (!column || "rows" in filter) return say("onlyThese");
    if ("codes" in filter) {
      const [first = -1, ...others] = filter.codes;
      const text = labelText(column, first, language);
      const named = column.key === "group" ? text : `${heading(column, language)}: ${text}`;
      return others.length ? say("more", named, others.length) : named;
    }
    const [low, high] = [filter.low, filter.high].map((number) => numberText(number, column.unit ?? "", language));
    const range = !high ? say("atLeast", low!) : !low ? say("atMost", high) : say("range", low, high);
    return `${heading(column, language)}: ${range}`;
  }

  private failures(): Child {
    const { core, say } = this.context;
    const count = core.failed.length;
    if (count === 0) return null;
    const text = say(count === 1 ? "oneFailed" : "failedCount", count);
    return element("button", { type: "button", class: "link warning", "data-focus": "failed", click: this.help }, icon("warn"), text);
  }
}
