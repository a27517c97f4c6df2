// The panel of filters: the legend of the map, which filters too, and filters by any other column.

import type { Column } from "../data";
import type { Look } from "../state";
import { element, redraw, type Child } from "../dom";
import { icon } from "./icons";
import { LabelFilter } from "./labelfilter";
import { heading } from "./naming";
import type { Context, Panel } from "./panels";
import { filtersWith } from "./picking";
import { RangeFilter } from "./rangefilter";

type ColumnFilter = LabelFilter | RangeFilter;

export class FiltersPanel implements Panel {
  private readonly added = new Set<string>();
  private filters = new Map<string, ColumnFilter>();

  constructor(private readonly host: HTMLElement, private readonly context: Context) {}

  update(former: Look | null): void {
    const { look } = this.context.state;
    const others = this.others();
    const columns = [look.colorBy, ...others].join("\n") === [...this.filters.keys()].join("\n");
    if (!former || !columns || former.language !== look.language) this.draw(others);
    if (!former || !columns || former.language !== look.language || former.filters !== look.filters)
      for (const filter of this.filters.values()) filter.update();
  }

  /** Columns with a filter, beside the one that colors the map. */
  private others(): string[] {
    const { core, state } = this.context;
    for (const key of state.look.filters.keys()) this.added.add(key);
    return core.columns.map((column) => column.key).filter((key) => key !== state.look.colorBy && this.added.has(key));
  }

  private draw(others: readonly string[]): void {
    const { core, state, say } = this.context;
    const { language, colorBy } = state.look;
    const columns = core.columns;
    const find = (key: string) => columns.find((column) => column.key === key)!;
    this.filters = new Map([colorBy, ...others].map((key) => [key, this.filterOf(find(key), key === colorBy)]));
    const add = (event: Event) => {
      this.added.add((event.target as HTMLSelectElement).value);
      this.update(state.look);
    };
    redraw(
      this.host,
      element("h2", {}, heading(find(colorBy), language)),
      find(colorBy).codes && element("p", { class: "hint" }, say("legendHint")),
      this.filters.get(colorBy)!.element,
      element("h2", {}, say("furtherFilters")),
      ...others.map((key) => this.block(find(key))),
      element(
        "select",
        { class: "add", "aria-label": say("addFilter"), "data-focus": "add", change: add },
        element("option", { value: "", selected: true, disabled: true }, say("addFilter")),
        ...columns
          .filter((column) => !this.filters.has(column.key))
          .map((column) => element("option", { value: column.key }, heading(column, language))),
      ),
    );
  }

  private block(column: Column): Child {
    const { state, say } = this.context;
    const name = heading(column, state.look.language);
    const remove = () => {
      this.added.delete(column.key);
      state.set({ filters: filtersWith(state, column.key, null) });
    };
    const label = say("closeFilter", name);
    return element(
      "div",
      { class: "block", role: "group", "aria-label": name },
      element("h3", {}, name),
      element("button", { type: "button", class: "quiet", "aria-label": label, title: label, click: remove }, icon("close")),
      this.filters.get(column.key)!.element,
    );
  }

  private filterOf(column: Column, colored: boolean): ColumnFilter {
    return column.codes ? new LabelFilter(this.context, column, colored) : new RangeFilter(this.context, column, colored);
  }
}
