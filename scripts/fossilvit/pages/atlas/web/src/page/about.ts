// Help: how to read the page, its keys, how it was made, and scans that could not be read.

import type { Look } from "../state";
import { element, redraw, type Child } from "../dom";
import { icon } from "./icons";
import { legible, setting } from "./naming";
import type { Context } from "./panels";

const KEYS = [
  ["/", "keySearch"],
  ["l", "keyList"],
  ["g", "keyGroups"],
  ["c", "keyCompare"],
  ["?", "keyHelp"],
  ["Esc", "keyEscape"],
] as const;

export class HelpDialog {
  readonly element = element("dialog", { class: "help", "aria-labelledby": "help-title" });

  constructor(private readonly context: Context) {}

  open(): void {
    if (!this.element.open) this.element.showModal();
  }

  update(former: Look | null): void {
    const { core, say, state } = this.context;
    const { language } = state.look;
    if (former?.language === language) return;
    const close = () => this.element.close();
    redraw(
      this.element,
      element(
        "button",
        { type: "button", class: "quiet close", "aria-label": say("close"), title: say("close"), click: close },
        icon("close"),
      ),
      element("h2", { id: "help-title" }, say("helpHow")),
      ...(["helpMap", "helpTrust", "helpGroups"] as const).map((word) => element("p", {}, say(word))),
      element("h3", {}, say("helpKeys")),
      element("dl", {}, ...KEYS.flatMap(([key, word]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, say(word))])),
      element("h3", {}, say("helpMade")),
      element("dl", {}, ...core.made.flatMap(([name, value]) => [element("dt", {}, setting(name, language)), element("dd", {}, value)])),
      element("h3", {}, say("helpFailed")),
      this.failed(),
    );
  }

  private failed(): Child {
    const { core, say } = this.context;
    if (core.failed.length === 0) return element("p", {}, say("helpNoneFailed"));
    return element(
      "ul",
      { class: "failed" },
      ...core.failed.map(({ id, reason }) => element("li", {}, element("strong", {}, legible(id)), " ", legible(reason))),
    );
  }
}
