// Writes what the page checks of an answer before it believes it: the required properties of each schema that the API
// answers with, and their types; and with which status the API answers so. With --check it only tells whether the file is up to date.
import { readFileSync, writeFileSync } from "node:fs";

const target = new URL("src/api/answerShapes.gen.ts", import.meta.url);
const { paths, components } = JSON.parse(
  readFileSync(new URL("../api/openapi.json", import.meta.url), "utf8"),
);

/** Returns the names of the schemas that an operation answers with, each with the status. */
function answered({ responses }) {
  return Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([status, { content }]) => Object.values(content ?? {}).map(({ schema }) => [status, schema]))
    .flatMap(([status, schema]) => (schema.anyOf ?? [schema]).map(({ $ref }) => [$ref, Number(status)]))
    .flatMap(([$ref, status]) => ($ref ? [[nameOf($ref), status]] : []));
}

function nameOf($ref) {
  return $ref.split("/").at(-1);
}

/** Returns a JSON type, `uuid`, the name of a schema, one of these with `[]`, or `any`. */
function typeOf({ type, format, $ref, enum: values, items }) {
  if ($ref) return nameOf($ref);
  if (values) return typeof values[0];
  if (format === "uuid") return format;
  if (type === "array") return `${typeOf(items ?? {})}[]`;
  return type === "integer" ? "number" : (type ?? "any");
}

/** Returns the names of a schema and of those that it refers to. */
function family(name) {
  const types = Object.values(shapeOf(components.schemas[name])).map((type) => type.replace("[]", ""));
  return [name, ...types.filter((type) => type in components.schemas).flatMap(family)];
}

function shapeOf({ properties, required = [] }) {
  return Object.fromEntries(required.map((name) => [name, typeOf(properties[name])]));
}

const operations = Object.values(paths).flatMap((path) => Object.values(path));
const answers = Object.fromEntries(operations.flatMap(answered).sort());
const names = [...new Set(Object.keys(answers).flatMap(family))].sort();
const shapes = Object.fromEntries(names.map((name) => [name, shapeOf(components.schemas[name])]));
const written = `// Made by \`npm run types\` from the OpenAPI document.
export const ANSWER_SHAPES = ${JSON.stringify(shapes, null, 2)} as const;

export const ANSWER_STATUS = ${JSON.stringify(answers, null, 2)} as const;
`;

if (!process.argv.includes("--check")) writeFileSync(target, written);
else if (readFileSync(target, "utf8") !== written) {
  throw new Error("src/api/answerShapes.gen.ts is out of date: run `npm run types`");
}
