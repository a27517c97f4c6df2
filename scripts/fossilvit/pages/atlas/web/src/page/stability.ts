// How far to believe a group, in words (Hennig 2007; answers/stability.py).

import type { Group } from "../data";
import { element, type Child } from "../dom";
import type { Context } from "./panels";
import { isWord } from "./words";

const GOOD = ["highly stable", "stable"];

export function readingOf({ say, state }: Context, group: Group): Child {
  const { reading, stability } = group;
  if (!isWord(reading) || stability === null) return element("span", { class: "reading" }, say("unknownStability"));
  const number = stability.toLocaleString(state.look.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return element(
    "span",
    { class: `reading ${GOOD.includes(reading) ? "good" : "poor"}`, title: say("stability", number) },
    `${say(reading)} (${number})`,
  );
}

/** One sentence on what the reading means; empty where it is not known. */
export function readingMeans({ say }: Context, group: Group): string {
  const word = `${group.reading} means`;
  return isWord(word) ? say(word) : "";
}
