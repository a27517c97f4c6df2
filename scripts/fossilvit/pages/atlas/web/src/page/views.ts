// The views of a specimen, cut from the strip of its exhibit.

import type { Exhibit } from "../data";
import { element, picture, redraw, type Child } from "../dom";
import type { Context } from "./panels";

export function viewsOf(context: Context, row: number): Child {
  const { parts, say } = context;
  const count = element("span", { class: "muted" });
  const host = element("div", { class: "views" }, element("p", { class: "hint" }, say("loading")));
  parts.exhibit(row).then(
    (exhibit) => {
      const views = exhibit?.views;
      if (!views) return redraw(host, element("p", { class: "hint" }, say("noPictures")));
      if (views.numbers.length < views.all) count.textContent = say("viewsOf", views.numbers.length, views.all);
      redraw(host, ...pictures(context, views));
    },
    () => redraw(host, element("p", { class: "hint" }, say("notLoaded"))),
  );
  return element("section", {}, element("h3", {}, say("views"), count), host);
}

function pictures({ say }: Context, views: NonNullable<Exhibit["views"]>): Child[] {
  const strip = picture(views.image, "");
  return views.numbers.map((number, place) => {
    const canvas = element("canvas", { width: views.size, height: views.size, role: "img", "aria-label": say("view", number) });
    strip.addEventListener("load", () =>
      canvas.getContext("2d")?.drawImage(strip, place * views.size, 0, views.size, views.size, 0, 0, views.size, views.size),
    );
    return canvas;
  });
}
