// Names and values of columns, groups and specimens, as people read them.

import type { Column, Core, Group } from "../data";
import type { Language, Text } from "../words";
import { said } from "./words";

/** Headings of columns that the project itself makes, by their keys. */
const HEADINGS: Readonly<Record<string, Text>> = {
  folder: { en: "Folder", ja: "フォルダー" },
  group: { en: "Group", ja: "グループ" },
  firmness: { en: "Firmness in its group", ja: "グループへの帰属度" },
  trust: { en: "Trust in its place", ja: "位置の信頼度" },
  suspicion: { en: "Label may be wrong", ja: "ラベルの誤りの確率" },
  same_as: { en: "Same as", ja: "同一の標本" },
  object: { en: "Object", ja: "対象" },
  kind: { en: "Kind of scan", ja: "スキャンの種類" },
  format: { en: "Format", ja: "形式" },
  vertices: { en: "Vertices", ja: "頂点数" },
  faces: { en: "Faces", ja: "面の数" },
  area: { en: "Area (file units²)", ja: "表面積（ファイル単位²）" },
  volume: { en: "Volume (file units³)", ja: "体積（ファイル単位³）" },
  watertight: { en: "Watertight", ja: "閉じた面" },
  components: { en: "Separate parts", ja: "分離した部分の数" },
  color: { en: "Color in the file", ja: "ファイル内の色" },
  cleaned: { en: "Cleaned", ja: "修正" },
  notes: { en: "Notes", ja: "注記" },
  bytes: { en: "File size (bytes)", ja: "ファイルサイズ（バイト）" },
  length: { en: "Length (file units)", ja: "長さ（ファイル単位）" },
  width: { en: "Width (file units)", ja: "幅（ファイル単位）" },
  height: { en: "Height (file units)", ja: "高さ（ファイル単位）" },
  length_mm: { en: "Measured length", ja: "計測した長さ" },
  width_mm: { en: "Measured width", ja: "計測した幅" },
  height_mm: { en: "Measured height", ja: "計測した高さ" },
};

/** Values that the project itself writes into results and facts. */
const VALUES: Readonly<Record<string, Text>> = {
  surface: { en: "surface", ja: "面" },
  points: { en: "point cloud", ja: "点群" },
  noise: { en: "in no group", ja: "どのグループにも属さない" },
  true: { en: "yes", ja: "はい" },
  false: { en: "no", ja: "いいえ" },
  none: { en: "none", ja: "なし" },
  vertices: { en: "at vertices", ja: "頂点の色" },
  texture: { en: "texture", ja: "テクスチャ" },
};

/** Settings by which the collection was made. */
const SETTINGS: Readonly<Record<string, Text>> = {
  model: { en: "Encoder", ja: "エンコーダー" },
  image_size: { en: "Size of its pictures (pixels)", ja: "入力画像の大きさ（画素）" },
  token: { en: "Token", ja: "トークン" },
  views: { en: "Views per specimen", ja: "標本あたりの視点数" },
  appearance: { en: "Appearance", ja: "描画" },
  align: { en: "Alignment", ja: "向きの揃え方" },
  mirror: { en: "Mirror images", ja: "鏡像" },
  pool: { en: "Pooling of views", ja: "視点の統合" },
  whiten: { en: "Whitening", ja: "白色化" },
  metric: { en: "Distance", ja: "距離" },
  clusters: { en: "Groups", ja: "グループ" },
};

export function heading(column: Column, language: Language): string {
  if (column.name !== null) return legible(column.name);
  return HEADINGS[column.key]?.[language] ?? legible(column.key);
}

export function setting(name: string, language: Language): string {
  return SETTINGS[name]?.[language] ?? name;
}

/** The text at a place of a column's labels; -1 is none. */
export function labelText(column: Column, code: number, language: Language): string {
  if (code < 0) return said(language, column.key === "group" ? "noGroup" : "none");
  const label = column.labels?.[code] ?? "";
  if (column.key === "group") return said(language, "groupNumber", label);
  const own = column.source === "result" || column.source === "fact";
  return (own && Object.hasOwn(VALUES, label) && VALUES[label]?.[language]) || legible(label);
}

/** What a column says of a specimen; empty if that is not known. */
export function valueText(column: Column, row: number, language: Language): string {
  if (column.codes) return column.codes[row]! < 0 ? "" : labelText(column, column.codes[row]!, language);
  return numberText(column.numbers?.[row] ?? NaN, column.unit ?? "", language);
}

export function numberText(number: number, unit: string, language: Language): string {
  if (!Number.isFinite(number)) return "";
  if (unit === "share") return `${Math.round(number * 100)}%`;
  const digits = Math.abs(number) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return `${new Intl.NumberFormat(language, digits).format(number)}${unit ? ` ${unit}` : ""}`;
}

export function groupName(group: Group | number, language: Language): string {
  return said(language, "groupNumber", typeof group === "number" ? group : group.id);
}

/** An ID as its folder, with the last slash, and its name. */
export function splitId(id: string): [folder: string, name: string] {
  const at = id.lastIndexOf("/") + 1;
  return [legible(id.slice(0, at)), legible(id.slice(at))];
}

/** A text from files so that letters written from right to left, and marks that turn the direction, change nothing
 * around it. */
export function legible(text: string): string {
  const plain = text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(plain) ? `\u2068${plain}\u2069` : plain;
}

export function nameOf(core: Core, row: number): string {
  return splitId(core.ids[row]!)[1];
}

export function countText(count: number, language: Language): string {
  return said(language, count === 1 ? "oneSpecimen" : "specimens", count.toLocaleString(language));
}

/** The categories that "same label" speaks of: those that color the map at first; none without categories. */
export function labeling(core: Core): Column | null {
  return core.columns.find((column) => column.key === core.first && column.source === "category") ?? null;
}
