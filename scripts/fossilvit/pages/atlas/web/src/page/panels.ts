// Panels of the page, and tabs that show one of several.

import type { Core } from "../data";
import type { Parts } from "../parts";
import type { Look, State } from "../state";
import { element } from "../dom";
import type { Pictures } from "./pictures";
import { said, type Word } from "./words";

/** What every part of the page works with. */
export interface Context {
  core: Core;
  state: State;
  parts: Parts;
  pictures: Pictures;
  /** Show a specimen, and bring the map to it. */
  visit(row: number): void;
  /** A text in the language of the page. */
  say(word: Word, ...values: (string | number)[]): string;
}

export interface Panel {
  /** Show what has changed since a former look; everything if it is null. Panels out of sight are not called. */
  update(former: Look | null): void;
}

export interface PanelKind {
  key: string;
  title: Word;
  side: "left" | "right";
  make: new (host: HTMLElement, context: Context) => Panel;
}

interface Made {
  kind: PanelKind;
  host: HTMLElement;
  tab: HTMLButtonElement;
  panel: Panel;
}

export function makePanel(kind: PanelKind, context: Context): Made {
  const host = element("section", {
    class: `panel panel-${kind.key}`,
    id: `panel-${kind.key}`,
    role: "tabpanel",
    tabindex: -1,
    "aria-labelledby": `tab-${kind.key}`,
  });
  const tab = element("button", { type: "button", role: "tab", id: `tab-${kind.key}`, "aria-controls": host.id });
  return { kind, host, tab, panel: new kind.make(host, context) };
}

/** Tabs with their panels below. */
export class Tabs {
  private made: readonly Made[] = [];
  private open: Made | undefined;
  private readonly strip = element("div", { class: "tabs", role: "tablist", keydown: (event: KeyboardEvent) => this.move(event) });

  constructor(private readonly host: HTMLElement, private readonly context: Context) {}

  /** Take these panels in place of the former ones. */
  take(made: readonly Made[]): void {
    this.made = made;
    this.strip.hidden = made.length < 2;
    this.strip.replaceChildren(...made.map((one) => one.tab));
    this.host.replaceChildren(this.strip, ...made.map((one) => one.host));
    this.host.hidden = made.length === 0;
    for (const one of made) one.tab.onclick = () => this.show(one);
    const [first] = made;
    if (first) this.show(this.open && made.includes(this.open) ? this.open : first);
    this.rename();
  }

  /** Show the panel of this key, if it is here. */
  reveal(key: string, focus: boolean): void {
    const one = this.made.find((made) => made.kind.key === key);
    if (!one) return;
    this.show(one);
    if (this.host.getBoundingClientRect().top < 0) this.host.scrollIntoView();
    if (focus) (one.host.querySelector<HTMLElement>("[data-first]") ?? one.tab).focus();
  }

  update(former: Look): void {
    if (former.language !== this.context.state.look.language) this.rename();
    this.open?.panel.update(former);
  }

  private rename(): void {
    const { language } = this.context.state.look;
    this.strip.setAttribute("aria-label", said(language, "panels"));
    for (const { kind, tab } of this.made) tab.textContent = said(language, kind.title);
  }

  private show(chosen: Made): void {
    for (const one of this.made) {
      one.host.hidden = one !== chosen;
      one.tab.setAttribute("aria-selected", String(one === chosen));
      one.tab.tabIndex = one === chosen ? 0 : -1;
    }
    if (this.open !== chosen || chosen.host.childElementCount === 0) chosen.panel.update(null);
    this.open = chosen;
  }

  private move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.made.findIndex((one) => one.tab === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.made[(at + step + this.made.length) % this.made.length]!;
    this.show(next);
    next.tab.focus();
  }
}
