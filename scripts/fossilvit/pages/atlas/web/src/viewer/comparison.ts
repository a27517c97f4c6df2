// Two specimens side by side, turning together: the second turned like the first.
// In: look.compared. Out: a dialog over the page; closing it sets look.compared to null.

import type { Core } from "../data";
import type { Parts } from "../parts";
import type { State } from "../state";
import { filled } from "../words";
import { alignment, isMirrored } from "./alignment";
import { button, element, label, lines } from "../dom";
import { meshStand, picturedStand } from "./specimens";
import { Viewer } from "./viewer";
import type { Stand } from "./viewport";
import { WORDS } from "./words";

type Pair = readonly [number, number];

const CLOSE = "M6 6l12 12M18 6L6 18";
const SWAP = "M4 9h14l-4-4M20 15H6l4 4";
const LINK = "M10 14a4 4 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1-1";

export class Comparison {
  private readonly title = element("h2", { class: "comparison-title" });
  private readonly distance = element("span", { class: "comparison-distance" });
  private readonly sameSize = button("viewer-button", () => this.scale(false));
  private readonly sameScale = button("viewer-button", () => this.scale(true));
  private readonly sizes = element("div", { class: "comparison-sizes" }, this.sameSize, this.sameScale);
  private readonly linkText = element("span", { class: "" });
  private readonly linkButton = button("viewer-button", () => this.link(!this.linked), lines(LINK, "viewer-icon"), this.linkText);
  private readonly swapText = element("span", { class: "" });
  private readonly swapButton = button("viewer-button comparison-swap", () => this.swap(), lines(SWAP, "viewer-icon"), this.swapText);
  private readonly closeButton = button("viewer-button comparison-close", () => this.dialog.close(), lines(CLOSE, "viewer-icon"));
  private readonly stage = element("div", { class: "comparison-stage" });
  private readonly foot = element("div", { class: "comparison-foot" });
  private readonly dialog: HTMLDialogElement;
  private readonly silence: () => void;
  private viewer: Viewer | null = null;
  private stands: Stand[] = [];
  private linked = true;
  private scaled = false;

  constructor(
    host: HTMLElement,
    private readonly state: State,
    private readonly parts: Parts,
  ) {
    const tools = element("div", { class: "comparison-tools" }, this.sizes, this.linkButton, this.swapButton);
    const head = element("header", { class: "comparison-head" }, this.title, this.distance, tools, this.closeButton);
    this.dialog = element("dialog", { class: "comparison" }, head, this.stage, this.foot);
    this.title.id = "comparison-title";
    this.dialog.setAttribute("aria-labelledby", this.title.id);
    this.sizes.setAttribute("role", "group");
    this.dialog.addEventListener("close", () => this.state.look.compared && this.state.set({ compared: null }));
    this.dialog.addEventListener("keydown", (event) => event.stopPropagation());
    host.append(this.dialog);
    this.silence = state.listen((look, former) => {
      if (look.compared !== former.compared) this.open(look.compared);
      else if (look.compared && look.language !== former.language) void this.load(look.compared);
    });
    if (state.look.compared) this.open(state.look.compared);
  }

  dispose(): void {
    this.silence();
    this.open(null);
    this.dialog.remove();
  }

  private open(pair: Pair | null): void {
    if (!pair) {
      this.viewer?.dispose();
      this.viewer = null;
      this.dialog.close();
      return;
    }
    if (!this.dialog.open) this.dialog.showModal();
    if (!this.viewer) {
      this.viewer = new Viewer(this.stage, this.state);
      this.linked = true;
    }
    this.scaled = false;
    void this.load(pair);
  }

  private async load(pair: Pair): Promise<void> {
    const viewer = this.viewer!;
    const current = () => viewer === this.viewer && pair === this.state.look.compared;
    const meshes = Promise.all(pair.map((row) => meshStand(this.state, this.parts, row, viewer.draws)));
    const pictures = await Promise.all(pair.map((row) => picturedStand(this.state, this.parts, row)));
    if (!current()) return;
    this.stands = pictures;
    this.show(pair);
    viewer.focus();
    const stands = await meshes;
    if (!current()) return;
    this.stands = aligned(stands, this.state.core.mirror);
    this.show(pair);
  }

  private show(pair: Pair): void {
    this.stands.forEach((stand, place) => (stand.caption = this.caption(pair[place]!, isMirrored(stand.turn))));
    this.label(pair);
    this.viewer!.sameScale = this.scaled;
    this.viewer!.show(this.stands);
    this.viewer!.link(this.linked);
  }

  private scale(scaled: boolean): void {
    this.scaled = scaled;
    this.viewer!.sameScale = scaled;
    this.viewer!.request();
    this.label(this.state.look.compared!);
  }

  private link(linked: boolean): void {
    this.linked = linked;
    this.viewer!.link(linked);
    this.label(this.state.look.compared!);
  }

  private swap(): void {
    const [first, second] = this.state.look.compared!;
    this.state.set({ compared: [second, first] });
  }

  private caption(row: number, mirrored: boolean): HTMLElement {
    const { core, look } = this.state;
    const id = core.ids[row]!;
    const start = id.lastIndexOf("/") + 1;
    const name = element("div", { class: "comparison-id" }, element("span", { class: "comparison-folder" }, id.slice(0, start)), id.slice(start));
    const group = core.group[row]!;
    const facts = [categoryOf(core, row), group < 0 ? WORDS.noise[look.language] : filled(WORDS.group[look.language], group)];
    const line = element("div", { class: "comparison-facts" }, facts.filter(Boolean).join(" · "));
    if (mirrored) line.append(" · ", element("strong", { class: "comparison-mirrored" }, WORDS.mirrored[look.language]));
    return element("div", { class: "comparison-caption" }, name, line);
  }

  private label(pair: Pair): void {
    const { core, look } = this.state;
    const words = (key: keyof typeof WORDS) => WORDS[key][look.language];
    const distance = distanceOf(core, pair);
    const both = this.stands.every((stand) => stand.shape);
    const known = this.stands.map((stand) => stand.mm > 0);
    this.title.textContent = words("sideBySide");
    this.distance.textContent = distance === null ? words("notNear") : filled(words("distance"), distance.toPrecision(3), core.metric);
    this.sizes.setAttribute("aria-label", words("sizes"));
    this.sameSize.textContent = words("sameSize");
    this.sameScale.textContent = words("sameScale");
    this.sameSize.setAttribute("aria-pressed", String(!this.scaled));
    this.sameScale.setAttribute("aria-pressed", String(this.scaled));
    this.sameSize.disabled = !both;
    this.sameScale.disabled = !both || known[0] !== known[1];
    this.linkButton.disabled = !both;
    this.linkText.textContent = words("together");
    this.linkButton.setAttribute("aria-pressed", String(this.linked));
    this.swapText.textContent = words("swap");
    label(this.swapButton, words("swap"));
    label(this.closeButton, words("close"));
    this.foot.textContent = both ? words(known[0] !== known[1] ? "oneUnit" : this.scaled && !known[0] ? "noUnit" : "hint") : "";
  }
}

/** Both stands, the second turned like the first and seen by its camera, where both have meshes. */
function aligned([first, second]: Stand[], mirror: boolean): Stand[] {
  if (!first!.shape || !second!.shape) return [first!, second!];
  return [first!, { ...second!, turn: alignment(first!.shape, second!.shape, mirror), camera: first!.camera }];
}

/** Distance between two specimens, if one is among the nearest neighbors of the other; else null. */
function distanceOf(core: Core, [first, second]: Pair): number | null {
  for (const [row, other] of [[first, second], [second, first]] as const) {
    const start = row * core.nearest;
    const place = core.neighbors.subarray(start, start + core.nearest).indexOf(other);
    if (place >= 0) return core.distances[start + place]!;
  }
  return null;
}

/** What a specimen is called, by its folder or the sheet; "" where nothing says. */
function categoryOf(core: Core, row: number): string {
  const column = core.columns.find((one) => one.source === "category");
  return column?.labels?.[column.codes?.[row] ?? -1] ?? "";
}
