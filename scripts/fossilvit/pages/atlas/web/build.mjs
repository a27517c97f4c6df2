// Bundles src into one classic script and one style sheet, which are committed because users have no Node.
// In: src, and the packages that package-lock.json pins. Out: dist/atlas.js, dist/atlas.css, dist/licenses.txt.

import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";

const { metafile } = await build({
  entryPoints: { atlas: "src/main.ts" },
  outdir: "dist",
  bundle: true,
  format: "iife",
  target: ["chrome100", "firefox115", "safari16"],
  minify: true,
  charset: "utf8",
  legalComments: "none",
  metafile: true,
});

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []),
);
const licenses = [...packages].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync("dist/licenses.txt", licenses.join("\n"));
