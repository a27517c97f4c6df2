// Specimens that are too small for pictures: one point each, which even software renderers draw quickly.
// In: rows, their places and colors. Out: a mesh.

import { BufferAttribute, BufferGeometry, Points, type IUniform, type RawShaderMaterial } from "three";
import { paintedFlat, SHARED } from "./quads";
import { rgbOf } from "./theme";

export class Dots {
  readonly mesh: Points<BufferGeometry, RawShaderMaterial>;
  private rows: Int32Array = new Int32Array(0);

  constructor(uniforms: Record<string, IUniform>, count: number) {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(2 * count), 2));
    geometry.setAttribute("shade", new BufferAttribute(new Uint8Array(4 * count), 4, true));
    this.mesh = new Points(geometry, paintedFlat(uniforms, VERTEX, FRAGMENT));
    this.mesh.frustumCulled = false;
  }

  /** Draw these rows, the last one on top. */
  fill(rows: Int32Array, x: Float32Array, y: Float32Array): void {
    this.rows = rows;
    const place = this.mesh.geometry.getAttribute("position") as BufferAttribute;
    for (let at = 0; at < rows.length; at++) {
      place.array[2 * at] = x[rows[at]!]!;
      place.array[2 * at + 1] = y[rows[at]!]!;
    }
    place.needsUpdate = true;
    this.mesh.geometry.setDrawRange(0, rows.length);
  }

  /** colors: of every row, as #rrggbb; visible: whether it is a dot or a faint one. */
  paint(colors: readonly string[], visible: Uint8Array): void {
    const shade = this.mesh.geometry.getAttribute("shade") as BufferAttribute;
    for (let at = 0; at < this.rows.length; at++) {
      const row = this.rows[at]!;
      const rgb = rgbOf(colors[row]!);
      for (let channel = 0; channel < 3; channel++) shade.array[4 * at + channel] = rgb[channel]!;
      shade.array[4 * at + 3] = visible[row] ? 255 : 0;
    }
    shade.needsUpdate = true;
  }
}

const VERTEX = /* glsl */ `
precision highp float;
in vec2 position;
in vec4 shade;
uniform float size;
uniform float pixel;
uniform vec3 faint;
uniform vec3 ink;
uniform vec3 paper;
uniform float lift;
${SHARED}
flat out vec4 fill;
flat out vec3 rim;
flat out float reach;

void main() {
  bool faded = shade.a < 0.5;
  float diameter = faded ? min(0.6 * size, 5.0) : size;
  vec3 color = faded ? faint : mix(shade.rgb, ink, lift);
  fill = vec4(color, faded ? 0.3 : 1.0);
  rim = mix(color, paper, 0.3);
  reach = 0.5 * diameter / pixel;
  gl_PointSize = 2.0 * reach + 2.0;
  gl_Position = vec4(toClip(position), 0.0, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
precision highp float;
uniform float pixel;
flat in vec4 fill;
flat in vec3 rim;
flat in float reach;
out vec4 result;

void main() {
  float inward = reach - distance(gl_PointCoord, vec2(0.5)) * (2.0 * reach + 2.0);
  float cover = fill.a * clamp(inward + 0.5, 0.0, 1.0);
  result = vec4(mix(rim, fill.rgb, clamp(inward - 0.75 / pixel + 0.5, 0.0, 1.0)) * cover, cover);
}
`;
