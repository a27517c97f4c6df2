// Loads single specimens for viewers.
// In: rows. Out: Stands with a mesh, or with a picture and a sentence that says why there is no mesh.

import type { Exhibit } from "../data";
import type { Parts } from "../parts";
import type { State } from "../state";
import { filled } from "../words";
import { UNTURNED } from "./alignment";
import { element } from "../dom";
import { shapeOf } from "./mesh";
import { firstView, thumbnail } from "./pictures";
import type { Stand } from "./viewport";
import { WORDS } from "./words";

/** A stand while the mesh is loading: only its name, until its picture comes. */
export function waitingStand(state: State, row: number): Stand {
  return {
    name: state.core.ids[row]!,
    shape: null,
    turn: UNTURNED,
    camera: UNTURNED,
    mm: state.core.mm[row] ?? NaN,
    picture: null,
    caption: null,
  };
}

/** A stand with the picture of the map. */
export async function picturedStand(state: State, parts: Parts, row: number): Promise<Stand> {
  const stand = waitingStand(state, row);
  const bytes = await parts.thumbnail(row).catch(() => null);
  return { ...stand, picture: bytes && thumbnail(bytes, pictureText(state, row)) };
}

/** A stand with the mesh; with a picture and a sentence where there is none, or where meshes cannot be drawn. */
export async function meshStand(state: State, parts: Parts, row: number, draws: boolean): Promise<Stand> {
  let exhibit: Exhibit | null = null;
  try {
    exhibit = await parts.exhibit(row);
  } catch {
    return withSentence(await picturedStand(state, parts, row), WORDS.noParts[state.look.language]);
  }
  const stand = await picturedStand(state, parts, row);
  if (exhibit?.views && !(exhibit.mesh && draws)) stand.picture = firstView(exhibit.views, pictureText(state, row));
  if (!exhibit?.mesh) return withSentence(stand, WORDS.noMesh[state.look.language]);
  if (!draws) return withSentence(stand, WORDS.noWebGL[state.look.language]);
  return { ...stand, shape: shapeOf(exhibit.mesh), camera: exhibit.mesh.camera };
}

function withSentence(stand: Stand, sentence: string): Stand {
  const instead = element("div", { class: "viewer-instead" }, ...(stand.picture ? [stand.picture] : []));
  instead.append(element("div", { class: "viewer-sentence" }, sentence));
  return { ...stand, picture: instead };
}

function pictureText(state: State, row: number): string {
  return filled(WORDS.picture[state.look.language], state.core.ids[row]!);
}
