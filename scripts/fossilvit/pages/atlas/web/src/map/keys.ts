// The map by keyboard.

export type Direction = [across: number, up: number];

export interface KeyDeeds {
  step(direction: Direction): void;
  pan(direction: Direction): void;
  zoom(factor: number): void;
  fitAll(): void;
  show(): void;
  toggle(): void;
  clear(): void;
}

const ARROWS: Record<string, Direction> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export function listenToKeys(element: HTMLElement, deeds: KeyDeeds): void {
  const deedsByKey: Record<string, () => void> = {
    Enter: () => deeds.show(),
    " ": () => deeds.toggle(),
    "+": () => deeds.zoom(1.5),
    "=": () => deeds.zoom(1.5),
    "-": () => deeds.zoom(1 / 1.5),
    "0": () => deeds.fitAll(),
    Escape: () => deeds.clear(),
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const deed = arrow ? () => (event.shiftKey ? deeds.pan(arrow) : deeds.step(arrow)) : deedsByKey[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
}

/** The nearest accepted row in a direction: within 45 degrees of it if there is one, else anywhere on that side; or -1. */
export function rowToward(x: Float32Array, y: Float32Array, from: number, [across, up]: Direction, accept: (row: number) => boolean): number {
  let best = -1;
  let least = Infinity;
  for (let row = 0; row < x.length; row++) {
    const [dx, dy] = [x[row]! - x[from]!, y[row]! - y[from]!];
    const ahead = dx * across + dy * up;
    const aside = Math.abs(dx * up) + Math.abs(dy * across);
    if (ahead <= 0) continue;
    const cost = Math.hypot(ahead, aside) + (aside > ahead ? 1e6 : 0);
    if (cost < least && accept(row)) {
      best = row;
      least = cost;
    }
  }
  return best;
}
