// Thumbnails as elements, which load when they come into sight.

import type { Parts } from "../parts";
import { element } from "../dom";

/** Thumbnails that are kept; the one shown least recently gives way. */
const KEPT = 2000;
/** ms in sight before a thumbnail loads, so that quick scrolling loads nothing. */
const PATIENCE = 60;

export class Pictures {
  private readonly urls = new Map<number, Promise<string | null>>();
  private readonly rows = new WeakMap<Element, number>();
  private readonly sight = new IntersectionObserver((seen) => this.seen(seen), { rootMargin: "80px" });

  constructor(private readonly parts: Parts) {}

  /** A tile with the picture of a specimen. It is decoration: what stands beside it names the specimen. */
  tile(row: number): HTMLElement {
    const tile = element("span", { class: "tile", "aria-hidden": "true" });
    this.rows.set(tile, row);
    this.sight.observe(tile);
    return tile;
  }

  private seen(changes: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of changes) {
      if (!isIntersecting) continue;
      this.sight.unobserve(target);
      setTimeout(() => target.isConnected && void this.fill(target), PATIENCE);
    }
  }

  private async fill(tile: Element): Promise<void> {
    const url = await this.url(this.rows.get(tile)!);
    if (url && tile.isConnected) tile.replaceChildren(element("img", { src: url, alt: "" }));
  }

  private url(row: number): Promise<string | null> {
    const url = this.urls.get(row) ?? this.load(row);
    this.urls.delete(row);
    this.urls.set(row, url);
    if (this.urls.size > KEPT) this.drop(this.urls.keys().next().value!);
    return url;
  }

  private async load(row: number): Promise<string | null> {
    const bytes = await this.parts.thumbnail(row).catch(() => null);
    return bytes && URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
  }

  private drop(row: number): void {
    void this.urls.get(row)?.then((url) => url && URL.revokeObjectURL(url));
    this.urls.delete(row);
  }
}
