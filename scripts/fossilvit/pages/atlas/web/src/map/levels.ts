// A picture in the sizes that a texture needs.
// In: a picture. Out: per width, uint8 [width * width * 4], colors multiplied by their opacity.

export const WIDTHS = [96, 48, 24, 12] as const;

const canvas = document.createElement("canvas");
canvas.width = canvas.height = WIDTHS[0];
const paint = canvas.getContext("2d", { willReadFrequently: true })!;

export function levelsOf(picture: ImageBitmap): Uint8Array[] {
  const width = WIDTHS[0];
  paint.clearRect(0, 0, width, width);
  paint.drawImage(picture, 0, 0, width, width);
  const levels = [multiplied(paint.getImageData(0, 0, width, width).data)];
  for (const smaller of WIDTHS.slice(1)) levels.push(halved(levels[levels.length - 1]!, smaller));
  return levels;
}

function multiplied(pixels: Uint8ClampedArray): Uint8Array {
  const result = new Uint8Array(pixels);
  for (let at = 0; at < result.length; at += 4) {
    const opacity = result[at + 3]! / 255;
    for (let channel = at; channel < at + 3; channel++) result[channel]! *= opacity;
  }
  return result;
}

/** Means of 2 x 2 pixels. width: of the result. */
function halved(pixels: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(width * width * 4);
  const line = 8 * width;
  for (let at = 0; at < result.length; at++) {
    const pixel = at >> 2;
    const corner = 2 * line * Math.floor(pixel / width) + 8 * (pixel % width) + (at & 3);
    result[at] = (pixels[corner]! + pixels[corner + 4]! + pixels[corner + line]! + pixels[corner + line + 4]! + 2) >> 2;
  }
  return result;
}
