// The bar of chosen specimens, which appears when there are several.

import type { Look } from "../state";
import { copyButton, csvButton } from "./exporting";
import { element, redraw } from "../dom";
import { icon } from "./icons";
import type { Context } from "./panels";
import { showOnly } from "./picking";

export class SelectionBar {
  readonly element = element("section", { class: "selection", hidden: true });

  constructor(private readonly context: Context) {}

  update(former: Look | null): void {
    const { look } = this.context.state;
    if (former?.selected === look.selected && former.language === look.language) return;
    this.element.hidden = look.selected.length < 2;
    if (!this.element.hidden) this.draw(look.selected);
  }

  private draw(selected: readonly number[]): void {
    const { core, state, say } = this.context;
    const [one, other] = selected;
    const compare = () => state.set({ compared: [one!, other!] });
    const clear = () => state.set({ selected: [] });
    this.element.setAttribute("aria-label", say("selection"));
    redraw(
      this.element,
      element("strong", {}, say("chosen", selected.length.toLocaleString(state.look.language))),
      selected.length === 2 &&
        element("button", { type: "button", class: "strong", "data-focus": "compare", click: compare }, icon("compare"), say("sideBySide")),
      element("button", { type: "button", "data-focus": "only", click: () => showOnly(state, selected) }, icon("show"), say("onlyChosen")),
      csvButton(this.context, () => selected),
      copyButton(this.context, "copyIds", () => selected.map((row) => core.ids[row]!).join("\n")),
      element(
        "button",
        { type: "button", class: "quiet", "data-focus": "clear", "aria-label": say("clear"), title: say("clear"), click: clear },
        icon("close"),
      ),
    );
  }
}
