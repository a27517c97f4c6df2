// What the page knows: the core, as pages/atlas/core.py writes it, and what is loaded of single specimens.
// A row is the number of a specimen, 0 to count - 1. NaN, -1 and "" stand for what is not known.

/** A column to color by, filter by and read: labels of few or many kinds, or numbers. */
export interface Column {
  key: string;
  /** The heading; null for a column whose heading is translated by its key. */
  name: string | null;
  source: "category" | "result" | "fact" | "sheet";
  /** Of text: the different texts, in the order of legends, and the place of each row's text among them, or -1. */
  labels?: string[];
  codes?: Int32Array;
  /** Of numbers: one per row, or NaN. */
  numbers?: Float32Array;
  /** The unit of the numbers: "mm", "share" (0 to 1), or "" for plain numbers. */
  unit?: string;
}

export interface Group {
  /** Its number in clusters.csv. */
  id: number;
  rows: Int32Array;
  objects: number;
  /** 0 to 1; null where it is not known. */
  stability: number | null;
  /** What the stability means: "highly stable", "stable", "doubtful members", "do not trust", or "". */
  reading: string;
  silhouette: number | null;
  medoid: number;
  typical: number[];
  doubtful: number[];
}

/** A tree whose leaves stand in the order in which no branches cross. Node n < leaves.length is a leaf. */
export interface Tree {
  /** Of every leaf: the rows that it stands for (one specimen, or the members of one or several groups), ... */
  leaves: { row: number; groups: number[]; count: number }[];
  /** ... of every joint, from the lowest to the highest: the two nodes that it joins, ... */
  joints: Int32Array;
  /** ... and the height of every joint. */
  heights: Float32Array;
}

export interface Event {
  run: number;
  group: number;
  event: string;
  specimens: number;
  from: string;
}

export interface Core {
  count: number;
  ids: string[];
  /** The shard of each row, as a place in shards: the specimens whose parts are loaded together. */
  shard: Int32Array;
  shards: string[];
  /** Whether all parts are in this page ("single"), each specimen a shard, or in chunks beside it ("folder"). */
  mode: "single" | "folder";

  /** Positions on the map; the longer side of the map is 2, its middle 0, y up. */
  x: Float32Array;
  y: Float32Array;
  /** Share of the true nearest neighbors that are near on the map, 0 to 1. */
  trust: Float32Array;
  /** The number of neighbors that trust looks at. */
  trusted: number;

  /** The number of its group in clusters.csv, -1 for noise; and how firmly it belongs to it, 0 to 1. */
  group: Int32Array;
  firmness: Float32Array;
  /** Nearest neighbors, nearest first: `nearest` rows per specimen, -1 where there are fewer, and their distances. */
  nearest: number;
  neighbors: Int32Array;
  distances: Float32Array;
  metric: string;
  /** The row that it is a copy of or shows the same object as, -1 for none; why: "file", "geometry", "object", "". */
  sameAs: Int32Array;
  same: string[];
  /** Specimens whose label may be wrong, the worst first. */
  suspects: { row: number; category: string; suggested: string; suspicion: number; nearestSame: number; nearestSuggested: number }[];

  columns: Column[];
  /** Key of the column to color by at first. */
  first: string;
  groups: Group[];
  /** null where the method makes no tree. */
  tree: Tree | null;
  history: Event[];

  /** mm per unit of the file, from the sheet; NaN where it does not say. */
  mm: Float32Array;
  /** Whether left and right count as the same. */
  mirror: boolean;
  /** Scans that are not in the collection, and why. */
  failed: { id: string; stage: string; reason: string }[];
  /** How the collection was made, in plain pairs: encoder, views, metric, ... */
  made: [string, string][];
}

/** What is shown of one specimen, as pages/atlas/exhibit.py writes it. */
export interface Exhibit {
  /** WebP of its views side by side, each `size` pixels wide and high; their numbers; how many there are in all. */
  views: { image: Uint8Array<ArrayBuffer>; size: number; numbers: number[]; all: number } | null;
  /** Its surface or points along its principal axes, centered; null if it could not be read again. */
  mesh: PackedMesh | null;
}

export interface PackedMesh {
  /** int16 differences from one point to the next: all x, then all y, then all z. */
  positions: Int16Array;
  /** Corners of triangles, coded as meshes.ts says; empty for a point cloud. */
  faces: Uint16Array;
  /** File units per step of a position. */
  step: number;
  /** Rows right, up and backward of the camera of the picture on the map, along the principal axes. */
  camera: number[];
}
