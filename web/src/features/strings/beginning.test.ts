import { expect, it } from "vitest";
import { beginningOf } from "./beginning";

it("leaves a short text as it is", () => {
  for (const text of ["", "가", "a\nb\n", "👋🏽"]) expect(beginningOf(text, 4, 3)).toBe(text);
});

it("is limited in length and in lines", () => {
  expect(beginningOf("가나다라마", 4)).toBe("가나다라…");
  expect(beginningOf("a\nb\nc", 4, 2)).toBe("a\nb…");
  expect(beginningOf("abc\ndef\nghi", 5, 2)).toBe("abc\nd…");
});

it("is cut between characters, not within them", () => {
  expect(beginningOf("ab👋🏽cd", 3)).toBe("ab…");
  expect(beginningOf("a\u1112\u1161\u11ab", 3)).toBe("a…");
  expect(beginningOf("a👨‍👩‍👧b", 5)).toBe("a…");
  expect(beginningOf("👨‍👩‍👧👨‍👩‍👧", 9)).toBe("👨‍👩‍👧…");
});

it("is cut even if the text is one character", () => {
  expect(beginningOf(`a${"\u0301".repeat(100)}`, 4)).toBe("a\u0301\u0301\u0301…");
});
