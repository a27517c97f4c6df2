// What has become of the groups from run to run.

import type { Event } from "../data";
import { element, type Child } from "../dom";
import { countText, groupName } from "./naming";
import type { Context } from "./panels";
import { isWord } from "./words";

export function historyOf(context: Context): Child {
  const { core, say } = context;
  if (core.history.length === 0) return null;
  const runs = [...new Set(core.history.map((event) => event.run))].sort((a, b) => b - a);
  return element(
    "section",
    { class: "history" },
    element("h2", {}, say("history")),
    ...runs.flatMap((run) => [
      element("h3", {}, say("run", run)),
      element("ul", {}, ...core.history.filter((event) => event.run === run).map((event) => sentence(context, event))),
    ]),
  );
}

function sentence({ say, state }: Context, event: Event): Child {
  const { language } = state.look;
  if (!isWord(event.event)) return null;
  const origin = event.from === "" ? "" : groupName(Number(event.from), language);
  return element("li", {}, say(event.event, groupName(event.group, language), countText(event.specimens, language), origin));
}
