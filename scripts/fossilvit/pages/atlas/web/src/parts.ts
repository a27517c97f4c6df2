// Loads what is known of single specimens: thumbnails and exhibits, from the page itself or from chunks beside it.
// In: rows. Out: bytes of WebP, and exhibits. A chunk is a classic script, because a page from disk may load no other.

import type { Core, Exhibit } from "./data";
import { bytesOf, unpack } from "./pack";

/** Exhibits that are kept unpacked. */
const KEPT = 4;

type Kind = "thumbnails" | "exhibits";
type Chunk = Record<string, string>;

declare global {
  interface Window {
    /** Called by every chunk with its own name and its texts of base64 by ID. */
    fossilvit?: (name: string, chunk: Chunk) => void;
  }
}

export class Parts {
  private readonly exhibits = new Map<number, Promise<Exhibit | null>>();
  private readonly chunks = new Map<string, Promise<Chunk>>();
  private readonly waiting = new Map<string, (chunk: Chunk) => void>();

  constructor(private readonly core: Core) {
    window.fossilvit = (name, chunk) => this.waiting.get(name)?.(chunk);
  }

  /** The picture of a specimen as bytes of WebP with a transparent background; null if there is none. */
  async thumbnail(row: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const text = (await this.chunk("thumbnails", row))[this.core.ids[row]!];
    return text ? bytesOf(text) : null;
  }

  /** What is shown of a specimen; the last few are kept, because the mesh and the views are asked for one by one. */
  exhibit(row: number): Promise<Exhibit | null> {
    const exhibit = this.exhibits.get(row) ?? this.unpacked(row);
    this.exhibits.delete(row);
    this.exhibits.set(row, exhibit);
    if (this.exhibits.size > KEPT) this.exhibits.delete(this.exhibits.keys().next().value!);
    exhibit.catch(() => this.exhibits.delete(row));
    return exhibit;
  }

  private async unpacked(row: number): Promise<Exhibit | null> {
    const text = (await this.chunk("exhibits", row))[this.core.ids[row]!];
    return text ? unpack<Exhibit>(text) : null;
  }

  private chunk(kind: Kind, row: number): Promise<Chunk> {
    const name = `${kind}-${this.core.shards[this.core.shard[row]!]}`;
    let chunk = this.chunks.get(name);
    if (!chunk) this.chunks.set(name, (chunk = this.core.mode === "single" ? this.inPage(name) : this.besidePage(name)));
    return chunk;
  }

  private async inPage(name: string): Promise<Chunk> {
    return JSON.parse(document.getElementById(name)?.textContent ?? "{}") as Chunk;
  }

  private besidePage(name: string): Promise<Chunk> {
    return new Promise((resolve, reject) => {
      this.waiting.set(name, resolve);
      const script = document.createElement("script");
      script.src = `chunks/${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        this.chunks.delete(name);
        reject(new Error(script.src));
      };
      document.head.append(script);
    });
  }
}
