// Puts the shells of all views into the built page; each is inert, because nothing in it works before the page's code.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { shells } from "./dist/shell/shells.js";

const page = new URL("dist/index.html", import.meta.url);
const other = readdirSync(new URL("dist/assets/", import.meta.url)).find((name) =>
  /^OtherView.*\.js$/.test(name),
);
// the other views' code is loaded with the page's, not after it
const preload = `<link rel="modulepreload" href="/assets/${other}">`;
const templates = shells().map(
  ({ language, address, html }) =>
    `<template id="shell ${language} ${address}">${address === "#/" ? "" : preload}<div inert>${html}</div></template>`,
);
writeFileSync(
  page,
  readFileSync(page, "utf8").replace("<!-- shells -->", () => templates.join("\n    ")),
);
rmSync(new URL("dist/shell/", import.meta.url), { recursive: true });
