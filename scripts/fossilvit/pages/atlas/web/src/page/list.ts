// The list that mirrors the map: all visible specimens, of which only those in sight are elements.

import { colorsOf } from "../colors";
import type { Column } from "../data";
import type { Look } from "../state";
import { element, redraw, type Child } from "../dom";
import { csvButton } from "./exporting";
import { icon } from "./icons";
import { heading, labeling, splitId, valueText } from "./naming";
import type { Context, Panel } from "./panels";

/** Height of a row in pixels; page.css has the same. */
const ROW = 52;
/** Rows that are drawn above and below those in sight. */
const BEYOND = 6;

export class ListPanel implements Panel {
  private rows: number[] = [];
  private order: number[] = [];
  private sorted = "";
  private visible: Uint8Array | null = null;
  private colors: string[] = [];
  private selected: ReadonlySet<number> = new Set();
  private active = 0;
  private sortBy = "";
  private falling = false;
  /** The elements in sight, by row. They last while they say the same, so that no click loses its target. */
  private drawn = new Map<number, HTMLElement>();
  private readonly head = element("div", { class: "head" });
  private readonly space = element("div", { role: "presentation", class: "space" });
  private readonly box = element(
    "div",
    {
      class: "box",
      role: "listbox",
      tabindex: 0,
      "aria-multiselectable": "true",
      "aria-describedby": "list-hint",
      "data-first": true,
      "data-focus": "list",
      scroll: () => this.draw(),
      keydown: (event: KeyboardEvent) => this.press(event),
      click: (event: MouseEvent) => this.click(event),
      mouseover: (event: MouseEvent) => this.context.state.set({ hovered: this.rowAt(event) }),
      mouseleave: () => this.context.state.set({ hovered: null }),
    },
    this.space,
  );

  constructor(host: HTMLElement, private readonly context: Context) {
    host.append(this.head, this.box);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  update(former: Look | null): void {
    const { look, visible } = this.context.state;
    if (former?.selected !== look.selected) this.selected = new Set(look.selected);
    if (!former || former.colorBy !== look.colorBy) this.colors = colorsOf(this.context.core, look.colorBy);
    if (visible !== this.visible) this.gather();
    if (!former || former.language !== look.language || former.filters !== look.filters || former.text !== look.text) this.drawHead();
    if (look.shown !== null && look.shown !== former?.shown) this.follow(look.shown);
    if (!former || former.colorBy !== look.colorBy || former.language !== look.language) this.drawn.clear();
    this.draw();
  }

  /** Put the visible rows in order. */
  private gather(): void {
    const { core, state } = this.context;
    const kept = this.rows[this.active];
    const key = `${this.sortBy} ${this.falling}`;
    if (this.sorted !== key) {
      this.order = ordered(core.ids, core.columns.find((column) => column.key === this.sortBy), this.falling);
      this.sorted = key;
    }
    this.visible = state.visible;
    this.rows = this.order.filter((row) => state.visible[row]);
    this.active = Math.max(0, kept === undefined ? 0 : this.rows.indexOf(kept));
    this.space.style.height = `${this.rows.length * ROW}px`;
  }

  private drawHead(): void {
    const { core, state, say } = this.context;
    const { language } = state.look;
    const sort = (sortBy: string, falling: boolean) => {
      this.sortBy = sortBy;
      this.falling = falling;
      this.gather();
      this.box.scrollTop = 0;
      this.active = 0;
      this.drawn.clear();
      this.drawHead();
      this.draw();
    };
    const direction = say(this.falling ? "descending" : "ascending");
    redraw(
      this.head,
      element(
        "div",
        { class: "sorting" },
        element(
          "label",
          { class: "field" },
          element("span", {}, say("sortBy")),
          element(
            "select",
            { "data-focus": "sort", change: (event: Event) => sort((event.target as HTMLSelectElement).value, this.falling) },
            element("option", { value: "", selected: this.sortBy === "" }, "ID"),
            ...core.columns.map((column) =>
              element("option", { value: column.key, selected: column.key === this.sortBy }, heading(column, language)),
            ),
          ),
        ),
        element(
          "button",
          {
            type: "button",
            class: "quiet",
            "data-focus": "direction",
            "aria-label": direction,
            title: direction,
            click: () => sort(this.sortBy, !this.falling),
          },
          icon(this.falling ? "down" : "up"),
        ),
      ),
      element(
        "div",
        { class: "buttons" },
        element(
          "button",
          { type: "button", "data-focus": "all", click: () => state.set({ selected: [...this.rows] }) },
          say("selectVisible", this.rows.length.toLocaleString(language)),
        ),
        csvButton(this.context, () => this.rows),
      ),
      element("p", { class: "hint", id: "list-hint" }, say("listHint")),
    );
    this.box.setAttribute("aria-label", say("listLabel"));
  }

  private draw(): void {
    const { box } = this;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - BEYOND);
    const last = Math.min(this.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + BEYOND);
    const places = Array.from({ length: Math.max(0, last - first) }, (_, place) => first + place);
    const near = this.rows.slice(first, last);
    const drawn = new Map(near.map((row) => [row, this.drawn.get(row) ?? this.option(row)]));
    for (const [row, option] of this.drawn) if (drawn.get(row) !== option) option.remove();
    this.drawn = drawn;
    const options = [...drawn.values()];
    const same = this.space.childElementCount === options.length && options.every((one, place) => this.space.children[place] === one);
    if (!same) this.space.replaceChildren(...options);
    for (const place of places) this.mark(place);
    const active = this.rows[this.active];
    if (active !== undefined && this.active >= first && this.active < last) box.setAttribute("aria-activedescendant", `option-${active}`);
    else box.removeAttribute("aria-activedescendant");
  }

  private option(row: number): HTMLElement {
    const { core, pictures } = this.context;
    const [folder, name] = splitId(core.ids[row]!);
    const dot = element("span", { class: "dot" });
    dot.style.background = this.colors[row]!;
    return element(
      "div",
      { role: "option", id: `option-${row}`, class: "option", "data-row": row },
      pictures.tile(row),
      element(
        "span",
        { class: "text" },
        element("span", { class: "name" }, element("span", { class: "folder" }, folder), element("span", { class: "own" }, name)),
        element("span", { class: "about" }, dot, ...this.about(row)),
      ),
      element("span", { class: "tick", "data-tick": true, "aria-hidden": "true" }, icon("check")),
    );
  }

  /** Show where a row stands, and whether it is chosen. */
  private mark(place: number): void {
    const { look } = this.context.state;
    const row = this.rows[place]!;
    const option = this.drawn.get(row)!;
    option.style.top = `${place * ROW}px`;
    option.setAttribute("aria-posinset", String(place + 1));
    option.setAttribute("aria-setsize", String(this.rows.length));
    option.setAttribute("aria-selected", String(this.selected.has(row)));
    option.classList.toggle("active", place === this.active);
    option.classList.toggle("shown", row === look.shown);
    option.classList.toggle("hovered", row === look.hovered);
  }

  /** What a row says beside the ID: the column that sorts, the one that colors, the label, the group. */
  private about(row: number): Child[] {
    const { core, state } = this.context;
    const { language, colorBy } = state.look;
    const keys = new Set([this.sortBy, colorBy, labeling(core)?.key, "group"]);
    const columns = [...keys].flatMap((key) => core.columns.find((column) => column.key === key) ?? []);
    return columns
      .filter((column) => valueText(column, row, language))
      .flatMap((column, place) => [
        place > 0 && " · ",
        column.numbers && element("span", { class: "unseen" }, `${heading(column, language)} `),
        valueText(column, row, language),
      ]);
  }

  private press(event: KeyboardEvent): void {
    const { state } = this.context;
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    const row = this.rows[this.active];
    if (step !== undefined) this.go(Math.min(this.rows.length - 1, Math.max(0, this.active + step)));
    else if (event.key === "Enter" && row !== undefined) this.context.visit(row);
    else if (event.key === " " && row !== undefined) state.toggle(row);
    else return;
    event.preventDefault();
  }

  private go(place: number): void {
    this.active = Math.max(0, place);
    this.reach();
    this.context.state.set({ hovered: this.rows[this.active] ?? null });
    this.draw();
  }

  private click(event: MouseEvent): void {
    const row = this.rowAt(event);
    if (row === null) return;
    this.active = this.rows.indexOf(row);
    const ticked = (event.target as Element).closest("[data-tick]") !== null;
    if (ticked || event.shiftKey || event.ctrlKey || event.metaKey) this.context.state.toggle(row);
    else this.context.visit(row);
  }

  private rowAt(event: Event): number | null {
    const option = (event.target as Element).closest("[data-row]");
    return option ? Number(option.getAttribute("data-row")) : null;
  }

  /** Go to a specimen that was shown from elsewhere. */
  private follow(row: number): void {
    const place = this.rows.indexOf(row);
    if (place < 0) return;
    this.active = place;
    this.reach();
  }

  private reach(): void {
    const top = this.active * ROW;
    const { box } = this;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  }
}

/** All rows by ID, or by a column: labels in the order of legends; what is not known comes last. */
function ordered(ids: readonly string[], column: Column | undefined, falling: boolean): number[] {
  const rows = ids.map((_, row) => row);
  const direction = falling ? -1 : 1;
  if (!column) {
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    return rows.sort((a, b) => direction * compare(ids[a]!, ids[b]!));
  }
  const rank = (row: number) => (column.codes ? (column.codes[row]! < 0 ? NaN : column.codes[row]!) : column.numbers![row]!);
  return rows.sort((a, b) => {
    const [one, other] = [rank(a), rank(b)];
    if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other)) || a - b;
    return direction * (one - other) || a - b;
  });
}
