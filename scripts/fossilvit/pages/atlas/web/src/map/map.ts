// The map of all specimens: what is alike lies near.
// In: a positioned element with a size, the state of the page, pictures. Out: the map in it, and changes of the state.

import { element } from "../dom";
import type { Parts } from "../parts";
import type { Look, State } from "../state";
import { Drawing } from "./drawing";
import { WORDS } from "./words";

export class SpecimenMap {
  /** null in a browser without WebGL. */
  private readonly drawing: Drawing | null;

  constructor(host: HTMLElement, private readonly state: State, parts: Parts) {
    host.classList.add("map");
    const canvas = element("canvas", { class: "map-canvas" });
    // The shaders smooth all edges themselves, so that samples would only cost time.
    const context = canvas.getContext("webgl2", { alpha: true, antialias: false, premultipliedAlpha: true });
    this.drawing = context ? new Drawing(host, canvas, context, state, parts) : null;
    if (!this.drawing) sayWithout(host, state);
  }

  /** What a plain drag does. */
  get tool(): "move" | "lasso" {
    return this.drawing?.tool ?? "move";
  }

  set tool(tool: "move" | "lasso") {
    this.drawing?.take(tool);
  }

  /** Show the whole map. */
  fitAll(): void {
    this.drawing?.fitAll();
  }

  /** Bring a specimen to the middle, near enough to see its picture. */
  goTo(row: number): void {
    if (row >= 0 && row < this.state.core.count) this.drawing?.goTo(row);
  }
}

/** Say that there is no map in this browser. */
function sayWithout(host: HTMLElement, state: State): void {
  const text = element("p", { class: "map-without" });
  const speak = (look: Look) => (text.textContent = WORDS.noWebGL[look.language]);
  speak(state.look);
  state.listen(speak);
  host.append(text);
}
