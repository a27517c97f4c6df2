// The panel of one specimen: what it is, how it looks, and what it is near.

import type { Look } from "../state";
import { SpecimenStand } from "../viewer/specimen3d";
import { copyButton } from "./exporting";
import { element, redraw, type Child } from "../dom";
import { factsOf } from "./facts";
import { neighborsOf, placeOf } from "./neighbors";
import type { Context, Panel } from "./panels";
import { copiesOf, suspectOf } from "./remarks";
import { groupOf } from "./membership";
import { splitId } from "./naming";
import { viewsOf } from "./views";

/** What the panel says below the mesh, in this order. */
const SECTIONS: readonly ((context: Context, row: number) => Child)[] = [
  suspectOf,
  groupOf,
  neighborsOf,
  placeOf,
  copiesOf,
  viewsOf,
  factsOf,
];

export class SpecimenPanel implements Panel {
  private readonly head = element("div", { class: "head" });
  private readonly standHost = element("div", { class: "mesh" });
  private readonly body = element("div", { class: "sections" });
  private stand: SpecimenStand | null = null;
  private row: number | null = null;

  constructor(private readonly host: HTMLElement, private readonly context: Context) {
    host.append(this.head, this.standHost, this.body);
    // shaders take a while to compile, which the first click should not wait for
    (window.requestIdleCallback ?? setTimeout)(() => this.prepared());
  }

  update(former: Look | null): void {
    const { shown, language } = this.context.state.look;
    if (former && former.shown === shown && former.language === language && this.row === shown) return;
    this.standHost.hidden = shown === null;
    const within = this.body.contains(document.activeElement);
    if (shown === null) redraw(this.head, ...this.invitation());
    else redraw(this.head, ...this.title(shown));
    redraw(this.body, ...(shown === null ? [] : SECTIONS.map((section) => section(this.context, shown))));
    if (within) this.head.querySelector("h2")?.focus({ preventScroll: true });
    if (shown !== this.row) {
      this.host.scrollTop = 0;
      if (shown !== null) this.prepared().show(shown);
      else this.stand?.show(null);
    }
    this.row = shown;
  }

  private prepared(): SpecimenStand {
    this.stand ??= new SpecimenStand(this.standHost, this.context.state, this.context.parts);
    return this.stand;
  }

  private title(row: number): Child[] {
    const id = this.context.core.ids[row]!;
    const [folder, name] = splitId(id);
    return [
      element("h2", { class: "id", tabindex: -1 }, folder && element("span", { class: "folder" }, folder), name),
      copyButton(this.context, "copyId", () => id),
    ];
  }

  private invitation(): Child[] {
    const { say } = this.context;
    return [
      element("h2", {}, say("emptyTitle")),
      element("ol", { class: "invitation" }, ...(["emptyOne", "emptyTwo", "emptyThree"] as const).map((word) => element("li", {}, say(word)))),
    ];
  }
}
