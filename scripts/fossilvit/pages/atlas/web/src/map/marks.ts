// Specimens as tiles with their picture, and ringed ones: one quad each, drawn in the order of the rows given.
// In: rows, their places, colors, rings and layers. Out: a mesh.

import { BufferAttribute, DynamicDrawUsage, Mesh, type BufferGeometry, type IUniform, type RawShaderMaterial } from "three";
import { CORNERS, drawFirst, paintedFlat, quads, SHARED } from "./quads";
import { TILE_FROM } from "./sizes";
import { rgbOf } from "./theme";

/** How a specimen is ringed, from the weakest to the strongest. */
export const RING = { none: 0, neighbor: 1, hovered: 2, selected: 3, shown: 4 } as const;
export type Ring = (typeof RING)[keyof typeof RING];

export class Marks {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  private rows: readonly number[] = [];
  private capacity = 0;

  constructor(uniforms: Record<string, IUniform>) {
    this.mesh = new Mesh(quads(0), paintedFlat(uniforms, VERTEX, FRAGMENT));
    this.mesh.frustumCulled = false;
  }

  /** Draw these rows, the last one on top. */
  fill(rows: readonly number[], x: Float32Array, y: Float32Array, ring: (at: number) => Ring): void {
    this.rows = rows;
    this.grow(rows.length);
    drawFirst(this.mesh.geometry, rows.length);
    if (!rows.length) return;
    const place = this.attribute("place");
    const rings = this.attribute("ring");
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      const kind = ring(at);
      for (let vertex = CORNERS * at; vertex < CORNERS * (at + 1); vertex++) {
        place.array[2 * vertex] = x[row]!;
        place.array[2 * vertex + 1] = y[row]!;
        rings.array[vertex] = kind;
      }
    }
    place.needsUpdate = rings.needsUpdate = true;
  }

  /** colors: of every row, as #rrggbb; visible: whether it is a mark or a faint dot. */
  paint(colors: readonly string[], visible: Uint8Array): void {
    if (!this.rows.length) return;
    const shade = this.attribute("shade");
    for (let at = 0; at < this.rows.length; at++) {
      const row = this.rows[at]!;
      const rgb = rgbOf(colors[row]!);
      for (let vertex = CORNERS * at; vertex < CORNERS * (at + 1); vertex++) {
        shade.array.set(rgb, 4 * vertex);
        shade.array[4 * vertex + 3] = visible[row] ? 255 : 0;
      }
    }
    shade.needsUpdate = true;
  }

  /** layerOf: the layer of each row's picture, or -1. */
  picture(layerOf: Int16Array): void {
    if (!this.rows.length) return;
    const layer = this.attribute("layer");
    this.rows.forEach((row, at) => layer.array.fill(layerOf[row]!, CORNERS * at, CORNERS * (at + 1)));
    layer.needsUpdate = true;
  }

  private attribute(name: string): BufferAttribute {
    return this.mesh.geometry.getAttribute(name) as BufferAttribute;
  }

  private grow(count: number): void {
    if (count <= this.capacity) return;
    this.capacity = Math.max(count, 2 * this.capacity);
    this.mesh.geometry.dispose();
    const geometry = (this.mesh.geometry = quads(this.capacity));
    const add = (name: string, array: Float32Array | Int16Array | Uint8Array, size: number, normalized = false) =>
      geometry.setAttribute(name, new BufferAttribute(array, size, normalized).setUsage(DynamicDrawUsage));
    const vertices = CORNERS * this.capacity;
    add("place", new Float32Array(2 * vertices), 2);
    add("shade", new Uint8Array(4 * vertices), 4, true);
    add("layer", new Int16Array(vertices), 1);
    add("ring", new Uint8Array(vertices), 1);
  }
}

const VERTEX = /* glsl */ `
precision highp float;
in vec2 place;
in vec4 shade;
in float layer;
in float ring;
uniform float size;
uniform float tiles;
uniform float lift;
uniform vec3 ink;
${SHARED}
out vec2 point;
flat out vec3 color;
flat out float radius;
flat out float tile;
flat out float faded;
flat out float mark;
flat out float picture;

void main() {
  faded = 1.0 - shade.a;
  tile = layer < 0.0 || faded > 0.5 ? 0.0 : tiles;
  float diameter = tile > 0.0 ? size : min(size, ${TILE_FROM}.0);
  if (faded > 0.5) diameter = min(0.6 * diameter, 5.0);
  if (ring > 0.5) diameter = max(diameter, 10.0);
  color = mix(shade.rgb, ink, lift);
  radius = 0.5 * diameter;
  mark = ring;
  picture = layer;
  float margin = ring > 0.5 ? 9.0 : tile > 0.0 ? 6.0 : 1.0;
  point = cornerOfQuad() * (max(radius, tile > 0.0 ? 0.62 * diameter : 0.0) + margin);
  gl_Position = vec4(toClip(place) + 2.0 * point / viewport, 0.0, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
precision highp float;
precision highp sampler2DArray;
uniform sampler2DArray pictures;
uniform float pixel;
uniform vec3 tileColor;
uniform vec3 paper;
uniform vec3 ink;
uniform vec3 accent;
uniform vec3 faint;
uniform float tint;
uniform float lift;
in vec2 point;
flat in vec3 color;
flat in float radius;
flat in float tile;
flat in float faded;
flat in float mark;
flat in float picture;
out vec4 result;

// 1 inside of a circle, 0 outside, with a smooth edge.
float inside(float reach, float away) {
  return clamp((reach - away) / pixel + 0.5, 0.0, 1.0);
}

void lay(vec3 paint, float cover) {
  result = vec4(paint * cover, cover) + result * (1.0 - cover);
}

void main() {
  float away = length(point);
  result = vec4(0.0);
  if (faded > 0.5 && mark < 0.5) {
    lay(faint, 0.3 * inside(radius, away));
    return;
  }
  if (tile > 0.0) lay(vec3(0.0), 0.2 * tile * (1.0 - smoothstep(radius - 2.0, radius + 5.0, length(point + vec2(0.0, 1.5)))));
  if (mark > 0.5) {
    float gap = mark < 1.5 ? 1.5 : 2.0;
    float width = mark < 1.5 ? 1.75 : mark < 2.5 ? 2.0 : mark < 3.5 ? 2.75 : 4.0;
    lay(paper, 0.9 * inside(radius + gap + width + 1.25, away));
    lay(mark < 1.5 || mark > 2.5 ? accent : ink, inside(radius + gap + width, away));
    lay(paper, inside(radius + gap, away));
  }
  vec3 own = faded > 0.5 ? faint : color;
  lay(mix(mix(own, paper, 0.3), mix(own, ink, 2.0 * lift), tile), inside(radius, away));
  lay(mix(own, mix(tileColor, own, tint), tile), inside(radius - mix(0.75, clamp(0.035 * radius, 1.0, 2.0), tile), away));
  if (tile > 0.0) {
    vec2 at = 0.5 + vec2(point.x, -point.y) / (1.72 * radius);
    if (all(greaterThan(at, vec2(0.0))) && all(lessThan(at, vec2(1.0)))) {
      vec4 texel = tile * texture(pictures, vec3(at, picture));
      result = texel + result * (1.0 - texel.a);
    }
  }
}
`;
