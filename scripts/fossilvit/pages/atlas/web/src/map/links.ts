// Lines from a specimen to its true nearest neighbors; the nearer, the stronger.
// In: pairs of places and a strength from 0 to 1. Out: a mesh.

import { Float32BufferAttribute, Mesh, type BufferGeometry, type IUniform, type RawShaderMaterial } from "three";
import { CORNERS, paintedFlat, quads, SHARED } from "./quads";

export interface Link {
  from: [x: number, y: number];
  to: [x: number, y: number];
  strength: number;
}

export class Links {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;

  constructor(uniforms: Record<string, IUniform>) {
    this.mesh = new Mesh(quads(0), paintedFlat(uniforms, VERTEX, FRAGMENT));
    this.mesh.frustumCulled = false;
  }

  fill(links: readonly Link[]): void {
    this.mesh.geometry.dispose();
    const geometry = (this.mesh.geometry = quads(links.length));
    const vertices = links.flatMap((link) => new Array<Link>(CORNERS).fill(link));
    geometry.setAttribute("ends", new Float32BufferAttribute(vertices.flatMap(({ from, to }) => [...from, ...to]), 4));
    geometry.setAttribute("strength", new Float32BufferAttribute(vertices.map(({ strength }) => strength), 1));
    this.mesh.visible = links.length > 0;
  }
}

const VERTEX = /* glsl */ `
precision highp float;
in vec4 ends;
in float strength;
${SHARED}
out float side;
flat out float reach;
flat out float cover;

void main() {
  reach = mix(0.75, 2.25, strength);
  cover = mix(0.55, 0.95, strength);
  vec2 from = toClip(ends.xy) * viewport;
  vec2 way = toClip(ends.zw) * viewport - from;
  vec2 along = length(way) > 0.0 ? normalize(way) : vec2(1.0, 0.0);
  vec2 corner = cornerOfQuad();
  side = corner.y * (reach + 2.5);
  vec2 at = from + way * (0.5 + 0.5 * corner.x) + 2.0 * side * vec2(-along.y, along.x);
  gl_Position = vec4(at / viewport, 0.0, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
precision highp float;
uniform float pixel;
uniform vec3 accent;
uniform vec3 paper;
in float side;
flat in float reach;
flat in float cover;
out vec4 result;

void main() {
  float halo = 0.6 * clamp((reach + 1.5 - abs(side)) / pixel + 0.5, 0.0, 1.0);
  float line = cover * clamp((reach - abs(side)) / pixel + 0.5, 0.0, 1.0);
  result = vec4(paper * halo, halo);
  result = vec4(accent * line, line) + result * (1.0 - line);
}
`;
