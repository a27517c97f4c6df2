// The colors of the page as the map needs them.
// In: the CSS variables of an element. Out: colors for shaders, and for a canvas.

import { Color } from "three";

export interface Theme {
  paper: Color;
  tile: Color;
  ink: Color;
  accent: Color;
  faint: Color;
  dark: boolean;
  css: { ink: string; accent: string; paper: string; card: string; font: string };
}

export function themeOf(element: HTMLElement): Theme {
  const style = getComputedStyle(element);
  const css = (name: string) => style.getPropertyValue(`--${name}`).trim() || "#888888";
  const paper = colorOf(css("paper"));
  return {
    paper,
    dark: paper.g < 0.5,
    tile: colorOf(css("raised")),
    ink: colorOf(css("ink")),
    accent: colorOf(css("accent")),
    faint: colorOf(css("muted")),
    css: { ink: css("ink"), accent: css("accent"), paper: css("paper"), card: css("card"), font: css("font") },
  };
}

const known = new Map<string, readonly number[]>();

/** Red, green and blue of #rrggbb, 0 to 255. */
export function rgbOf(text: string): readonly number[] {
  let rgb = known.get(text);
  if (!rgb) known.set(text, (rgb = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16))));
  return rgb;
}

/** A color whose numbers are those of the text: the shaders of the map blend as CSS does. */
function colorOf(text: string): Color {
  const color = new Color(text);
  return color.convertLinearToSRGB();
}
