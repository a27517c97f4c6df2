// Pictures of a specimen that stand where its mesh is not, or not yet.
// In: bytes of WebP. Out: elements.

import type { Exhibit } from "../data";
import { element, picture } from "../dom";

export function thumbnail(bytes: Uint8Array<ArrayBuffer>, text: string): HTMLImageElement {
  const image = picture(bytes, text);
  image.className = "viewer-thumbnail";
  return image;
}

/** The first of the views of a specimen. */
export function firstView(views: NonNullable<Exhibit["views"]>, text: string): HTMLElement {
  return element("div", { class: "viewer-view" }, picture(views.image, text));
}
