// All texts of the page around map and meshes.

import { filled, type Language, type Text } from "../words";

export const WORDS = {
  // Header
  title: { en: "Atlas of {0}", ja: "{0}のアトラス" },
  specimens: { en: "{0} specimens", ja: "標本 {0} 点" },
  oneSpecimen: { en: "{0} specimen", ja: "標本 {0} 点" },
  search: { en: "Search", ja: "検索" },
  searchHint: { en: "ID or any text", ja: "ID または語句" },
  colorBy: { en: "Color by", ja: "色分け" },
  otherLanguage: { en: "日本語", ja: "English" },
  theme: { en: "Light or dark", ja: "明るさ" },
  auto: { en: "Automatic", ja: "自動" },
  light: { en: "Light", ja: "ライト" },
  dark: { en: "Dark", ja: "ダーク" },
  about: { en: "Help and methods", ja: "使い方と作成方法" },
  close: { en: "Close", ja: "閉じる" },

  // Parts of the page
  map: { en: "Map", ja: "地図" },
  browse: { en: "Browse the collection", ja: "コレクションの閲覧" },
  details: { en: "Specimen", ja: "標本" },
  panels: { en: "Panels", ja: "パネル" },
  colors: { en: "Filters", ja: "絞り込み" },
  groups: { en: "Groups", ja: "グループ" },
  tree: { en: "Tree", ja: "樹形図" },
  list: { en: "List", ja: "一覧" },
  specimen: { en: "Specimen", ja: "標本" },

  // What is visible
  visible: { en: "{0} of {1} visible", ja: "{1} 点中 {0} 点を表示" },
  allVisible: { en: "All {0} visible", ja: "{0}をすべて表示" },
  nothingVisible: { en: "No specimen passes the filters.", ja: "条件に合う標本はありません。" },
  showAll: { en: "Show all", ja: "すべて表示" },
  removeFilter: { en: "Remove the filter {0}", ja: "条件「{0}」を外す" },
  range: { en: "{0} to {1}", ja: "{0}～{1}" },
  atLeast: { en: "at least {0}", ja: "{0} 以上" },
  atMost: { en: "at most {0}", ja: "{0} 以下" },
  more: { en: "{0} and {1} more", ja: "{0}、ほか {1} 件" },
  onlyThese: { en: "Chosen specimens", ja: "選んだ標本" },

  // Filters
  legendHint: { en: "Choose a label to see only its specimens.", ja: "ラベルを選ぶと、その標本だけを表示します。" },
  moreLabels: { en: "Show all {0} labels", ja: "{0} 個のラベルをすべて表示" },
  none: { en: "not known", ja: "不明" },
  noGroup: { en: "In no group", ja: "どのグループにも属さない" },
  low: { en: "From", ja: "下限" },
  high: { en: "To", ja: "上限" },
  unknownCount: { en: "Not known for {0}.", ja: "{0}は不明です。" },
  furtherFilters: { en: "Further filters", ja: "ほかの条件" },
  addFilter: { en: "Add a filter…", ja: "条件を追加…" },
  closeFilter: { en: "Remove {0}", ja: "{0}を外す" },

  // List
  sortBy: { en: "Sort by", ja: "並べ替え" },
  ascending: { en: "Smallest first", ja: "昇順" },
  descending: { en: "Largest first", ja: "降順" },
  listHint: {
    en: "Arrow keys move, Enter shows a specimen, Space chooses it.",
    ja: "矢印キーで移動、Enter で表示、スペースで選択します。",
  },
  listLabel: { en: "Specimens that are visible on the map", ja: "地図に表示されている標本" },
  selectVisible: { en: "Choose all {0}", ja: "{0} 点すべてを選択" },

  // Selection
  selection: { en: "Chosen specimens", ja: "選択中の標本" },
  chosen: { en: "{0} chosen", ja: "{0} 点を選択中" },
  sideBySide: { en: "Side by side", ja: "並べて比較" },
  compareWith: { en: "Side by side with {0}", ja: "{0}と並べて比較" },
  onlyChosen: { en: "Show only these", ja: "これらだけを表示" },
  saveCsv: { en: "Save as CSV", ja: "CSV で保存" },
  copyIds: { en: "Copy IDs", ja: "ID をコピー" },
  copyId: { en: "Copy the ID", ja: "ID をコピー" },
  copied: { en: "Copied", ja: "コピーしました" },
  notCopied: { en: "The browser did not allow it", ja: "ブラウザが許可しませんでした" },
  clear: { en: "Clear", ja: "選択を解除" },

  // Specimen
  emptyTitle: { en: "Choose a specimen", ja: "標本を選んでください" },
  emptyOne: {
    en: "Click on a picture on the map, or search for an ID. You see what the specimen is near and which group it is in.",
    ja: "地図の画像をクリックするか、ID で検索してください。近い標本と、属するグループが表示されます。",
  },
  emptyTwo: {
    en: "Choose “Side by side” at one of its neighbors to turn both together.",
    ja: "近傍の「並べて比較」を押すと、二つの標本を一緒に回して見られます。",
  },
  emptyThree: {
    en: "Hold Shift and click, or draw around several, to choose more than one.",
    ja: "Shift を押しながらクリックするか、囲んで描くと、複数の標本を選べます。",
  },
  views: { en: "Views", ja: "視点画像" },
  viewsOf: { en: "{0} of {1}", ja: "{1} 枚中 {0} 枚" },
  view: { en: "View {0}", ja: "視点 {0}" },
  noPictures: { en: "There are no pictures of this specimen.", ja: "この標本の画像はありません。" },
  loading: { en: "Loading…", ja: "読み込み中…" },
  notLoaded: {
    en: "The pictures could not be loaded. Is the folder “chunks” beside this page?",
    ja: "画像を読み込めませんでした。このページと同じ場所に「chunks」フォルダがありますか。",
  },

  group: { en: "Group", ja: "グループ" },
  groupNumber: { en: "Group {0}", ja: "グループ {0}" },
  firm: {
    en: "It stays in this group in {0} of the repeats that leave out a part of the collection.",
    ja: "コレクションの一部を除いて繰り返すと、{0}の場合にこのグループに残ります。",
  },
  noGroupLong: {
    en: "It is in no group: nothing in the collection is close enough to it.",
    ja: "どのグループにも属しません。十分に近い標本がありません。",
  },
  showGroup: { en: "Show only these", ja: "これだけを表示" },

  trust: { en: "Place on the map", ja: "地図上の位置" },
  trustWords: {
    en: "{0} of its {1} nearest neighbors are near on the map.",
    ja: "最も近い {1} 点の近傍のうち、{0} 点が地図でも近くにあります。",
  },
  trustLow: {
    en: "Its place says little: go by the list of neighbors.",
    ja: "この位置はあまり当てになりません。近傍の一覧で判断してください。",
  },

  neighbors: { en: "Nearest neighbors", ja: "最も近い標本" },
  neighborsHint: { en: "The smaller the distance, the more alike.", ja: "距離が小さいほど似ています。" },
  distance: { en: "distance {0}", ja: "距離 {0}" },
  sameLabel: { en: "same label", ja: "同じラベル" },
  otherLabel: { en: "other label", ja: "異なるラベル" },
  noNeighbors: { en: "It has no neighbors.", ja: "近傍はありません。" },

  copies: { en: "The same object", ja: "同じ対象" },
  file: { en: "the same file", ja: "同一のファイル" },
  geometry: { en: "the same shape", ja: "同一の形状" },
  object: { en: "another scan of the same object", ja: "同じ対象の別のスキャン" },

  suspect: {
    en: "Its label “{0}” may be wrong: its neighbors suggest “{1}”, with probability {2}.",
    ja: "ラベル「{0}」は誤りかもしれません。近傍は「{1}」を示しています（確率 {2}）。",
  },
  nearestOf: { en: "Nearest of “{0}”", ja: "「{0}」で最も近い標本" },

  categories: { en: "Labels", ja: "ラベル" },
  facts: { en: "Scan", ja: "スキャン" },
  sheet: { en: "Your table", ja: "標本表" },

  // Groups
  groupsHint: {
    en: "A group is a set of specimens that are more alike than others. Choose one to see only its specimens.",
    ja: "グループは、互いによく似た標本の集まりです。選ぶと、その標本だけを表示します。",
  },
  noGroups: { en: "No groups were found.", ja: "グループは見つかりませんでした。" },
  mostly: { en: "{0} of {1} {2}", ja: "{1} 点中 {0} 点が {2}" },
  objects: { en: "{0} different objects", ja: "対象は {0} 個" },
  oneObject: { en: "{0} object", ja: "対象は {0} 個" },
  typical: { en: "Typical", ja: "典型的" },
  doubtful: { en: "Doubtful", ja: "疑わしい" },
  stability: { en: "Stability {0}", ja: "安定性 {0}" },
  "highly stable": { en: "Highly stable", ja: "非常に安定" },
  stable: { en: "Stable", ja: "安定" },
  "doubtful members": { en: "Doubtful members", ja: "一部の標本が疑わしい" },
  "do not trust": { en: "Do not trust", ja: "信頼できない" },
  unknownStability: { en: "Stability not known", ja: "安定性は不明" },
  "highly stable means": {
    en: "It is found again nearly unchanged when a part of the collection is left out.",
    ja: "コレクションの一部を除いても、ほぼ同じグループが見つかります。",
  },
  "stable means": {
    en: "It is found again for the most part when a part of the collection is left out.",
    ja: "コレクションの一部を除いても、おおむね同じグループが見つかります。",
  },
  "doubtful members means": {
    en: "There is a pattern, but some of its members may belong elsewhere.",
    ja: "まとまりはありますが、一部の標本は別のグループに属するかもしれません。",
  },
  "do not trust means": {
    en: "It changes when a part of the collection is left out; it may be no group at all.",
    ja: "コレクションの一部を除くと変わります。グループではないかもしれません。",
  },

  history: { en: "History", ja: "履歴" },
  run: { en: "Run {0}", ja: "{0} 回目の実行" },
  born: { en: "{0} is new, with {1}.", ja: "{0}が新しくできました（{1}）。" },
  split: { en: "{0} split off from {2}, with {1}.", ja: "{0}が{2}から分かれました（{1}）。" },
  merged: { en: "{0} took up {2} and has {1}.", ja: "{0}が{2}を取り込みました（{1}）。" },
  gone: { en: "{0} is no more; it had {1}.", ja: "{0}はなくなりました（{1}でした）。" },

  // Tree
  treeHint: {
    en: "The farther left two branches join, the less alike they are. Choose a joint or a leaf to see only its specimens.",
    ja: "枝が左で合わさるほど、似ていません。節または葉を選ぶと、その標本だけを表示します。",
  },
  noTree: { en: "This way of grouping makes no tree.", ja: "このグループ分けでは樹形図は作られません。" },
  joint: { en: "Joint of {0} at distance {1}", ja: "{0}の節、距離 {1}" },
  treeDistance: { en: "distance", ja: "距離" },

  // Help
  helpHow: { en: "How to read this page", ja: "このページの読み方" },
  helpMap: {
    en: "Each picture on the map is one specimen. Near on the map means alike. Axes and directions have no meaning. Pictures that would cover each other are moved apart a little.",
    ja: "地図の画像は一つ一つが標本です。地図で近いものは似ています。軸や上下左右の向きに意味はありません。重なり合う画像は、見えるように少し離してあります。",
  },
  helpTrust: {
    en: "A flat map cannot keep all distances. For each specimen the page says how many of its true nearest neighbors are near on the map. The lines lead to the true neighbors; where lines are long, believe the list of neighbors.",
    ja: "平面の地図では、すべての距離を保つことはできません。各標本について、本当に近い標本のうち何点が地図でも近いかを示します。線は本当の近傍へ引かれます。線が長いところでは、近傍の一覧を信じてください。",
  },
  helpGroups: {
    en: "Groups are computed from true distances, not from the map. The stability, from 0 to 1, says how well a group is found again when a part of the collection is left out.",
    ja: "グループは地図ではなく本当の距離から計算されます。安定性（0 から 1）は、コレクションの一部を除いたときに同じグループがどれだけ再び見つかるかを示します。",
  },
  helpKeys: { en: "Keys", ja: "キー操作" },
  keySearch: { en: "search", ja: "検索" },
  keyList: { en: "list", ja: "一覧" },
  keyGroups: { en: "groups", ja: "グループ" },
  keyCompare: { en: "two chosen specimens side by side", ja: "選んだ二つの標本を並べて比較" },
  keyHelp: { en: "this help", ja: "この説明" },
  keyEscape: { en: "close, or clear the selection", ja: "閉じる、または選択を解除" },
  helpMade: { en: "How it was made", ja: "作成方法" },
  helpFailed: { en: "Scans that could not be read", ja: "読み込めなかったスキャン" },
  helpNoneFailed: { en: "All scans could be read.", ja: "すべてのスキャンを読み込めました。" },
  failedCount: { en: "{0} scans not read", ja: "読み込めないスキャン {0} 件" },
  oneFailed: { en: "{0} scan not read", ja: "読み込めないスキャン {0} 件" },
} as const satisfies Record<string, Text>;

export type Word = keyof typeof WORDS;

export function isWord(word: string): word is Word {
  return Object.hasOwn(WORDS, word);
}

export function said(language: Language, word: Word, ...values: (string | number)[]): string {
  return filled(WORDS[word][language], ...values);
}
