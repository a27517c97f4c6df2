// What is told of the specimen under the pointer.

import type { Column, Core } from "../data";
import { element } from "../dom";
import type { Parts } from "../parts";
import { splitId } from "../page/naming";
import { filled, type Language } from "../words";
import { trustOf, valueOf } from "./facts";
import { WORDS } from "./words";

/** Width of the picture in CSS pixels. */
const PICTURE = 72;
/** Members of a stack that are named. */
const NAMED = 6;

export class Tooltip {
  private readonly box = element("div", { class: "map-tooltip" });
  private readonly canvas = element("canvas", { class: "map-tooltip-picture" });
  private readonly text = element("div", { class: "map-tooltip-text" });
  private row: number | null = null;

  constructor(host: HTMLElement, private readonly core: Core, private readonly parts: Parts) {
    this.canvas.width = this.canvas.height = 2 * PICTURE;
    this.box.setAttribute("aria-hidden", "true");
    this.box.hidden = true;
    this.box.append(this.canvas, this.text);
    host.append(this.box);
  }

  hide(): void {
    this.box.hidden = true;
    this.row = null;
  }

  /** pictured: whether the picture is large enough on the map itself; stack: all rows on the same place. */
  show(row: number, stack: readonly number[], column: Column | undefined, color: string, language: Language, pictured: boolean): void {
    const [folders, name] = splitId(this.core.ids[row]!);
    const title = element("p", { class: "map-tooltip-name" });
    const muted = element("span", { class: "map-muted" });
    muted.textContent = folders;
    const strong = element("strong");
    strong.textContent = name;
    title.append(muted, strong);
    const lines: HTMLElement[] = [title];
    if (column) lines.push(labeled(valueOf(column, row, language), color));
    if (stack.length > 1) lines.push(...this.listed(stack, language));
    const trust = trustOf(this.core, row, language);
    if (trust) lines.push(paragraph(trust, "map-muted"));
    this.text.replaceChildren(...lines);
    this.box.hidden = false;
    if (row !== this.row || pictured) this.canvas.hidden = true;
    if (row !== this.row && !pictured) void this.picture(row);
    this.row = row;
  }

  /** Stand beside a place on the screen, `gap` pixels away, inside of a width and height. */
  stand(left: number, top: number, gap: number, width: number, height: number): void {
    const { offsetWidth, offsetHeight } = this.box;
    const beside = left + gap + offsetWidth + 8 <= width ? left + gap : left - gap - offsetWidth;
    const across = Math.max(8, Math.min(width - offsetWidth - 8, beside));
    const covers = across < left + gap && across + offsetWidth > left - gap;
    const down = covers ? top - gap - offsetHeight : top - offsetHeight / 2;
    const below = covers && down < 8 ? top + gap : down;
    this.box.style.transform = `translate(${Math.round(across)}px, ${Math.round(Math.max(8, Math.min(height - offsetHeight - 8, below)))}px)`;
  }

  private listed(stack: readonly number[], language: Language): HTMLElement[] {
    const names = stack.slice(0, NAMED).map((one) => paragraph(this.core.ids[one]!, "map-tooltip-member"));
    const more = stack.length - names.length;
    if (more > 0) names.push(paragraph(filled(WORDS.more[language], more), "map-tooltip-member"));
    return [paragraph(filled(WORDS.stack[language], stack.length), ""), ...names];
  }

  private async picture(row: number): Promise<void> {
    try {
      const bytes = await this.parts.thumbnail(row);
      if (!bytes) return;
      const image = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
      if (row === this.row) {
        const paint = this.canvas.getContext("2d")!;
        paint.clearRect(0, 0, this.canvas.width, this.canvas.height);
        paint.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
        this.canvas.hidden = false;
      }
      image.close();
    } catch {
      // Without a picture the text says enough.
    }
  }
}

function paragraph(text: string, style: string): HTMLElement {
  return element("p", { class: style }, text);
}

function labeled(text: string, color: string): HTMLElement {
  const labeled = paragraph(text, "map-tooltip-label");
  const swatch = element("span", { class: "map-swatch" });
  swatch.style.background = color;
  labeled.prepend(swatch);
  return labeled;
}
