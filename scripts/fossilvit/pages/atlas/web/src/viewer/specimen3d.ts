// The mesh of one specimen, for the panel.

import type { Parts } from "../parts";
import type { State } from "../state";
import { element } from "../dom";
import { meshStand, picturedStand } from "./specimens";
import { Viewer } from "./viewer";

export class SpecimenStand {
  private readonly root = element("div", { class: "stand" });
  private readonly viewer: Viewer;
  private row: number | null = null;

  constructor(
    host: HTMLElement,
    private readonly state: State,
    private readonly parts: Parts,
  ) {
    host.append(this.root);
    this.viewer = new Viewer(this.root, state);
    state.listen((look, former) => {
      if (look.compared !== former.compared) this.viewer.hold(look.compared !== null);
      if (look.language !== former.language && !this.viewer.shows) void this.load(this.row);
    });
  }

  show(row: number | null): void {
    if (row === this.row) return;
    this.row = row;
    this.root.hidden = row === null;
    void this.load(row);
  }

  private async load(row: number | null): Promise<void> {
    this.viewer.show([]);
    if (row === null) return;
    const mesh = meshStand(this.state, this.parts, row, this.viewer.draws);
    const picture = picturedStand(this.state, this.parts, row);
    const first = await Promise.race([picture, mesh]);
    if (row === this.row) this.viewer.show([first]);
    const stand = await mesh;
    if (row === this.row && stand !== first) this.viewer.show([stand]);
  }
}
