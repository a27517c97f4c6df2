// The map where there is WebGL: listens to hands, keys and the state, and draws when something has changed.

import { colorsOf } from "../colors";
import type { Column, Core } from "../data";
import { nameOf } from "../page/naming";
import type { Parts } from "../parts";
import type { Look, State } from "../state";
import { Camera } from "./camera";
import { trustOf, valueOf } from "./facts";
import { Furniture } from "./furniture";
import { Gestures, type Point } from "./gestures";
import { Grid } from "./grid";
import { listenToKeys, rowToward, type Direction } from "./keys";
import { enclosed } from "./lasso";
import { linksOf, ringsOf } from "./marking";
import { RING } from "./marks";
import { Scene } from "./scene";
import { LARGEST, markSize, hasPictures, scaleFor, TILE_FROM, type Spacing } from "./sizes";
import { Sketch, type Badge } from "./sketch";
import { Stacks } from "./stacks";
import { themeOf, type Theme } from "./theme";
import { Thumbnails } from "./thumbnails";
import { Tooltip } from "./tooltip";

/** One can zoom this many times nearer than where tiles stop to grow. */
const DEEPEST = 20;
/** Diameters in CSS pixels: of the tile that `goTo` makes sure of, of those that need no picture in the tooltip, ... */
const GO_TO = 64;
const TELLING = 48;
/** ... and of the smallest that get a badge. */
const BADGED = 24;
/** How far beside a mark a pointer still means it, in CSS pixels. */
const REACH = { fine: 3, coarse: 12 };
const PAN_STEP = 80;
/** Milliseconds within which a second click is a part of a double click. */
const DOUBLE = 400;

export class Drawing {
  tool: "move" | "lasso" = "move";
  private readonly core: Core;
  private readonly grid: Grid;
  private readonly stacks: Stacks;
  private readonly spacing: Spacing;
  private readonly camera: Camera;
  private readonly scene: Scene;
  private readonly thumbnails: Thumbnails;
  private readonly sketch = new Sketch();
  private readonly furniture: Furniture;
  private readonly tooltip: Tooltip;
  private readonly gestures: Gestures;
  private theme: Theme;
  private colors: string[] = [];
  private readonly away: Float32Array;
  /** The specimen that the tooltip is about. */
  private told: number | null = null;
  /** A specimen that was just shown, so that no tooltip hides its lines. */
  private hushed: number | null = null;
  private lasso: readonly Point[] | null = null;
  private clicked = -Infinity;
  private frame = 0;
  /** What has to be brought up to date before the next frame. */
  private readonly stale = { theme: true, rows: true, rings: true, colors: true, pictures: true };

  constructor(private readonly host: HTMLElement, private readonly canvas: HTMLCanvasElement, context: WebGL2RenderingContext, private readonly state: State, parts: Parts) {
    const { core } = state;
    this.core = core;
    this.grid = new Grid(core.x, core.y);
    this.stacks = new Stacks(core.x, core.y);
    this.away = new Float32Array(core.count);
    const { left, right, bottom, top } = this.grid.box;
    this.spacing = { median: this.grid.spacing() || 1, even: Math.sqrt(((right - left) * (top - bottom)) / Math.max(1, core.count)) };
    this.camera = new Camera(this.grid.box, DEEPEST * scaleFor(this.spacing, LARGEST), (scale) => markSize(this.spacing, scale));
    this.scene = new Scene(canvas, context, core.count);
    this.thumbnails = new Thumbnails(this.scene.renderer, parts, core.count, () => this.renew("pictures"));
    this.theme = themeOf(host);

    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    host.append(canvas, this.sketch.canvas);
    this.furniture = new Furniture(host, canvas, {
      zoom: (factor) => this.zoom(factor),
      fitAll: () => this.fitAll(),
      toggleLasso: () => this.take(this.tool === "lasso" ? "move" : "lasso"),
    });
    this.furniture.speak(state.look.language);
    this.take("move");
    this.tooltip = new Tooltip(host, core, parts);
    this.gestures = this.listenToHands();
    this.listenToKeyboard();
    this.listenToPage();
  }

  take(tool: "move" | "lasso"): void {
    this.tool = tool;
    this.furniture.lassoing(tool === "lasso");
  }

  fitAll(): void {
    this.camera.fitAll(true);
    this.request();
  }

  goTo(row: number): void {
    const scale = Math.max(this.camera.view.scale, scaleFor(this.spacing, GO_TO));
    this.camera.moveTo({ x: this.core.x[row]!, y: this.core.y[row]!, scale }, true);
    this.request();
  }

  private zoom(factor: number): void {
    this.camera.zoom(factor, this.camera.width / 2, this.camera.height / 2, true);
    this.request();
  }

  private listenToHands(): Gestures {
    return new Gestures(this.canvas, {
      lassoing: () => this.tool === "lasso",
      pan: (across, down) => {
        this.camera.pan(across, down);
        this.request();
      },
      zoom: (factor, [left, top]) => {
        this.camera.zoom(factor, left, top, false);
        this.request();
      },
      zoomIn: ([left, top]) => {
        this.camera.zoom(2, left, top, true);
        this.request();
      },
      hover: (at) => this.hover(at && this.rowAt(at, REACH.fine)),
      click: (at, adds, coarse) => this.click(this.rowAt(at, coarse ? REACH.coarse : REACH.fine), adds),
      draw: (path) => {
        this.lasso = path;
        this.request();
      },
      enclose: (path, adds) => this.enclose(path, adds),
    });
  }

  private listenToKeyboard(): void {
    listenToKeys(this.canvas, {
      step: (direction) => this.step(direction),
      pan: ([across, up]) => {
        this.camera.pan(-across * PAN_STEP, up * PAN_STEP);
        this.request();
      },
      zoom: (factor) => this.zoom(factor),
      fitAll: () => this.fitAll(),
      show: () => this.told !== null && this.show(this.told),
      toggle: () => this.told !== null && this.state.toggle(this.told),
      clear: () => this.gestures.giveUp() || this.clear(),
    });
    this.canvas.addEventListener("blur", () => this.hover(null));
  }

  private listenToPage(): void {
    this.state.listen((look, former) => this.follow(look, former));
    new ResizeObserver(() => {
      this.camera.resize(this.host.clientWidth, this.host.clientHeight);
      this.request();
    }).observe(this.host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.renew("theme"));
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.thumbnails.forget();
      this.renew("pictures");
    });
  }

  private follow(look: Look, former: Look): void {
    if (look.theme !== former.theme) this.renew("theme");
    if (look.colorBy !== former.colorBy) this.renew("colors");
    if (look.filters !== former.filters || look.text !== former.text) this.renew("rows");
    const ringed = look.selected !== former.selected || look.compared !== former.compared;
    if (ringed || look.shown !== former.shown || look.hovered !== former.hovered) this.renew("rings");
    if (look.language !== former.language) {
      this.furniture.speak(look.language);
      this.request();
    }
  }

  private renew(what: keyof Drawing["stale"]): void {
    this.stale[what] = true;
    this.request();
  }

  private request(): void {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  private draw(now: number): void {
    this.frame = 0;
    if (this.camera.step(now)) this.request();
    if (this.stale.theme) this.scene.dress((this.theme = themeOf(this.host)));
    this.arrange();
    const size = this.size();
    const ratio = Math.min(2, devicePixelRatio);
    this.scene.draw(this.camera, size, ratio, this.thumbnails.texture);
    this.sketch.draw(this.camera, ratio, this.theme, size >= BADGED ? this.badges(size) : [], this.lasso);
    this.tell(size);
  }

  /** Bring up to date what is drawn of each specimen. */
  private arrange(): void {
    const { stale, scene, core, thumbnails } = this;
    const { look, visible } = this.state;
    if (stale.colors) this.colors = colorsOf(core, look.colorBy);
    if (stale.rows) scene.dots.fill(this.rowsInOrder(), core.x, core.y);
    if (stale.rings) {
      const rings = ringsOf(core, look);
      const kinds = [...rings.values()];
      scene.raised.fill([...rings.keys()], core.x, core.y, (at) => kinds[at]!);
      scene.links.fill(linksOf(core, look.shown));
    }
    if (stale.colors || stale.rows) scene.dots.paint(this.colors, visible);
    if (stale.colors || stale.rows || stale.rings) scene.raised.paint(this.colors, visible);
    if (hasPictures(this.size())) this.arrangeTiles();
    if (stale.pictures || stale.rings) scene.raised.picture(thumbnails.layerOf);
    for (const what of Object.keys(stale) as (keyof typeof stale)[]) stale[what] = false;
  }

  /** There are never so many tiles in sight that it would take long to begin anew for every frame. */
  private arrangeTiles(): void {
    const { core, thumbnails } = this;
    const { tiles } = this.scene;
    const { faint, clear } = this.rowsInSight();
    thumbnails.want(clear, this.away);
    tiles.fill([...faint, ...clear], core.x, core.y, () => RING.none);
    tiles.paint(this.colors, this.state.visible);
    tiles.picture(thumbnails.layerOf);
  }

  private size(): number {
    return markSize(this.spacing, this.camera.view.scale);
  }

  /** Faint ones first, below the others; one row of each place. */
  private rowsInOrder(): Int32Array {
    const { visible } = this.state;
    const rows = new Int32Array(this.core.count);
    let count = 0;
    for (const wanted of [0, 1]) {
      for (let row = 0; row < rows.length; row++) if (visible[row] === wanted && this.stacks.onTop(row, visible)) rows[count++] = row;
    }
    return rows.subarray(0, count);
  }

  /** One row of each place in sight, faint or not; how far they are from the middle is then in `away`. */
  private rowsInSight(): { faint: number[]; clear: number[] } {
    const { core, away, stacks } = this;
    const { visible } = this.state;
    const { view } = this.camera;
    const rows = { faint: [] as number[], clear: [] as number[] };
    this.grid.within(this.camera.sight(LARGEST / 2), (row) => {
      if (row !== this.state.look.shown && !stacks.onTop(row, visible)) return;
      away[row] = Math.hypot(core.x[row]! - view.x, core.y[row]! - view.y);
      (visible[row] ? rows.clear : rows.faint).push(row);
    });
    return rows;
  }

  private badges(size: number): Badge[] {
    const badges: Badge[] = [];
    const { width, height } = this.camera;
    for (const stack of this.stacks.all) {
      const [left, top] = this.place(stack[0]!);
      if (left < -size || top < -size || left > width + size || top > height + size) continue;
      const seen = this.stacks.at(stack[0]!, this.state.visible);
      if (seen.length < 2) continue;
      const corner = 0.36 * (this.thumbnails.layerOf[this.top(seen[0]!)]! >= 0 ? size : TILE_FROM);
      badges.push({ left: left + corner, top: top - corner, count: seen.length });
    }
    return badges;
  }

  private place(row: number): Point {
    return this.camera.toScreen(this.core.x[row]!, this.core.y[row]!);
  }

  /** Whether the middle of a mark lies in the map, `edge` pixels from its border or more. */
  private inSight(row: number, edge: number): boolean {
    const [left, top] = this.place(row);
    return left >= edge && top >= edge && left <= this.camera.width - edge && top <= this.camera.height - edge;
  }

  /** The visible row at a point of the screen, or null. */
  private rowAt([left, top]: Point, reach: number): number | null {
    const [x, y] = this.camera.toWorld(left, top);
    const row = this.grid.nearest(x, y, (this.size() / 2 + reach) / this.camera.view.scale, (one) => this.state.visible[one] === 1);
    return row < 0 ? null : this.top(row);
  }

  /** The row that is seen where a row lies: the one shown, or the first of those on its place. */
  private top(row: number): number {
    const { shown } = this.state.look;
    const stack = this.stacks.at(row, this.state.visible);
    return shown !== null && stack.includes(shown) ? shown : (stack[0] ?? row);
  }

  private hover(row: number | null): void {
    this.told = row;
    if (row !== this.hushed) this.hushed = null;
    this.canvas.style.cursor = row === null ? "" : "pointer";
    if (row !== this.state.look.hovered) this.state.set({ hovered: row });
    this.request();
  }

  private click(row: number | null, adds: boolean): void {
    const double = performance.now() - this.clicked < DOUBLE;
    this.clicked = performance.now();
    if (row === null) {
      if (!adds) this.clear();
    } else if (adds) this.state.toggle(row);
    else if (!double) this.show(row);
  }

  /** Show a specimen, or the next one on its place if it is shown already. */
  private show(row: number): void {
    const stack = this.stacks.at(row, this.state.visible);
    const next = row === this.state.look.shown && stack.length > 1 ? stack[(stack.indexOf(row) + 1) % stack.length]! : row;
    this.state.show(next);
    if (this.told !== null) this.hover(next);
    if (stack.length === 1) this.hushed = next;
  }

  private clear(): void {
    const { selected, shown } = this.state.look;
    if (selected.length || shown !== null) this.state.set({ selected: [], shown: null });
  }

  private enclose(path: readonly Point[], adds: boolean): void {
    const corners = path.map(([left, top]) => this.camera.toWorld(left, top));
    const rows = enclosed(this.grid, this.core.x, this.core.y, corners).filter((row) => this.state.visible[row]);
    this.state.set({ selected: adds ? [...new Set([...this.state.look.selected, ...rows])] : rows });
  }

  private step(direction: Direction): void {
    const { core, camera } = this;
    const { visible, look } = this.state;
    const from = look.hovered ?? look.shown;
    const seen = (row: number) => visible[row] === 1;
    const row =
      from === null
        ? this.grid.nearest(camera.view.x, camera.view.y, Infinity, seen)
        : rowToward(core.x, core.y, from, direction, seen);
    if (row < 0) return;
    const next = this.top(row);
    if (!this.inSight(next, Math.min(60, camera.width / 4, camera.height / 4))) {
      camera.moveTo({ x: core.x[next]!, y: core.y[next]!, scale: camera.view.scale }, true);
    }
    this.hover(next);
    this.furniture.say([nameOf(core, next), this.label(next), trustOf(core, next, look.language)].filter(Boolean).join(". "));
  }

  private label(row: number): string {
    const column = this.column();
    return column ? valueOf(column, row, this.state.look.language) : "";
  }

  private column(): Column | undefined {
    return this.core.columns.find(({ key }) => key === this.state.look.colorBy);
  }

  private tell(size: number): void {
    const { look, visible } = this.state;
    if (this.told === null || this.told === this.hushed || !visible[this.told] || this.lasso || !this.inSight(this.told, 0)) return this.tooltip.hide();
    const stack = this.stacks.at(this.told, visible);
    this.tooltip.show(this.told, stack, this.column(), this.colors[this.told]!, look.language, size >= TELLING);
    const [left, top] = this.place(this.told);
    this.tooltip.stand(left, top, size / 2 + 12, this.camera.width, this.camera.height);
  }
}
