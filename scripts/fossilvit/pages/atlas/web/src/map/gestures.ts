// What hands do on the map: drag, wheel, pinch, click, hover, lasso.
// In: events of an element. Out: calls with places in CSS pixels from its upper left corner.

export type Point = [left: number, top: number];

export interface Deeds {
  /** Whether a plain drag draws a lasso. */
  lassoing(): boolean;
  pan(across: number, down: number): void;
  zoom(factor: number, at: Point): void;
  zoomIn(at: Point): void;
  hover(at: Point | null): void;
  click(at: Point, adds: boolean, coarse: boolean): void;
  /** A lasso so far, or null when it is given up. */
  draw(path: readonly Point[] | null): void;
  enclose(path: readonly Point[], adds: boolean): void;
}

/** How far a pointer may slip in a click, in pixels: of a mouse or pen, and of a finger. */
const SLIP = { fine: 4, coarse: 10 };

export class Gestures {
  private readonly fingers = new Map<number, Point>();
  private start: Point | null = null;
  private last: Point = [0, 0];
  private kind: "none" | "press" | "pan" | "lasso" | "pinch" = "none";
  private path: Point[] = [];

  constructor(private readonly element: HTMLElement, private readonly deeds: Deeds) {
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.up(event));
    element.addEventListener("pointercancel", (event) => this.cancel(event));
    element.addEventListener("pointerleave", () => this.kind === "none" && deeds.hover(null));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("dblclick", (event) => !event.shiftKey && !deeds.lassoing() && deeds.zoomIn(this.place(event)));
  }

  /** Give up a lasso that is being drawn; whether there was one. */
  giveUp(): boolean {
    if (this.kind !== "lasso") return false;
    this.kind = "none";
    this.deeds.draw(null);
    return true;
  }

  private down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.place(event));
    if (this.fingers.size === 1) {
      this.kind = "press";
      this.start = this.last = this.place(event);
    } else {
      this.giveUp();
      this.kind = "pinch";
    }
  }

  private move(event: PointerEvent): void {
    const at = this.place(event);
    if (this.kind === "none" || !this.fingers.has(event.pointerId)) {
      if (event.pointerType !== "touch" && !this.fingers.size) this.deeds.hover(at);
      return;
    }
    if (this.kind === "pinch") return this.pinch(event.pointerId, at);
    this.fingers.set(event.pointerId, at);
    if (this.kind === "press" && away(at, this.start!) > (event.pointerType === "touch" ? SLIP.coarse : SLIP.fine)) {
      this.kind = event.shiftKey || this.deeds.lassoing() ? "lasso" : "pan";
      this.path = [this.start!];
      this.deeds.hover(null);
    }
    if (this.kind === "pan") this.deeds.pan(at[0] - this.last[0], at[1] - this.last[1]);
    if (this.kind === "lasso") {
      this.path.push(at);
      this.deeds.draw(this.path);
    }
    if (this.kind !== "press") this.last = at;
  }

  private pinch(id: number, at: Point): void {
    const other = [...this.fingers].find(([one]) => one !== id)?.[1];
    const before = this.fingers.get(id)!;
    this.fingers.set(id, at);
    if (!other) return;
    const middle = between(at, other);
    const former = between(before, other);
    this.deeds.pan(middle[0] - former[0], middle[1] - former[1]);
    this.deeds.zoom(Math.max(1, away(at, other)) / Math.max(1, away(before, other)), middle);
  }

  private up(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    const at = this.place(event);
    if (this.kind === "press") this.deeds.click(at, event.shiftKey, event.pointerType === "touch");
    if (this.kind === "lasso") {
      this.deeds.draw(null);
      this.deeds.enclose(this.path, event.shiftKey);
    }
    this.rest();
  }

  private cancel(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.giveUp();
    this.rest();
  }

  /** After a finger is lifted: the other one of a pinch moves the map. */
  private rest(): void {
    const [left] = this.fingers.values();
    this.kind = left ? "pan" : "none";
    if (left) this.last = left;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 600 : 1);
    // A pinch on a touchpad arrives as small steps of a wheel with Ctrl.
    this.deeds.zoom(Math.exp(-Math.max(-400, Math.min(400, pixels)) * (event.ctrlKey ? 0.01 : 0.002)), this.place(event));
    if (this.kind === "none") this.deeds.hover(this.place(event));
  }

  private place(event: MouseEvent): Point {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

function away(one: Point, other: Point): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

function between(one: Point, other: Point): Point {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}
