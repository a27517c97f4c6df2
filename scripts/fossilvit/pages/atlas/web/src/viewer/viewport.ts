// One part of a viewer: a mesh, how the reader looks at it, its scale bar, or a picture while there is no mesh.

import type { Material } from "three";
import { type Language, filled } from "../words";
import { Aim } from "./aim";
import type { Turn } from "./alignment";
import { element } from "../dom";
import type { Shape } from "./mesh";
import { type Model, modelOf } from "./model";
import { ScaleBar } from "./scalebar";
import { WORDS } from "./words";

/** What stands in one part of a viewer. */
export interface Stand {
  /** What it is called for those who do not see it. */
  name: string;
  shape: Shape | null;
  /** How the shape is turned, and perhaps mirrored, before the camera sees it. */
  turn: Turn;
  /** Rows right, up and backward of the camera at first, along the axes of the turned shape. */
  camera: readonly number[];
  /** mm per unit of the file; NaN where nobody says. */
  mm: number;
  /** Stands there while there is no shape. */
  picture: HTMLElement | null;
  /** Stands below it. */
  caption: HTMLElement | null;
}

export class Viewport {
  readonly root: HTMLElement;
  readonly window = element("div", { class: "viewer-window" });
  readonly aim = new Aim();
  readonly scaleBar = new ScaleBar();
  model: Model | null = null;
  private readonly below = element("figcaption", { class: "viewer-caption" });

  constructor(
    public stand: Stand,
    private readonly material: Material,
  ) {
    this.root = element("figure", { class: "viewer-part" }, this.window, this.below);
    this.window.tabIndex = 0;
  }

  /** Show another stand. `drawn` says whether meshes can be drawn at all. */
  show(stand: Stand, drawn: boolean): void {
    this.model?.dispose();
    this.stand = stand;
    this.model = stand.shape && drawn ? modelOf(stand.shape, stand.turn, this.material) : null;
    this.aim.reset(stand.camera);
    this.window.replaceChildren(...(this.model ? [this.scaleBar.root] : stand.picture ? [stand.picture] : []));
    this.below.replaceChildren(...(stand.caption ? [stand.caption] : []));
  }

  label(language: Language): void {
    this.window.setAttribute("role", this.model ? "application" : "group");
    this.window.setAttribute("aria-label", this.model ? filled(WORDS.model[language], this.stand.name) : this.stand.name);
  }

  dispose(): void {
    this.model?.dispose();
    this.root.remove();
  }
}
