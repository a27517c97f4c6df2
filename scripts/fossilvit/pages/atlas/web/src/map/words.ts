// The texts of the map.

import type { Text } from "../words";

export const WORDS = {
  map: {
    en: "Map of all specimens. Arrow keys go to the nearest specimen in that direction; Enter shows it and Space selects it. Shift with an arrow moves the map, plus and minus zoom, 0 shows all, Escape clears the selection.",
    ja: "すべての標本の地図です。矢印キーでその方向の最も近い標本へ移り、Enterで表示し、スペースで選択します。Shiftと矢印で地図を動かし、＋と－で拡大・縮小し、0で全体を表示し、Escで選択を解除します。",
  },
  note: {
    en: "Near on the map means alike; the axes mean nothing.",
    ja: "地図で近い標本は形が似ています。軸に意味はありません。",
  },
  zoomIn: { en: "Zoom in", ja: "拡大" },
  zoomOut: { en: "Zoom out", ja: "縮小" },
  showAll: { en: "Show all", ja: "全体を表示" },
  lasso: { en: "Select with a lasso", ja: "投げ縄で選択" },
  none: { en: "none", ja: "なし" },
  trust: {
    en: "{0} of its {1} nearest neighbors are near on the map",
    ja: "最も似ている{1}点のうち{0}点が地図でも近くにあります",
  },
  trustOne: {
    en: "{0} of its {1} nearest neighbors is near on the map",
    ja: "最も似ている{1}点のうち{0}点が地図でも近くにあります",
  },
  trustOnly: {
    en: "Its only neighbor is near on the map",
    ja: "唯一の隣の標本は地図でも近くにあります",
  },
  trustOnlyFar: {
    en: "Its only neighbor is not near on the map",
    ja: "唯一の隣の標本は地図では近くにありません",
  },
  stack: {
    en: "{0} specimens lie on this place; click again for the next:",
    ja: "この場所には{0}点の標本が重なっています。もう一度クリックすると次を表示します：",
  },
  more: { en: "and {0} more", ja: "ほか{0}点" },
  noWebGL: {
    en: "This browser cannot draw the map because WebGL is off; the list and the pictures work all the same.",
    ja: "このブラウザーではWebGLが使えないため地図を描けません。一覧と画像はそのまま使えます。",
  },
} satisfies Record<string, Text>;
