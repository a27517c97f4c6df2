// Makes elements. Texts from files are data: they only ever become text nodes and values of attributes.

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined | ((event: never) => void)>>;
export type Child = Node | string | number | null | undefined | false;

/** An element with attributes (true stands for an empty one, false, null and undefined for none), listeners (the
 * functions), and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return dressed(document.createElement(tag), attributes, children);
}

/** An element of a drawing; see element(). */
export function shape<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** A button; it gets its name by label(), or by its children. */
export function button(style: string, act: () => void, ...children: readonly Child[]): HTMLButtonElement {
  return element("button", { class: style, type: "button", click: act }, ...children);
}

/** A decorative picture of lines, from the path of an SVG of 24 units. */
export function lines(path: string, style: string): SVGSVGElement {
  return shape("svg", { viewBox: "0 0 24 24", class: style, "aria-hidden": "true" }, shape("path", { d: path }));
}

/** A picture of WebP, which loads at once. */
export function picture(bytes: Uint8Array<ArrayBuffer>, text: string): HTMLImageElement {
  const image = new Image();
  image.alt = text;
  image.src = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
  image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
  return image;
}

/** Name an element for readers with a pointer and for screen readers. */
export function label(one: HTMLElement, text: string): void {
  one.title = text;
  one.setAttribute("aria-label", text);
}

/** Replace the children of an element. The focus stays at the child whose data-focus is the same as before; if there is
 * none, it goes to the element itself, if that can have it. */
export function redraw(host: HTMLElement, ...children: readonly Child[]): void {
  const focused = host.contains(document.activeElement) ? document.activeElement : null;
  host.replaceChildren(...present(children));
  if (!(focused instanceof HTMLElement)) return;
  const key = focused.getAttribute("data-focus");
  const alike = [...host.querySelectorAll<HTMLElement>("[data-focus]")].find((child) => child.getAttribute("data-focus") === key);
  const same = host.contains(focused) ? focused : alike;
  (same ?? host).focus({ preventScroll: true });
}

function dressed<E extends Element>(made: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value as EventListener);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...present(children));
  return made;
}

function present(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) =>
    child === null || child === undefined || child === false ? [] : [child instanceof Node ? child : String(child)],
  );
}
