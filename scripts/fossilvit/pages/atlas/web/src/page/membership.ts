// The group that a specimen is in, and how far to believe it.

import { element, type Child } from "../dom";
import { icon } from "./icons";
import { countText, groupName, numberText } from "./naming";
import type { Context } from "./panels";
import { showGroups } from "./picking";
import { readingMeans, readingOf } from "./stability";

export function groupOf(context: Context, row: number): Child {
  const { core, state, say } = context;
  const { language } = state.look;
  if (core.groups.length === 0) return null;
  const group = core.groups.find((one) => one.id === core.group[row]);
  if (!group) return element("section", {}, element("h3", {}, say("group")), element("p", {}, say("noGroupLong")));
  const firmness = core.firmness[row]!;
  return element(
    "section",
    {},
    element(
      "div",
      { class: "row" },
      element("h3", {}, groupName(group, language), element("span", { class: "muted" }, countText(group.rows.length, language))),
      element("button", { type: "button", class: "small", click: () => showGroups(state, [group.id]) }, icon("show"), say("showGroup")),
    ),
    element("p", {}, readingOf(context, group), " ", readingMeans(context, group)),
    Number.isFinite(firmness) && element("p", { class: "hint" }, say("firm", numberText(firmness, "share", language))),
  );
}
