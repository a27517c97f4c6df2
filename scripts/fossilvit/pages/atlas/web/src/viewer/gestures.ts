// What a reader does with a mesh by pointer, wheel, fingers and keys.
// In: events of an element. Out: calls.

export interface Gestures {
  /** Turn by radians to the right and downward. */
  turn(right: number, down: number): void;
  /** Zoom by a factor around a place, in halves of the element's smaller side from its middle, y up. */
  zoom(factor: number, x: number, y: number): void;
  reset(): void;
}

/** Radians per drag over the smaller side of the element, and per press of a key. */
const DRAG = Math.PI;
const PRESS = Math.PI / 18;
/** Factors per press of a key, and per pixel of a wheel. */
const KEY_ZOOM = 1.2;
const WHEEL_ZOOM = 1.0015;
/** Pixels per line and page of a wheel that does not count in pixels. */
const WHEEL_UNITS = [1, 16, 400];
/** A wheel with Ctrl is the pinch of a touchpad, whose steps are smaller. */
const PINCH = 6;

export function listenTo(element: HTMLElement, gestures: Gestures): void {
  const fingers = new Map<number, { x: number; y: number }>();

  const placeOf = (x: number, y: number): [number, number] => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const half = Math.min(width, height) / 2;
    return [(x - left - width / 2) / half, (top + height / 2 - y) / half];
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });

  element.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const former = spanOf(fingers);
    const right = event.clientX - finger.x;
    const down = event.clientY - finger.y;
    finger.x = event.clientX;
    finger.y = event.clientY;
    if (fingers.size === 1) {
      const side = Math.min(element.clientWidth, element.clientHeight) || 1;
      gestures.turn((DRAG * right) / side, (DRAG * down) / side);
    } else {
      const span = spanOf(fingers);
      gestures.zoom(span.length / former.length, ...placeOf(span.x, span.y));
    }
  });

  for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    element.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * WHEEL_UNITS[event.deltaMode]! * (event.ctrlKey ? PINCH : 1);
      gestures.zoom(WHEEL_ZOOM ** -pixels, ...placeOf(event.clientX, event.clientY));
    },
    { passive: false },
  );

  element.addEventListener("dblclick", () => gestures.reset());

  const keys: Record<string, () => void> = {
    ArrowLeft: () => gestures.turn(-PRESS, 0),
    ArrowRight: () => gestures.turn(PRESS, 0),
    ArrowUp: () => gestures.turn(0, -PRESS),
    ArrowDown: () => gestures.turn(0, PRESS),
    "+": () => gestures.zoom(KEY_ZOOM, 0, 0),
    "=": () => gestures.zoom(KEY_ZOOM, 0, 0),
    "-": () => gestures.zoom(1 / KEY_ZOOM, 0, 0),
    "0": () => gestures.reset(),
  };
  element.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

/** Middle of the first two fingers, and the distance between them. */
function spanOf(fingers: Map<number, { x: number; y: number }>): { x: number; y: number; length: number } {
  const [one, other = one] = [...fingers.values()] as [{ x: number; y: number }, { x: number; y: number }?];
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, length: Math.hypot(one.x - other.x, one.y - other.y) || 1 };
}
