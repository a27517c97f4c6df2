// Small drawings for buttons, 20 by 20 units.

import { shape } from "../dom";

const PATHS = {
  search: "M9 3.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M13.2 13.2L17 17",
  copy: "M7 7h9v9H7zM4 13V4h9",
  close: "M5 5l10 10M15 5L5 15",
  compare: "M3 5h6v10H3zM11 5h6v10h-6z",
  save: "M10 3v9M6.5 8.5L10 12l3.5-3.5M4 16h12",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.2v.3",
  show: "M3 5h14L12 11v5l-4-2v-3z",
  up: "M10 16V4M5.5 8.5L10 4l4.5 4.5",
  down: "M10 4v12M5.5 11.5L10 16l4.5-4.5",
  check: "M4.5 10.5l3.5 3.5l7.5-8",
  warn: "M10 3.5L17.5 16.5h-15zM10 8.5v3.5M10 14.2v.3",
} as const;

export type Icon = keyof typeof PATHS;

export function icon(name: Icon): SVGElement {
  return shape("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, shape("path", { d: PATHS[name] }));
}
