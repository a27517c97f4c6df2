// What a specimen is near, and how far its place on the map says so.

import { card } from "./card";
import { element, type Child } from "../dom";
import { icon } from "./icons";
import { labeling, labelText, nameOf } from "./naming";
import type { Context } from "./panels";

/** Share of true neighbors below which the place of a specimen says little. */
const LITTLE = 0.5;

export function neighborsOf(context: Context, row: number): Child {
  const { core, say } = context;
  const places = Array.from({ length: core.nearest }, (_, rank) => row * core.nearest + rank);
  const known = places.filter((place) => core.neighbors[place]! >= 0);
  return element(
    "section",
    {},
    element("h3", {}, say("neighbors")),
    element("p", { class: "hint" }, say(known.length ? "neighborsHint" : "noNeighbors")),
    element(
      "ol",
      { class: "neighbors" },
      ...known.map((place) => neighbor(context, row, core.neighbors[place]!, core.distances[place]!)),
    ),
  );
}

export function placeOf(context: Context, row: number): Child {
  const { core, say } = context;
  const trust = core.trust[row]!;
  if (Number.isNaN(trust) || core.trusted === 0) return null;
  return element(
    "section",
    {},
    element("h3", {}, say("trust")),
    element("p", {}, say("trustWords", Math.round(trust * core.trusted), core.trusted)),
    trust < LITTLE && element("p", { class: "hint" }, say("trustLow")),
  );
}

function neighbor(context: Context, row: number, other: number, distance: number): HTMLElement {
  const { core, state, say } = context;
  const digits = new Intl.NumberFormat(state.look.language, { minimumSignificantDigits: 2, maximumSignificantDigits: 3 });
  const label = say("compareWith", nameOf(core, other));
  const compare = () => state.set({ compared: [row, other] });
  return element(
    "li",
    {},
    card(
      context,
      other,
      element("span", { class: "about" }, say("distance", digits.format(distance))),
      sameness(context, row, other),
    ),
    element(
      "button",
      { type: "button", class: "small", "aria-label": label, title: label, click: compare },
      icon("compare"),
      say("sideBySide"),
    ),
  );
}

/** The label of the other one, and whether both have it. */
function sameness(context: Context, row: number, other: number): Child {
  const { core, state, say } = context;
  const column = labeling(core);
  const [mine, theirs] = [column?.codes?.[row] ?? -1, column?.codes?.[other] ?? -1];
  if (!column || theirs < 0) return null;
  const text = labelText(column, theirs, state.look.language);
  if (mine < 0) return element("span", { class: "about" }, text);
  const same = mine === theirs;
  return element("span", { class: same ? "about" : "about differs" }, `${text} · ${say(same ? "sameLabel" : "otherLabel")}`);
}
