// Writes what the page checks of an answer before it believes it: the required properties of each schema that the API
// answers with, and their JSON types. With --check it only tells whether the file is up to date.
import { readFileSync, writeFileSync } from "node:fs";

const target = new URL("src/api/answerShapes.gen.ts", import.meta.url);
const { paths, components } = JSON.parse(
  readFileSync(new URL("../api/openapi.json", import.meta.url), "utf8"),
);

function answered({ responses }) {
  return Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([, { content }]) => Object.values(content ?? {}))
    .flatMap(({ schema }) => schema.anyOf ?? [schema])
    .flatMap(({ $ref }) => ($ref ? [$ref.split("/").at(-1)] : []));
}

function typeOf({ type, $ref, enum: values }) {
  if ($ref) return "object";
  if (values) return typeof values[0];
  return type === "integer" ? "number" : (type ?? "any");
}

function shapeOf({ properties, required = [] }) {
  return Object.fromEntries(required.map((name) => [name, typeOf(properties[name])]));
}

const operations = Object.values(paths).flatMap((path) => Object.values(path));
const names = [...new Set(operations.flatMap(answered))].sort();
const shapes = Object.fromEntries(names.map((name) => [name, shapeOf(components.schemas[name])]));
const written = `// Made by \`npm run types\` from the OpenAPI document.
export const ANSWER_SHAPES = ${JSON.stringify(shapes, null, 2)} as const;
`;

if (!process.argv.includes("--check")) writeFileSync(target, written);
else if (readFileSync(target, "utf8") !== written) {
  throw new Error("src/api/answerShapes.gen.ts is out of date: run `npm run types`");
}
