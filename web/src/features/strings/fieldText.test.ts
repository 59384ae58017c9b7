import { expect, it } from "vitest";
import { fitsField, linesIn, MAX_FIELD_LENGTH, MAX_FIELD_LINES } from "./fieldText";

it("counts the lines that a reader sees", () => {
  expect(["", "a", "a\n", "a\nb", "\n\n"].map(linesIn)).toEqual([1, 1, 1, 2, 2]);
});

it("lets into a field neither too many characters nor too many lines", () => {
  expect(fitsField("x".repeat(MAX_FIELD_LENGTH))).toBe(true);
  expect(fitsField("x".repeat(MAX_FIELD_LENGTH + 1))).toBe(false);
  expect(fitsField("x\n".repeat(MAX_FIELD_LINES))).toBe(true);
  expect(fitsField("x\n".repeat(MAX_FIELD_LINES + 1))).toBe(false);
});
