// Puts the shells of all views into the built page.
// And minifies the scripts that show them.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { minifySync } from "vite";
import { EARLY, shells } from "./dist/shell/shells.js";

const dist = new URL("dist/", import.meta.url);
const page = new URL("index.html", dist);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** The chunks that must be loaded before this one runs, and itself. */
const chunksOf = (name) => [name, ...(manifest[name].imports ?? []).flatMap(chunksOf)];
const FIRST = "index.html";
const first = new Set(chunksOf(FIRST));
const imported = ["src/app/OtherView.tsx", "src/features/bulk/batchParts.ts"];
const others = new Set(imported.flatMap(chunksOf).filter((name) => !first.has(name)));
// All files of a view are requested together, and its code after the texts, if there are any. Not by modulepreload: some
// browsers never request a module again that could not be loaded.
const code = (names) =>
  names.map((name) => `<link rel="preload" as="script" crossorigin href="/${manifest[name].file}">`);
const styles = (names) =>
  names
    .flatMap((name) => manifest[name].css ?? [])
    .map((file) => `<link rel="stylesheet" crossorigin href="/${file}">`);
const files = {
  "code of every view": code([...first].filter((name) => name !== FIRST)),
  "code of other views": code([...others]),
  "styles of other views": styles([...others]),
};
const templates = shells().map(
  ({ language, address, html }) =>
    `<template id="shell ${language} ${address}"><div data-shell>${html}</div></template>`,
);
for (const [id, links] of Object.entries(files)) {
  templates.push(`<template id="${id}">${links.join("")}</template>`);
}
const early = Object.entries(EARLY).map(([name, path]) => `data-${name}="${path.replaceAll("&", "&amp;")}"`);
writeFileSync(
  page,
  readFileSync(page, "utf8")
    .replace('src="/early.js"', (script) => [script, ...early].join(" "))
    // nothing that is shown first waits for it
    .replace('<script type="module"', '$& fetchpriority="low"')
    .replace("<!-- shells -->", () => templates.join("\n    ")),
);
for (const script of ["early.js", "shell.js"].map((name) => new URL(name, dist))) {
  writeFileSync(script, minifySync(script.pathname, readFileSync(script, "utf8")).code);
}
for (const folder of ["shell/", ".vite/"]) rmSync(new URL(folder, dist), { recursive: true });
