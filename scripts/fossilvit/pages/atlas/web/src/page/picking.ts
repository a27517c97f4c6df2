// Filters by rows, such as those below a joint of the tree.

import type { Core } from "../data";
import type { Filter, State } from "../state";

/** The key of a filter of rows; no column has it. */
const ROWS = "rows";

/** Show only these rows: as a filter of groups if they are whole groups, so that the filter says so. */
export function showOnly(state: State, rows: readonly number[]): void {
  const { core } = state;
  if (rows.length === core.count) return state.set({ filters: new Map(), text: "" });
  const groups = wholeGroups(core, rows);
  if (groups) return showGroups(state, groups);
  state.set({ filters: new Map([[ROWS, { rows: new Set(rows) }]]), text: "" });
}

export function showGroups(state: State, groups: readonly number[]): void {
  state.set({ filters: new Map([["group", { codes: codesOf(state.core, groups) }]]), text: "" });
}

/** Whether a filter shows exactly these groups. */
export function showsGroups(state: State, groups: readonly number[]): boolean {
  const filter = state.look.filters.get("group");
  const codes = codesOf(state.core, groups);
  if (!filter || !("codes" in filter)) return false;
  return filter.codes.size === codes.size && [...codes].every((code) => filter.codes.has(code));
}

/** The filters without or with another filter of a column. */
export function filtersWith(state: State, key: string, filter: Filter | null): ReadonlyMap<string, Filter> {
  const filters = new Map(state.look.filters);
  if (filter) filters.set(key, filter);
  else filters.delete(key);
  return filters;
}

/** Places of groups among the labels of the column of groups; -1 is the place of no group. */
function codesOf(core: Core, groups: readonly number[]): Set<number> {
  const labels = core.columns.find((column) => column.key === "group")?.labels ?? [];
  return new Set(groups.map((group) => labels.indexOf(String(group))));
}

/** The groups that these rows are, or null if some rows are only parts of groups or in none. */
function wholeGroups(core: Core, rows: readonly number[]): number[] | null {
  const chosen = new Set(rows);
  const groups = core.groups.filter((group) => group.rows.every((row) => chosen.has(row)));
  const covered = groups.reduce((sum, group) => sum + group.rows.length, 0);
  return groups.length > 0 && covered === chosen.size ? groups.map((group) => group.id) : null;
}
