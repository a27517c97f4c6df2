// The page around map and meshes: it puts all parts in their places.

import { SpecimenMap } from "../map/map";
import type { Parts } from "../parts";
import type { Look, State } from "../state";
import { Comparison } from "../viewer/comparison";
import { element } from "../dom";
import { FiltersPanel } from "./filters";
import { GroupsPanel } from "./groups";
import { Header } from "./header";
import { HelpDialog } from "./about";
import { listenToKeys } from "./keys";
import { ListPanel } from "./list";
import { makePanel, Tabs, type Context, type PanelKind } from "./panels";
import { Pictures } from "./pictures";
import { SelectionBar } from "./selection";
import { SpecimenPanel } from "./specimen";
import { StatusLine } from "./status";
import { TreePanel } from "./tree";
import { said } from "./words";

/** All panels, in the order of their tabs on a narrow page. */
const PANELS: readonly PanelKind[] = [
  { key: "specimen", title: "specimen", side: "right", make: SpecimenPanel },
  { key: "filters", title: "colors", side: "left", make: FiltersPanel },
  { key: "groups", title: "groups", side: "left", make: GroupsPanel },
  { key: "tree", title: "tree", side: "left", make: TreePanel },
  { key: "list", title: "list", side: "left", make: ListPanel },
];
/** Below this width all panels share one row of tabs below the map. page.css uses the same width. */
const NARROW = "(max-width: 960px)";

export class Page {
  private readonly left: Tabs;
  private readonly right: Tabs;
  private readonly landmarks: HTMLElement[];

  constructor(root: HTMLElement, private readonly state: State, parts: Parts) {
    const context: Context = {
      core: state.core,
      state,
      parts,
      pictures: new Pictures(parts),
      visit: (row) => {
        state.show(row);
        map.goTo(row);
      },
      say: (word, ...values) => said(state.look.language, word, ...values),
    };
    const help = new HelpDialog(context);
    const header = new Header(context, () => help.open());
    const status = new StatusLine(context, () => help.open());
    const selection = new SelectionBar(context);
    const mapHost = element("div", { class: "place" });
    const middle = element("main", { class: "middle" }, status.element, element("div", { class: "stage" }, mapHost, selection.element));
    const left = element("section", { class: "column left" });
    const right = element("aside", { class: "column right" });
    this.landmarks = [middle, left, right];
    root.classList.add("atlas");
    root.replaceChildren(header.element, left, middle, right, help.element);

    this.left = new Tabs(left, context);
    this.right = new Tabs(right, context);
    const map = new SpecimenMap(mapHost, state, parts);
    new Comparison(root, state, parts);
    this.place(PANELS.map((kind) => makePanel(kind, context)));
    this.dress();
    for (const part of [header, status, selection, help]) part.update(null);
    state.listen((look, former) => {
      this.dress();
      for (const part of [header, status, selection, help]) part.update(former);
      for (const tabs of [this.left, this.right]) tabs.update(former);
      this.follow(look, former);
    });
    listenToKeys(context, {
      search: () => header.search(),
      reveal: (key) => [this.left, this.right].forEach((tabs) => tabs.reveal(key, true)),
      help: () => help.open(),
    });
  }

  /** Put the panels into one column or two, now and whenever the width of the page changes. */
  private place(made: readonly ReturnType<typeof makePanel>[]): void {
    const narrow = matchMedia(NARROW);
    const settle = () => {
      this.left.take(made.filter(({ kind }) => narrow.matches || kind.side === "left"));
      this.right.take(made.filter(({ kind }) => !narrow.matches && kind.side === "right"));
    };
    narrow.addEventListener("change", settle);
    settle();
  }

  /** Language and brightness of the whole document. */
  private dress(): void {
    const { language, theme } = this.state.look;
    const page = document.documentElement;
    page.lang = language;
    if (theme === "auto") delete page.dataset.theme;
    else page.dataset.theme = theme;
    const names = ["map", "browse", "details"] as const;
    this.landmarks.forEach((landmark, place) => landmark.setAttribute("aria-label", said(language, names[place]!)));
  }

  /** Bring what is newly shown into sight. */
  private follow(look: Look, former: Look): void {
    if (look.shown === null || look.shown === former.shown) return;
    for (const tabs of [this.left, this.right]) tabs.reveal("specimen", false);
  }
}
