// Which specimens are ringed, and the lines from the specimen shown to its neighbors.

import type { Core } from "../data";
import type { Look } from "../state";
import type { Link } from "./links";
import { RING, type Ring } from "./marks";

const MOST_NEIGHBORS = 10;

/** The true nearest neighbors of a row, nearest first. */
export function neighborsOf(core: Core, row: number): number[] {
  const start = row * core.nearest;
  return Array.from(core.neighbors.subarray(start, start + Math.min(core.nearest, MOST_NEIGHBORS))).filter((one) => one >= 0);
}

/** The ringed rows, those to draw on top last. */
export function ringsOf(core: Core, look: Look): Map<number, Ring> {
  const rings = new Map<number, Ring>();
  const ring = (row: number | null, kind: Ring) => {
    if (row === null) return;
    const former = rings.get(row) ?? RING.none;
    rings.delete(row);
    rings.set(row, former > kind ? former : kind);
  };
  if (look.shown !== null) for (const row of neighborsOf(core, look.shown).reverse()) ring(row, RING.neighbor);
  for (const row of look.selected) ring(row, RING.selected);
  for (const row of look.compared ?? []) ring(row, RING.selected);
  ring(look.hovered, RING.hovered);
  ring(look.shown, RING.shown);
  return rings;
}

/** Lines from the specimen shown, the nearest neighbor on top. */
export function linksOf(core: Core, shown: number | null): Link[] {
  if (shown === null) return [];
  const neighbors = neighborsOf(core, shown);
  const distances = core.distances.subarray(shown * core.nearest, shown * core.nearest + neighbors.length);
  const nearest = distances[0] ?? 0;
  const range = (distances[distances.length - 1] ?? 0) - nearest;
  return neighbors
    .map((row, at): Link => ({
      from: [core.x[shown]!, core.y[shown]!],
      to: [core.x[row]!, core.y[row]!],
      strength: range > 0 ? 1 - (distances[at]! - nearest) / range : 1,
    }))
    .reverse();
}
