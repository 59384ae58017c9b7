// Puts the shells of all views into the built page; each is inert, because nothing in it works before the page's code.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { shells } from "./dist/shell/shells.js";

const dist = new URL("dist/", import.meta.url);
const page = new URL("index.html", dist);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** The chunks that must be loaded before this one runs, and itself. */
const chunksOf = (name) => [name, ...(manifest[name].imports ?? []).flatMap(chunksOf)];
const loaded = new Set(chunksOf("index.html"));
const others = [...new Set(chunksOf("src/app/OtherView.tsx"))].filter((name) => !loaded.has(name));
// all that the other views need is loaded with the page's code, not one after another
const preloads = others.flatMap((name) => [
  `<link rel="modulepreload" crossorigin href="/${manifest[name].file}">`,
  ...(manifest[name].css ?? []).map((file) => `<link rel="preload" as="style" crossorigin href="/${file}">`),
]);
const templates = shells().map(
  ({ language, address, html }) =>
    `<template id="shell ${language} ${address}">${address === "#/" ? "" : preloads.join("")}<div inert>${html}</div></template>`,
);
writeFileSync(
  page,
  readFileSync(page, "utf8").replace("<!-- shells -->", () => templates.join("\n    ")),
);
for (const folder of ["shell/", ".vite/"]) rmSync(new URL(folder, dist), { recursive: true });
