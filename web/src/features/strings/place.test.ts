import { expect, it } from "vitest";
import { pipeline } from "../../testing/fakeApi";
import { placeInLine } from "./place";

const away = { status: "away", since: null } as const;

it("returns the approximate place and time left", () => {
  const moving = pipeline({ waiting: 5_000, settled_total: 1_000, drain_seconds: 12.5 });
  expect(placeInLine(2_234, moving)).toEqual({ place: 1_200, milliseconds: 3_085 });
});

it.each([
  ["the database is unavailable", { database: away }],
  ["no worker answers", { workers: away }],
  ["nothing moves, or the rate is not known", { drain_seconds: null }],
])("gives no time while %s", (_, changes) => {
  const stuck = pipeline({ waiting: 9, settled_total: 10, drain_seconds: 2, ...changes });
  expect(placeInLine(13, stuck)).toEqual({ place: 3, milliseconds: null });
});

it("is never further back than the strings that wait, though the journal was rolled back", () => {
  expect(placeInLine(30_000, pipeline({ waiting: 2, settled_total: 0 }))?.place).toBe(2);
});

it("returns nothing for a string that is next, or while the count is unknown", () => {
  expect(placeInLine(10, pipeline({ settled_total: 10 }))).toBeNull();
  expect(placeInLine(10, pipeline({ settled_total: 12 }))).toBeNull();
  expect(placeInLine(10, pipeline({ settled_total: null }))).toBeNull();
  expect(placeInLine(10, pipeline({ waiting: 0, settled_total: 2 }))).toBeNull();
});
