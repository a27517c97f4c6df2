// What marks, dots and lines share: quads, their material, and the way from the map to the screen in shaders.
// Four vertices each rather than instances: software renderers take about 30 microseconds for every instance.

import { BufferGeometry, GLSL3, RawShaderMaterial, Uint32BufferAttribute, type IUniform } from "three";

/** Vertices of a quad. */
export const CORNERS = 4;

/** Room for quads; their attributes have CORNERS entries per quad. */
export function quads(count: number): BufferGeometry {
  const index = new Uint32Array(6 * count);
  for (let quad = 0; quad < count; quad++) {
    [0, 1, 2, 0, 2, 3].forEach((corner, at) => (index[6 * quad + at] = CORNERS * quad + corner));
  }
  return new BufferGeometry().setIndex(new Uint32BufferAttribute(index, 1));
}

/** Draw the first quads only. */
export function drawFirst(geometry: BufferGeometry, count: number): void {
  geometry.setDrawRange(0, 6 * count);
}

/** What is laid over what was drawn before, in the order of drawing. */
export function paintedFlat(uniforms: Record<string, IUniform>, vertexShader: string, fragmentShader: string): RawShaderMaterial {
  return new RawShaderMaterial({
    glslVersion: GLSL3,
    uniforms,
    vertexShader,
    fragmentShader,
    transparent: true,
    premultipliedAlpha: true,
    depthTest: false,
    depthWrite: false,
  });
}

/** viewport: width and height in CSS pixels; scale: CSS pixels per unit of the map. */
export const SHARED = /* glsl */ `
uniform vec2 center;
uniform float scale;
uniform vec2 viewport;

vec2 toClip(vec2 world) {
  return 2.0 * (world - center) * scale / viewport;
}

// The corner of a quad from -1 to 1 that this vertex is.
vec2 cornerOfQuad() {
  int corner = gl_VertexID & 3;
  return vec2(corner == 1 || corner == 2 ? 1.0 : -1.0, corner < 2 ? -1.0 : 1.0);
}
`;
