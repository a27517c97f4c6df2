// Texts about meshes in the two languages of the page.

export const WORDS = {
  model: {
    en: "{0} in 3D. Arrow keys turn it, plus and minus zoom, 0 resets.",
    ja: "{0}の3Dモデル。矢印キーで回転、＋と−で拡大・縮小、0で元に戻ります。",
  },
  turn: { en: "Turn slowly", ja: "ゆっくり回す" },
  stop: { en: "Stop turning", ja: "回転を止める" },
  reset: { en: "Reset the view", ja: "向きと大きさを元に戻す" },
  units: { en: "{0} units of the file", ja: "ファイルの単位で{0}" },
  noWebGL: {
    en: "This browser shows no 3D, because WebGL is off.",
    ja: "WebGLが無効なため、このブラウザーでは3Dを表示できません。",
  },
  noMesh: {
    en: "The mesh of this specimen could not be read again.",
    ja: "この標本のメッシュを読み直せませんでした。",
  },
  noParts: {
    en: "The file with the mesh of this specimen is missing. Keep the folder chunks beside this page.",
    ja: "この標本のメッシュのファイルが見つかりません。chunksフォルダーをこのページと同じ場所に置いてください。",
  },
  picture: { en: "Picture of {0}", ja: "{0}の画像" },

  sideBySide: { en: "Side by side", ja: "並べて比較" },
  distance: { en: "Distance {0} ({1})", ja: "距離 {0}（{1}）" },
  notNear: {
    en: "Neither is among the nearest neighbors of the other.",
    ja: "互いに相手の近傍に入っていません。",
  },
  group: { en: "Group {0}", ja: "グループ {0}" },
  noise: { en: "In no group", ja: "どのグループにも属さない" },
  mirrored: { en: "shown mirrored", ja: "鏡像で表示" },
  sizes: { en: "Size in the picture", ja: "表示の大きさ" },
  sameSize: { en: "Same size", ja: "同じ大きさ" },
  sameScale: { en: "Same scale", ja: "同じ縮尺" },
  oneUnit: {
    en: "Same scale needs a unit for both scans, and the sheet gives it for only one.",
    ja: "同じ縮尺で比べるには両方の単位が必要ですが、表には片方しかありません。",
  },
  noUnit: {
    en: "The scale is in units of the files. They may differ from file to file.",
    ja: "縮尺はファイルの単位によります。単位はファイルごとに違うことがあります。",
  },
  together: { en: "Turn together", ja: "一緒に回す" },
  swap: { en: "Swap", ja: "入れ替え" },
  close: { en: "Close", ja: "閉じる" },
  hint: {
    en: "Drag to turn, scroll or pinch to zoom, double-click to reset.",
    ja: "ドラッグで回転、スクロールまたはピンチで拡大・縮小、ダブルクリックで元に戻ります。",
  },
} as const;
