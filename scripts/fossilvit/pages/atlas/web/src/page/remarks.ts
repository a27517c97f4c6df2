// What to look at twice: a label that may be wrong, and copies of a specimen.

import { card } from "./card";
import { element, type Child } from "../dom";
import { icon } from "./icons";
import { legible, numberText } from "./naming";
import type { Context } from "./panels";
import { isWord } from "./words";

export function suspectOf(context: Context, row: number): Child {
  const { core, state, say } = context;
  const suspect = core.suspects.find((one) => one.row === row);
  if (!suspect) return null;
  const { suspicion, nearestSame, nearestSuggested } = suspect;
  const [category, suggested] = [legible(suspect.category), legible(suspect.suggested)];
  const nearest = [[nearestSame, category], [nearestSuggested, suggested]] as const;
  return element(
    "section",
    { class: "warned" },
    element("p", {}, icon("warn"), say("suspect", category, suggested, numberText(suspicion, "share", state.look.language))),
    ...nearest.map(([other, label]) => other >= 0 && card(context, other, element("span", { class: "about" }, say("nearestOf", label)))),
  );
}

/** Specimens that are copies of this one, or of which it is a copy, or that are copies of the same one. */
export function copiesOf(context: Context, row: number): Child {
  const { core, say } = context;
  const original = core.sameAs[row]! >= 0 ? core.sameAs[row]! : row;
  const others = [...core.ids.keys()].filter((one) => one !== row && (one === original || core.sameAs[one] === original));
  if (others.length === 0) return null;
  const why = (one: number) => core.same[one === original ? row : one]!;
  return element(
    "section",
    {},
    element("h3", {}, say("copies")),
    ...others.map((one) => {
      const word = why(one);
      return card(context, one, isWord(word) && element("span", { class: "about" }, say(word)));
    }),
  );
}
