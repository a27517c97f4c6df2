// The panel of the tree: branches with pictures at their leaves. The height of a joint is a distance.

import { colorsOf } from "../colors";
import type { Tree } from "../data";
import type { Look } from "../state";
import { branchesOf, type Branches } from "./branches";
import { element, redraw, shape, type Child } from "../dom";
import { countText, groupName, nameOf, numberText } from "./naming";
import type { Context, Panel } from "./panels";
import { showOnly } from "./picking";

/** Pixels: height of a leaf, width of the branches, and the margin at the root. */
const LEAF = 34;
const WIDTH = 120;
const MARGIN = 12;

export class TreePanel implements Panel {
  private readonly tree: Tree | null;
  private readonly branches: Branches | null;
  private items: HTMLElement[] = [];
  /** Nodes from top to bottom. */
  private order: number[] = [];
  private active = 0;
  private chosen: number | null = null;

  constructor(private readonly host: HTMLElement, private readonly context: Context) {
    this.tree = context.core.tree;
    this.branches = this.tree && branchesOf(this.tree);
  }

  update(former: Look | null): void {
    const { look } = this.context.state;
    if (former && former.filters !== look.filters) this.chosen = null;
    if (!former || former.language !== look.language || former.colorBy !== look.colorBy) this.draw();
    else if (former.filters !== look.filters) this.mark();
  }

  private draw(): void {
    const { say } = this.context;
    const { tree, branches } = this;
    if (!tree || !branches) return redraw(this.host, element("h2", {}, say("tree")), element("p", { class: "hint" }, say("noTree")));
    const nodes = [...branches.x.keys()];
    this.order = nodes.sort((a, b) => branches.y[a]! - branches.y[b]! || a - b);
    this.items = [];
    const colors = colorsOf(this.context.core, this.context.state.look.colorBy);
    for (const node of nodes) this.items[node] = this.item(tree, branches, node, colors);
    const plot = element(
      "div",
      { class: "plot", role: "tree", "aria-label": say("tree"), keydown: (event: KeyboardEvent) => this.press(event) },
      this.drawing(tree, branches),
      ...this.order.map((node) => this.items[node]!),
    );
    plot.style.height = `${tree.leaves.length * LEAF}px`;
    redraw(this.host, element("h2", {}, say("tree")), element("p", { class: "hint" }, say("treeHint")), this.axis(tree), plot);
    this.items.forEach((item, node) => (item.tabIndex = node === this.active ? 0 : -1));
    this.mark();
  }

  private axis(tree: Tree): Child {
    const { language } = this.context.state.look;
    const highest = numberText(Math.max(...tree.heights), "", language);
    const axis = element(
      "div",
      { class: "axis", "aria-hidden": "true" },
      element("span", {}, highest),
      element("span", {}, this.context.say("treeDistance")),
      element("span", {}, "0"),
    );
    axis.style.width = `${WIDTH}px`;
    axis.style.marginInlineStart = `${MARGIN}px`;
    return axis;
  }

  private drawing(tree: Tree, branches: Branches): SVGElement {
    const leaves = tree.leaves.length;
    const paths = [...tree.heights.keys()].map((joint) => {
      const [one, other] = [tree.joints[2 * joint]!, tree.joints[2 * joint + 1]!];
      const [at, from, to] = [this.left(leaves + joint), this.top(one), this.top(other)];
      return shape("path", { d: `M${this.left(one)} ${from}H${at}V${to}H${this.left(other)}` });
    });
    const root = leaves + tree.heights.length - 1;
    if (branches.x[root] !== undefined) paths.push(shape("path", { d: `M0 ${this.top(root)}H${this.left(root)}` }));
    return shape("svg", { width: MARGIN + WIDTH, height: leaves * LEAF, "aria-hidden": "true" }, ...paths);
  }

  private item(tree: Tree, branches: Branches, node: number, colors: readonly string[]): HTMLElement {
    const leaf = tree.leaves[node];
    const item = element("div", {
      role: "treeitem",
      class: leaf ? "leaf" : "joint",
      "aria-level": this.level(node),
      "data-node": node,
      "data-focus": `node ${node}`,
      "data-first": node === this.active,
      click: () => this.choose(node),
      focus: () => this.activate(node),
      mouseenter: () => leaf && this.context.state.set({ hovered: leaf.row }),
      mouseleave: () => leaf && this.context.state.set({ hovered: null }),
    });
    item.style.top = `${this.top(node)}px`;
    item.style.left = `${leaf ? MARGIN + WIDTH : this.left(node)}px`;
    if (leaf) {
      item.append(...this.leaf(leaf, colors));
    } else {
      const { language } = this.context.state.look;
      const count = countText(this.rowsBelow(tree, branches, node).length, language);
      const label = this.context.say("joint", count, numberText(tree.heights[node - tree.leaves.length]!, "", language));
      item.setAttribute("aria-label", label);
      item.title = label;
      item.setAttribute("aria-expanded", "true");
    }
    return item;
  }

  private leaf(leaf: Tree["leaves"][number], colors: readonly string[]): HTMLElement[] {
    const { core, pictures, say, state } = this.context;
    const { language } = state.look;
    const dot = element("span", { class: "dot" });
    dot.style.background = colors[leaf.row] ?? "";
    const [group = -1, ...others] = leaf.groups;
    const named = groupName(group, language);
    const several = others.length ? say("more", named, others.length) : named;
    const text = leaf.count > 1 ? several : nameOf(core, leaf.row);
    const count = leaf.count > 1 && countText(leaf.count, language);
    return [
      pictures.tile(leaf.row),
      dot,
      element("span", { class: "name", title: text }, text),
      element("span", { class: "muted", "aria-label": count }, count && leaf.count.toLocaleString(language)),
    ];
  }

  private rowsBelow(tree: Tree, branches: Branches, node: number): number[] {
    const { core } = this.context;
    return tree.leaves.slice(branches.first[node]!, branches.last[node]! + 1).flatMap((leaf) =>
      leaf.count > 1 ? core.groups.filter((group) => leaf.groups.includes(group.id)).flatMap((group) => [...group.rows]) : [leaf.row],
    );
  }

  private choose(node: number): void {
    const { tree, branches } = this;
    const { state } = this.context;
    if (!tree || !branches) return;
    if (this.chosen === node) return state.set({ filters: new Map() });
    const rows = this.rowsBelow(tree, branches, node);
    showOnly(state, rows);
    if (rows.length === 1) state.show(rows[0]!);
    this.chosen = node;
    this.mark();
  }

  private mark(): void {
    this.items.forEach((item, node) => {
      if (node === this.chosen) item.setAttribute("aria-selected", "true");
      else item.removeAttribute("aria-selected");
    });
  }

  private press(event: KeyboardEvent): void {
    const { branches, tree } = this;
    if (!branches || !tree) return;
    const place = this.order.indexOf(this.active);
    const below = tree.joints[2 * (this.active - tree.leaves.length)];
    const target = {
      ArrowDown: this.order[place + 1],
      ArrowUp: this.order[place - 1],
      Home: this.order[0],
      End: this.order.at(-1),
      ArrowLeft: branches.parent[this.active],
      ArrowRight: below,
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.choose(this.active);
    else if (target !== undefined && target >= 0) this.items[target]!.focus();
    else return;
    event.preventDefault();
  }

  private activate(node: number): void {
    this.items[this.active]!.tabIndex = -1;
    this.items[this.active]!.removeAttribute("data-first");
    this.active = node;
    this.items[node]!.tabIndex = 0;
    this.items[node]!.setAttribute("data-first", "");
  }

  private level(node: number): number {
    let level = 1;
    for (let at = this.branches!.parent[node]!; at >= 0; at = this.branches!.parent[at]!) level += 1;
    return level;
  }

  private left(node: number): number {
    return MARGIN + this.branches!.x[node]! * WIDTH;
  }

  private top(node: number): number {
    return (this.branches!.y[node]! + 0.5) * LEAF;
  }
}
