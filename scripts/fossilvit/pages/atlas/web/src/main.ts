// The atlas: a page that opens from disk and shows the whole collection.

import "./style/atlas.css";
import type { Core } from "./data";
import { moveApart } from "./map/apart";
import { unpack } from "./pack";
import { Page } from "./page/page";
import { Parts } from "./parts";
import { State } from "./state";

async function open(): Promise<void> {
  const core = await unpack<Core>(document.getElementById("core")!.textContent!.trim());
  moveApart(core.x, core.y);
  const language = navigator.language.startsWith("ja") ? "ja" : "en";
  new Page(document.getElementById("atlas")!, new State(core, language), new Parts(core));
}

void open();
