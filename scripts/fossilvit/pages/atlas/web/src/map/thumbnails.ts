// The pictures on the tiles: one layer of a texture array each; the least recently seen give way.
// In: rows in sight. Out: the layer of each row, or -1.

import { ClampToEdgeWrapping, DataArrayTexture, DataTexture, LinearFilter, LinearMipmapLinearFilter, Vector3, type WebGLRenderer } from "three";
import type { Parts } from "../parts";
import { levelsOf, WIDTHS } from "./levels";

const MOST_LAYERS = 2048;
const AT_ONCE = 6;
const MOST_COMING = 64;
/** Milliseconds for pictures at a time, and between, so that the map moves smoothly meanwhile. */
const AT_A_TIME = 4;
const PAUSE = 8;
/** Milliseconds of pictures that appear together: a frame for each picture would delay the others. */
const GATHERED = 100;

export class Thumbnails {
  texture: DataArrayTexture;
  readonly layerOf: Int16Array;
  private readonly capacity: number;
  private readonly rowOf: number[] = [];
  /** When each layer was last wanted, in calls of `want`. */
  private readonly seen: number[] = [];
  private time = 0;
  private readonly missing = new Set<number>();
  /** Rows whose pictures load or wait to be placed, and how many of them load. */
  private readonly coming = new Set<number>();
  private loading = 0;
  private queue: number[] = [];
  private placing = 0;
  private telling = 0;
  private readonly loaded: [row: number, picture: ImageBitmap][] = [];

  /** arrived: called when layers have changed. */
  constructor(private readonly renderer: WebGLRenderer, private readonly parts: Parts, count: number, private readonly arrived: () => void) {
    const most = renderer.getContext().getParameter((renderer.getContext() as WebGL2RenderingContext).MAX_ARRAY_TEXTURE_LAYERS) as number;
    this.capacity = Math.min(MOST_LAYERS, most, Math.max(1, count));
    this.layerOf = new Int16Array(count).fill(-1);
    this.texture = emptyTexture(this.capacity);
  }

  /** Load the pictures of these rows, the least away first and as far as there is room, and no others. */
  want(rows: readonly number[], away: Float32Array): void {
    this.time++;
    this.queue = [];
    for (const row of nearest(rows, away, this.capacity)) {
      const layer = this.layerOf[row]!;
      if (layer >= 0) this.seen[layer] = this.time;
      else if (!this.missing.has(row) && !this.coming.has(row)) this.queue.push(row);
    }
    this.queue.sort((one, other) => away[other]! - away[one]!);
    this.load();
  }

  /** Begin anew after the graphics context was lost. */
  forget(): void {
    this.texture = emptyTexture(this.capacity);
    this.layerOf.fill(-1);
    this.rowOf.length = this.seen.length = 0;
  }

  private load(): void {
    while (this.queue.length && this.loading < AT_ONCE && this.coming.size < MOST_COMING) {
      const row = this.queue.pop()!;
      this.coming.add(row);
      this.loading++;
      void this.fetch(row);
    }
  }

  private async fetch(row: number): Promise<void> {
    try {
      const bytes = await this.parts.thumbnail(row);
      if (!bytes) throw new Error("no picture");
      this.loaded.push([row, await createImageBitmap(new Blob([bytes], { type: "image/webp" }))]);
      this.placeSoon();
    } catch {
      // A picture that is missing or cannot be read leaves its specimen a dot.
      this.missing.add(row);
      this.coming.delete(row);
    }
    this.loading--;
    this.load();
  }

  /** Put pictures on layers for a few milliseconds, and go on soon if some are left. */
  private place(): void {
    const end = performance.now() + AT_A_TIME;
    while (this.loaded.length && performance.now() < end) {
      const [row, picture] = this.loaded.shift()!;
      this.coming.delete(row);
      this.fill(row, picture);
      picture.close();
    }
    this.placing = 0;
    if (this.loaded.length) this.placeSoon();
    this.load();
    this.telling ||= setTimeout(() => {
      this.telling = 0;
      this.arrived();
    }, GATHERED);
  }

  private placeSoon(): void {
    this.placing ||= setTimeout(() => this.place(), PAUSE);
  }

  private fill(row: number, picture: ImageBitmap): void {
    const layer = this.free();
    if (layer < 0) return;
    const former = this.rowOf[layer];
    if (former !== undefined) this.layerOf[former] = -1;
    this.rowOf[layer] = row;
    this.layerOf[row] = layer;
    this.seen[layer] = this.time;
    levelsOf(picture).forEach((pixels, level) => {
      const width = WIDTHS[level]!;
      this.renderer.copyTextureToTexture(new DataTexture(pixels, width, width), this.texture, null, new Vector3(0, 0, layer), 0, level);
    });
  }

  /** A layer that is not used, or was not wanted for the longest time; -1 if all are wanted now. */
  private free(): number {
    if (this.rowOf.length < this.capacity) return this.rowOf.length;
    let oldest = -1;
    for (let layer = 0; layer < this.capacity; layer++) {
      if (this.seen[layer]! < (oldest < 0 ? this.time : this.seen[oldest]!)) oldest = layer;
    }
    return oldest;
  }
}

/** At most `most` rows, those that are the least away. */
function nearest(rows: readonly number[], away: Float32Array, most: number): readonly number[] {
  if (rows.length <= most) return rows;
  const limit = Float32Array.from(rows, (row) => away[row]!).sort()[most]!;
  return rows.filter((row) => away[row]! < limit);
}

function emptyTexture(layers: number): DataArrayTexture {
  const texture = new DataArrayTexture(null, WIDTHS[0], WIDTHS[0], layers);
  texture.mipmaps = WIDTHS.map((width) => ({ data: new Uint8Array(0), width, height: width }));
  texture.minFilter = LinearMipmapLinearFilter;
  texture.magFilter = LinearFilter;
  texture.wrapS = texture.wrapT = ClampToEdgeWrapping;
  // Room is made without pictures; these come one by one.
  texture.source.dataReady = false;
  texture.needsUpdate = true;
  return texture;
}
