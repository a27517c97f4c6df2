// How large the marks of specimens are on the screen.
// In: how crowded the map is, and its scale. Out: diameters in CSS pixels.

/** Diameter in CSS pixels from which marks are tiles with pictures, and below it dots. */
export const TILE_FROM = 14;
export const LARGEST = 120;
/** Diameter of a tile, in median distances to the nearest other specimen: few overlap, and hardly. */
const SHARE = 1.1;
/** Diameter up to which tiles may overlap, in CSS pixels. */
const ROOMY = 44;

/** How crowded the map is, in units of the map. */
export interface Spacing {
  /** Median distance to the nearest other specimen. */
  median: number;
  /** The distance if all were spread evenly. */
  even: number;
}

/** Diameter of a mark in CSS pixels, when a unit of the map has `scale` of them. */
export function markSize({ median, even }: Spacing, scale: number): number {
  const dot = Math.min(9, Math.max(4, 2.2 * median * scale));
  // Few specimens in tight groups overlap a little, rather than being small on an empty map.
  const roomy = Math.min(ROOMY, 0.55 * even * scale);
  return Math.min(LARGEST, Math.max(dot, roomy * Math.min(1, roomy / TILE_FROM), SHARE * median * scale));
}

/** The scale from which marks have a diameter. */
export function scaleFor({ median }: Spacing, diameter: number): number {
  return diameter / (SHARE * median);
}

export function hasPictures(size: number): boolean {
  return size >= TILE_FROM;
}
