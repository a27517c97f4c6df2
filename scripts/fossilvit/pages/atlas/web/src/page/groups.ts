// The panel of groups: one card per group, and what has become of them from run to run.

import type { Group } from "../data";
import type { Look } from "../state";
import { card } from "./card";
import { element, redraw, type Child } from "../dom";
import { historyOf } from "./history";
import { countText, groupName, labeling, labelText } from "./naming";
import type { Context, Panel } from "./panels";
import { filtersWith, showGroups, showsGroups } from "./picking";
import { readingMeans, readingOf } from "./stability";

const NO_GROUP = -1;

export class GroupsPanel implements Panel {
  constructor(private readonly host: HTMLElement, private readonly context: Context) {}

  update(former: Look | null): void {
    const { look } = this.context.state;
    if (former && former.language === look.language && former.filters === look.filters) return;
    const { core, say } = this.context;
    const groups = [...core.groups].sort((a, b) => b.rows.length - a.rows.length);
    const alone = core.group.reduce((sum, group) => sum + Number(group < 0), 0);
    redraw(
      this.host,
      element("h2", {}, say("groups")),
      element("p", { class: "hint" }, say(groups.length ? "groupsHint" : "noGroups")),
      ...groups.map((group) => this.group(group)),
      alone > 0 && this.remaining(alone),
      historyOf(this.context),
    );
  }

  private group(group: Group): Child {
    const { pictures, state, say } = this.context;
    const { language } = state.look;
    const objects = say(group.objects === 1 ? "oneObject" : "objects", group.objects);
    return element(
      "article",
      { class: "group" },
      this.choice(
        group.id,
        group.medoid >= 0 && pictures.tile(group.medoid),
        element(
          "span",
          { class: "text" },
          element("span", { class: "name" }, groupName(group, language)),
          element("span", { class: "about" }, countText(group.rows.length, language)),
          element("span", { class: "about" }, this.mostly(group)),
        ),
      ),
      element("p", {}, readingOf(this.context, group), " ", element("span", { class: "muted" }, readingMeans(this.context, group))),
      group.objects !== group.rows.length && element("p", { class: "hint" }, objects),
      this.members(say("typical"), group.typical),
      this.members(say("doubtful"), group.doubtful),
    );
  }

  private remaining(count: number): Child {
    const { say, state } = this.context;
    const text = element(
      "span",
      { class: "text" },
      element("span", { class: "name" }, say("noGroup")),
      element("span", { class: "about" }, countText(count, state.look.language)),
    );
    return element("article", { class: "group" }, this.choice(NO_GROUP, text));
  }

  /** A button that shows only one group, and all again. */
  private choice(id: number, ...children: Child[]): HTMLElement {
    const { state } = this.context;
    const chosen = showsGroups(state, [id]);
    const flip = () => (chosen ? state.set({ filters: filtersWith(state, "group", null) }) : showGroups(state, [id]));
    return element(
      "button",
      { type: "button", class: "choice", "aria-pressed": String(chosen), "data-focus": `group ${id}`, "data-first": true, click: flip },
      ...children,
    );
  }

  /** The most frequent label of its members. */
  private mostly(group: Group): Child {
    const { core, state, say } = this.context;
    const column = labeling(core);
    if (!column) return null;
    const counts = new Map<number, number>();
    for (const row of group.rows) counts.set(column.codes![row]!, (counts.get(column.codes![row]!) ?? 0) + 1);
    const [code, count] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
    return code < 0 ? null : say("mostly", count, group.rows.length, labelText(column, code, state.look.language));
  }

  private members(title: string, rows: readonly number[]): Child {
    if (rows.length === 0) return null;
    return element(
      "div",
      { class: "members" },
      element("span", { class: "muted" }, title),
      ...rows.map((row) => card(this.context, row)),
    );
  }
}
