// Pictures of a specimen that stand where its mesh is not, or not yet.
// In: bytes of WebP. Out: elements.

import type { Exhibit } from "../data";
import { element } from "../dom";

export function thumbnail(bytes: Uint8Array<ArrayBuffer>, text: string): HTMLImageElement {
  const image = pictureOf(bytes, text);
  image.className = "viewer-thumbnail";
  return image;
}

/** The first of the views of a specimen. */
export function firstView(views: NonNullable<Exhibit["views"]>, text: string): HTMLElement {
  return element("div", { class: "viewer-view" }, pictureOf(views.image, text));
}

function pictureOf(bytes: Uint8Array<ArrayBuffer>, text: string): HTMLImageElement {
  const image = new Image();
  image.alt = text;
  image.src = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
  const release = () => URL.revokeObjectURL(image.src);
  image.addEventListener("load", release);
  image.addEventListener("error", release);
  return image;
}
