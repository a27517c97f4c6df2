// What stands over the map in HTML: buttons, the note, and what screen readers are told.

import { button, element, label, lines } from "../dom";
import type { Language } from "../words";
import { WORDS } from "./words";

export interface FurnitureDeeds {
  zoom(factor: number): void;
  fitAll(): void;
  toggleLasso(): void;
}

const ICONS = {
  zoomIn: "M12 5v14M5 12h14",
  zoomOut: "M5 12h14",
  showAll: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  lasso: "M8 16.5C5 15.6 3 13.7 3 11.4 3 7.3 7 4 12 4s9 3.3 9 7.4-4 7.4-9 7.4M8.5 16.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0M7 18.8c.6 1 .4 2-.9 2.7",
};

export class Furniture {
  private readonly buttons: Record<keyof typeof ICONS, HTMLButtonElement>;
  private readonly note = element("p", { class: "map-note" });
  private readonly status = element("p", { class: "map-status" });

  constructor(private readonly host: HTMLElement, private readonly canvas: HTMLCanvasElement, deeds: FurnitureDeeds) {
    this.buttons = {
      zoomIn: button("map-button", () => deeds.zoom(1.6), lines(ICONS.zoomIn, "map-icon")),
      zoomOut: button("map-button", () => deeds.zoom(1 / 1.6), lines(ICONS.zoomOut, "map-icon")),
      showAll: button("map-button", () => deeds.fitAll(), lines(ICONS.showAll, "map-icon")),
      lasso: button("map-button", () => deeds.toggleLasso(), lines(ICONS.lasso, "map-icon")),
    };
    const column = element("div", { class: "map-buttons" });
    column.append(...Object.values(this.buttons));
    this.status.setAttribute("role", "status");
    host.append(this.note, column, this.status);
  }

  speak(language: Language): void {
    this.canvas.setAttribute("aria-label", WORDS.map[language]);
    this.note.textContent = WORDS.note[language];
    for (const [name, one] of Object.entries(this.buttons)) {
      label(one, WORDS[name as keyof typeof ICONS][language]);
    }
  }

  lassoing(on: boolean): void {
    this.buttons.lasso.setAttribute("aria-pressed", String(on));
    this.host.classList.toggle("map-lassoing", on);
  }

  /** Tell screen readers where the keyboard is. */
  say(text: string): void {
    this.status.textContent = text;
  }
}
