// The head of the page: title, search, what colors the map, language, brightness, help.

import type { Look } from "../state";
import { element, redraw } from "../dom";
import { icon } from "./icons";
import { countText, heading } from "./naming";
import type { Context } from "./panels";

/** ms without a further letter before a search begins. */
const PAUSE = 120;
const THEMES = ["auto", "light", "dark"] as const;

export class Header {
  readonly element = element("header", { class: "header" });
  private readonly input = element("input", {
    type: "search",
    id: "search",
    "data-focus": "search",
    autocomplete: "off",
    spellcheck: "false",
    input: () => this.searchSoon(),
    keydown: (event: KeyboardEvent) => event.key === "Enter" && !event.isComposing && this.visitFirst(),
  });
  private waiting = 0;

  constructor(private readonly context: Context, private readonly help: () => void) {}

  update(former: Look | null): void {
    const { look } = this.context.state;
    if (!former || former.language !== look.language) this.draw();
    if (former && look.text === "" && former.text !== "" && document.activeElement !== this.input) this.input.value = "";
  }

  search(): void {
    this.input.focus();
    this.input.select();
  }

  private searchSoon(): void {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.context.state.set({ text: this.input.value }), PAUSE);
  }

  /** Show the first specimen that is found. If it is the only one, the search is done, and its neighbors are visible. */
  private visitFirst(): void {
    const { state, visit } = this.context;
    clearTimeout(this.waiting);
    state.set({ text: this.input.value });
    const first = state.visible.indexOf(1);
    if (!state.look.text || first < 0) return;
    if (state.visible.indexOf(1, first + 1) < 0) {
      this.input.value = "";
      state.set({ text: "" });
    }
    visit(first);
  }

  private draw(): void {
    const { core, state, say } = this.context;
    const { language, colorBy, theme } = state.look;
    const other = language === "en" ? "ja" : "en";
    this.input.placeholder = say("searchHint");
    this.input.setAttribute("aria-label", say("search"));
    document.title = say("title", countText(core.count, language));
    redraw(
      this.element,
      element("h1", {}, document.title),
      element("div", { class: "search", role: "search" }, icon("search"), this.input, element("kbd", { "aria-hidden": "true" }, "/")),
      element(
        "label",
        { class: "field" },
        element("span", {}, say("colorBy")),
        element(
          "select",
          { "data-focus": "color", change: (event: Event) => state.set({ colorBy: (event.target as HTMLSelectElement).value }) },
          ...core.columns.map((column) =>
            element("option", { value: column.key, selected: column.key === colorBy }, heading(column, language)),
          ),
        ),
      ),
      element(
        "select",
        {
          class: "theme",
          "data-focus": "theme",
          "aria-label": say("theme"),
          title: say("theme"),
          change: (event: Event) => state.set({ theme: (event.target as HTMLSelectElement).value as Look["theme"] }),
        },
        ...THEMES.map((one) => element("option", { value: one, selected: one === theme }, say(one))),
      ),
      element(
        "button",
        { type: "button", lang: other, "data-focus": "language", click: () => state.set({ language: other }) },
        say("otherLanguage"),
      ),
      element(
        "button",
        { type: "button", "data-focus": "help", class: "round", "aria-label": say("about"), title: `${say("about")} (?)`, click: this.help },
        icon("help"),
      ),
    );
  }
}
