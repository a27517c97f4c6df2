// Draws the map with WebGL: all specimens as dots or those in sight as tiles, then lines to neighbors, then ringed specimens.
// In: rows, colors, pictures, a camera. Out: the picture on a canvas.

import { Color, OrthographicCamera, Scene as Root, Vector2, WebGLRenderer, type DataArrayTexture } from "three";
import type { Camera } from "./camera";
import { Dots } from "./dots";
import { Links } from "./links";
import { Marks } from "./marks";
import { hasPictures, TILE_FROM } from "./sizes";
import type { Theme } from "./theme";

/** Share of ink in the colors of specimens on dark paper, so that dark colors are seen. */
const LIFT = 0.15;
/** Share of its color in the ground of the smallest tile, and the diameter from which tiles are large in this respect. */
const SMALL_TINT = 0.6;
const TINTED = 32;

export class Scene {
  readonly renderer: WebGLRenderer;
  readonly dots: Dots;
  readonly tiles: Marks;
  readonly links: Links;
  readonly raised: Marks;
  /** Share of its color in the ground of a large tile. */
  private tint = 0;
  private readonly root = new Root();
  private readonly lens = new OrthographicCamera();
  private readonly uniforms = {
    center: { value: new Vector2() },
    scale: { value: 1 },
    viewport: { value: new Vector2() },
    size: { value: 9 },
    tiles: { value: 0 },
    pixel: { value: 1 },
    tint: { value: 0 },
    lift: { value: 0 },
    pictures: { value: null as DataArrayTexture | null },
    tileColor: { value: new Color() },
    paper: { value: new Color() },
    ink: { value: new Color() },
    accent: { value: new Color() },
    faint: { value: new Color() },
  };

  constructor(canvas: HTMLCanvasElement, context: WebGL2RenderingContext, count: number) {
    this.renderer = new WebGLRenderer({ canvas, context, alpha: true });
    this.renderer.setClearColor(0, 0);
    // The order of the meshes is the order of drawing.
    this.renderer.sortObjects = false;
    this.dots = new Dots(this.uniforms, count);
    this.tiles = new Marks(this.uniforms);
    this.links = new Links(this.uniforms);
    this.raised = new Marks(this.uniforms);
    this.root.add(this.dots.mesh, this.tiles.mesh, this.links.mesh, this.raised.mesh);
  }

  dress(theme: Theme): void {
    this.uniforms.tileColor.value = theme.tile;
    this.uniforms.paper.value = theme.paper;
    this.uniforms.ink.value = theme.ink;
    this.uniforms.accent.value = theme.accent;
    this.uniforms.faint.value = theme.faint;
    this.tint = theme.dark ? 0.22 : 0.14;
    this.uniforms.lift.value = theme.dark ? LIFT : 0;
  }

  /** size: diameter of a mark; ratio: device pixels per CSS pixel. */
  draw(camera: Camera, size: number, ratio: number, pictures: DataArrayTexture): void {
    const { uniforms } = this;
    const { width, height, view } = camera;
    const held = uniforms.viewport.value;
    if (held.x !== width || held.y !== height || uniforms.pixel.value !== 1 / ratio) {
      this.renderer.setPixelRatio(ratio);
      this.renderer.setSize(width, height, false);
    }
    held.set(width, height);
    uniforms.pixel.value = 1 / ratio;
    uniforms.center.value.set(view.x, view.y);
    uniforms.scale.value = view.scale;
    uniforms.size.value = size;
    uniforms.tint.value = this.tint + (SMALL_TINT - this.tint) * Math.min(1, Math.max(0, (TINTED - size) / (TINTED - TILE_FROM)));
    uniforms.tiles.value = hasPictures(size) ? 1 : 0;
    uniforms.pictures.value = pictures;
    this.dots.mesh.visible = uniforms.tiles.value === 0;
    this.tiles.mesh.visible = !this.dots.mesh.visible;
    this.renderer.render(this.root, this.lens);
  }
}
