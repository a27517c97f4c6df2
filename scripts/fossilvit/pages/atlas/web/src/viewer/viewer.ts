// Draws one mesh, or two side by side that turn together. One canvas lies under all parts, and is drawn only on demand.
// In: Stands. Out: elements in the host, which fill it.

import {
  AmbientLight,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Mesh,
  MeshLambertMaterial,
  OrthographicCamera,
  Scene,
  WebGLRenderer,
} from "three";
import type { State } from "../state";
import type { Aim } from "./aim";
import { button, element, label, lines } from "../dom";
import { listenTo } from "./gestures";
import { type Stand, Viewport } from "./viewport";
import { WORDS } from "./words";

/** Radians per second of a mesh that turns by itself: once around in 20 seconds. */
const SPEED = (2 * Math.PI) / 20;
/** Longest step of that turning, in seconds, after a pause. */
const LONGEST_STEP = 0.1;
/** Part of the picture that stays free around a mesh, as a factor of its radius. */
const MARGIN = 1.06;
const MOST_PIXEL_RATIO = 2;

const PAUSE = "M9 6v12M15 6v12";
const PLAY = "M8 5.5v13l10.5-6.5z";
const RESET = "M5 5v5h5M5.6 10A7 7 0 1 1 5 14";

export class Viewer {
  /** Whether all meshes are shown at the same scale, not at the same size. */
  sameScale = false;
  private readonly root = element("div", { class: "viewer" });
  private readonly canvas = element("canvas", { class: "viewer-canvas" });
  private readonly parts = element("div", { class: "viewer-parts" });
  private readonly spinButton = button("viewer-button", () => this.spin(!this.spinning));
  private readonly resetButton = button("viewer-button", () => this.reset(), lines(RESET, "viewer-icon"));
  private readonly tools = element("div", { class: "viewer-tools" }, this.spinButton, this.resetButton);
  private readonly material = new MeshLambertMaterial({ side: DoubleSide });
  private readonly scene = new Scene();
  private readonly camera = new OrthographicCamera();
  private readonly renderer: WebGLRenderer | null;
  private readonly viewports: Viewport[] = [];
  private readonly ends = new AbortController();
  private linked = true;
  private spinning = false;
  /** Whether meshes turn by themselves when they are new: not for readers who want no motion, or have stopped it. */
  private spins = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  private held = false;
  private frame = 0;
  private time = 0;
  private restyled = true;

  constructor(
    host: HTMLElement,
    private readonly state: State,
  ) {
    this.renderer = rendererOf(this.canvas);
    this.root.append(this.canvas, this.parts, this.tools);
    host.append(this.root);
    this.camera.position.z = 10;
    this.camera.near = 8;
    this.camera.far = 12;
    this.scene.add(...lights());
    this.renderer?.compile(new Mesh(new BufferGeometry(), this.material), this.camera, this.scene);

    const signal = this.ends.signal;
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.root);
    signal.addEventListener("abort", () => sizes.disconnect());
    signal.addEventListener("abort", this.state.listen((look, former) => {
      if (look.theme !== former.theme) this.restyle();
      if (look.language !== former.language) this.label();
    }));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle(), { signal });
    this.canvas.addEventListener("webglcontextrestored", () => this.request(), { signal });
    this.label();
  }

  /** Whether meshes can be drawn at all. */
  get draws(): boolean {
    return this.renderer !== null;
  }

  /** Whether a mesh is shown, and not only pictures. */
  get shows(): boolean {
    return this.viewports.some((viewport) => viewport.model);
  }

  /** Let the keys turn the first mesh. */
  focus(): void {
    this.viewports[0]?.window.focus();
  }

  /** Show one or two stands, or none. */
  show(stands: Stand[]): void {
    for (const viewport of this.viewports.splice(stands.length)) viewport.dispose();
    stands.forEach((stand, place) => {
      const viewport = this.viewports[place] ?? this.added(stand);
      viewport.show(stand, this.draws);
    });
    this.spin(this.spins, false);
    this.label();
    this.request();
  }

  /** Turn and zoom all together, or each alone. Together, all zoom as the first, and each stays as it was turned. */
  link(linked: boolean): void {
    this.linked = linked;
    const [first, ...others] = this.viewports;
    if (linked) for (const other of others) other.aim.follow(first!.aim);
    this.request();
  }

  /** Keep everything still for a while, as when something covers the viewer. */
  hold(held: boolean): void {
    this.held = held;
    this.request();
  }

  reset(): void {
    for (const viewport of this.viewports) viewport.aim.reset(viewport.stand.camera);
    this.request();
  }

  /** Draw again, at the next frame. */
  request(): void {
    this.frame ||= requestAnimationFrame((time) => this.step(time));
  }

  dispose(): void {
    this.ends.abort();
    cancelAnimationFrame(this.frame);
    for (const viewport of this.viewports.splice(0)) viewport.dispose();
    this.material.dispose();
    this.renderer?.dispose();
    this.renderer?.forceContextLoss();
    this.root.remove();
  }

  private added(stand: Stand): Viewport {
    const viewport = new Viewport(stand, this.material);
    this.viewports.push(viewport);
    this.parts.append(viewport.root);
    listenTo(viewport.window, {
      turn: (right, down) => this.change(viewport, (aim) => aim.turnBy(right, down)),
      zoom: (factor, x, y) => this.change(viewport, (aim) => aim.zoomBy(factor, x, y)),
      reset: () => this.change(viewport, (_, one) => one.aim.reset(one.stand.camera)),
    });
    return viewport;
  }

  private change(touched: Viewport, act: (aim: Aim, viewport: Viewport) => void): void {
    this.spin(false, false);
    for (const viewport of this.linked ? this.viewports : [touched]) act(viewport.aim, viewport);
    this.request();
  }

  /** Let meshes turn by themselves, or not; if the reader wants it, later ones too. */
  private spin(spinning: boolean, wanted = true): void {
    this.spinning = spinning;
    if (wanted) this.spins = spinning;
    this.time = 0;
    this.label();
    this.request();
  }

  private restyle(): void {
    this.restyled = true;
    this.request();
  }

  private label(): void {
    const language = this.state.look.language;
    for (const viewport of this.viewports) viewport.label(language);
    this.spinButton.replaceChildren(lines(this.spinning ? PAUSE : PLAY, "viewer-icon"));
    label(this.spinButton, WORDS[this.spinning ? "stop" : "turn"][language]);
    label(this.resetButton, WORDS.reset[language]);
    this.tools.hidden = !this.shows;
    this.request();
  }

  private step(time: number): void {
    this.frame = 0;
    if (this.spinning && !this.held) {
      const seconds = this.time ? Math.min(LONGEST_STEP, (time - this.time) / 1000) : 0;
      for (const viewport of this.viewports) viewport.aim.turnBy(SPEED * seconds, 0);
      this.time = time;
      if (this.shows) this.request();
    }
    this.draw();
  }

  private draw(): void {
    if (!this.renderer) return;
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    if (width === 0 || height === 0) return;
    if (this.restyled) this.material.color = new Color(getComputedStyle(this.root).getPropertyValue("--stone").trim() || "gray");
    this.restyled = false;
    fit(this.renderer, width, height);
    this.renderer.setScissorTest(false);
    this.renderer.clear();
    this.renderer.setScissorTest(true);
    const frames = framesOf(this.viewports, this.sameScale);
    this.viewports.forEach((viewport, place) => {
      if (viewport.model) this.drawPart(this.renderer!, viewport, frames[place]!);
    });
  }

  /** Draw one part; `frame` is half the smaller side of what it shows at zoom 1, in file units. */
  private drawPart(renderer: WebGLRenderer, { model, aim, window, scaleBar, stand }: Viewport, frame: number): void {
    const outer = this.root.getBoundingClientRect();
    const { left, bottom, width, height } = window.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    const side = Math.min(width, height);
    const half = frame / model!.radius;
    this.camera.left = half * (aim.x - width / side / aim.zoom);
    this.camera.right = half * (aim.x + width / side / aim.zoom);
    this.camera.bottom = half * (aim.y - height / side / aim.zoom);
    this.camera.top = half * (aim.y + height / side / aim.zoom);
    this.camera.updateProjectionMatrix();
    renderer.setViewport(left - outer.left, outer.bottom - bottom, width, height);
    renderer.setScissor(left - outer.left, outer.bottom - bottom, width, height);
    model!.object.quaternion.copy(aim.turn);
    this.scene.add(model!.object);
    renderer.render(this.scene, this.camera);
    this.scene.remove(model!.object);
    scaleBar.show(width, (side / 2 / frame) * aim.zoom, stand.mm, this.state.look.language);
  }
}

/** A renderer of a canvas, or null where there is no WebGL. three.js itself would write an error to the console. */
function rendererOf(canvas: HTMLCanvasElement): WebGLRenderer | null {
  const context = canvas.getContext("webgl2", { alpha: true, antialias: true });
  if (!context) return null;
  const renderer = new WebGLRenderer({ canvas, context });
  renderer.autoClear = false;
  renderer.setClearColor(0, 0);
  return renderer;
}

/** Light as in a museum: raking from the upper left, soft from the lower right. It stays when the mesh turns. */
function lights(): (DirectionalLight | AmbientLight)[] {
  const key = new DirectionalLight(0xfff6e8, 4.6);
  key.position.set(-1, 1.2, 0.8);
  const fill = new DirectionalLight(0xe6eeff, 1.6);
  fill.position.set(1, -0.7, 0.7);
  return [key, fill, new AmbientLight(0xffffff, 0.45)];
}

/** Let the canvas have as many pixels as the screen; setting its size, even to the same, would clear it. */
function fit(renderer: WebGLRenderer, width: number, height: number): void {
  const ratio = Math.min(MOST_PIXEL_RATIO, devicePixelRatio);
  const { width: columns, height: rows } = renderer.domElement;
  if (columns === Math.floor(width * ratio) && rows === Math.floor(height * ratio)) return;
  renderer.setPixelRatio(ratio);
  renderer.setSize(width, height, false);
}

/** Of every part: half the smaller side of its picture at zoom 1, in file units. */
function framesOf(viewports: Viewport[], sameScale: boolean): number[] {
  const units = viewports.map(({ stand }) => (stand.mm > 0 ? stand.mm : 1));
  const radii = viewports.map(({ model }) => MARGIN * (model?.radius ?? 0));
  const largest = Math.max(...radii.map((radius, place) => radius * units[place]!));
  return sameScale ? units.map((unit) => largest / unit) : radii;
}
