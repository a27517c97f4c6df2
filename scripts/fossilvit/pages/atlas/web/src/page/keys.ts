// Keys that work everywhere on the page, except while somebody types.

import type { Context } from "./panels";

export interface Actions {
  search(): void;
  reveal(panel: string): void;
  help(): void;
}

export function listenToKeys({ state }: Context, actions: Actions): void {
  const compare = () => {
    const [one, other, ...more] = state.look.selected;
    if (one !== undefined && other !== undefined && more.length === 0) state.set({ compared: [one, other] });
  };
  const clear = () => {
    if (state.look.selected.length || state.look.shown !== null) state.set({ selected: [], shown: null });
  };
  const keys: Record<string, () => void> = {
    "/": actions.search,
    l: () => actions.reveal("list"),
    g: () => actions.reveal("groups"),
    c: compare,
    "?": actions.help,
    Escape: clear,
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    const taken = event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey;
    if (!act || taken || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}
